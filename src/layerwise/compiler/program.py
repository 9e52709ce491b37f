"""`Program`: a whole step as one graph. The contract between the graph and the backends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np

from ..graph.dimension import Batch, ShapeError, has_batch, show
from ..graph.leaves import Input, Variable
from ..graph.tensor import Tensor, topological_order
from .feeds import Feeds
from .state import State


class Program:
    """What one step computes, and what it changes.

    Parameters
    ----------
    outputs : tensors by name. An output that leads with the batch gives a row for every row fed;
        any other gives one value for every step.
    updates : for each variable that changes, its value after the step. All updates see the values
        from before the step.

    Attributes
    ----------
    inputs : the fed tensors by name.
    variables : every variable read or written, in the order of first use.
    """

    def __init__(
        self, outputs: Mapping[str, Tensor], updates: Mapping[Tensor, Tensor] | None = None
    ) -> None:
        self.outputs = dict(outputs)
        self.updates = dict(updates or {})
        for name, output in self.outputs.items():
            if has_batch(output.shape[1:]):
                raise ShapeError(
                    f"output '{name}' has shape {show(output.shape)}; the batch must lead"
                )
        for target, value in self.updates.items():
            if not isinstance(target.primitive, Variable):
                raise TypeError(f"only variables can be updated, not {target!r}")
            if target.shape != value.shape or target.dtype != value.dtype:
                raise ShapeError(
                    f"update of {target!r}: the new value has shape {show(value.shape)} and dtype "
                    f"{value.dtype}"
                )
        self.inputs: dict[str, Tensor] = {}
        variables: dict[Tensor, None] = {}
        for node in topological_order(self.roots):
            if isinstance(node.primitive, Input):
                other = self.inputs.setdefault(node.primitive.label, node)
                if other is not node:
                    raise ValueError(f"two different inputs are named '{node.primitive.label}'")
            elif isinstance(node.primitive, Variable):
                variables[node] = None
        variables.update(dict.fromkeys(self.updates))
        self.variables = tuple(variables)

    @property
    def roots(self) -> list[Tensor]:
        """Every tensor that a step must compute: outputs, then new values of variables."""
        return [*self.outputs.values(), *self.updates.values()]

    def with_roots(self, roots: list[Tensor]) -> Program:
        """The same program with each root replaced, in the order of `roots`."""
        count = len(self.outputs)
        return Program(
            dict(zip(self.outputs, roots[:count], strict=True)),
            dict(zip(self.updates, roots[count:], strict=True)),
        )


class Sampling(NamedTuple):
    """Another program, with more outputs, that takes a program's place in some steps.

    Attributes
    ----------
    executable : of the same backend; its program has the outputs and updates of the usual one, and
        further outputs without batch dimension.
    every : it runs the steps whose number in the feeds is a multiple of this, at least 1.
    """

    executable: Executable
    every: int

    def steps(self, first: int, stop: int) -> np.ndarray:
        """The numbers of its steps among those from `first` to below `stop`."""
        if self.every < 1:
            raise ValueError(f"sampling: expected every at least 1, got {self.every}")
        return np.arange(-(-first // self.every) * self.every, stop, self.every)


class Executable(Protocol):
    """A program made ready by a backend."""

    program: Program

    def run(
        self,
        state: State,
        feeds: Feeds,
        first: int = 0,
        steps: int | None = None,
        sampling: Sampling | None = None,
    ) -> dict[str, np.ndarray]:
        """Run steps `first`, `first + 1`, ... of the feeds (all that remain by default).

        `state` is updated in place. Returns, for each output, the values of the steps: stacked
        (steps, ...) for an output without batch dimension, else the rows of all steps one after
        another. With `sampling`, what only the other program gives is stacked for its steps.
        KeyboardInterrupt leaves the state as it was after a whole number of steps.
        """
        ...


class Backend(Protocol):
    """A way to run programs."""

    name: str

    def compile(self, program: Program, threads: int | None = None) -> Executable:
        """Make a program ready to run, on at most `threads` threads."""
        ...


def leads_with_batch(tensor: Tensor) -> bool:
    """Whether a tensor has a row for each row fed."""
    return bool(tensor.shape) and isinstance(tensor.shape[0], Batch)
