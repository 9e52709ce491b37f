"""From a schedule to a plan: records in order, with barriers, memory and arguments laid out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ...compiler.memory import Life, Place, plan_memory
from ...compiler.program import Program, leads_with_batch
from ...compiler.schedule import (
    Access,
    ConvolutionKernel,
    Kernel,
    MatMulKernel,
    ReduceKernel,
    Schedule,
    StridedView,
    is_memory,
    matrix_form,
)
from ...compiler.verify import is_wanted
from ...graph import dtypes
from ...graph.dimension import Batch, Dimension, size
from ...graph.indexing import PutRows
from ...graph.leaves import Input, Variable
from ...graph.tensor import Tensor
from . import convolution, kernels
from .driver import BATCH_MODE, COLUMNS_MODE, ROWS_MODE
from .elements import memory_bytes
from .partition import BATCH, SERIAL, STATIC, Partition, by_batch, by_blocks, by_rows, serial
from .plan import Argument, Plan, Step
from .position import Slot
from .target import Target
from .verify import verify_plan

COLUMN_PIECE = 32
"""Columns of a product that stay together when its columns are divided."""


@dataclass(eq=False)
class Record:
    """One kernel in a plan.

    Attributes
    ----------
    function : name of a service kernel, or the text of a kernel of the program's own.
    reads, writes : memory that is touched, and whether a thread only touches its own part.
    kernel : what it runs; None when it moves values between programs and memory.
    """

    function: str
    slots: list[Slot]
    partition: Partition
    reads: dict[Tensor, bool] = field(default_factory=dict)
    writes: dict[Tensor, bool] = field(default_factory=dict)
    barrier: bool = False
    declarations: frozenset[str] = frozenset()
    kernel: Kernel | None = None
    scratch: tuple[int, int] = (0, 0)


def make_plan(program: Program, schedule: Schedule, target: Target) -> Plan:
    """The plan of a program, given the schedule of its simplified form."""
    planner = _Planner(schedule, target)
    if is_wanted():
        verify_plan(schedule, planner.records, planner.where, planner.places)
    return planner.plan(program)


class _Planner:
    """Builds a plan; `records` are in the order of a step."""

    def __init__(self, schedule: Schedule, target: Target) -> None:
        self.program = program = schedule.program
        self.schedule = schedule
        records = [self._feed(name, x) for name, x in program.inputs.items()]
        for kernel in schedule.kernels:
            records.append(self._kernel(kernel, target))
        records.extend(self._output(name, x) for name, x in program.outputs.items())
        records.extend(self._copy(v, x) for v, x in schedule.copies.items())
        self.records = _order(records)
        self.where, self.places = self._lay_out()
        self._place_barriers()

    def plan(self, program: Program) -> Plan:
        """The plan as data: nodes become numbers of places, variables and constants."""
        variables = {v: k for k, v in enumerate(program.variables)}
        constants: dict[Tensor, int] = {}
        functions: dict[str, tuple[str, tuple[str, ...]]] = {}
        steps: list[Step] = []
        for record in self.records:
            function = record.function
            if function.startswith("define"):
                name = "kernel_" + hashlib.sha256(function.encode()).hexdigest()[:24]
                functions[name] = (function, tuple(sorted(record.declarations)))
                function = name
            arguments: list[Argument] = []
            for slot in record.slots:
                what = slot.what
                if slot.kind == "memory":
                    if what in self.where:
                        arguments.append(("place", self.where[what], slot.offset))
                    elif isinstance(what.primitive, Variable):
                        arguments.append(("variable", variables[what], slot.offset))
                    else:
                        index = constants.setdefault(what, len(constants))
                        arguments.append(("constant", index, slot.offset))
                elif slot.kind == "number":
                    arguments.append(("integer", _bits(what), 0))
                else:
                    arguments.append((slot.kind, what, 0))
            part = record.partition
            steps.append(Step(function, arguments, part.kind, part.total, part.granularity,
                              record.barrier))  # fmt: skip
        floats = {"f64" if n.dtype == dtypes.float64 else "f32" for n in self.where}
        arrays = [(c.dtype.name, c.primitive.array.tobytes()) for c in constants]  # type: ignore[attr-defined]
        scratch = [max((r.scratch[k] for r in self.records), default=0) for k in range(2)]
        return Plan(
            steps,
            self.places,
            arrays,
            functions,
            _work(self.schedule),
            sorted(floats),
            (scratch[0], scratch[1]),
        )

    # -- records -----------------------------------------------------------------------------------

    def _memory(self, node: Tensor) -> Tensor:
        """What owns a node's memory: itself, the base of a reshape, or the variable it updates."""
        node = self.schedule.base(node)
        return self.schedule.in_place.get(node, node)

    def _feed(self, name: str, x: Tensor) -> Record:
        to, source = Slot("memory", x), Slot("source", name)
        width = memory_bytes(x.dtype)
        if leads_with_batch(x):
            for d in x.shape[1:]:
                assert isinstance(d, int)
                width *= d
            slots = [to, source, Slot("order", None), Slot("integer", width)]
            return Record("feed_rows", slots, by_batch(1), writes={x: True})
        count = size(x.shape)
        assert isinstance(count, int)
        slots = [to, source, Slot("integer", width * count), Slot("stride", name)]
        return Record("feed_value", slots, serial(1), writes={x: True})

    def _output(self, name: str, x: Tensor) -> Record:
        source = self._memory(x)
        width = memory_bytes(x.dtype)
        count = size(x.shape)
        slots = [Slot("target", name), Slot("memory", source)]
        if isinstance(count, Batch):
            slots.append(Slot("integer", width * count.multiple))
            return Record("emit_rows", slots, by_batch(1), reads={source: True})
        slots.append(Slot("integer", width * count))
        return Record("emit_value", slots, serial(1), reads={source: True})

    def _copy(self, variable: Tensor, value: Tensor) -> Record:
        source = self._memory(value)
        count = size(variable.shape)
        assert isinstance(count, int)
        width = memory_bytes(variable.dtype) * count
        slots = [Slot("memory", variable), Slot("memory", source), Slot("integer", width)]
        return Record("copy", slots, serial(1), reads={source: True}, writes={variable: True})

    def _kernel(self, kernel: Kernel, target: Target) -> Record:
        if isinstance(kernel, MatMulKernel):
            return self._product(kernel)
        if isinstance(kernel, ConvolutionKernel):
            return self._convolution(kernel, target)
        code = kernels.build(self.schedule, kernel, target)
        slots = [
            Slot("memory", self.schedule.in_place.get(s.what, s.what)) if s.kind == "memory" else s
            for s in code.slots
        ]
        record = Record(
            code.text,
            slots,
            code.partition,
            declarations=code.declarations,
            kernel=kernel,
            scratch=code.scratch,
        )
        self._touch(record, kernel)
        return record

    def _touch(self, record: Record, kernel: Kernel) -> None:
        for node, access in kernel.reads.items():
            owner = self._memory(node)
            aligned = _own_part(record.partition, node, access)
            record.reads[owner] = record.reads.get(owner, True) and aligned
        for node in kernel.nodes:
            if node in self.schedule.stored:
                record.writes[self._memory(node)] = _own_part(
                    record.partition, node, Access.SAME_ROW
                )

    def _product(self, kernel: MatMulKernel) -> Record:
        (node,) = kernel.nodes
        left, right = kernel.left, kernel.right
        rows, columns = node.shape[-2], node.shape[-1]
        leading = node.shape[:-2]
        mode = BATCH_MODE
        if leading:
            first = leading[0]
            partition = by_batch(first.multiple) if isinstance(first, Batch) else by_blocks(first)
        elif isinstance(rows, int) and isinstance(columns, int) and rows < 16 < columns:
            mode = COLUMNS_MODE
            partition = Partition(STATIC, columns, COLUMN_PIECE, rows=False)
        else:
            mode = ROWS_MODE
            partition = by_batch(rows.multiple) if isinstance(rows, Batch) else by_rows(rows)
        numbers: list[int] = [mode]
        row_stride = columns
        sizes = (rows, columns, left.shape[-1], left.strides[-2], left.strides[-1],
                 right.strides[-2], right.strides[-1], row_stride)  # fmt: skip
        for dimension in sizes:
            numbers.extend(_split(dimension))
        numbers.extend(_leading(node, left, right))
        width = memory_bytes(node.dtype)
        slots = [
            Slot("memory", self._memory(left.base), left.offset * width),
            Slot("memory", self._memory(right.base), right.offset * width),
            Slot("memory", node),
            *(Slot("integer", n) for n in numbers),
        ]
        element = "f32" if node.dtype == dtypes.float32 else "f64"
        record = Record(f"product_{element}", slots, partition, kernel=kernel)
        self._touch(record, kernel)
        return record

    def _convolution(self, kernel: ConvolutionKernel, target: Target) -> Record:
        (node,) = kernel.nodes
        nodes = [self._memory(i) for i in node.inputs] + [node]
        numbers = convolution.arguments(node, target)
        slots = [*(Slot("memory", n) for n in nodes), *(Slot("integer", n) for n in numbers)]
        partition = convolution.partition(node)
        record = Record(convolution.service(node), slots, partition, kernel=kernel)
        record.scratch = (convolution.scratch_bytes(node, target), 0)
        self._touch(record, kernel)
        return record

    # -- memory and barriers -----------------------------------------------------------------------

    def _lay_out(self) -> tuple[dict[Tensor, int], list[Place]]:
        first: dict[Tensor, int] = {}
        last: dict[Tensor, int] = {}
        for number, record in enumerate(self.records):
            for node in (*record.writes, *record.reads):
                if needs_place(node):
                    first.setdefault(node, number)
                    last[node] = number
        lives: list[Life] = []
        for node, begin in first.items():
            end = last[node]
            if isinstance(node.primitive, Input):
                begin, end = -1, len(self.records)
            width = memory_bytes(node.dtype)
            count = size(node.shape)
            fixed, per_row = (0, count.multiple) if isinstance(count, Batch) else (count, 0)
            lives.append(Life(node, fixed * width, per_row * width, begin, end))
        return plan_memory(lives)

    def _place_barriers(self) -> None:
        """A barrier wherever threads could meet in memory, within a step and from step to step."""
        # For each part of memory, how it was read and written since the last barrier. Many records
        # go through it alike, so there are few ways, however many records.
        read: dict[object, set[_Way]] = {}
        written: dict[object, set[_Way]] = {}
        for number, record in enumerate(self.records):
            reads = [(self._key(n), _Way(record.partition, o)) for n, o in record.reads.items()]
            writes = [(self._key(n), _Way(record.partition, o)) for n, o in record.writes.items()]
            record.barrier = (
                number == 0
                or any(way.meets(w) for key, way in reads for w in written.get(key, ()))
                or any(
                    way.meets(w)
                    for key, way in writes
                    for known in (read, written)
                    for w in known.get(key, ())
                )
            )
            if record.barrier:
                read, written = {}, {}
            for known, touched in ((read, reads), (written, writes)):
                for key, way in touched:
                    known.setdefault(key, set()).add(way)

    def _key(self, node: Tensor) -> object:
        return self.where.get(node, node)


