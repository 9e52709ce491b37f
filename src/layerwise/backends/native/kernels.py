"""Code for one kernel of a schedule: its loops, around the elements that `Elements` emits."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

from ...compiler.schedule import (
    Kernel,
    LoopKernel,
    MapKernel,
    ReduceKernel,
    Schedule,
    is_number,
    matrix_form,
)
from ...graph import dtypes
from ...graph.dimension import Batch, Dimension, size
from ...graph.reduction import Max, Sum
from ...graph.tensor import Tensor
from .elements import Elements
from .emitter import Operand, Value, constant, constant_vector, vector
from .loops import build_loop, scratch_of
from .lowering import REGISTER, combine, identity
from .partition import Partition, by_batch, by_blocks, by_rows, serial
from .position import COLUMN, ENTRY, ROW, NotVectorisableError, Position, Slot
from .target import Target

UNROLLED = 4
"""A row of at most this many vectors stays in registers from one pass over it to the next."""

COLUMN_VECTORS = 4
"""Vectors of neighbouring columns that a reduction over rows sums side by side."""

LARGEST_DOWN = 128
"""Nodes times columns of a kernel that works down its columns, all of which are written out: its
code grows with them, and the time to compile it."""

LONGEST_ROW_ON_STACK = 4096
"""Columns of a row that a kernel may keep on the stack between passes."""


@dataclass(frozen=True)
class Code:
    """Text of one kernel, what its arguments must be, and how its work is divided."""

    text: str
    slots: list[Slot]
    partition: Partition
    declarations: frozenset[str]
    scratch: tuple[int, int] = (0, 0)
    """Bytes of a thread's own memory that it needs: fixed, and for each row of the minibatch."""


def build(schedule: Schedule, kernel: Kernel, target: Target) -> Code:
    """Code of a map, reduce or loop kernel."""
    if isinstance(kernel, LoopKernel):
        elements = Elements(schedule, kernel)
        partition = build_loop(elements, kernel, target)
        return replace(_code(elements, partition), scratch=scratch_of(kernel))
    attempts: list[Any]
    if isinstance(kernel, MapKernel):
        attempts = [FlatMap, DownMap, RowMap, RowMap]
        _keep_long_rows(schedule, kernel)
    else:
        assert isinstance(kernel, ReduceKernel)
        attempts = [FlatReduction, Reduction, Reduction]
    for number, attempt in enumerate(attempts):
        lanes = _lanes(kernel, target) if number < len(attempts) - 1 else 1
        try:
            builder = attempt(schedule, kernel, target, lanes)
            builder.emit()
        except NotVectorisableError:
            continue
        return _code(builder.elements, builder.partition)
    raise AssertionError("a kernel that goes element by element can read any view")


def _code(elements: Elements, partition: Partition) -> Code:
    function = elements.function
    return Code(function.finish(), elements.slots, partition, frozenset(function.declarations))


def _lanes(kernel: Kernel, target: Target) -> int:
    """Lanes of the kernel's vectors: those of its widest float."""
    wide = any(dtypes.float64 in (n.dtype, *(i.dtype for i in n.inputs)) for n in kernel.nodes)
    return target.lanes("double" if wide else "float")


def _fitting(lanes: int, columns: Dimension) -> int:
    """Not more lanes than a power of two that holds all columns."""
    if isinstance(columns, Batch):
        return lanes
    return min(lanes, 1 << max(columns - 1, 0).bit_length())


def _keep_long_rows(schedule: Schedule, kernel: MapKernel) -> None:
    if kernel.reduces and kernel.columns > LONGEST_ROW_ON_STACK:
        for node in kernel.nodes:
            schedule.stored[node] = None


