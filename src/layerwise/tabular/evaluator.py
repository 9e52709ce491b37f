"""Evaluating many networks of one structure, each with its own weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..compiler import Backend, Feeds, Program, State
from ..nn import Module
from ..nn.evaluation import ROWS_AT_ONCE
from ..nn.inputs import input_names, trace_rows


class Evaluator:
    """A network's graph in evaluation mode, compiled once for one kind of rows.

    `evaluate_module` finds the graph and the weights of a module anew for each call, which takes
    longer than a small network does for one row.

    Parameters
    ----------
    net : the network; only its structure counts.
    arrays : rows like those to come.
    backend : what runs it.
    """

    def __init__(self, net: Module, arrays: Sequence[np.ndarray], backend: Backend) -> None:
        _, output, _ = trace_rows(net, arrays)
        self._executable = backend.compile(Program({"output": output}))
        program = self._executable.program
        self._names = input_names(len(arrays))
        self._used = [name for name in self._names if name in program.inputs]
        variables = set(program.variables)
        self._held = [(h.tensor, name) for name, h in net.named_held() if h.tensor in variables]

    def state(self, values: Mapping[str, np.ndarray]) -> State:
        """Weights by name, as `__call__` takes them; those that predictions do not need are out."""
        return State({tensor: values[name] for tensor, name in self._held})

    def feeds(self, arrays: Sequence[np.ndarray]) -> Feeds:
        """Rows, as `__call__` takes them."""
        named = dict(zip(self._names, arrays, strict=True))
        return Feeds({name: named[name] for name in self._used}, ROWS_AT_ONCE)

    def __call__(self, state: State, feeds: Feeds) -> np.ndarray:
        """The network's output with these weights, for these rows."""
        return np.asarray(self._executable.run(state, feeds)["output"])
