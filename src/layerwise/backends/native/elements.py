"""The elements of a node inside a kernel: loaded, looked up, or computed where they are needed.

A kernel asks for a node's elements at a `Position`; `Elements` emits what gives them, walking
through views to the memory or the arithmetic below. What was emitted once is reused.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...compiler.schedule import Kernel, MapKernel, Schedule, is_memory, is_number, matrix_form
from ...graph import dtypes
from ...graph import elementwise as e
from ...graph.dimension import Batch, Dimension, Shape, size
from ...graph.indexing import Gather, Unfold
from ...graph.leaves import BatchSize, Constant, Iota
from ...graph.movement import Broadcast, Concatenate, Pad, Reshape, Slice, Transpose
from ...graph.random import RandomBits
from ...graph.tensor import Tensor
from . import vector_math
from .emitter import Function, Operand, Value, constant, constant_vector, size_of, vector
from .lowering import LOWERING, MEMORY, REGISTER, convert

ENTRY, ROW, COLUMN = 0, 1, 2
"""How often code runs: once per call, once per row, once per vector."""


class NotVectorisableError(Exception):
    """A view scatters neighbouring elements, so the kernel must go element by element."""


@dataclass(frozen=True)
class Position:
    """Where in the rows and columns of a node: one element, or a vector of neighbours.

    `level` tells where the position is known: at the kernel's entry, in a row, or in a column;
    `row_level` the same for its row alone. With `flat`, `column` counts through all elements and
    the row is 0.
    """

    row: Operand
    column: Operand
    lanes: int
    level: int
    mask: Value | None = None
    flat: bool = False
    row_level: int = COLUMN

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal elements."""
        texts = (x.text if isinstance(x, Value) else x for x in (self.row, self.column))
        return (*texts, self.lanes, self.flat)


class Slot(NamedTuple):
    """One 64-bit argument of a kernel: the address of a node's memory, or a number."""

    kind: str
    what: Any
    offset: int = 0
    """Bytes beyond the address."""


