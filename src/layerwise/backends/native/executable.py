"""Running a plan: addresses, threads, and coming back to Python a few times a second."""

from __future__ import annotations

import threading
import time

import numpy as np

from ...compiler.feeds import Feeds
from ...compiler.program import Program, leads_with_batch
from ...compiler.state import State
from ...graph.dimension import Batch, size
from ...graph.leaves import Constant, Variable
from ...graph.tensor import Tensor
from . import library, matmul
from .driver import RECORD
from .elements import Slot, memory_bytes
from .plan import Plan
from .target import Target
from .team import Team

SECONDS_PER_CALL = 0.1
"""How long native code runs before Python gets to answer an interrupt."""

LINE = 64
"""Bytes of a cache line; every value in the arena begins one."""


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
        self._code = library.find(plan.records, target)
        self._entry = library.entry(target)
        self._lock = threading.Lock()
        self._constants: dict[Tensor, np.ndarray] = {}
        self._lay_out_arguments()
        self._rows = 0
        self._arena = np.empty(0, np.uint8)
        self._offsets: list[int] = []
        self._bound: tuple[int, ...] = ()
        elements = {"double" if n.dtype == np.float64 else "float" for n in plan.where}
        wanted = max((matmul.scratch_bytes(target, e) for e in elements), default=0)
        self._scratch_bytes = wanted + LINE
        self._scratch: list[np.ndarray] = []
        self._seconds_per_step = 0.0

    # -- addresses ---------------------------------------------------------------------------------

    def _lay_out_arguments(self) -> None:
        """All arguments of all records in one array; note which of them change, and with what."""
        records = self.plan.records
        starts: list[int] = []
        numbers: list[int] = []
        self._memory_slots: list[tuple[int, Slot]] = []
        self._run_slots: list[tuple[int, Slot]] = []
        for record in records:
            starts.append(len(numbers))
            for slot in record.slots:
                index = len(numbers)
                numbers.append(0)
                if slot.kind == "integer":
                    numbers[index] = slot.what
                elif slot.kind == "number":
                    bits = np.zeros(1, np.int64)
                    bits.view(slot.what.dtype)[0] = slot.what.primitive.array.reshape(-1)[0]
                    numbers[index] = int(bits[0])
                elif slot.kind == "memory":
                    self._memory_slots.append((index, slot))
                else:
                    self._run_slots.append((index, slot))
        self._arguments = _aligned(8 * max(len(numbers), 1)).view(np.int64)
        self._arguments[:] = numbers or [0]
        base = _address(self._arguments)
        self._table = _aligned(8 * RECORD * max(len(records), 1)).view(np.int64)
        table = self._table.reshape(-1, RECORD)
        table[:] = 0
        for row, record, code, start in zip(table, records, self._code, starts, strict=False):
            part = record.partition
            row[:6] = (code.address, base + 8 * start, part.kind, part.total, part.granularity,
                       record.barrier)  # fmt: skip

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
        self._arena = _aligned(total)
        self._offsets = offsets
        self._rows = rows

    def _bind(self, state: State) -> None:
        """Fill in the addresses of memory, unless they are still the ones of the last run."""
        arena = _address(self._arena)
        try:
            values = [state[v] for v in self.program.variables]
        except KeyError as error:
            (variable,) = error.args
            raise KeyError(f"the state has no value for '{variable.primitive.label}'") from None
        bound = (arena, *map(_address, values))
        if bound == self._bound:
            return
        addresses = dict(zip(self.program.variables, bound[1:], strict=True))
        for node, place in self.plan.where.items():
            addresses[node] = arena + self._offsets[place]
        for index, slot in self._memory_slots:
            node: Tensor = slot.what
            if node not in addresses:
                addresses[node] = self._constant(node)
            self._arguments[index] = addresses[node] + slot.offset
        self._bound = bound

    def _constant(self, node: Tensor) -> int:
        assert isinstance(node.primitive, Constant), node
        array = _aligned(node.primitive.array.nbytes).view(node.dtype)
        array[:] = node.primitive.array.reshape(-1)
        self._constants[node] = array
        return _address(array)

    def _bind_run(self, feeds: Feeds, outputs: dict[str, np.ndarray], first: int) -> None:
        before = int(feeds.boundaries[first])
        for index, slot in self._run_slots:
            name: str = slot.what
            if slot.kind == "source":
                source = feeds.rows.get(name)
                if source is None:
                    source = feeds.per_step.get(name)
                value = _address(feeds.fixed[name] if source is None else source)
            elif slot.kind == "order":
                value = 0 if feeds.order is None else _address(feeds.order)
            elif slot.kind == "stride":
                value = feeds.per_step[name][0].nbytes if name in feeds.per_step else 0
            else:
                # Shifted back, because the driver counts steps and rows from the first of all.
                output = self.program.outputs[name]
                width = memory_bytes(output.dtype)
                count = size(output.shape)
                skipped = before * count.multiple if isinstance(count, Batch) else first * count
                value = _address(outputs[name]) - skipped * width
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
        outputs = {
            name: np.empty(
                (rows * x.shape[0].multiple, *x.shape[1:])  # type: ignore[union-attr]
                if leads_with_batch(x)
                else (steps, *x.shape),
                x.dtype,
            )
            for name, x in self.program.outputs.items()
        }
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
            count, threads = self.team.next_call(operations, len(self.plan.records), SECONDS_PER_CALL)
            stop = min(first + count, last)
            began = time.perf_counter()
            self._call(boundaries, first, stop, threads)
            self.team.observe(threads, stop - first, time.perf_counter() - began)
            first = stop

    def _call(self, boundaries: int, first: int, last: int, threads: int) -> None:
        while len(self._scratch) < threads:
            self._scratch.append(_aligned(self._scratch_bytes))
        counter = _aligned(LINE)
        counter[:] = 0
        table, records = _address(self._table), len(self.plan.records)
        address = _address(counter)

        def work(thread: int) -> None:
            self._entry(table, records, boundaries, first, last, thread, threads, address,
                        _address(self._scratch[thread]))  # fmt: skip

        self.team.run(work, threads)


def _aligned(size_in_bytes: int) -> np.ndarray:
    """Uninitialised bytes that begin a cache line."""
    raw = np.empty(size_in_bytes + LINE, np.uint8)
    skip = -raw.__array_interface__["data"][0] % LINE
    return raw[skip : skip + size_in_bytes]


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


__all__ = ["NativeExecutable", "Variable"]
