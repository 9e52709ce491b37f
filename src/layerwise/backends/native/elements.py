"""The elements of a node inside a kernel: loaded, looked up, or computed where they are needed.

A kernel asks for a node's elements at a `Position`; `Elements` emits what gives them, walking
through views to the memory or the arithmetic below. What was emitted once is reused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...compiler.schedule import Kernel, MapKernel, Schedule, is_number, matrix_form
from ...graph import dtypes
from ...graph import elementwise as e
from ...graph.dimension import Batch, Dimension, size
from ...graph.leaves import BatchSize, Constant, Iota
from ...graph.random import RandomBits
from ...graph.tensor import Tensor
from . import vector_math
from .emitter import Function, Operand, Value, constant, constant_vector, size_of, vector
from .lowering import LOWERING, MEMORY, REGISTER
from .position import COLUMN, ENTRY, ROW, Position, Slot, add, multiply
from .views import Views


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
        self._slot_values: dict[Any, Value] = {}
        self._tables: dict[Tensor, int] = {}
        self.known: tuple[dict[Any, Any], ...] = ({}, {}, {})
        self._rows_region: list[Any] | None = None
        self._local: dict[Tensor, bool] = {}
        self._views = Views(self)
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
        self.known[ROW].clear()
        self.known[COLUMN].clear()
        self._rows_region = self.function.region()

    def next_pass(self) -> None:
        """Begin another place for row-level code: after a pass over the row."""
        self._rows_region = self.function.region()

    def forget_columns(self) -> None:
        """Forget column-level values: their code does not run before what follows."""
        self.known[COLUMN].clear()

    def emit_at(self, level: int, build: Any) -> Any:
        """What `build` gives, with its code placed where the level's code runs."""
        if level == ENTRY:
            with self.function.inserting(self.function.entry):
                return build()
        if level == ROW and self._rows_region is not None:
            with self.function.inserting(self._rows_region):
                return build()
        return build()

    # -- arguments ---------------------------------------------------------------------------------

    def argument(self, slot: Slot, type_: str = "ptr", key: Any = None) -> Value:
        """The value of an argument; loaded at the kernel's entry.

        Parameters
        ----------
        key : what shares the argument; equal slots do when None.
        """
        key = (slot, type_) if key is None else key
        if key not in self._slot_values:
            f = self.function
            index = len(self.slots)
            self.slots.append(slot)
            self._slot_values[key] = self.emit_at(
                ENTRY, lambda: f.load(f.offset(f.parameters[0], index, "i64"), type_, 8)
            )
        return self._slot_values[key]

    def offset(self, node: Tensor, axis: int, distance: int) -> Operand:
        """How far a view is moved along an axis.

        An argument where it is moved at all, so that the steps of a recurrent network, which read
        one array at different places, share their code.
        """
        if not distance:
            return 0
        return self.argument(Slot("integer", distance), "i64", ("offset", node, axis))

    def address_among(self, node: Tensor, number: Operand, level: int) -> Value:
        """Where the elements of one of a node's inputs lie, which is chosen at run time."""
        f = self.function
        if node not in self._tables:
            # Neighbours, none shared with other arguments: a table to look the address up in.
            self._tables[node] = len(self.slots)
            self.slots.extend(Slot("memory", self.schedule.base(part)) for part in node.inputs)
        first = self._tables[node]
        return self.emit_at(
            level,
            lambda: f.load(f.offset(f.parameters[0], add(f, number, first), "i64"), "ptr", 8),
        )

    def address(self, node: Tensor) -> Value:
        """Where a node's elements lie."""
        return self.argument(Slot("memory", self.schedule.base(node)))

    def dimension(self, length: Dimension) -> Operand:
        """A dimension as a number at run time."""
        if isinstance(length, int):
            return length
        if length.multiple not in self._dimensions:
            f = self.function
            rows = self.emit_at(ENTRY, lambda: f.load(f.parameters[3], "i64", 8))
            self._dimensions[length.multiple] = self.emit_at(
                ENTRY, lambda: f.multiply(rows, length.multiple)
            )
        return self._dimensions[length.multiple]

    # -- elements ----------------------------------------------------------------------------------

    def at(self, node: Tensor, position: Position) -> Value:
        """The elements of a node at a position."""
        if is_number(node):
            return self._number(node, position)
        if size(node.shape) == 1:
            level = ROW if self.is_local(node) else ENTRY
            single = Position(0, 0, 1, min(level, position.level))
            if single.key != position.key or single.level != position.level:
                return self.spread(self.at(node, single), position.lanes, single.level)
        key = (node, *position.key)
        for level in range(position.level + 1):
            if key in self.known[level]:
                return self.known[level][key]
        if node in self.finished:
            return self.spread(self.finished[node], position.lanes, ROW)
        value = self._make(node, position)
        self.known[position.level][key] = value
        return value

    def is_local(self, node: Tensor) -> bool:
        """Whether a node depends on what this kernel computes."""
        if node not in self._local:
            self._local[node] = node in self.inside or (
                not is_number(node)
                and not self.is_loaded(node)
                and any(self.is_local(i) for i in node.inputs)
            )
        return self._local[node]

    def is_loaded(self, node: Tensor) -> bool:
        """Whether the schedule has this kernel load a node; it may be stored only later."""
        return self.schedule.base(node) in self.kernel.reads

    def _make(self, node: Tensor, position: Position) -> Value:
        if node in self.spilled and node in self.reload:
            return self.load_at(self.spilled[node], node.dtype, position.column, position)
        if node in self.reload or (node not in self.inside and self.is_loaded(node)):
            return self._load(node, position)
        if isinstance(node.primitive, RandomBits):
            return self._random(node, position)
        if isinstance(node.primitive, e.Elementwise):
            operands = [self.at(i, position) for i in node.inputs]
            lower = LOWERING[node.primitive.name]
            return self.emit_at(position.level, lambda: lower(self.function, node, *operands))
        return self._views.read(node, position)

    def spread(self, value: Value, lanes: int, level: int) -> Value:
        """A scalar in every lane."""
        if value.lanes == lanes:
            return value
        key = ("spread", value.text, lanes)
        if key not in self.known[level]:
            self.known[level][key] = self.emit_at(level, lambda: self.function.splat(value, lanes))
        return self.known[level][key]

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
            return self.spread(self.argument(Slot("number", node), type_), position.lanes, ENTRY)
        if isinstance(operation, BatchSize):
            key = ("batch size", node.dtype)
            if key not in self.known[ENTRY]:
                rows = self.dimension(Batch())
                assert isinstance(rows, Value)
                opcode = "sitofp" if dtypes.is_float(node.dtype) else "trunc"
                self.known[ENTRY][key] = self.emit_at(ENTRY, lambda: f.convert(opcode, rows, type_))
            return self.spread(self.known[ENTRY][key], position.lanes, ENTRY)
        assert isinstance(operation, Iota)
        return self.emit_at(
            position.level, lambda: self._count(node, self.linear(node, position), position)
        )

    def _count(self, node: Tensor, start: Operand, position: Position) -> Value:
        """Numbers of the position's elements in row-major order, from `start` on, as i32."""
        f = self.function
        step = matrix_form(node.shape)[1] if position.down else 1
        numbers = range(0, position.lanes * step, step)
        if isinstance(start, int):
            return constant_vector([start + k for k in numbers], "i32")
        first = f.splat(f.convert("trunc", start, "i32"), position.lanes)
        if position.lanes == 1:
            return first
        return f.add(first, constant_vector(numbers, "i32"))

    def linear(self, node: Tensor, position: Position) -> Operand:
        """Number of the position's first element in row-major order; emits in place."""
        if position.flat:
            return position.column
        _, columns = matrix_form(node.shape)
        return add(self.function, multiply(self.function, position.row, columns), position.column)

    def _load(self, node: Tensor, position: Position) -> Value:
        if position.down:
            return self._load_down(node, position)
        base = self.address(node)
        return self.load_at(base, node.dtype, None, position, node)

    def load_at(
        self,
        base: Value,
        dtype: np.dtype,
        index: Operand | None,
        position: Position,
        node: Tensor | None = None,
    ) -> Value:
        """Elements of an array at `base`: at `index`, or, where None, at the position in `node`."""
        f = self.function
        type_ = MEMORY[dtype]

        def build() -> Value:
            offset = self.linear(node, position) if node is not None else index
            assert offset is not None
            place = f.offset(base, offset, type_)
            if position.mask is not None and position.lanes > 1:
                x = f.masked_load(place, position.mask, vector(type_, position.lanes))
            else:
                x = f.load(place, vector(type_, position.lanes))
            return f.compare("ne", x, constant(0, x.type)) if dtype == dtypes.boolean else x

        return self.emit_at(position.level, build)

    def store(
        self, node: Tensor, value: Value, position: Position, place: Value | None = None
    ) -> None:
        """Write elements of a node to its memory, or to a row of its own at `place`."""
        f = self.function
        type_ = MEMORY[node.dtype]
        if node.dtype == dtypes.boolean:
            value = f.convert("zext", value, vector("i8", value.lanes))
        base = self.address(node) if place is None else place
        offset = self.linear(node, position) if place is None else position.column
        target = f.offset(base, offset, type_)
        if position.mask is not None and position.lanes > 1:
            f.masked_store(value, target, position.mask)
        else:
            f.store(value, target)

    def _load_down(self, node: Tensor, position: Position) -> Value:
        """One column of neighbouring rows, chosen from vectors of all their elements."""
        f, lanes, column = self.function, position.lanes, position.column
        _, columns = matrix_form(node.shape)
        type_ = MEMORY[node.dtype]
        assert isinstance(column, int)
        vectors: list[Value] = []
        for start in range(0, columns * lanes, lanes):
            key = ("rows", node, position.key[0], lanes, start)
            if key not in self.known[COLUMN]:
                first = f.multiply(f.operand(position.row), columns)
                place = f.offset(self.address(node), f.add(first, start), type_)
                self.known[COLUMN][key] = f.load(place, vector(type_, lanes))
            vectors.append(self.known[COLUMN][key])
        x = self._choose(vectors, range(column, columns * lanes, columns))
        return f.compare("ne", x, constant(0, x.type)) if node.dtype == dtypes.boolean else x

    def store_down(self, node: Tensor, values: Sequence[Value], row: Value) -> None:
        """Write all columns of neighbouring rows, given column by column."""
        f, columns, lanes = self.function, len(values), values[0].lanes
        type_ = MEMORY[node.dtype]
        if node.dtype == dtypes.boolean:
            values = [f.convert("zext", x, vector("i8", lanes)) for x in values]
        place = f.offset(self.address(node), f.multiply(row, columns), type_)
        for start in range(0, columns * lanes, lanes):
            # In memory, element n lies in row n // columns and in column n % columns.
            numbers = range(start, start + lanes)
            chosen = [(n % columns) * lanes + n // columns for n in numbers]
            f.store(self._choose(values, chosen), f.offset(place, start, type_))

    def _choose(self, vectors: Sequence[Value], elements: Sequence[int]) -> Value:
        """A vector of chosen elements of several vectors, numbered through all of them."""
        f, lanes = self.function, vectors[0].lanes
        result = vectors[elements[0] // lanes]
        if list(elements) == list(range(lanes)):
            return result
        for number, x in enumerate(vectors):
            found = [n // lanes == number for n in elements]
            if any(found):
                pick = [
                    lanes + n % lanes if here else lane
                    for lane, (n, here) in enumerate(zip(elements, found, strict=True))
                ]
                result = f.shuffle(result, x, pick)
        return result

    def _random(self, node: Tensor, position: Position) -> Value:
        seed, step = (self.at(i, Position(0, 0, 1, ENTRY)) for i in node.inputs)
        f = self.function
        operation = node.primitive
        assert isinstance(operation, RandomBits)
        # An argument, so that equal layers share their code.
        site = self.argument(Slot("integer", operation.site), "i32")

        def build() -> Value:
            index = self._count(node, self.linear(node, position), position)
            lanes = position.lanes
            words = vector_math.threefry2x32(
                f, f.splat(seed, lanes), f.splat(site, lanes), f.splat(step, lanes), index
            )
            return words[0]

        return self.emit_at(position.level, build)


def memory_bytes(dtype: np.dtype) -> int:
    """Bytes of one element in memory."""
    return size_of(MEMORY[dtype])
