"""Evaluating a module on arrays: its graph is compiled once for each kind of input and kept."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import backends
from ..compiler import Backend, Feeds, Program, State
from ..graph import Tensor
from ..graph.dimension import Batch
from .inputs import input_names, trace_rows

if TYPE_CHECKING:
    from .module import Module

ROWS_AT_ONCE = 1024


class SeveralOutputsError(TypeError):
    """A module gave something else than one tensor, where only one is of use."""


class Evaluator:
    """A module's graph in evaluation mode, compiled once for one kind of rows.

    It serves many modules of one structure, each with its own weights.

    Parameters
    ----------
    module : only its structure counts.
    arrays : rows like those to come.
    backend : what runs it.

    Raises
    ------
    TypeError : the module's output is not a tensor.
    """

    def __init__(self, module: Module, arrays: Sequence[np.ndarray], backend: Backend) -> None:
        _, output, _ = trace_rows(module, arrays)
        if not isinstance(output, Tensor):
            raise SeveralOutputsError(
                f"forward of {module} gave {type(output).__name__}, expected a Tensor"
            )
        self._begin(module, arrays, backend, {"output": output})
        leading = self._executable.program.outputs["output"].shape[:1]
        self._has_rows = bool(leading) and isinstance(leading[0], Batch)

    def _begin(
        self,
        module: Module,
        arrays: Sequence[np.ndarray],
        backend: Backend,
        outputs: dict[str, Tensor],
    ) -> None:
        self._executable = backend.compile(Program(outputs))
        program = self._executable.program
        self._names = input_names(len(arrays))
        self._used = [name for name in self._names if name in program.inputs]
        variables = set(program.variables)
        self._held = [(h.tensor, name) for name, h in module.named_held() if h.tensor in variables]

    def state(self, values: Mapping[str, np.ndarray]) -> State:
        """Weights by name, as `__call__` takes them; those that the output does not need are out.

        Raises
        ------
        KeyError : one that the output needs is missing.
        """
        return State({tensor: values[name] for tensor, name in self._held})

    def feeds(self, arrays: Sequence[np.ndarray]) -> Feeds:
        """Rows, as `__call__` takes them."""
        named = dict(zip(self._names, arrays, strict=True))
        return Feeds({name: named[name] for name in self._used}, ROWS_AT_ONCE)

    def __call__(self, state: State, feeds: Feeds) -> np.ndarray:
        """The output with these weights for these rows; a single one if it has no axis of rows."""
        result = np.asarray(self._executable.run(state, feeds)["output"])
        return result if self._has_rows else result[0]


_compiled: weakref.WeakKeyDictionary[Module, dict[tuple, Evaluator]] = weakref.WeakKeyDictionary()


def evaluate_module(module: Module, *arrays: np.ndarray) -> Any:
    """The module's output for arrays whose leading axis is rows, in evaluation mode.

    Its graph and its weights are looked up anew in each call, which takes longer than a small
    network does for one row; an `Evaluator` keeps them.
    """
    backend = backends.get()
    held = dict(module.named_held())
    kinds = tuple((a.shape[1:], a.dtype) for a in arrays)
    key = (backend.name, kinds, tuple((name, h.tensor) for name, h in held.items()))
    kept = _compiled.setdefault(module, {})
    if key not in kept:
        kept[key] = Evaluator(module, arrays, backend)
    evaluator = kept[key]
    state = evaluator.state({name: h.value for name, h in held.items()})
    return evaluator(state, evaluator.feeds(arrays))