class _Way(NamedTuple):
    """How the threads of a record go through a part of memory."""

    partition: Partition
    own: bool
    """Whether each thread touches only what belongs to its own range."""

    def meets(self, other: _Way) -> bool:
        """Whether a thread may touch what another one does in the other record."""
        if self.partition.kind == SERIAL and other.partition.kind == SERIAL:
            return False
        return not (self.own and other.own and _same_ranges(self.partition, other.partition))


def needs_place(node: Tensor) -> bool:
    """Whether a node's memory is part of the arena."""
    return isinstance(node.primitive, Input) or not is_memory(node)


def _same_ranges(a: Partition, b: Partition) -> bool:
    """Whether a thread's parts under two partitions are the same rows."""
    if a.kind != b.kind:
        return False
    return a.kind == BATCH or (a == b and a.rows)


def _own_part(partition: Partition, node: Tensor, access: Access) -> bool:
    """Whether a thread, going through its range, touches only its own part of a node."""
    if partition.kind == BATCH:
        return leads_with_batch(node) and access >= Access.SAME_BATCH
    if partition.kind == SERIAL:
        return True
    return (
        partition.rows
        and access == Access.SAME_ROW
        and matrix_form(node.shape)[0] == partition.total
    )


def _order(records: list[Record]) -> list[Record]:
    """Records in an order with few barriers: whatever needs none now comes first.

    What a record waits for: the writer of what it reads, and the readers and the writer of what it
    writes.
    """
    waits: list[dict[int, bool]] = []
    writers: dict[Tensor, int] = {}
    readers: dict[Tensor, list[int]] = {}
    for number, record in enumerate(records):
        before: dict[int, bool] = {}

        def wait(other: int, own: bool, mine: bool, record: Record = record,
                 before: dict[int, bool] = before) -> None:  # fmt: skip
            earlier = records[other]
            free = (earlier.partition.kind == record.partition.kind == SERIAL) or (
                _same_ranges(earlier.partition, record.partition) and own and mine
            )
            before[other] = before.get(other, True) and free

        for node, mine in record.reads.items():
            if node in writers:
                wait(writers[node], records[writers[node]].writes[node], mine)
        for node, mine in record.writes.items():
            if node in writers:
                wait(writers[node], records[writers[node]].writes[node], mine)
            for reader in readers.get(node, []):
                if reader != number:
                    wait(reader, records[reader].reads[node], mine)
        for node in record.reads:
            readers.setdefault(node, []).append(number)
        for node in record.writes:
            writers[node] = number
            readers[node] = []
        waits.append(before)
    order: list[int] = []
    done: set[int] = set()
    recent: set[int] = set()
    left = list(range(len(records)))
    while left:
        chosen = None
        for number in left:
            before = waits[number]
            if all(b in done for b in before) and all(
                free or b not in recent for b, free in before.items()
            ):
                chosen = number
                break
        if chosen is None:
            recent = set()
            continue
        left.remove(chosen)
        order.append(chosen)
        done.add(chosen)
        recent.add(chosen)
    return [records[n] for n in order]


