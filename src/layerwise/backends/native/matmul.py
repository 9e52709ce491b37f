"""Matrix product for row-major, transposed and strided matrices of any size.

``C[M, N] = A[M, K] @ B[K, N]``, or added to C, on one thread; callers that want more threads give
each its own rows of C. The loops are those of Goto & van de Geijn (2008, "Anatomy of
High-Performance Matrix Multiplication") in the arrangement of BLIS (Van Zee & van de Geijn 2015),
with the two innermost exchanged because the tile is as wide as four vectors::

    for a block of columns of B and C                n_c columns
        for a block of K                             k_c steps; B is packed here: second-level cache
            for a row block of A and C               m_r rows; A is packed here: first-level cache
                for a tile of the row block          n_r columns, in registers
                    for each step along K            m_r * n_r products

Small matrices skip the packing: the kernels read row-major B, and A of any strides, in place.

**The same bits, whoever computes them.** An element of C is one chain of multiply-adds per block
of K, in the order of K, and the blocks are added in order. The blocks depend on K alone. So the
element does not depend on M, on N, on its place in the matrix, or on how rows are split over
threads. No product is skipped: NaN and infinity arrive in C.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from layerwise.backends.native.emitter import Function, Module, Value, size_of
from layerwise.backends.native.microkernel import Blocking, emit_row_block, row_block_name
from layerwise.backends.native.packing import emit_packing, minimum

if TYPE_CHECKING:
    from layerwise.backends.native.target import Target

CACHE_LINE = 64

PACK_B_ROWS = 128
"""Rows of A from which packing a large row-major B pays; it costs as much as some 5 rows.

