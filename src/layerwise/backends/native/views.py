"""Reading through views: from a position in a node to positions in what it shows."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from ...compiler.schedule import matrix_form
from ...graph.dimension import Batch, Dimension, Shape, size
from ...graph.indexing import Gather, Unfold
from ...graph.movement import Broadcast, Concatenate, Pad, Reshape, Slice, Transpose
from ...graph.tensor import Tensor
from .emitter import Operand, Value, constant
from .position import (
    ENTRY,
    NotVectorisableError,
    Position,
    add,
    multiply,
    quotient,
    remainder,
)

if TYPE_CHECKING:
    from .elements import Elements


class Views:
    """Finds the elements of views for one kernel."""

    def __init__(self, elements: Elements) -> None:
        self.elements = elements

    def read(self, node: Tensor, position: Position) -> Value:
        """The elements of a view at a position."""
        operation = node.primitive
        source = node.inputs[0]
        if isinstance(operation, Reshape):
            return self._reshape(node, source, position)
        if isinstance(operation, Broadcast):
            return self._broadcast(node, source, position)
        if position.flat or position.down:
            raise NotVectorisableError
        if isinstance(operation, Gather):
            return self._gather(node, position)
        index = self._index(node.shape, position, position.level)
        if isinstance(operation, Transpose):
            if operation.axes[-1] != node.rank - 1 and position.lanes > 1:
                raise NotVectorisableError
            moved: list[Operand] = [0] * node.rank
            for axis, value in zip(operation.axes, index, strict=True):
                moved[axis] = value
            return self.elements.at(source, self._from_index(source.shape, moved, position))
        if isinstance(operation, Slice):
            if operation.steps[-1] != 1 and position.lanes > 1:
                raise NotVectorisableError
            starts = [self.elements.offset(node, k, s) for k, s in enumerate(operation.starts)]
            moved = [
                self._at(
                    position,
                    lambda i=i, s=s, d=d: add(
                        self.elements.function, multiply(self.elements.function, i, d), s
                    ),
                )
                for i, s, d in zip(index, starts, operation.steps, strict=True)
            ]
            return self.elements.at(source, self._from_index(source.shape, moved, position))
        if isinstance(operation, Concatenate) and (
            position.lanes == 1 or operation.axis != node.rank - 1
        ):
            # Along another axis than the last, neighbours come from one part.
            if self._has_equal_parts(node):
                return self._part_of_many(node, index, position)
            return self._concatenate(node, index, position)
        if position.lanes > 1:
            raise NotVectorisableError
        if isinstance(operation, Pad):
            return self._pad(node, source, index, position)
        if isinstance(operation, Unfold):
            *outer, within = index
            window = outer[operation.axis]
            outer[operation.axis] = self._at(
                position,
                lambda: add(
                    self.elements.function,
                    multiply(self.elements.function, window, operation.step),
                    within,
                ),
            )
            return self.elements.at(source, self._from_index(source.shape, outer, position))
        raise NotImplementedError(f"the native backend cannot compute {node!r}")

    def _at(self, position: Position, build: Any) -> Operand:
        """An index computed where the position is known."""
        return self.elements.emit_at(position.level, build)

    def _reshape(self, node: Tensor, source: Tensor, position: Position) -> Value:
        form, source_form = matrix_form(node.shape), matrix_form(source.shape)
        if position.flat or form == source_form:
            return self.elements.at(source, position)
        if position.down:
            raise NotVectorisableError
        linear = self._at(position, lambda: self.elements.linear(node, position))
        rows, columns = source_form
        if rows == 1:
            return self.elements.at(source, self._moved(position, 0, linear))
        if columns == 1:
            if position.lanes > 1:
                raise NotVectorisableError
            return self.elements.at(source, self._moved(position, linear, 0))
        if position.lanes > 1 and (not isinstance(form[1], int) or columns % form[1]):
            raise NotVectorisableError
        row = self._at(position, lambda: quotient(self.elements.function, linear, columns))
        column = self._at(position, lambda: remainder(self.elements.function, linear, columns))
        return self.elements.at(source, self._moved(position, row, column))

    def _moved(self, position: Position, row: Operand, column: Operand, lanes: int = 0) -> Position:
        return Position(row, column, lanes or position.lanes, position.level, position.mask)

    def _broadcast(self, node: Tensor, source: Tensor, position: Position) -> Value:
        lanes = position.lanes
        if size(source.shape) == 1:
            return self.elements.at(source, position)
        rows, columns = matrix_form(node.shape)
        source_rows, source_columns = matrix_form(source.shape)
        if position.flat:
            raise NotVectorisableError
        narrow = source_columns == 1 and columns != 1
        if position.down:
            return self._broadcast_down(source, position, rows, columns)
        row_level = min(position.level, position.row_level)
        level = row_level if narrow else position.level
        row: Operand = position.row
        if source_rows == 1:
            row, row_level = 0, ENTRY
            level = ENTRY if narrow and not self.elements.is_local(source) else level
        elif source_rows != rows:
            # The row depends on no column, and what reads it may be computed once per row.
            index = self._index(node.shape, position, row_level)
            kept = [0 if d == 1 else i for i, d in zip(index, source.shape, strict=True)]
            row = self._from_index(source.shape, kept, position, row_level).row
        column = 0 if narrow else position.column
        mask = None if narrow else position.mask
        inner = Position(row, column, 1 if narrow else lanes, level, mask, row_level=row_level)
        return self.elements.spread(self.elements.at(source, inner), lanes, level)

    def _broadcast_down(
        self, source: Tensor, position: Position, rows: Dimension, columns: int
    ) -> Value:
        """One column of neighbouring rows: of the source's only column, or its only row."""
        source_rows, source_columns = matrix_form(source.shape)
        if source_rows == rows:
            column = position.column if source_columns == columns else 0
            return self.elements.at(source, dataclasses.replace(position, column=column))
        if source_rows != 1:
            raise NotVectorisableError
        single = Position(0, position.column, 1, position.level)
        return self.elements.spread(
            self.elements.at(source, single), position.lanes, position.level
        )

    def _gather(self, node: Tensor, position: Position) -> Value:
        table, index = node.inputs
        f = self.elements.function
        entry_size = size(table.shape[1:])
        width = self.elements.dimension(entry_size)
        _, columns = matrix_form(node.shape)
        # Whether an entry is whole rows of the result, so that its number is known once per row.
        whole = isinstance(entry_size, int) and entry_size % columns == 0
        if position.lanes > 1 and not whole:
            raise NotVectorisableError
        level = position.level
        row_level = min(level, position.row_level) if whole else level
        linear = self.elements.emit_at(level, lambda: self.elements.linear(node, position))
        per_row = entry_size // columns if isinstance(entry_size, int) and whole else 1
        if whole:
            item = self.elements.emit_at(row_level, lambda: quotient(f, position.row, per_row))
        else:
            item = self.elements.emit_at(level, lambda: quotient(f, linear, width))
        if self.elements.is_loaded(index) and index not in self.elements.inside:
            where = Position(0, item, 1, row_level, flat=True)
        else:
            _, index_columns = matrix_form(index.shape)
            where = Position(
                self.elements.emit_at(row_level, lambda: quotient(f, item, index_columns)),
                self.elements.emit_at(row_level, lambda: remainder(f, item, index_columns)),
                1,
                row_level,
            )
        chosen = self.elements.at(index, where)

        def clipped() -> Value:
            zero = constant(0, "i32")
            positive = f.select(f.compare("slt", chosen, zero), zero, chosen)
            number = f.convert("zext", positive, "i64")
            last = f.subtract(f.operand(self.elements.dimension(table.shape[0])), 1)
            return f.select(f.compare("sgt", number, last), last, number)

        entry = self.elements.emit_at(row_level, clipped)
        _, table_columns = matrix_form(table.shape)
        if whole and table_columns == columns:
            # Rows of the result are rows of the table, so neighbours in a row stay neighbours.
            def table_row() -> Operand:
                first = multiply(f, entry, per_row)
                return add(f, first, remainder(f, position.row, per_row))

            row = self.elements.emit_at(row_level, table_row)
            return self.elements.at(
                table,
                Position(
                    row,
                    position.column,
                    position.lanes,
                    level,
                    position.mask,
                    row_level=row_level,
                ),
            )

        def place() -> Operand:
            inner = remainder(self.elements.function, linear, width)
            return add(
                self.elements.function, multiply(self.elements.function, entry, width), inner
            )

        start = self.elements.emit_at(level, place)
        row = self.elements.emit_at(level, lambda: quotient(f, start, table_columns))
        column = self.elements.emit_at(level, lambda: remainder(f, start, table_columns))
        return self.elements.at(table, Position(row, column, position.lanes, level, position.mask))

    def _pad(self, node: Tensor, source: Tensor, index: list[Operand], position: Position) -> Value:
        operation = node.primitive
        assert isinstance(operation, Pad)
        f = self.elements.function

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
                before = self.elements.offset(node, axis, low)
                shifted = f.subtract(f.operand(i), f.operand(before))
                where = f.operand(quotient(self.elements.function, shifted, between + 1))
                checks = [f.compare("sge", shifted, 0), f.compare("slt", where, length)]
                if between:
                    left = remainder(self.elements.function, shifted, between + 1)
                    checks.append(f.compare("eq", left, 0))
                hit = functools.reduce(lambda a, b: f.instruction("and", a, b), checks)
                inside = f.instruction("and", inside, hit)
                moved.append(f.select(hit, where, constant(0, "i64")))
            return inside, moved

        inside, moved = self.elements.emit_at(position.level, locate)
        x = self.elements.at(source, self._from_index(source.shape, moved, position))
        zero = constant(0, x.type)
        return self.elements.emit_at(position.level, lambda: f.select(inside, x, zero))

    def _has_equal_parts(self, node: Tensor) -> bool:
        """Whether several parts of one length are joined, all of which lie in memory."""
        operation = node.primitive
        assert isinstance(operation, Concatenate)
        return (
            len(node.inputs) > 2
            and len({part.shape[operation.axis] for part in node.inputs}) == 1
            and all(
                self.elements.is_loaded(part) and part not in self.elements.inside
                for part in node.inputs
            )
        )

    def _part_of_many(self, node: Tensor, index: list[Operand], position: Position) -> Value:
        """The elements of one part, found by its number, however many there are."""
        operation = node.primitive
        assert isinstance(operation, Concatenate)
        axis, part = operation.axis, node.inputs[0]
        length = part.shape[axis]
        assert isinstance(length, int)
        f = self.elements.function
        # Off the last axis a part is chosen once per row.
        chosen = axis != node.rank - 1
        level = min(position.level, position.row_level) if chosen else position.level
        number = self.elements.emit_at(level, lambda: quotient(f, index[axis], length))
        local = self.elements.emit_at(level, lambda: remainder(f, index[axis], length))
        base = self.elements.address_among(node, number, level)
        moved = [*index[:axis], local, *index[axis + 1 :]]
        there = self._from_index(part.shape, moved, position)
        return self.elements.load_at(base, part.dtype, None, there, part)

    def _concatenate(self, node: Tensor, index: list[Operand], position: Position) -> Value:
        operation = node.primitive
        assert isinstance(operation, Concatenate)
        f = self.elements.function
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

            inside, local = self.elements.emit_at(position.level, locate)
            moved = [*index[:axis], local, *index[axis + 1 :]]
            x = self.elements.at(part, self._from_index(part.shape, moved, position))
            if result is None:
                result = x
            else:
                before = result
                result = self.elements.emit_at(
                    position.level, lambda i=inside, x=x, b=before: f.select(i, x, b)
                )
            start += length
        assert result is not None
        return result

    # -- indices ---------------------------------------------------------------------------------

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
                length = self.elements.dimension(outer[k])
                found.append(remainder(self.elements.function, rest, length))
                rest = quotient(self.elements.function, rest, length)
            if outer:
                found.append(rest)
            return found[::-1]

        key = ("index", shape, position.row if isinstance(position.row, int) else position.row.text)
        for known_level in range(row_level + 1):
            if key in self.elements.known[known_level]:
                return [*self.elements.known[known_level][key], *last]
        self.elements.known[row_level][key] = self.elements.emit_at(row_level, split)
        return [*self.elements.known[row_level][key], *last]

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
                row = add(
                    self.elements.function,
                    multiply(self.elements.function, row, self.elements.dimension(length)),
                    i,
                )
            return row

        return Position(
            self.elements.emit_at(level, join), column, position.lanes, level, position.mask
        )