def _split(dimension: Dimension) -> tuple[int, int]:
    """A dimension as a constant plus a multiple of the rows."""
    return (0, dimension.multiple) if isinstance(dimension, Batch) else (dimension, 0)


def _leading(node: Tensor, left: StridedView, right: StridedView) -> list[int]:
    """Lengths and strides, in elements, of three axes before the matrices; see MATMUL_SLOTS."""
    lengths = node.shape[:-2]
    result_strides = [size(node.shape[i + 1 :]) for i in range(len(lengths))]
    axes: list[tuple[Dimension, ...]] = list(
        zip(lengths, left.strides, right.strides, result_strides, strict=False)
    )
    axes.extend([(1, 0, 0, 0)] * (3 - len(axes)))
    return [number for axis in axes for dimension in axis for number in _split(dimension)]


def _work(schedule: Schedule) -> tuple[float, float]:
    """Rough operations of a step, fixed and for each row of the minibatch."""
    fixed = per_row = 0.0
    for kernel in schedule.kernels:
        if isinstance(kernel, MatMulKernel):
            (node,) = kernel.nodes
            dimensions = [*node.shape, kernel.left.shape[-1]]
            factor = 2.0
        elif isinstance(kernel, ConvolutionKernel):
            dimensions, factor = convolution.work(kernel.nodes[0]), 2.0
        else:
            first = kernel.nodes[0]
            shape = first.inputs[0].shape if isinstance(kernel, ReduceKernel) else first.shape
            if first in schedule.in_place and isinstance(first.primitive, PutRows):
                # The rest of the table is left alone.
                shape = first.inputs[2].shape
            dimensions = list(shape)
            factor = 2.0 * len(kernel.nodes)
        total = factor
        by_row = False
        for d in dimensions:
            total *= d.multiple if isinstance(d, Batch) else d
            by_row = by_row or isinstance(d, Batch)
        if by_row:
            per_row += total
        else:
            fixed += total
    return fixed, per_row


def _bits(node: Tensor) -> int:
    """A constant number as the 64 bits of an argument, in the low bytes."""
    bits = np.zeros(1, np.int64)
    bits.view(node.dtype)[0] = node.primitive.array.reshape(-1)[0]  # type: ignore[attr-defined]
    return int(bits[0])