Processors with forgiving caches gain nothing. Others lose lines when the rows of B lie a power of
two apart, and each row of a block is read M / m_r times.
"""

PACK_B_BYTES = 128 * 1024
"""A row-major block of B smaller than this is read in place however many rows A has."""

PACK_A_TILES = 4
"""Register tiles per row block from which packing an A whose rows are not contiguous pays."""

PACK_A_BYTES = 32 * 1024
"""Such an A is read in place while the rows of a block span less than the first-level cache."""

FLIPPED_BYTES = 64
"""Rows of C shorter than this, and their ends shorter than a vector, are computed flipped."""

TRANSPOSE_FRACTION = 4
"""An element is transposed in this fraction of the time of a multiply-add of whole vectors."""

PARAMETERS = (
    ("m", "i64"),
    ("n", "i64"),
    ("k", "i64"),
    ("a", "ptr"),
    ("a_row_stride", "i64"),
    ("a_column_stride", "i64"),
    ("b", "ptr"),
    ("b_row_stride", "i64"),
    ("b_column_stride", "i64"),
    ("c", "ptr"),
    ("c_row_stride", "i64"),
    ("scratch", "ptr"),
    ("accumulate", "i64"),
)


def emit(module: Module, target: Target, element: str) -> None:
    """Add the matrix product and the transpose for one element type to a module.

    Exported are ``lw_matmul_f32`` and ``lw_transpose_f32`` (``_f64`` for ``"double"``)::

        void lw_matmul_f32(i64 M, i64 N, i64 K, ptr A, i64 rsA, i64 csA, ptr B, i64 rsB, i64 csB,
                           ptr C, i64 rsC, ptr scratch, i64 accumulate)
        void lw_transpose_f32(i64 rows, i64 columns, ptr source, i64 source_stride,
                              ptr target, i64 target_stride)

    Strides count elements. The columns of C are contiguous, and C overlaps neither A nor B.
    `scratch` is ``scratch_bytes(target, element)`` bytes, aligned to 64, that no other thread uses
    meanwhile.
    """
    blocking = Blocking.of(target, element)
    emit_packing(module, blocking)
    for rows in range(1, blocking.rows + 1):
        emit_row_block(module, blocking, rows)
    _emit_product(module, blocking)
    _emit_matmul(module, blocking)


def scratch_bytes(target: Target, element: str) -> int:
    """Bytes of working memory that one call of the matrix product needs."""
    return sum(_scratch_parts(Blocking.of(target, element)))


def _scratch_parts(blocking: Blocking) -> tuple[int, ...]:
    """Bytes of: packed row block of A, packed block of B, its last strip, strip of C, flipped C."""
    elements = (
        blocking.rows * blocking.depth,
        blocking.depth * blocking.columns,
        blocking.depth * blocking.lanes,
        blocking.rows * blocking.lanes,
        FLIPPED_BYTES // size_of(blocking.element) * blocking.columns,
    )
    lines = [-(-count * size_of(blocking.element) // CACHE_LINE) for count in elements]
    return tuple(CACHE_LINE * count for count in lines)


def _emit_matmul(module: Module, blocking: Blocking) -> None:
    """Add the exported entry, which computes columns that do not fill a vector the other way round.

    A vector with two columns of C in it does the work of two lanes. As C' = B' A', with the many
    rows of C in the lanes, the same work fills the vectors. The price is a transpose of A, unless
    the columns of A are contiguous (which they are in the gradient of a weight matrix).
    """
    f = Function(blocking.name("matmul"), PARAMETERS)
    m, n, k = f.parameters[:3]
    a, a_row_stride, a_column_stride = f.parameters[3:6]
    b, b_row_stride, b_column_stride = f.parameters[6:9]
    c, c_row_stride, scratch, accumulate = f.parameters[9:]
    element = blocking.element
    flipped = f.offset(scratch, sum(_scratch_parts(blocking)[:-1]), "i8")
    flipped_stride = Value(str(blocking.columns), "i64")

    narrow, flip = _flipping(f, blocking)
    whole = f.subtract(n, narrow)
    direct = f.select(flip, whole, n)

    def multiply_direct() -> None:
        arguments = [m, direct, *f.parameters[2:]]
        f.call(blocking.name("product"), "void", arguments, declare=False)

    f.when(f.compare("ne", direct, 0), multiply_direct)

    def flipped_block(first_row: Value, _: list[Value]) -> None:
        rows = minimum(f, f.subtract(m, first_row), f.operand(blocking.columns))
        corner = f.offset(f.offset(c, f.multiply(first_row, c_row_stride), element), whole, element)
        transpose = blocking.name("transpose")

        def read_c() -> None:
            arguments = [rows, narrow, corner, c_row_stride, flipped, flipped_stride]
            f.call(transpose, "void", arguments, declare=False)

        f.when(f.compare("ne", accumulate, 0), read_c)
        in_b = f.offset(b, f.multiply(whole, b_column_stride), element)
        in_a = f.offset(a, f.multiply(first_row, a_row_stride), element)
        first = [in_b, b_column_stride, b_row_stride]
        second = [in_a, a_column_stride, a_row_stride]
        arguments = [narrow, rows, k, *first, *second, flipped, flipped_stride, scratch, accumulate]
        f.call(blocking.name("product"), "void", arguments, declare=False)
        arguments = [narrow, rows, flipped, flipped_stride, corner, c_row_stride]
        f.call(transpose, "void", arguments, declare=False)

    f.when(flip, lambda: f.loop(0, m, flipped_block, step=blocking.columns) and None)
    module.add(f)


def _flipping(f: Function, blocking: Blocking) -> tuple[Value, Value]:
    """Count the last columns that could be computed flipped, and decide whether they are.

    In units of one lane's multiply-add, for each row of C: the direct way takes all lanes for each
    step of K; the other way takes as many as there are columns, a part for the transpose of A, and
    about one vector for each element of C that goes back to its place. In short rows the columns
    that do fill a vector go along, because on their own they make a poor tile.
    """
    m, n, k, _, a_row_stride, *_ = f.parameters
    lanes = blocking.lanes
    rest = f.instruction("urem", n, f.operand(lanes))
    short = f.compare("slt", n, FLIPPED_BYTES // size_of(blocking.element))
    narrow = f.select(short, n, rest)
    ready = f.compare("eq", a_row_stride, 1)
    transpose_a = f.select(ready, f.operand(0), f.operand(lanes // TRANSPOSE_FRACTION))
    saved = f.multiply(k, f.subtract(lanes, f.add(rest, transpose_a)))
    cheaper = f.compare("sgt", saved, f.multiply(narrow, lanes))
    flip = f.instruction("and", cheaper, f.compare("sge", m, lanes))
    return narrow, f.instruction("and", flip, f.compare("ne", rest, 0))


def _emit_product(module: Module, blocking: Blocking) -> None:
    """Add the product as it comes: the blocks, and the decisions what to pack."""
    f = Function(blocking.name("product"), PARAMETERS, linkage="internal")
    m, n, k = f.parameters[:3]
    a, a_row_stride, a_column_stride = f.parameters[3:6]
    b, b_row_stride, b_column_stride = f.parameters[6:9]
    c, c_row_stride, scratch, accumulate = f.parameters[9:]
    element = blocking.element
    bytes_a, bytes_b, bytes_strip, *_ = _scratch_parts(blocking)
    packed_a = scratch
    packed_b = f.offset(packed_a, bytes_a, "i8")
    strip = f.offset(packed_b, bytes_b, "i8")
    buffer = f.offset(strip, bytes_strip, "i8")

    lanes = Value(str(blocking.lanes), "i64")
    no_panel, overwrite = Value("0", "i64"), Value("false", "i1")

    def call(name: str, *arguments: Value) -> None:
        f.call(name, "void", arguments, declare=False)

    depth = _block_depth(f, blocking, k)
    # K = 0 is one block of nothing, which stores zeros; but adding nothing leaves C as it is.
    adding = f.compare("ne", accumulate, 0)
    at_least = f.convert("zext", f.compare("eq", accumulate, 0), "i64")
    k_end = f.select(f.compare("eq", k, 0), at_least, k)
    pack_a, pack_b = _packing(f, blocking, minimum(f, depth, k))

    def column_block(first_column: Value, _: list[Value]) -> None:
        columns = minimum(f, f.subtract(n, first_column), f.operand(blocking.columns))
        narrow = f.instruction("urem", columns, f.operand(blocking.lanes))
        whole = f.subtract(columns, narrow)
        has_narrow, has_whole = f.compare("ne", narrow, 0), f.compare("ne", whole, 0)
        c_block = f.offset(c, first_column, element)

        def depth_block(first_step: Value, _: list[Value]) -> None:
            steps = minimum(f, f.subtract(k, first_step), depth)
            b_row = f.offset(b, f.multiply(first_step, b_row_stride), element)
            b_block = f.offset(b_row, f.multiply(first_column, b_column_stride), element)
            a_block = f.offset(a, f.multiply(first_step, a_column_stride), element)
            later = f.compare("sgt", first_step, 0)
            add_to_c = f.instruction("or", adding, later)
            in_b = [b_row_stride, b_column_stride]

            def pack_whole() -> list[Value]:
                call(blocking.name("pack_block"), whole, steps, b_block, *in_b, packed_b)
                return [packed_b, f.operand(blocking.width), f.multiply(steps, blocking.width)]

            def in_place() -> list[Value]:
                return [b_block, b_row_stride, f.operand(blocking.width)]

            b_used, b_step, b_panel = f.when(pack_b, pack_whole, in_place)

            def pack_narrow() -> None:
                start = f.offset(b_block, f.multiply(whole, b_column_stride), element)
                call(blocking.name("pack_strip"), narrow, steps, start, *in_b, strip, lanes)

            f.when(has_narrow, pack_narrow)

            def row_block(first_row: Value, rows: Value) -> None:
                a_rows = f.offset(a_block, f.multiply(first_row, a_row_stride), element)

                def pack_rows() -> list[Value]:
                    in_a = [a_rows, a_row_stride, a_column_stride]
                    call(blocking.name("pack_rows"), rows, steps, *in_a, packed_a)
                    return [packed_a, f.operand(1), f.operand(blocking.rows)]

                in_a = f.when(pack_a, pack_rows, lambda: [a_rows, a_row_stride, a_column_stride])
                c_rows = f.offset(c_block, f.multiply(first_row, c_row_stride), element)
                in_whole = [whole, steps, *in_a, b_used, b_step, b_panel, c_rows, c_row_stride]
                in_strip = [lanes, steps, *in_a, strip, lanes, no_panel, buffer, lanes]

                def multiply(count: int) -> None:
                    kernel = row_block_name(blocking, count)
                    f.when(has_whole, lambda: call(kernel, *in_whole, add_to_c))
                    f.when(has_narrow, lambda: call(kernel, *in_strip, overwrite))

                f.switch(rows, {r: partial(multiply, r) for r in range(1, blocking.rows + 1)})

                def copy_narrow() -> None:
                    corner = f.offset(c_rows, whole, element)
                    name = blocking.name("copy_narrow")
                    call(name, rows, narrow, buffer, lanes, corner, c_row_stride, add_to_c)

                f.when(has_narrow, copy_narrow)

            _row_blocks(f, blocking, m, row_block)

        f.loop(0, k_end, depth_block, step=depth)

    f.loop(0, n, column_block, step=blocking.columns)
    module.add(f)


def _block_depth(f: Function, blocking: Blocking, k: Value) -> Value:
    """Cut K into blocks of about equal depth, a multiple of 4: give the depth."""
    most = blocking.depth

    def equal_blocks() -> list[Value]:
        blocks = f.instruction("udiv", f.add(k, most - 1), f.operand(most))
        depth = f.instruction("udiv", f.add(k, f.subtract(blocks, 1)), blocks)
        return [f.instruction("and", f.add(depth, 3), f.operand(-4))]

    (depth,) = f.when(f.compare("sle", k, most), lambda: [f.operand(most)], equal_blocks)
    return depth


def _packing(f: Function, blocking: Blocking, depth: Value) -> tuple[Value, Value]:
    """Decide whether to pack A, and whether to pack B."""
    m, n, _, _, _, a_column_stride, _, _, b_column_stride, *_ = f.parameters
    bytes_ = size_of(blocking.element)

    strided = f.compare("ne", a_column_stride, 1)
    wide = f.compare("sge", n, PACK_A_TILES * blocking.width)
    large = f.compare("sgt", f.multiply(depth, a_column_stride), PACK_A_BYTES // bytes_)
    pack_a = f.instruction("and", f.instruction("and", strided, wide), large)

    row_major = f.compare("eq", b_column_stride, 1)
    large = f.compare("sgt", f.multiply(n, depth), PACK_B_BYTES // bytes_)
    often = f.compare("sge", m, PACK_B_ROWS)
    pack_b = f.select(row_major, f.instruction("and", large, often), Value("true", "i1"))
    return pack_a, pack_b


def _row_blocks(
    f: Function, blocking: Blocking, m: Value, body: Callable[[Value, Value], None]
) -> None:
    """Run `body(first_row, rows)` over blocks of rows, none much smaller than the others.

    Full blocks while more than a block and a third remains; then, of 8 rows, 4 and 4: a block of
    two rows would take nearly as long as one of four.
    """
    most, half = blocking.rows, blocking.rows - blocking.rows // 3
    head, after = f.label(), f.label()
    before = f.block
    f.branch_if(f.compare("sgt", m, 0), head, after)
    f.start_block(head)
    slot = len(f.lines)
    first_row = Value(f"%row{slot}", "i64")
    f.lines.append("")
    left = f.subtract(m, first_row)
    rows = f.select(f.compare("sgt", left, most), f.operand(half), left)
    rows = f.select(f.compare("sgt", left, 2 * half), f.operand(most), rows)
    body(first_row, rows)
    following = f.add(first_row, rows)
    last = f.block
    f.lines[slot] = f"  {first_row.text} = phi i64 [ 0, %{before} ], [ {following.text}, %{last} ]"
    f.branch_if(f.compare("slt", following, m), head, after)
    f.start_block(after)