class FlatMap:
    """Elementwise work on arrays of one form: a single loop through all elements."""

    def __init__(self, schedule: Schedule, kernel: MapKernel, target: Target, lanes: int) -> None:
        if kernel.reduces:
            raise NotVectorisableError
        self.elements = Elements(schedule, kernel)
        self.kernel = kernel
        self.schedule = schedule
        self.target = target
        self.total = size((kernel.rows, kernel.columns))
        self.lanes = _fitting(lanes, self.total)
        self.partition = _row_partition(kernel.rows)
        forms = {(kernel.rows, kernel.columns)}
        if any(matrix_form(n.shape) not in forms for n in kernel.nodes):
            raise NotVectorisableError

    def emit(self) -> None:
        """Emit the loop."""
        f = self.elements.function
        _, begin, end, _ = f.parameters
        if self.kernel.columns != 1:
            begin = f.multiply(begin, self.kernel.columns)
            end = f.multiply(end, self.kernel.columns)
        lanes = self.lanes
        if lanes == 1:
            f.loop(begin, end, lambda i, _: self._body(i, None))
        elif self.kernel.columns % lanes == 0:
            f.loop(begin, end, lambda i, _: self._body(i, None), lanes)
        else:
            whole = f.subtract(
                end, f.instruction("srem", f.subtract(end, begin), constant(lanes, "i64"))
            )
            f.loop(begin, whole, lambda i, _: self._body(i, None), lanes)
            self.elements.forget_columns()
            if self.target.masks:
                rest = f.compare("slt", whole, end)
                f.when(rest, lambda: self._body(whole, self._mask(whole, end)))
            else:
                self.lanes = 1
                f.loop(whole, end, lambda i, _: self._body(i, None))

    def _mask(self, start: Value, end: Value) -> Value:
        f = self.elements.function
        left = f.splat(f.convert("trunc", f.subtract(end, start), "i32"), self.lanes)
        return f.compare("sgt", left, constant_vector(list(range(self.lanes)), "i32"))

    def _body(self, index: Value, mask: Value | None) -> None:
        position = Position(0, index, self.lanes, COLUMN, mask, flat=True)
        stored = [n for n in self.kernel.nodes if n in self.schedule.stored]
        # All are computed before any is stored: a store may overwrite a variable that is read.
        values = [self.elements.at(n, position) for n in stored]
        for node, value in zip(stored, values, strict=True):
            self.elements.store(node, value, position)


