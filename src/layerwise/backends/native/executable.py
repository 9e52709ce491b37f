"""Running a plan: addresses, threads, and coming back to Python a few times a second."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable

import numpy as np

from ...compiler.feeds import Feeds
from ...compiler.program import Program, leads_with_batch
from ...compiler.state import State, aligned_bytes
from ...graph.dimension import Batch, concrete, size
from ...graph.tensor import Tensor
from . import library, matmul
from .driver import RECORD
from .elements import memory_bytes
from .plan import Argument, Plan
from .target import Target
from .team import Team

_ELEMENTS = {"f32": "float", "f64": "double"}

SECONDS_PER_CALL = 0.1
"""How long native code runs before Python gets to answer an interrupt."""

LINE = 64
"""Bytes of a cache line; every value in the arena begins one."""


_living: weakref.WeakSet[NativeExecutable] = weakref.WeakSet()


_UNBOUND: tuple[Callable[[], State | None], int, int] = (lambda: None, -1, 0)


class NativeExecutable:
    """A program as machine code.

    Parameters
    ----------
    program : what was asked for.
    plan : how it runs.
    target : the processor.
    threads : how many threads it may use.
    """

    def __init__(self, program: Program, plan: Plan, target: Target, threads: int) -> None:
        self.program = program
        self.plan = plan
        self.target = target
        self.team = Team(threads)
        self._code = library.find(plan, target)
        self._entry = library.entry(target)
        self._lock = threading.Lock()
        _living.add(self)
        self._constants = [_constant(name, data) for name, data in plan.constants]
        self._lay_out_arguments()
        self._widths = {name: _widths(output) for name, output in program.outputs.items()}
        self._rows = 0
        self._arena = np.empty(0, np.uint8)
        self._offsets: list[int] = []
        self._bound = _UNBOUND
        wanted = max((matmul.scratch_bytes(target, _ELEMENTS[e]) for e in plan.elements), default=0)
        self._scratch_bytes = wanted + LINE
        self._scratch: list[np.ndarray] = []

    def _begin_in_child(self) -> None:
        """Forget what another thread of the parent was about when this process was forked."""
        self._lock = threading.Lock()
        self._bound = _UNBOUND

    # -- addresses ---------------------------------------------------------------------------------

    def _lay_out_arguments(self) -> None:
        """All arguments of all steps in one array; note which of them change, and with what."""
        steps = self.plan.steps
        starts: list[int] = []
        numbers: list[int] = []
        self._memory: list[tuple[int, Argument]] = []
        self._brought: list[tuple[int, Argument]] = []
        for step in steps:
            starts.append(len(numbers))
            for argument in step.arguments:
                kind, what, _ = argument
                if kind in ("place", "variable", "constant"):
                    self._memory.append((len(numbers), argument))
                elif kind != "integer":
                    self._brought.append((len(numbers), argument))
                numbers.append(what if kind == "integer" else 0)
        self._arguments = aligned_bytes(8 * max(len(numbers), 1)).view(np.int64)
        self._arguments[:] = numbers or [0]
        base = _address(self._arguments)
        self._table = aligned_bytes(8 * RECORD * max(len(steps), 1)).view(np.int64)
        table = self._table.reshape(-1, RECORD)
        table[:] = 0
        for row, step, start in zip(table, steps, starts, strict=False):
            address = self._code[step.function].address
            row[:6] = (
                address,
                base + 8 * start,
                step.kind,
                step.total,
                step.granularity,
                step.barrier,
            )

    def _prepare_arena(self, rows: int) -> None:
        if rows <= self._rows and self._arena.size:
            return
        offsets: list[int] = []
        total = 0
        for number, place in enumerate(self.plan.places):
            offsets.append(total)
            used = place.fixed + place.per_row * rows
            # A skew of a few lines keeps large values from falling on the same cache sets.
            total += -(-used // LINE) * LINE + LINE * (1 + number % 7)
        self._arena = aligned_bytes(total)
        self._offsets = offsets
        self._rows = rows

    def _bind(self, state: State) -> None:
        """Fill in the addresses of memory, unless they are still the ones of the last run."""
        arena = _address(self._arena)
        known, version, place = self._bound
        if known() is state and version == state.version and place == arena:
            return
        try:
            values = [state[v] for v in self.program.variables]
        except KeyError as error:
            (variable,) = error.args
            raise KeyError(f"the state has no value for '{variable.primitive.label}'") from None
        starts = {
            "place": [arena + offset for offset in self._offsets],
            "variable": [_address(v) for v in values],
            "constant": [_address(c) for c in self._constants],
        }
        for index, (kind, what, offset) in self._memory:
            self._arguments[index] = starts[kind][what] + offset
        self._bound = (weakref.ref(state), state.version, arena)

    def _bind_run(self, feeds: Feeds, outputs: dict[str, np.ndarray], first: int) -> None:
        before = int(feeds.boundaries[first])
        order = 0 if feeds.order is None else _address(feeds.order)
        for index, (kind, name, _) in self._brought:
            if kind == "source":
                source = feeds.rows.get(name)
                if source is None:
                    source = feeds.per_step.get(name)
                value = _address(feeds.fixed[name] if source is None else source)
            elif kind == "order":
                value = order
            elif kind == "stride":
                value = feeds.per_step[name].strides[0] if name in feeds.per_step else 0
            else:
                # Shifted back, because the driver counts steps and rows from the first of all.
                of_row, of_step = self._widths[name]
                value = _address(outputs[name]) - before * of_row - first * of_step
            self._arguments[index] = value

    # -- running -----------------------------------------------------------------------------------

    def run(
        self, state: State, feeds: Feeds, first: int = 0, steps: int | None = None
    ) -> dict[str, np.ndarray]:
        """See `layerwise.compiler.Executable.run`."""
        feeds.check(self.program.inputs)
        steps = feeds.steps - first if steps is None else steps
        if steps < 0 or first < 0 or first + steps > feeds.steps:
            raise IndexError(f"steps {first} to {first + steps} lie outside 0..{feeds.steps}")
        rows = int(feeds.boundaries[first + steps] - feeds.boundaries[first])
        outputs = {name: _room(x, rows, steps) for name, x in self.program.outputs.items()}
        with self._lock:
            self._prepare_arena(feeds.largest_batch)
            self._bind(state)
            self._bind_run(feeds, outputs, first)
            self._steps(feeds, first, first + steps)
        return outputs

    def _steps(self, feeds: Feeds, first: int, last: int) -> None:
        boundaries = _address(feeds.boundaries)
        fixed, per_row = self.plan.work
        operations = fixed + per_row * feeds.largest_batch
        while first < last:
            count, threads = self.team.next_call(operations, len(self.plan.steps), SECONDS_PER_CALL)
            stop = min(first + count, last)
            began = time.perf_counter()
            self._call(boundaries, first, stop, threads)
            self.team.observe(threads, stop - first, time.perf_counter() - began)
            first = stop

    def _call(self, boundaries: int, first: int, last: int, threads: int) -> None:
        while len(self._scratch) < threads:
            self._scratch.append(aligned_bytes(self._scratch_bytes))
        counter = aligned_bytes(LINE).view(np.int64)
        counter[:] = 0
        table, records = _address(self._table), len(self.plan.steps)
        address = _address(counter)

        def work(thread: int) -> None:
            self._entry(table, records, boundaries, first, last, thread, threads, address,
                        _address(self._scratch[thread]))  # fmt: skip

        self.team.run(work, threads, entered=lambda: bool(counter[1]))


def _widths(output: Tensor) -> tuple[int, int]:
    """Bytes that an output gives for each row, and for each step."""
    count, width = size(output.shape), memory_bytes(output.dtype)
    return (count.multiple * width, 0) if isinstance(count, Batch) else (0, count * width)


def _room(output: Tensor, rows: int, steps: int) -> np.ndarray:
    """An array for what an output gives in so many steps with so many rows in all."""
    shape = output.shape if leads_with_batch(output) else (steps, *output.shape)
    return np.empty(concrete(shape, rows), output.dtype)


def _after_fork_in_child() -> None:
    for executable in _living:
        executable._begin_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _constant(name: str, data: bytes) -> np.ndarray:
    array = aligned_bytes(len(data)).view(name)
    array[:] = np.frombuffer(data, name)
    return array


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]
