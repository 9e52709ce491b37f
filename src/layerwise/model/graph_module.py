"""A module made of a graph: what a saved model becomes without the code of its classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..graph import DTypeError, ShapeError, Tensor, show, substitute
from ..graph.leaves import Input
from ..nn.module import Module
from ..nn.parameter import Held


class GraphModule(Module):
    """A graph whose inputs are the module's and whose variables are its parameters and buffers.

    Parameters
    ----------
    inputs : the graph's inputs, in the order of the forward function's.
    output : what it computes.
    held : parameters and buffers by name; their tensors are the graph's variables.
    """

    def __init__(self, inputs: Sequence[Tensor], output: Tensor, held: Mapping[str, Held]) -> None:
        self._held = dict(held)
        self._graph = _Graph(tuple(inputs), output, {n: h.tensor for n, h in held.items()})
        for name, item in self._held.items():
            item.name = name

    @property
    def row_shapes(self) -> list[tuple[Any, ...]]:
        """Shape of one row of each input."""
        return [tuple(i.shape[1:]) for i in self._graph.inputs]

    def named_held(self) -> Iterator[tuple[str, Held]]:
        """The parameters and buffers under the names of the file."""
        return iter(self._held.items())

    def forward(self, *inputs: Any) -> Any:
        """The graph, applied to other inputs."""
        wanted = self._graph.inputs
        if len(inputs) != len(wanted):
            raise TypeError(f"the model takes {len(wanted)} inputs, got {len(inputs)}")
        for given, want in zip(inputs, wanted, strict=True):
            label = want.primitive.label if isinstance(want.primitive, Input) else "x"
            if given.shape != want.shape:
                raise ShapeError(
                    f"the model takes '{label}' of shape {show(want.shape)}, got "
                    f"{show(given.shape)}"
                )
            if given.dtype != want.dtype:
                raise DTypeError(f"the model takes '{label}' as {want.dtype}, got {given.dtype}")
        replaced = dict(zip(wanted, inputs, strict=True))
        # A deep copy holds other variables than the graph was built with.
        replaced |= {old: self._held[n].tensor for n, old in self._graph.variables.items()}
        (output,) = substitute([self._graph.output], replaced)
        return output

    def __reduce__(self) -> tuple:
        from .file import about_graph

        named = {item.tensor: name for name, item in self._held.items()}
        inputs = self._graph.inputs
        about, constants = about_graph(inputs, self.forward(*inputs), named)
        return _rebuild, (about, constants, self._held)

    def extra_repr(self) -> str:
        """Shapes."""
        shapes = ", ".join(show(i.shape) for i in self._graph.inputs)
        return f"{shapes} -> {show(self._graph.output.shape)}"


class _Graph:
    """Tensors, kept where `Module` does not look for parameters."""

    def __init__(
        self, inputs: tuple[Tensor, ...], output: Tensor, variables: dict[str, Tensor]
    ) -> None:
        self.inputs, self.output, self.variables = inputs, output, variables


def _rebuild(
    about: dict[str, Any], constants: dict[str, Any], held: dict[str, Held]
) -> GraphModule:
    from .file import graph_of

    inputs, output = graph_of(about, constants, {n: h.tensor for n, h in held.items()})
    return GraphModule(inputs, output, held)
