"""Copies into the order in which the matrix product reads: packed blocks, and transposes.

A packed block of B is a row of panels, each as wide as a register tile; a panel holds its rows one
after the other, so the kernel reads memory strictly forwards, whatever the strides of B were
(Goto & van de Geijn 2008, section 4.2.1). A packed row block of A holds one column of a register
tile after the other.

Matrices end where they end: nothing outside them is read or written. At the edges the copies use
shorter vectors, or go over the last rows and columns twice, but never touch a neighbour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from layerwise.backends.native.emitter import (
    Function,
    Module,
    Value,
    constant_vector,
    size_of,
    vector,
)
from layerwise.backends.native.microkernel import Blocking

Load = Callable[[Value], Value]
Store = Callable[[Value, Value], None]

SHUFFLE_BYTES = 16
"""Shuffles stay within 16 bytes: x86 has one-instruction forms of them at every vector width."""


def emit_packing(module: Module, blocking: Blocking) -> None:
    """Add all copying functions."""
    _emit_transpose_strip(module, blocking)
    _emit_transpose(module, blocking)
    _emit_copy_narrow(module, blocking)
    _emit_pack_strip(module, blocking)
    _emit_pack_block(module, blocking)
    _emit_pack_rows(module, blocking)


def minimum(f: Function, a: Value, b: Value) -> Value:
    """Give the smaller of two signed integers."""
    return f.select(f.compare("slt", a, b), a, b)


# -- transposes --------------------------------------------------------------------------------


def _concatenate(f: Function, pieces: Sequence[Value]) -> Value:
    """Join short vectors (a power of two of them) into one, halves first."""
    while len(pieces) > 1:
        pieces = [
            f.shuffle(low, high, range(2 * low.lanes))
            for low, high in zip(pieces[::2], pieces[1::2], strict=True)
        ]
    return pieces[0]


def _transpose_tile(f: Function, rows: Sequence[Value], width: int) -> list[Value]:
    """Transpose a tile of len(rows) rows of `width` elements: `width` vectors, one per column.

    First row r, r + width, r + 2 * width, ... become one vector, for r below `width`: every 16
    bytes of these vectors hold a square of the tile. Then each round of taking the even and the
    odd elements of neighbouring vectors halves the distance to the transpose of each square.
    """
    lanes = len(rows)
    columns = [_concatenate(f, rows[r::width]) for r in range(width)]
    distance = width
    while distance > 1:
        chosen: list[list[Value]] = []
        for odd in (0, 1):
            mask = [
                source + square + k
                for square in range(0, lanes, width)
                for source in (0, lanes)
                for k in range(odd, width, 2)
            ]
            pairs = zip(columns[::2], columns[1::2], strict=True)
            chosen.append([f.shuffle(x, y, mask) for x, y in pairs])
        columns = chosen[0] + chosen[1]
        distance //= 2
    return columns


def _emit_transpose_strip(module: Module, blocking: Blocking) -> None:
    """Add the transpose of at most `lanes` rows into a strip that is `lanes` elements wide.

    With fewer rows the strip's other columns repeat the last row: they must exist, and their
    values do not matter. With fewer columns than a tile the copy goes element by element;
    otherwise the last tile goes back over columns that are done already.
    """
    f = Function(
        blocking.name("transpose_strip"),
        [
            ("rows", "i64"),
            ("columns", "i64"),
            ("source", "ptr noalias readonly"),
            ("source_stride", "i64"),
            ("target", "ptr noalias"),
            ("target_stride", "i64"),
        ],
        linkage="internal",
    )
    rows, columns, source, source_stride, target, target_stride = f.parameters
    element, lanes = blocking.element, blocking.lanes
    tile = SHUFFLE_BYTES // size_of(element)
    last_row = f.subtract(rows, 1)
    row_starts: list[Value] = []
    for r in range(lanes):
        row = minimum(f, f.operand(r), last_row)
        row_starts.append(f.offset(source, f.multiply(row, source_stride), element))
    last_tile = f.subtract(columns, tile)

    def one_tile(column: Value, _: list[Value]) -> None:
        first = minimum(f, column, last_tile)
        short = vector(element, tile)
        loaded = [f.load(f.offset(start, first, element), short) for start in row_starts]
        at = f.offset(target, f.multiply(first, target_stride), element)
        for transposed in _transpose_tile(f, loaded, tile):
            f.store(transposed, at)
            at = f.offset(at, target_stride, element)

    def one_column(column: Value, _: list[Value]) -> None:
        at = f.offset(target, f.multiply(column, target_stride), element)
        for r, start in enumerate(row_starts):
            x = f.load(f.offset(start, column, element), element)
            f.store(x, f.offset(at, r, element))

    f.when(
        f.compare("sge", columns, tile),
        lambda: f.loop(0, columns, one_tile, step=tile),
        lambda: f.loop(0, columns, one_column),
    )
    module.add(f)


def _emit_transpose(module: Module, blocking: Blocking) -> None:
    """Add the transpose of a whole matrix: target[c, r] = source[r, c]."""
    f = Function(
        blocking.name("transpose"),
        [
            ("rows", "i64"),
            ("columns", "i64"),
            ("source", "ptr"),
            ("source_stride", "i64"),
            ("target", "ptr"),
            ("target_stride", "i64"),
        ],
    )
    rows, columns, source, source_stride, target, target_stride = f.parameters
    element, lanes = blocking.element, blocking.lanes
    last_strip = f.subtract(rows, lanes)

    def strip(row: Value, _: list[Value]) -> None:
        first = minimum(f, row, last_strip)
        arguments = [
            Value(str(lanes), "i64"),
            columns,
            f.offset(source, f.multiply(first, source_stride), element),
            source_stride,
            f.offset(target, first, element),
            target_stride,
        ]
        f.call(blocking.name("transpose_strip"), "void", arguments, declare=False)

    def one_row(row: Value, _: list[Value]) -> None:
        start = f.offset(source, f.multiply(row, source_stride), element)

        def one_element(column: Value, carried: list[Value]) -> list[Value]:
            f.store(f.load(f.offset(start, column, element), element), carried[0])
            return [f.offset(carried[0], target_stride, element)]

        f.loop(0, columns, one_element, carry=[f.offset(target, row, element)])

    f.when(
        f.compare("sge", rows, lanes),
        lambda: f.loop(0, rows, strip, step=lanes),
        lambda: f.loop(0, rows, one_row),
    )
    module.add(f)


# -- columns that do not fill a vector ---------------------------------------------------------


def _emit_copy_narrow(module: Module, blocking: Blocking) -> None:
    """Add the copy of a matrix of fewer than `lanes` columns, or its addition to the target.

    Without masks, the columns go in pieces of a power of two, one for each bit set in their number.
    """
    f = Function(
        blocking.name("copy_narrow"),
        [
            ("rows", "i64"),
            ("columns", "i64"),
            ("source", "ptr noalias readonly"),
            ("source_stride", "i64"),
            ("target", "ptr noalias"),
            ("target_stride", "i64"),
            ("accumulate", "i1"),
        ],
        linkage="internal",
    )
    rows, columns, source, source_stride, target, target_stride, accumulate = f.parameters
    element, lanes = blocking.element, blocking.lanes

    def copy(first: Value, load: Load, store: Store) -> None:
        def row(_: Value, at: list[Value]) -> list[Value]:
            from_, to = at
            x = load(from_)
            (total,) = f.when(accumulate, lambda: [f.add(load(to), x)], lambda: [x])
            store(total, to)
            return [f.offset(from_, source_stride, element), f.offset(to, target_stride, element)]

        f.loop(
            0, rows, row, carry=[f.offset(source, first, element), f.offset(target, first, element)]
        )

    if blocking.masks:
        numbers = constant_vector(range(lanes), "i64")
        mask = f.compare("slt", numbers, f.splat(columns, lanes))
        copy(
            f.operand(0),
            lambda at: f.masked_load(at, mask, blocking.vector),
            lambda x, at: f.masked_store(x, at, mask),
        )
        module.add(f)
        return

    piece = lanes // 2
    while piece:
        type_ = vector(element, piece)
        # The wider pieces, which are the higher bits, stand to the left.
        first = f.instruction("and", columns, f.operand(-2 * piece))
        f.when(
            f.compare("ne", f.instruction("and", columns, f.operand(piece)), 0),
            partial(copy, first, partial(f.load, type_=type_), f.store),
        )
        piece //= 2
    module.add(f)


# -- packing -----------------------------------------------------------------------------------


def _emit_pack_strip(module: Module, blocking: Blocking) -> None:
    """Add the packing of at most `lanes` columns of B into a strip one vector wide.

    The strip's unused columns become zeros (or repeat a column): finite work for finite data.
    """
    f = Function(
        blocking.name("pack_strip"),
        [
            ("columns", "i64"),
            ("depth", "i64"),
            ("b", "ptr noalias readonly"),
            ("b_row_stride", "i64"),
            ("b_column_stride", "i64"),
            ("target", "ptr noalias"),
            ("target_stride", "i64"),
        ],
        linkage="internal",
    )
    columns, depth, b, row_stride, column_stride, target, target_stride = f.parameters
    element = blocking.element

    def transpose() -> None:
        arguments = [columns, depth, b, column_stride, target, target_stride]
        f.call(blocking.name("transpose_strip"), "void", arguments, declare=False)

    def copy_vectors() -> None:
        def row(_: Value, at: list[Value]) -> list[Value]:
            f.store(f.load(at[0], blocking.vector), at[1])
            return [f.offset(at[0], row_stride, element), f.offset(at[1], target_stride, element)]

        f.loop(0, depth, row, carry=[b, target])

    def clear() -> None:
        def row(_: Value, at: list[Value]) -> list[Value]:
            f.store(Value("zeroinitializer", blocking.vector), at[0])
            return [f.offset(at[0], target_stride, element)]

        f.loop(0, depth, row, carry=[target])

    def copy_narrow() -> None:
        clear()
        copy = Value("false", "i1")
        arguments = [depth, columns, b, row_stride, target, target_stride, copy]
        f.call(blocking.name("copy_narrow"), "void", arguments, declare=False)

    def copy_elements() -> None:
        clear()

        def row(_: Value, at: list[Value]) -> list[Value]:
            def one(column: Value, source: list[Value]) -> list[Value]:
                f.store(f.load(source[0], element), f.offset(at[1], column, element))
                return [f.offset(source[0], column_stride, element)]

            f.loop(0, columns, one, carry=[at[0]])
            return [f.offset(at[0], row_stride, element), f.offset(at[1], target_stride, element)]

        f.loop(0, depth, row, carry=[b, target])

    def copy_rows() -> None:
        f.when(f.compare("eq", columns, blocking.lanes), copy_vectors, copy_narrow)

    def copy_or_transpose() -> None:
        f.when(f.compare("eq", row_stride, 1), transpose, copy_elements)

    f.when(f.compare("eq", column_stride, 1), copy_rows, copy_or_transpose)
    module.add(f)


def _emit_pack_block(module: Module, blocking: Blocking) -> None:
    """Add the packing of a block of B, whole vectors of columns, into panels one tile wide."""
    f = Function(
        blocking.name("pack_block"),
        [
            ("columns", "i64"),
            ("depth", "i64"),
            ("b", "ptr noalias readonly"),
            ("b_row_stride", "i64"),
            ("b_column_stride", "i64"),
            ("target", "ptr noalias"),
        ],
        linkage="internal",
    )
    columns, depth, b, row_stride, column_stride, target = f.parameters
    element, width, lanes = blocking.element, blocking.width, blocking.lanes
    rest = f.instruction("urem", columns, f.operand(width))
    full = f.subtract(columns, rest)

    def panel_start(column: Value) -> Value:
        return f.offset(target, f.multiply(column, depth), element)

    def copy_panel(column: Value, _: list[Value]) -> None:
        def row(_: Value, at: list[Value]) -> list[Value]:
            for v in range(0, width, lanes):
                x = f.load(f.offset(at[0], v, element), blocking.vector)
                f.store(x, f.offset(at[1], v, element))
            return [f.offset(at[0], row_stride, element), f.offset(at[1], width, element)]

        f.loop(0, depth, row, carry=[f.offset(b, column, element), panel_start(column)])

    def copy_full_panels() -> list[Value]:
        f.loop(0, full, copy_panel, step=width)
        return [full]

    rows_are_contiguous = f.compare("eq", column_stride, 1)
    (done,) = f.when(rows_are_contiguous, copy_full_panels, lambda: [f.operand(0)])

    def strip(column: Value, _: list[Value]) -> None:
        inside = f.instruction("urem", column, f.operand(width))
        panel = panel_start(f.subtract(column, inside))
        arguments = [
            Value(str(lanes), "i64"),
            depth,
            f.offset(b, f.multiply(column, column_stride), element),
            row_stride,
            column_stride,
            f.offset(panel, inside, element),
            Value(str(width), "i64"),
        ]
        f.call(blocking.name("pack_strip"), "void", arguments, declare=False)

    f.loop(done, columns, strip, step=lanes)
    module.add(f)


def _emit_pack_rows(module: Module, blocking: Blocking) -> None:
    """Add the packing of a row block of A: column after column, each `blocking.rows` long."""
    f = Function(
        blocking.name("pack_rows"),
        [
            ("rows", "i64"),
            ("depth", "i64"),
            ("a", "ptr noalias readonly"),
            ("a_row_stride", "i64"),
            ("a_column_stride", "i64"),
            ("target", "ptr noalias"),
        ],
        linkage="internal",
    )
    rows, depth, a, row_stride, column_stride, target = f.parameters
    element = blocking.element
    whole_column = vector(element, blocking.rows)

    def vectors(_: Value, at: list[Value]) -> list[Value]:
        f.store(f.load(at[0], whole_column), at[1])
        return [f.offset(at[0], column_stride, element), f.offset(at[1], blocking.rows, element)]

    def elements(_: Value, at: list[Value]) -> list[Value]:
        def one(row: Value, source: list[Value]) -> list[Value]:
            f.store(f.load(source[0], element), f.offset(at[1], row, element))
            return [f.offset(source[0], row_stride, element)]

        f.loop(0, rows, one, carry=[at[0]])
        return [f.offset(at[0], column_stride, element), f.offset(at[1], blocking.rows, element)]

    columns_are_contiguous = f.compare("eq", row_stride, 1)
    all_rows = f.compare("eq", rows, blocking.rows)
    f.when(
        f.instruction("and", columns_are_contiguous, all_rows),
        lambda: f.loop(0, depth, vectors, carry=[a, target]),
        lambda: f.loop(0, depth, elements, carry=[a, target]),
    )
    module.add(f)