class Elements:
    """Emits the elements of nodes into one kernel.

    Attributes
    ----------
    function : the kernel being built: ``(args, begin, end, context)``.
    slots : what the kernel's arguments must be.
    inside : nodes that this kernel computes; a reduction along other axes than the row is not
        among them.
    """

    def __init__(self, schedule: Schedule, kernel: Kernel) -> None:
        self.schedule = schedule
        self.kernel = kernel
        self.inside = set(kernel.nodes) if isinstance(kernel, MapKernel) else set()
        parameters = [("args", "ptr"), ("begin", "i64"), ("end", "i64"), ("context", "ptr")]
        self.function = Function("kernel", parameters)
        self.slots: list[Slot] = []
        self._slot_values: dict[Slot, Value] = {}
        self._known: tuple[dict[Any, Any], ...] = ({}, {}, {})
        self._rows_region: list[Any] | None = None
        self._local: dict[Tensor, bool] = {}
        self._dimensions: dict[int, Value] = {}
        self.finished: dict[Tensor, Value] = {}
        """Results of reductions along the row, by node."""
        self.spilled: dict[Tensor, Value] = {}
        """Rows kept on the stack between two passes, by node: the address."""
        self.reload: set[Tensor] = set()
        """Inside nodes that earlier passes over the row left in memory."""

    # -- where code goes ---------------------------------------------------------------------------

    def start_rows(self) -> None:
        """Begin a place, here, for what is known once per row; forget earlier rows."""
        self._known[ROW].clear()
        self._known[COLUMN].clear()
        self._rows_region = self.function.region()

    def next_pass(self) -> None:
        """Begin another place for row-level code: after a pass over the row."""
        self._rows_region = self.function.region()

    def forget_columns(self) -> None:
        """Forget column-level values: their code does not run before what follows."""
        self._known[COLUMN].clear()

    def _emit_at(self, level: int, build: Any) -> Any:
        if level == ENTRY:
            with self.function.inserting(self.function.entry):
                return build()
        if level == ROW and self._rows_region is not None:
            with self.function.inserting(self._rows_region):
                return build()
        return build()

    # -- arguments ---------------------------------------------------------------------------------

    def argument(self, slot: Slot, type_: str = "ptr") -> Value:
        """The value of an argument; loaded at the kernel's entry."""
        if slot not in self._slot_values:
            f = self.function
            index = len(self.slots)
            self.slots.append(slot)
            self._slot_values[slot] = self._emit_at(
                ENTRY, lambda: f.load(f.offset(f.parameters[0], index, "i64"), type_, 8)
            )
        return self._slot_values[slot]

    def address(self, node: Tensor) -> Value:
        """Where a node's elements lie."""
        return self.argument(Slot("memory", self.schedule.base(node)))

    def dimension(self, length: Dimension) -> Operand:
        """A dimension as a number at run time."""
        if isinstance(length, int):
            return length
        if length.multiple not in self._dimensions:
            f = self.function
            rows = self._emit_at(ENTRY, lambda: f.load(f.parameters[3], "i64", 8))
            self._dimensions[length.multiple] = self._emit_at(
                ENTRY, lambda: f.multiply(rows, length.multiple)
            )
        return self._dimensions[length.multiple]

    # -- elements ----------------------------------------------------------------------------------

    def at(self, node: Tensor, position: Position) -> Value:
        """The elements of a node at a position."""
        if is_number(node):
            return self._number(node, position)
        if size(node.shape) == 1:
            level = ROW if self._is_local(node) else ENTRY
            single = Position(0, 0, 1, min(level, position.level))
            if single.key != position.key or single.level != position.level:
                return self._spread(self.at(node, single), position.lanes, single.level)
        key = (node, *position.key)
        for level in range(position.level + 1):
            if key in self._known[level]:
                return self._known[level][key]
        if node in self.finished:
            return self._spread(self.finished[node], position.lanes, ROW)
        value = self._make(node, position)
        self._known[position.level][key] = value
        return value

    def _is_local(self, node: Tensor) -> bool:
        """Whether a node depends on what this kernel computes."""
        if node not in self._local:
            self._local[node] = node in self.inside or (
                not is_number(node)
                and not self.is_loaded(node)
                and any(self._is_local(i) for i in node.inputs)
            )
        return self._local[node]

    def is_loaded(self, node: Tensor) -> bool:
        """Whether the schedule has this kernel load a node; it may be stored only later."""
        return self.schedule.base(node) in self.kernel.reads

    def _make(self, node: Tensor, position: Position) -> Value:
        if node in self.spilled and node in self.reload:
            return self._load_at(self.spilled[node], node.dtype, position.column, position)
        if node in self.reload or (node not in self.inside and self.is_loaded(node)):
            return self._load(node, position)
        if isinstance(node.primitive, RandomBits):
            return self._random(node, position)
        if isinstance(node.primitive, e.Elementwise):
            operands = [self.at(i, position) for i in node.inputs]
            lower = LOWERING[node.primitive.name]
            return self._emit_at(position.level, lambda: lower(self.function, node, *operands))
        return self._view(node, position)

    def _spread(self, value: Value, lanes: int, level: int) -> Value:
        if value.lanes == lanes:
            return value
        key = ("spread", value.text, lanes)
        if key not in self._known[level]:
            self._known[level][key] = self._emit_at(
                level, lambda: self.function.splat(value, lanes)
            )
        return self._known[level][key]

    def _number(self, node: Tensor, position: Position) -> Value:
        operation = node.primitive
        f = self.function
        type_ = REGISTER[node.dtype]
        if isinstance(operation, Constant):
            number = operation.array.reshape(-1)[0]
            plain = float(number) in (0.0, 1.0, -1.0, 2.0, 0.5) and not np.signbit(number * 0.0)
            if not dtypes.is_float(node.dtype) or plain:
                return constant(number, vector(type_, position.lanes))
            # Other numbers are arguments, so that a new value needs no new code.
            return self._spread(self.argument(Slot("number", node), type_), position.lanes, ENTRY)
        if isinstance(operation, BatchSize):
            key = ("batch size", node.dtype)
            if key not in self._known[ENTRY]:
                rows = self.dimension(Batch())
                assert isinstance(rows, Value)
                opcode = "sitofp" if dtypes.is_float(node.dtype) else "trunc"
                self._known[ENTRY][key] = self._emit_at(
                    ENTRY, lambda: f.convert(opcode, rows, type_)
                )
            return self._spread(self._known[ENTRY][key], position.lanes, ENTRY)
        assert isinstance(operation, Iota)
        return self._emit_at(
            position.level, lambda: self._count(self._linear(node, position), position)
        )

    def _count(self, start: Operand, position: Position) -> Value:
        """start, start + 1, ... as i32."""
        f = self.function
        if isinstance(start, int):
            return constant_vector([start + k for k in range(position.lanes)], "i32")
        first = f.splat(f.convert("trunc", start, "i32"), position.lanes)
        if position.lanes == 1:
            return first
        return f.add(first, constant_vector(list(range(position.lanes)), "i32"))

    def _linear(self, node: Tensor, position: Position) -> Operand:
        """Number of the position's first element in row-major order; emits in place."""
        if position.flat:
            return position.column
        _, columns = matrix_form(node.shape)
        return self._sum(self._product(position.row, columns), position.column)

    def _sum(self, a: Operand, b: Operand) -> Operand:
        return a + b if isinstance(a, int) and isinstance(b, int) else self.function.add(a, b)

    def _product(self, a: Operand, b: Operand) -> Operand:
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        if (isinstance(a, int) and a == 0) or (isinstance(b, int) and b == 0):
            return 0
        return self.function.multiply(a, b)

    def _load(self, node: Tensor, position: Position) -> Value:
        base = self.address(node)
        return self._load_at(base, node.dtype, None, position, node)

    def _load_at(
        self,
        base: Value,
        dtype: np.dtype,
        index: Operand | None,
        position: Position,
        node: Tensor | None = None,
    ) -> Value:
        f = self.function
        type_ = MEMORY[dtype]

        def build() -> Value:
            offset = self._linear(node, position) if node is not None else index
            assert offset is not None
            place = f.offset(base, offset, type_)
            if position.mask is not None and position.lanes > 1:
                x = f.masked_load(place, position.mask, vector(type_, position.lanes))
            else:
                x = f.load(place, vector(type_, position.lanes))
            return f.compare("ne", x, constant(0, x.type)) if dtype == dtypes.boolean else x

        return self._emit_at(position.level, build)

    def store(
        self, node: Tensor, value: Value, position: Position, place: Value | None = None
    ) -> None:
        """Write elements of a node to its memory, or to a row of its own at `place`."""
        f = self.function
        type_ = MEMORY[node.dtype]
        if node.dtype == dtypes.boolean:
            value = f.convert("zext", value, vector("i8", value.lanes))
        base = self.address(node) if place is None else place
        offset = self._linear(node, position) if place is None else position.column
        target = f.offset(base, offset, type_)
        if position.mask is not None and position.lanes > 1:
            f.masked_store(value, target, position.mask)
        else:
            f.store(value, target)

    def _random(self, node: Tensor, position: Position) -> Value:
        seed, step = (self.at(i, Position(0, 0, 1, ENTRY)) for i in node.inputs)
        f = self.function
        operation = node.primitive
        assert isinstance(operation, RandomBits)
        # An argument, so that equal layers share their code.
        site = self.argument(Slot("integer", operation.site), "i32")

        def build() -> Value:
            index = self._count(self._linear(node, position), position)
            lanes = position.lanes
            words = vector_math.threefry2x32(
                f, f.splat(seed, lanes), f.splat(site, lanes), f.splat(step, lanes), index
            )
            return words[0]

        return self._emit_at(position.level, build)

    # -- views -------------------------------------------------------------------------------------

    def _view(self, node: Tensor, position: Position) -> Value:
        operation = node.primitive
        source = node.inputs[0]
        if isinstance(operation, Reshape):
            return self._reshape(node, source, position)
        if isinstance(operation, Broadcast):
            return self._broadcast(node, source, position)
        if position.flat:
            raise NotVectorisableError
        if isinstance(operation, Gather):
            return self._gather(node, position)
        index = self._emit_index(node.shape, position)
        if isinstance(operation, Transpose):
            if operation.axes[-1] != node.rank - 1 and position.lanes > 1:
                raise NotVectorisableError
            moved: list[Operand] = [0] * node.rank
            for axis, value in zip(operation.axes, index, strict=True):
                moved[axis] = value
            return self.at(source, self._from_index(source.shape, moved, position))
        if isinstance(operation, Slice):
            if operation.steps[-1] != 1 and position.lanes > 1:
                raise NotVectorisableError
            moved = [
                self._at(position, lambda i=i, s=s, d=d: self._sum(self._product(i, d), s))
                for i, s, d in zip(index, operation.starts, operation.steps, strict=True)
            ]
            return self.at(source, self._from_index(source.shape, moved, position))
        if position.lanes > 1:
            raise NotVectorisableError
        if isinstance(operation, Pad):
            return self._pad(node, source, index, position)
        if isinstance(operation, Concatenate):
            return self._concatenate(node, index, position)
        if isinstance(operation, Unfold):
            *outer, within = index
            window = outer[operation.axis]
            outer[operation.axis] = self._at(
                position, lambda: self._sum(self._product(window, operation.step), within)
            )
            return self.at(source, self._from_index(source.shape, outer, position))
        raise NotImplementedError(f"the native backend cannot compute {node!r}")

    def _at(self, position: Position, build: Any) -> Operand:
        """An index computed where the position is known."""
        return self._emit_at(position.level, build)

    def _reshape(self, node: Tensor, source: Tensor, position: Position) -> Value:
        form, source_form = matrix_form(node.shape), matrix_form(source.shape)
        if position.flat or form == source_form:
            return self.at(source, position)
        linear = self._at(position, lambda: self._linear(node, position))
        rows, columns = source_form
        if rows == 1:
            return self.at(source, self._moved(position, 0, linear))
        if columns == 1:
            if position.lanes > 1:
                raise NotVectorisableError
            return self.at(source, self._moved(position, linear, 0))
        if position.lanes > 1 and (not isinstance(form[1], int) or columns % form[1]):
            raise NotVectorisableError
        row = self._at(position, lambda: self._quotient(linear, columns))
        column = self._at(position, lambda: self._remainder(linear, columns))
        return self.at(source, self._moved(position, row, column))

    def _moved(self, position: Position, row: Operand, column: Operand, lanes: int = 0) -> Position:
        return Position(row, column, lanes or position.lanes, position.level, position.mask)

    def _broadcast(self, node: Tensor, source: Tensor, position: Position) -> Value:
        lanes = position.lanes
        rows, columns = matrix_form(node.shape)
        source_rows, source_columns = matrix_form(source.shape)
        if position.flat:
            raise NotVectorisableError
        narrow = source_columns == 1 and columns != 1
        row_level = min(position.level, position.row_level)
        level = row_level if narrow else position.level
        row: Operand = position.row
        if source_rows == 1:
            row, row_level = 0, ENTRY
            level = ENTRY if narrow and not self._is_local(source) else level
        elif source_rows != rows:
            index = self._index(node.shape, position, level)
            kept = [0 if d == 1 else i for i, d in zip(index, source.shape, strict=True)]
            row = self._from_index(source.shape, kept, position, level).row
        column = 0 if narrow else position.column
        mask = None if narrow else position.mask
        inner = Position(row, column, 1 if narrow else lanes, level, mask, row_level=row_level)
        return self._spread(self.at(source, inner), lanes, level)

    def _gather(self, node: Tensor, position: Position) -> Value:
        table, index = node.inputs
        width = size(table.shape[1:])
        _, columns = matrix_form(node.shape)
        assert isinstance(width, int)
        if position.lanes > 1 and width % columns:
            raise NotVectorisableError
        level = position.level
        row_level = min(level, position.row_level)
        if width % columns or not node.shape:
            row_level = level
        linear = self._emit_at(level, lambda: self._linear(node, position))
        if width % columns == 0:
            per_row = width // columns
            item = self._emit_at(row_level, lambda: self._quotient(position.row, per_row))
        else:
            item = self._emit_at(level, lambda: self._quotient(linear, width))
        _, index_columns = matrix_form(index.shape)
        where = Position(
            self._emit_at(row_level, lambda: self._quotient(item, index_columns)),
            self._emit_at(row_level, lambda: self._remainder(item, index_columns)),
            1,
            row_level,
        )
        chosen = self.at(index, where)
        f = self.function

        def clipped() -> Value:
            last = constant(int(table.shape[0]) - 1, "i32")  # type: ignore[arg-type]
            positive = f.select(
                f.compare("slt", chosen, constant(0, "i32")), constant(0, "i32"), chosen
            )
            safe = f.select(f.compare("sgt", positive, last), last, positive)
            return f.convert("sext", safe, "i64")

        entry = self._emit_at(row_level, clipped)

        def place() -> Operand:
            inner = self._remainder(linear, width)
            return self._sum(self._product(entry, width), inner)

        start = self._emit_at(level, place)
        _, table_columns = matrix_form(table.shape)
        return self.at(table, Position(
            self._emit_at(level, lambda: self._quotient(start, table_columns)),
            self._emit_at(level, lambda: self._remainder(start, table_columns)),
            position.lanes, level, position.mask,
        ))  # fmt: skip

    def _pad(self, node: Tensor, source: Tensor, index: list[Operand], position: Position) -> Value:
        operation = node.primitive
        assert isinstance(operation, Pad)
        f = self.function

        def locate() -> tuple[Value, list[Operand]]:
            """Whether there is an element here, and its index."""
            inside: Value = constant(1, "i1")
            moved: list[Operand] = []
            for axis, i in enumerate(index):
                low, between = operation.low[axis], operation.between[axis]
                length = source.shape[axis]
                if isinstance(length, Batch) or (low, operation.high[axis], between) == (0, 0, 0):
                    moved.append(i)
                    continue
                shifted = f.subtract(f.operand(i), f.operand(low))
                where = f.operand(self._quotient(shifted, between + 1))
                checks = [f.compare("sge", shifted, 0), f.compare("slt", where, length)]
                if between:
                    left = self._remainder(shifted, between + 1)
                    checks.append(f.compare("eq", left, 0))
                hit = functools.reduce(lambda a, b: f.instruction("and", a, b), checks)
                inside = f.instruction("and", inside, hit)
                moved.append(f.select(hit, where, constant(0, "i64")))
            return inside, moved

        inside, moved = self._emit_at(position.level, locate)
        x = self.at(source, self._from_index(source.shape, moved, position))
        zero = constant(0, x.type)
        return self._emit_at(position.level, lambda: f.select(inside, x, zero))

    def _concatenate(self, node: Tensor, index: list[Operand], position: Position) -> Value:
        operation = node.primitive
        assert isinstance(operation, Concatenate)
        f = self.function
        axis = operation.axis
        result: Value | None = None
        start = 0
        for part in node.inputs:
            length = part.shape[axis]
            assert isinstance(length, int)
            if not length:
                continue

            def locate(start: int = start, length: int = length) -> tuple[Value, Value]:
                """Whether the element is in this part, and its index there."""
                local = f.subtract(f.operand(index[axis]), start)
                above, below = f.compare("sge", local, 0), f.compare("slt", local, length)
                hit = f.instruction("and", above, below)
                return hit, f.select(hit, local, constant(0, "i64"))

            inside, local = self._emit_at(position.level, locate)
            moved = [*index[:axis], local, *index[axis + 1 :]]
            x = self.at(part, self._from_index(part.shape, moved, position))
            if result is None:
                result = x
            else:
                before = result
                result = self._emit_at(
                    position.level, lambda i=inside, x=x, b=before: f.select(i, x, b)
                )
            start += length
        assert result is not None
        return result

    # -- index arithmetic --------------------------------------------------------------------------

    def _quotient(self, a: Operand, b: Operand) -> Operand:
        if isinstance(b, int) and b == 1:
            return a
        if isinstance(a, int) and isinstance(b, int):
            return a // b
        f = self.function
        return f.instruction("sdiv", f.operand(a), f.operand(b))

    def _remainder(self, a: Operand, b: Operand) -> Operand:
        if isinstance(b, int) and b == 1:
            return 0
        if isinstance(a, int) and isinstance(b, int):
            return a % b
        f = self.function
        return f.instruction("srem", f.operand(a), f.operand(b))

    def _emit_index(self, shape: Shape, position: Position) -> list[Operand]:
        return self._index(shape, position, position.level)

    def _index(self, shape: Shape, position: Position, level: int) -> list[Operand]:
        """The index along each axis, from row and column."""
        if not shape:
            return []
        if isinstance(shape[-1], Batch):
            outer, last = shape, []
        else:
            outer, last = shape[:-1], [position.column]
        # Along the columns the row stays the same, so its parts are found once per row.
        row_level = min(level, position.row_level)

        def split() -> list[Operand]:
            found: list[Operand] = []
            rest = position.row
            for k in range(len(outer) - 1, 0, -1):
                length = self.dimension(outer[k])
                found.append(self._remainder(rest, length))
                rest = self._quotient(rest, length)
            if outer:
                found.append(rest)
            return found[::-1]

        key = ("index", shape, position.row if isinstance(position.row, int) else position.row.text)
        for known_level in range(row_level + 1):
            if key in self._known[known_level]:
                return [*self._known[known_level][key], *last]
        self._known[row_level][key] = self._emit_at(row_level, split)
        return [*self._known[row_level][key], *last]

    def _from_index(
        self, shape: Shape, index: list[Operand], position: Position, level: int | None = None
    ) -> Position:
        """The position of an index in the rows and columns of a shape."""
        level = position.level if level is None else level
        if not shape:
            return Position(0, 0, 1, level)
        outer, inner = shape, index
        column: Operand = 0
        if not isinstance(shape[-1], Batch):
            outer, inner, column = shape[:-1], index[:-1], index[-1]

        def join() -> Operand:
            row: Operand = 0
            for length, i in zip(outer, inner, strict=True):
                row = self._sum(self._product(row, self.dimension(length)), i)
            return row

        return Position(self._emit_at(level, join), column, position.lanes, level, position.mask)


def memory_bytes(dtype: np.dtype) -> int:
    """Bytes of one element in memory."""
    return size_of(MEMORY[dtype])


__all__ = ["COLUMN", "ENTRY", "ROW", "Elements", "NotVectorisableError", "Position", "Slot",
           "convert", "is_memory", "memory_bytes"]  # fmt: skip
