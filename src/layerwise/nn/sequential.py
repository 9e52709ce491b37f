"""Modules in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .activations import activation
from .module import Module


class Sequential(Module):
    """The output of each module is the input of the next.

    Parameters
    ----------
    modules : modules, or functions of one tensor. Their names are their numbers, so that
        parameters are called ``0.weight``.
    """

    def __init__(self, *modules: Module | Callable[[Any], Any]) -> None:
        self._modules = [m if isinstance(m, Module) else activation(m) for m in modules]

    def _attributes(self) -> dict[str, Any]:
        own = {name: value for name, value in vars(self).items() if name != "_modules"}
        return {**own, **{str(i): module for i, module in enumerate(self._modules)}}

    def forward(self, x: Any) -> Any:
        """Through all modules."""
        for module in self._modules:
            x = module(x)
        return x

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, index: int | slice) -> Module:
        """One module, or a `Sequential` of some that shares their parameters."""
        if isinstance(index, slice):
            return Sequential(*self._modules[index])
        return self._modules[index]

    def __repr__(self) -> str:
        lines = [
            f"  ({i}): " + repr(module).replace("\n", "\n  ")
            for i, module in enumerate(self._modules)
        ]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"]) if lines else "Sequential()"
