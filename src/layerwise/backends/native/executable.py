"""Running a plan: addresses, threads, and coming back to Python a few times a second."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from collections.abc import Callable, Container, Iterator

import numpy as np

from ...compiler.feeds import Feeds
from ...compiler.program import Program, Sampling, leads_with_batch
from ...compiler.state import State, aligned_bytes
from ...graph.dimension import Batch, concrete, size
from ...graph.tensor import Tensor
from . import library, matmul
from .arena import Arena, lent
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


_NEVER = 1 << 62
"""Steps between two of another program, where there is none: step 0 is its own."""

_living: weakref.WeakSet[NativeExecutable] = weakref.WeakSet()


_UNBOUND: tuple[Callable[[], State | None], int, int, int] = (lambda: None, -1, 0, 0)


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
        self._scalars: dict[np.dtype, list[str]] = {}
        for name, output in program.outputs.items():
            if output.shape == ():
                self._scalars.setdefault(output.dtype, []).append(name)
        self._scalar_targets = self._find_scalar_targets()
        self._rows = -1
        self._arena: Arena | None = None
        self._arena_bytes = 0
        self._offsets: list[int] = []
        self._bound = _UNBOUND
        self._product_scratch = max(
            (matmul.scratch_bytes(target, _ELEMENTS[e]) for e in plan.elements), default=0
        )
        self._scratch_bytes = LINE

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

    def _find_scalar_targets(self) -> dict[np.dtype, tuple[np.ndarray, np.ndarray]]:
        """Which arguments are the addresses of scalar outputs, and of which ones, by dtype."""
        where = {(d, n): i for d, names in self._scalars.items() for i, n in enumerate(names)}
        found: dict[np.dtype, list[tuple[int, int]]] = {}
        for index, (kind, name, _) in self._brought:
            output = self.program.outputs.get(name) if kind == "target" else None
            if output is not None and output.shape == ():
                found.setdefault(output.dtype, []).append((index, where[output.dtype, name]))
        pairs = {dtype: np.array(both, np.int64).T for dtype, both in found.items()}
        return {dtype: (both[0], both[1]) for dtype, both in pairs.items()}

    @contextlib.contextmanager
    def _with_arena(self, rows: int) -> Iterator[None]:
        """Memory for steps of so many rows, for as long as the context lasts."""
        if rows > self._rows:
            self._lay_out_arena(rows)
        with lent(self._arena_bytes, self._arena) as self._arena:
            yield

    def _lay_out_arena(self, rows: int) -> None:
        fixed, per_row = self.plan.scratch
        self._scratch_bytes = max(self._product_scratch, fixed + per_row * rows) + LINE
        offsets: list[int] = []
        total = 0
        for number, place in enumerate(self.plan.places):
            offsets.append(total)
            used = place.fixed + place.per_row * rows
            # A skew of a few lines keeps large values from falling on the same cache sets.
            total += -(-used // LINE) * LINE + LINE * (1 + number % 7)
        self._arena_bytes = total
        self._offsets = offsets
        self._rows = rows

    def _bind(self, state: State) -> None:
        """Fill in the addresses of memory, unless they are still the ones of the last run."""
        assert self._arena is not None
        arena = _address(self._arena.memory)
        known, version, place, rows = self._bound
        if known() is state and version == state.version and (place, rows) == (arena, self._rows):
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
        self._bound = (weakref.ref(state), state.version, arena, self._rows)

    def _bind_run(self, feeds: Feeds, rooms: _Rooms, first: int) -> None:
        together = rooms.executable is self
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
            elif together and self.program.outputs[name].shape == ():
                continue
            else:
                # Shifted back, because the driver counts steps and rows from the first of all.
                of_row, of_step = self._widths[name]
                value = rooms.address(name) - before * of_row - first * of_step
            self._arguments[index] = value
        if together:
            for dtype, (indices, numbers) in self._scalar_targets.items():
                block = rooms.blocks[dtype]
                start = _address(block) - first * dtype.itemsize
                self._arguments[indices] = start + numbers * block.strides[0]

    # -- running -----------------------------------------------------------------------------------

    def run(
        self,
        state: State,
        feeds: Feeds,
        first: int = 0,
        steps: int | None = None,
        sampling: Sampling | None = None,
    ) -> dict[str, np.ndarray]:
        """See `layerwise.compiler.Executable.run`."""
        other, every = self, _NEVER
        if sampling is not None:
            assert isinstance(sampling.executable, NativeExecutable)
            other, every = sampling.executable, sampling.every
        feeds.check(self.program.inputs)
        if other is not self:
            feeds.check(other.program.inputs)
        steps = feeds.steps - first if steps is None else steps
        if steps < 0 or first < 0 or first + steps > feeds.steps:
            raise IndexError(f"steps {first} to {first + steps} lie outside 0..{feeds.steps}")
        rows = int(feeds.boundaries[first + steps] - feeds.boundaries[first])
        which = None if sampling is None else sampling.steps(first, first + steps) - first
        rooms = _Rooms(other, rows, steps)
        with contextlib.ExitStack() as locks:
            # In one order everywhere, so that two runs never wait for each other's locks.
            for each in sorted({self, other}, key=id):
                locks.enter_context(each._lock)
                locks.enter_context(each._with_arena(feeds.largest_batch))
                each._bind(state)
                each._bind_run(feeds, rooms, first)
            self._steps(feeds, first, first + steps, other, every)
        return rooms.arrays(self.program.outputs, which)

    def _steps(
        self, feeds: Feeds, first: int, last: int, other: NativeExecutable, every: int
    ) -> None:
        boundaries = _address(feeds.boundaries)
        fixed, per_row = self.plan.work
        operations = fixed + per_row * feeds.largest_batch
        while first < last:
            count, threads = self.team.next_call(operations, len(self.plan.steps), SECONDS_PER_CALL)
            stop = min(first + count, last)
            began = time.perf_counter()
            self._call(boundaries, first, stop, threads, other, every)
            self.team.observe(threads, stop - first, time.perf_counter() - began)
            first = stop

    def _call(
        self,
        boundaries: int,
        first: int,
        last: int,
        threads: int,
        other: NativeExecutable,
        every: int,
    ) -> None:
        assert self._arena is not None
        scratch = self._arena.scratch_for(threads, max(self._scratch_bytes, other._scratch_bytes))
        counter = aligned_bytes(LINE).view(np.int64)
        counter[:] = 0
        plans = []
        for each in (self, other):
            plans += [_address(each._table), len(each.plan.steps)]
        address = _address(counter)

        def work(thread: int) -> None:
            self._entry(*plans, every, boundaries, first, last, thread, threads, address,
                        _address(scratch[thread]))  # fmt: skip

        self.team.run(work, threads, entered=lambda: bool(counter[1]))


def _widths(output: Tensor) -> tuple[int, int]:
    """Bytes that an output gives for each row, and for each step."""
    count, width = size(output.shape), memory_bytes(output.dtype)
    return (count.multiple * width, 0) if isinstance(count, Batch) else (0, count * width)


class _Rooms:
    """Arrays for what a program's outputs give in so many steps with so many rows in all.

    Scalars of one dtype are rows of one array, and their addresses are worked out together: there
    may be many of them, and a call of Python for each would cost more than a small network's step.
    """

    def __init__(self, executable: NativeExecutable, rows: int, steps: int) -> None:
        self.executable = executable
        self._own: dict[str, np.ndarray] = {}
        for name, output in executable.program.outputs.items():
            if output.shape != ():
                shape = output.shape if leads_with_batch(output) else (steps, *output.shape)
                self._own[name] = np.empty(concrete(shape, rows), output.dtype)
        self.blocks = {
            dtype: np.empty((len(names), steps), dtype)
            for dtype, names in executable._scalars.items()
        }

    def address(self, name: str) -> int:
        """Where an output's first value goes."""
        if name in self._own:
            return _address(self._own[name])
        dtype = self.executable.program.outputs[name].dtype
        return _address(self.blocks[dtype][self.executable._scalars[dtype].index(name)])

    def arrays(self, sampled: Container[str] = (), steps: np.ndarray | None = None) -> _Arrays:
        """The arrays by name; those outside `sampled` at some `steps` only, where any are given."""
        found: _Arrays = {}
        for name, array in self._own.items():
            found[name] = array if steps is None or name in sampled else array[steps]
        for dtype, block in self.blocks.items():
            names = self.executable._scalars[dtype]
            chosen = block if steps is None else block[:, steps]
            found.update(zip(names, chosen, strict=True))
            if steps is not None:
                found.update((n, block[i]) for i, n in enumerate(names) if n in sampled)
        return found


_Arrays = dict[str, np.ndarray]


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