class RowMap:
    """Row by row; within a row, a pass for each reduction that the next one needs."""

    def __init__(self, schedule: Schedule, kernel: MapKernel, target: Target, lanes: int) -> None:
        self.elements = Elements(schedule, kernel)
        self.kernel = kernel
        self.schedule = schedule
        self.lanes = _fitting(lanes, kernel.columns)
        self.partition = _row_partition(kernel.rows)
        self.passes = self._plan_passes()
        self.vectors = -(-kernel.columns // self.lanes)
        self.unrolled = self.vectors <= UNROLLED

    def _plan_passes(self) -> dict[Tensor, int]:
        """In which pass over the row each node can be computed: after the reductions it needs."""
        when: dict[Tensor, int] = {}

        def ready(node: Tensor) -> int:
            if node in when:
                return when[node] + (1 if isinstance(node.primitive, Sum | Max) else 0)
            if is_number(node) or self.elements.is_loaded(node):
                return 0
            return max(map(ready, node.inputs), default=0)

        for node in self.kernel.nodes:
            when[node] = max(map(ready, node.inputs), default=0)
        return when

    def emit(self) -> None:
        """Emit the loop over rows."""
        f = self.elements.function
        _, begin, end, _ = f.parameters
        if not self.unrolled:
            self._allocate_spills()
        f.loop(begin, end, lambda row, _: self._row(row))

    def _allocate_spills(self) -> None:
        """Rows on the stack for nodes that a later pass needs and memory does not keep."""
        f = self.elements.function
        for node in self.kernel.nodes:
            needed_later = any(
                self.passes[user] > self.passes[node] and node in self._cone(user)
                for user in self.kernel.nodes
            )
            reduced = isinstance(node.primitive, Sum | Max)
            if (
                needed_later
                and not reduced
                and self._is_full(node)
                and node not in self.schedule.stored
            ):
                with f.inserting(f.entry):
                    type_ = "i8" if node.dtype == dtypes.boolean else REGISTER[node.dtype]
                    self.elements.spilled[node] = f.allocate(type_, self.kernel.columns)

    def _cone(self, user: Tensor) -> set[Tensor]:
        """Inside nodes that a node reads directly or through views and repeated work."""
        found: set[Tensor] = set()
        stack = list(user.inputs)
        seen: set[Tensor] = set()
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in self.passes:
                found.add(node)
            elif not self.elements.is_loaded(node):
                stack.extend(node.inputs)
        return found

    def _is_full(self, node: Tensor) -> bool:
        return matrix_form(node.shape)[1] == self.kernel.columns and self.kernel.columns != 1

    def _row(self, row: Value) -> None:
        elements = self.elements
        elements.finished.clear()
        elements.reload.clear()
        elements.start_rows()
        last = max(self.passes.values())
        for number in range(last + 1):
            if number:
                elements.next_pass()
            nodes = [n for n in self.kernel.nodes if self.passes[n] == number]
            self._scalars(nodes, row)
            self._pass(nodes, row)

    def _scalars(self, nodes: list[Tensor], row: Value) -> None:
        """Store what has one value in this row."""
        elements = self.elements
        position = Position(row, 0, 1, ROW, row_level=ROW)
        stored = [
            n
            for n in nodes
            if n in self.schedule.stored
            and not self._is_full(n)
            and not isinstance(n.primitive, Sum | Max)
        ]
        values = [elements.at(n, position) for n in stored]
        for node, value in zip(stored, values, strict=True):
            elements.store(node, value, position)

    def _pass(self, nodes: list[Tensor], row: Value) -> None:
        elements, f = self.elements, self.elements.function
        reductions = [n for n in nodes if isinstance(n.primitive, Sum | Max)]
        kept = [
            n
            for n in nodes
            if self._is_full(n)
            and n not in reductions
            and (n in self.schedule.stored or n in elements.spilled)
        ]
        if not reductions and not kept:
            return
        lanes, columns = self.lanes, self.kernel.columns
        start = [
            constant(identity(n.primitive.name, n.dtype), vector(REGISTER[n.dtype], lanes))
            for n in reductions
        ]

        def block(column: Operand, totals: list[Value], mask: Value | None) -> list[Value]:
            position = Position(row, column, lanes, COLUMN, mask, row_level=ROW)
            # All are computed before any is stored: a store may overwrite a variable that is read.
            values = [elements.at(node, position) for node in kept]
            for node, value in zip(kept, values, strict=True):
                if node in self.schedule.stored:
                    elements.store(node, value, position)
                if node in elements.spilled:
                    elements.store(node, value, position, elements.spilled[node])
            result = []
            for node, total, empty in zip(reductions, totals, start, strict=True):
                x = elements.at(node.inputs[0], position)
                if mask is not None:
                    x = f.select(mask, x, empty)
                result.append(combine(f, node.primitive.name, node, total, x))
            return result

        whole = columns // lanes
        rest = columns - whole * lanes
        totals = start
        if self.unrolled:
            for k in range(whole):
                totals = block(k * lanes, totals, None)
        elif whole:
            totals = f.loop(
                0,
                whole * lanes,
                lambda column, carried: block(column, carried, None),
                lanes,
                totals,
            )
            elements.forget_columns()
        if rest:
            mask = constant_vector([1] * rest + [0] * (lanes - rest), "i1")
            totals = block(whole * lanes, totals, mask)
        if not self.unrolled:
            elements.forget_columns()
            elements.reload.update(kept)
        scalar = Position(row, 0, 1, ROW, row_level=ROW)
        for node, total in zip(reductions, totals, strict=True):
            kind = node.primitive.name
            value = f.fold_lanes(total, functools.partial(combine, f, kind, node))
            elements.finished[node] = value
            if node in self.schedule.stored:
                elements.store(node, value, scalar)


class DownMap(RowMap):
    """Narrow rows: the lanes of a vector go down one column, so that each has a row to work on.

    Rows that fill no vector go one by one. Both ways give the same bits, as both add and compare
    the elements of a row in the same order.
    """

    def __init__(self, schedule: Schedule, kernel: MapKernel, target: Target, lanes: int) -> None:
        super().__init__(schedule, kernel, target, lanes)
        few_rows = isinstance(kernel.rows, int) and kernel.rows < lanes
        most_columns = min(lanes, LARGEST_DOWN // len(kernel.nodes))
        if not kernel.reduces or few_rows or kernel.columns > most_columns:
            raise NotVectorisableError
        self.height = lanes

    def emit(self) -> None:
        """Emit a loop over as many rows as there are lanes, then one over single rows."""
        f = self.elements.function
        _, begin, end, _ = f.parameters
        count = f.subtract(end, begin)
        whole = f.subtract(end, f.instruction("srem", count, constant(self.height, "i64")))
        f.loop(begin, whole, lambda row, _: self._rows(row), self.height)
        f.loop(whole, end, lambda row, _: self._row(row))

    def _rows(self, row: Value) -> None:
        elements = self.elements
        elements.finished.clear()
        elements.start_rows()

        def columns(node: Tensor) -> list[Value]:
            _, count = matrix_form(node.shape)
            return [
                elements.at(node, Position(row, k, self.height, COLUMN, down=True))
                for k in range(count)
            ]

        for node in self.kernel.nodes:
            if isinstance(node.primitive, Sum | Max):
                elements.finished[node] = self._combine(node, columns(node.inputs[0]))
        stored = [n for n in self.kernel.nodes if n in self.schedule.stored]
        # All are computed before any is stored: a store may overwrite a variable that is read.
        values = [columns(node) for node in stored]
        for node, value in zip(stored, values, strict=True):
            elements.store_down(node, value, row)

    def _combine(self, node: Tensor, values: list[Value]) -> Value:
        """A sum or maximum, in the order in which a vector of the columns is folded."""
        f, kind = self.elements.function, node.primitive.name
        empty = constant(identity(kind, node.dtype), values[0].type)
        values = [combine(f, kind, node, empty, x) for x in values]
        half = self.lanes
        while half > 1:
            half //= 2
            for k in range(half, len(values)):
                values[k - half] = combine(f, kind, node, values[k - half], values[k])
            values = values[:half]
        return values[0]


class Reduction:
    """Sums or maxima over rows: (outer, length, inner, columns) to (outer, inner, columns)."""

    def __init__(
        self, schedule: Schedule, kernel: ReduceKernel, target: Target, lanes: int
    ) -> None:
        self.elements = Elements(schedule, kernel)
        self.kernel = kernel
        self.lanes = _fitting(lanes, kernel.columns)
        self.width = self.lanes * COLUMN_VECTORS
        rows = size((kernel.outer, kernel.inner))
        self.one_row = rows == 1
        if self.one_row:
            self.partition = by_blocks(-(-kernel.columns // self.width))
        else:
            self.partition = _row_partition(rows)

    def emit(self) -> None:
        """Emit the loops."""
        f = self.elements.function
        _, begin, end, _ = f.parameters
        if self.one_row:
            self._columns(constant(0, "i64"), begin, end)
        else:
            blocks = -(-self.kernel.columns // self.width)
            f.loop(begin, end, lambda row, _: self._columns(row, 0, blocks))

    def _columns(self, row: Value, begin: Operand, end: Operand) -> None:
        """All blocks of columns from `begin` to `end` of one row of the result."""
        f = self.elements.function
        whole = self.kernel.columns // self.width
        if whole:
            stop = end if not isinstance(end, int) else f.operand(end)
            stop = f.select(f.compare("slt", stop, whole), stop, constant(whole, "i64"))
            f.loop(
                begin, stop, lambda b, _: self._block(row, f.multiply(b, self.width), self.width)
            )
        rest = self.kernel.columns - whole * self.width
        if rest:

            def tail() -> None:
                self._block(row, constant(whole * self.width, "i64"), rest)

            if isinstance(end, int):
                tail()
            else:
                f.when(f.compare("sgt", end, whole), tail)

    def _block(self, row: Value, column: Value, width: int) -> None:
        f, elements, lanes = self.elements.function, self.elements, self.lanes
        kernel = self.kernel
        parts: list[tuple[int, Value | None]] = []
        for start in range(0, width, lanes):
            left = width - start
            mask = None
            if left < lanes:
                mask = constant_vector([1] * left + [0] * (lanes - left), "i1")
            parts.append((start, mask))
        nodes = kernel.nodes
        begin = [
            constant(identity(n.primitive.name, n.dtype), vector(REGISTER[n.dtype], lanes))
            for n in nodes
            for _ in parts
        ]
        inner = f.operand(elements.dimension(kernel.inner))
        outer_row = f.instruction("sdiv", row, inner) if kernel.inner != 1 else row
        inner_row = f.instruction("srem", row, inner) if kernel.inner != 1 else constant(0, "i64")
        length = elements.dimension(kernel.length)

        def step(k: Value, totals: list[Value]) -> list[Value]:
            elements.forget_columns()
            source = f.add(f.multiply(f.add(f.multiply(outer_row, length), k), inner), inner_row)
            result: list[Value] = []
            for n, node in enumerate(nodes):
                for p, (start, mask) in enumerate(parts):
                    position = Position(source, f.add(column, start), lanes, COLUMN, mask)
                    x = elements.at(node.inputs[0], position)
                    total = totals[n * len(parts) + p]
                    result.append(combine(f, node.primitive.name, node, total, x))
            return result

        totals = f.loop(0, length, step, 1, begin)
        elements.forget_columns()
        for n, node in enumerate(nodes):
            for p, (start, mask) in enumerate(parts):
                position = Position(row, f.add(column, start), lanes, COLUMN, mask)
                elements.store(node, totals[n * len(parts) + p], position)


class FlatReduction:
    """A sum or maximum of a single column: one number from neighbours in memory."""

    def __init__(
        self, schedule: Schedule, kernel: ReduceKernel, target: Target, lanes: int
    ) -> None:
        if kernel.columns != 1 or size((kernel.outer, kernel.inner)) != 1:
            raise NotVectorisableError
        self.elements = Elements(schedule, kernel)
        self.kernel = kernel
        self.lanes = lanes
        self.partition = serial(1)

    def emit(self) -> None:
        """Emit a loop of vectors, then one of single elements."""
        f, elements, lanes = self.elements.function, self.elements, self.lanes
        nodes = self.kernel.nodes
        length = f.operand(elements.dimension(self.kernel.length))
        whole = f.subtract(length, f.instruction("srem", length, constant(lanes, "i64")))

        def step(width: int) -> Any:
            def body(i: Value, totals: list[Value]) -> list[Value]:
                elements.forget_columns()
                position = Position(0, i, width, COLUMN, flat=True)
                return [
                    combine(f, n.primitive.name, n, t, elements.at(n.inputs[0], position))
                    for n, t in zip(nodes, totals, strict=True)
                ]

            return body

        empty = [
            constant(identity(n.primitive.name, n.dtype), vector(REGISTER[n.dtype], lanes))
            for n in nodes
        ]
        totals = f.loop(0, whole, step(lanes), lanes, empty)
        folded = [
            f.fold_lanes(t, functools.partial(combine, f, n.primitive.name, n))
            for n, t in zip(nodes, totals, strict=True)
        ]
        folded = f.loop(whole, length, step(1), 1, folded)
        elements.forget_columns()
        for node, total in zip(nodes, folded, strict=True):
            elements.store(node, total, Position(0, 0, 1, ENTRY))


def _row_partition(rows: Dimension) -> Partition:
    if isinstance(rows, Batch):
        return by_batch(rows.multiple)
    return serial(rows) if rows == 1 else by_rows(rows)
