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

from typing import TYPE_CHECKING

from layerwise.backends.native.emitter import Function, Module, Value, size_of
from layerwise.backends.native.microkernel import Blocking, emit_row_block, row_block_name
from layerwise.backends.native.packing import emit_packing, minimum

if TYPE_CHECKING:
    from layerwise.backends.native.target import Target

CACHE_LINE = 64

PACK_B_ROWS = 48
"""Rows of A from which packing a large row-major B pays: each packed row is read M / m_r times."""

PACK_B_BYTES = 128 * 1024
"""A row-major block of B smaller than this is read in place however many rows A has."""

PACK_A_TILES = 4
"""Register tiles per row block from which packing an A whose rows are not contiguous pays."""

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
    _emit_rows(module, blocking)
    _emit_matmul(module, blocking)


def scratch_bytes(target: Target, element: str) -> int:
    """Bytes of working memory that one call of the matrix product needs."""
    return sum(_scratch_parts(Blocking.of(target, element)))


def _scratch_parts(blocking: Blocking) -> tuple[int, int, int, int]:
    """Bytes of: a packed row block of A, a packed block of B, its last strip, a strip of C."""
    elements = (
        blocking.rows * blocking.depth,
        blocking.depth * blocking.columns,
        blocking.depth * blocking.lanes,
        blocking.rows * blocking.lanes,
    )
    lines = [-(-count * size_of(blocking.element) // CACHE_LINE) for count in elements]
    a, b, strip, c = (CACHE_LINE * count for count in lines)
    return a, b, strip, c


def _emit_rows(module: Module, blocking: Blocking) -> None:
    """Add the product of a few rows (at most `blocking.rows`) with a block of B.

    The columns that fill vectors go straight into C; the others, if any, come from the zero-padded
    strip, through a small buffer.
    """
    f = Function(
        blocking.name("rows"),
        [
            ("rows", "i64"),
            ("whole", "i64"),
            ("narrow", "i64"),
            ("depth", "i64"),
            ("a", "ptr noalias readonly"),
            ("a_row_stride", "i64"),
            ("a_column_stride", "i64"),
            ("b", "ptr noalias readonly"),
            ("b_row_stride", "i64"),
            ("b_panel_stride", "i64"),
            ("strip", "ptr noalias readonly"),
            ("c", "ptr noalias"),
            ("c_row_stride", "i64"),
            ("buffer", "ptr noalias"),
            ("accumulate", "i1"),
        ],
        linkage="internal",
    )
    rows, whole, narrow, depth, *_ = f.parameters
    a, a_row_stride, a_column_stride, b, b_row_stride, b_panel_stride = f.parameters[4:10]
    strip, c, c_row_stride, buffer, accumulate = f.parameters[10:]
    lanes = Value(str(blocking.lanes), "i64")
    no_panel, overwrite = Value("0", "i64"), Value("false", "i1")
    in_a = [depth, a, a_row_stride, a_column_stride]

    def multiply(count: int) -> None:
        kernel = row_block_name(blocking, count)
        in_b = [b, b_row_stride, b_panel_stride]
        arguments = [whole, *in_a, *in_b, c, c_row_stride, accumulate]
        f.call(kernel, "void", arguments, declare=False)

        def last_columns() -> None:
            arguments = [lanes, *in_a, strip, lanes, no_panel, buffer, lanes, overwrite]
            f.call(kernel, "void", arguments, declare=False)
            corner = f.offset(c, whole, blocking.element)
            arguments = [rows, narrow, buffer, lanes, corner, c_row_stride, accumulate]
            f.call(blocking.name("copy_narrow"), "void", arguments, declare=False)

        f.when(f.compare("ne", narrow, 0), last_columns)

    f.switch(rows, {r: lambda r=r: multiply(r) for r in range(1, blocking.rows + 1)})
    module.add(f)


def _emit_matmul(module: Module, blocking: Blocking) -> None:
    """Add the exported entry: the blocks, and the decisions what to pack."""
    f = Function(blocking.name("matmul"), PARAMETERS)
    m, n, k = f.parameters[:3]
    a, a_row_stride, a_column_stride = f.parameters[3:6]
    b, b_row_stride, b_column_stride = f.parameters[6:9]
    c, c_row_stride, scratch, accumulate = f.parameters[9:]
    element = blocking.element
    bytes_a, bytes_b, bytes_strip, _ = _scratch_parts(blocking)
    packed_a = scratch
    packed_b = f.offset(packed_a, bytes_a, "i8")
    strip = f.offset(packed_b, bytes_b, "i8")
    buffer = f.offset(strip, bytes_strip, "i8")

    # Blocks of K of about equal depth, a multiple of 4. K = 0 is one block of nothing: it stores
    # zeros, except that adding nothing leaves C as it is (where -0 + 0 would not).
    blocks = f.instruction("udiv", f.add(k, blocking.depth - 1), f.operand(blocking.depth))
    blocks = f.select(f.compare("eq", k, 0), f.operand(1), blocks)
    depth = f.instruction("udiv", f.add(k, f.subtract(blocks, 1)), blocks)
    depth = f.instruction("and", f.add(depth, 3), f.operand(-4))
    depth = f.select(f.compare("eq", k, 0), f.operand(1), depth)
    adding = f.compare("ne", accumulate, 0)
    nothing = f.instruction("and", adding, f.compare("eq", k, 0))
    k_end = f.select(nothing, f.operand(0), f.select(f.compare("eq", k, 0), f.operand(1), k))

    b_is_row_major = f.compare("eq", b_column_stride, 1)
    b_is_large = f.compare("sgt", f.multiply(n, depth), PACK_B_BYTES // size_of(element))
    large = f.instruction("and", b_is_large, f.compare("sge", m, PACK_B_ROWS))
    pack_b = f.select(b_is_row_major, large, Value("true", "i1"))
    a_is_strided = f.compare("ne", a_column_stride, 1)
    wide = f.compare("sge", n, PACK_A_TILES * blocking.width)
    pack_a = f.instruction("and", a_is_strided, wide)

    def column_block(first_column: Value, _: list[Value]) -> None:
        columns = minimum(f, f.subtract(n, first_column), f.operand(blocking.columns))
        narrow = f.instruction("urem", columns, f.operand(blocking.lanes))
        whole = f.subtract(columns, narrow)
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
                arguments = [whole, steps, b_block, *in_b, packed_b]
                f.call(blocking.name("pack_block"), "void", arguments, declare=False)
                return [packed_b, f.operand(blocking.width), f.multiply(steps, blocking.width)]

            def in_place() -> list[Value]:
                return [b_block, b_row_stride, f.operand(blocking.width)]

            b_used, b_step, b_panel = f.when(pack_b, pack_whole, in_place)

            def pack_narrow() -> None:
                start = f.offset(b_block, f.multiply(whole, b_column_stride), element)
                lanes = Value(str(blocking.lanes), "i64")
                arguments = [narrow, steps, start, *in_b, strip, lanes]
                f.call(blocking.name("pack_strip"), "void", arguments, declare=False)

            f.when(f.compare("ne", narrow, 0), pack_narrow)

            def row_block(first_row: Value, rows: Value) -> None:
                a_rows = f.offset(a_block, f.multiply(first_row, a_row_stride), element)

                def pack_rows() -> list[Value]:
                    arguments = [rows, steps, a_rows, a_row_stride, a_column_stride, packed_a]
                    f.call(blocking.name("pack_rows"), "void", arguments, declare=False)
                    return [packed_a, f.operand(1), f.operand(blocking.rows)]

                in_a = f.when(
                    pack_a, pack_rows, lambda: [a_rows, a_row_stride, a_column_stride]
                )
                c_rows = f.offset(c_block, f.multiply(first_row, c_row_stride), element)
                in_b = [b_used, b_step, b_panel, strip]
                in_c = [c_rows, c_row_stride, buffer, add_to_c]
                arguments = [rows, whole, narrow, steps, *in_a, *in_b, *in_c]
                f.call(blocking.name("rows"), "void", arguments, declare=False)

            _row_blocks(f, blocking, m, row_block)

        f.loop(0, k_end, depth_block, step=depth)

    f.loop(0, n, column_block, step=blocking.columns)
    module.add(f)


def _row_blocks(f: Function, blocking: Blocking, m: Value, body) -> None:
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
    f.lines[slot] = (
        f"  {first_row.text} = phi i64 [ 0, %{before} ], [ {following.text}, %{last} ]"
    )
    f.branch_if(f.compare("slt", following, m), head, after)
    f.start_block(after)
