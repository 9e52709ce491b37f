"""The reference backend: NumPy, one primitive at a time. Slow, simple, and the oracle."""

from __future__ import annotations

import numpy as np

from ...compiler.feeds import Feeds
from ...compiler.program import Program, Sampling, leads_with_batch
from ...compiler.state import State
from ...graph.dimension import concrete
from ...graph.evaluate import evaluate
from ...graph.stable import stabilise
from ...graph.tensor import Tensor

name = "reference"


class ReferenceExecutable:
    """Evaluates the program's graph in stable form, node by node, step after step."""

    def __init__(self, program: Program) -> None:
        self.program = program
        # As every backend does: log(softmax(x)) is finite wherever the program runs.
        stable = stabilise(program.roots)
        self._roots = [stable[root] for root in program.roots]

    def run(
        self,
        state: State,
        feeds: Feeds,
        first: int = 0,
        steps: int | None = None,
        sampling: Sampling | None = None,
    ) -> dict[str, np.ndarray]:
        """See `layerwise.compiler.Executable.run`."""
        if sampling is not None:
            return self._sampled(state, feeds, first, steps, sampling)
        program = self.program
        feeds.check(program.inputs)
        steps = feeds.steps - first if steps is None else steps
        collected: dict[str, list[np.ndarray]] = {name: [] for name in program.outputs}
        for step in range(first, first + steps):
            values = {v: state[v] for v in program.variables}
            rows = int(feeds.boundaries[step + 1] - feeds.boundaries[step])
            for name, tensor in program.inputs.items():
                if name in feeds.rows:
                    values[tensor] = feeds.rows[name][feeds.indices(step)]
                elif name in feeds.per_step:
                    values[tensor] = feeds.per_step[name][step]
                else:
                    values[tensor] = feeds.fixed[name]
            results = evaluate(self._roots, values, rows, stable=False)
            for name, result in zip(program.outputs, results, strict=False):
                collected[name].append(result)
            changed = results[len(program.outputs) :]
            state.replace(
                {v: np.array(r, order="C") for v, r in zip(program.updates, changed, strict=True)}
            )
        return {name: self._gather(name, parts) for name, parts in collected.items()}

    def _sampled(
        self, state: State, feeds: Feeds, first: int, steps: int | None, sampling: Sampling
    ) -> dict[str, np.ndarray]:
        """Runs of this program and of the other, in turns."""
        stop = feeds.steps if steps is None else first + steps
        other = sampling.executable
        marked = set(sampling.steps(first, stop).tolist())
        parts: dict[str, list[np.ndarray]] = {name: [] for name in other.program.outputs}
        for step in range(first, stop):
            runs = other if step in marked else self
            for name, value in runs.run(state, feeds, step, 1).items():
                parts[name].append(value)
        outputs = other.program.outputs
        return {n: np.concatenate(p) if p else _nothing(outputs[n]) for n, p in parts.items()}

    def _gather(self, name: str, parts: list[np.ndarray]) -> np.ndarray:
        output = self.program.outputs[name]
        if not parts:
            return _nothing(output)
        if leads_with_batch(output):
            return np.concatenate(parts)
        return np.array(parts, output.dtype)


def _nothing(output: Tensor) -> np.ndarray:
    """What an output gives in no steps."""
    shape = output.shape if leads_with_batch(output) else (0, *output.shape)
    return np.empty(concrete(shape, 0), output.dtype)


def compile(program: Program, threads: int | None = None) -> ReferenceExecutable:
    """Make a program ready to run; NumPy decides about threads."""
    return ReferenceExecutable(program)
