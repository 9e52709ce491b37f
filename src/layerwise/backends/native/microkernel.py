"""The inner kernels of the matrix product: a few rows of A times a block of B, in registers.

A *tile* of C, `rows` x (`vectors` * lanes), stays in registers while the kernel walks over the
shared dimension K: each step loads `vectors` vectors of one row of B, spreads one element of A for
each row, and adds ``rows * vectors`` products. The tile is as large as the register file allows,
because each loaded vector is then used `rows` times and each spread element `vectors` times
(Goto & van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication", section 4.2;
Van Zee & van de Geijn 2015, "BLIS: A Framework for Rapidly Instantiating BLAS Functionality").

A kernel is one function for a fixed number of rows. It runs along all columns of a block of B,
tile by tile, so that choosing the function costs once per row block and not once per tile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from layerwise.backends.native.emitter import Function, Module, Value, size_of, suffix, vector

if TYPE_CHECKING:
    from layerwise.backends.native.target import Target


@dataclass(frozen=True)
class Blocking:
    """Sizes of the blocks of the matrix product for one target and element type.

    Attributes
    ----------
    element : LLVM type of the elements, ``"float"`` or ``"double"``.
    lanes : elements in a vector.
    rows : rows of a register tile (m_r in the papers).
    vectors : vectors in a row of a register tile (n_r / lanes).
    depth : most steps along K before the tile goes back to memory (k_c).
    columns : most columns of B packed at a time (n_c).
    unroll : steps along K in one round of the innermost loop.
    masks : whether it loads and stores parts of vectors as quickly as whole ones.
    """

    element: str
    lanes: int
    rows: int
    vectors: int
    depth: int
    columns: int
    unroll: int
    masks: bool

    @classmethod
    def of(cls, target: Target, element: str) -> Blocking:
        """Choose the sizes.

        With 6 rows the accumulators, one row of B and one spread element fill 32 registers
        (6 x 4 + 4 + 1) or 16 (6 x 2 + 2 + 1). A block of B has at most 512 KiB: it is read from
        the second-level cache, where a row block of A (6 KiB) hardly matters. One step of a tile
        has so many products that the loop's own instructions hide behind them; short steps are
        unrolled.
        """
        wide = target.registers >= 32
        columns = 512 * 4 // size_of(element)
        return cls(
            element=element,
            lanes=target.lanes(element),
            rows=6,
            vectors=4 if wide else 2,
            depth=256,
            columns=columns,
            unroll=1 if wide else 2,
            masks=target.vector_bytes >= 64,
        )

    @property
    def width(self) -> int:
        """Columns of a register tile (n_r)."""
        return self.vectors * self.lanes

    @property
    def vector(self) -> str:
        """LLVM type of a vector."""
        return vector(self.element, self.lanes)

    def name(self, function: str) -> str:
        """Name of a function for this element type, such as ``lw_matmul_f32``."""
        return f"lw_{function}_{suffix(self.element)}"


ROW_BLOCK_PARAMETERS = (
    ("columns", "i64"),
    ("depth", "i64"),
    ("a", "ptr noalias readonly"),
    ("a_row_stride", "i64"),
    ("a_column_stride", "i64"),
    ("b", "ptr noalias readonly"),
    ("b_row_stride", "i64"),
    ("b_panel_stride", "i64"),
    ("c", "ptr noalias"),
    ("c_row_stride", "i64"),
    ("accumulate", "i1"),
)


def row_block_name(blocking: Blocking, rows: int) -> str:
    """Name of the kernel for this many rows."""
    return blocking.name(f"row_block_{rows}")


def emit_row_block(module: Module, blocking: Blocking, rows: int) -> None:
    """Add the kernel that computes `rows` rows of C from as many rows of A and a block of B.

    `columns` is a multiple of the lanes. B is a row of panels, each `width` columns wide (the last
    may be narrower): vector v of row k of panel p starts at
    ``b + p * b_panel_stride + k * b_row_stride + v * lanes``. That describes packed panels and,
    with ``b_panel_stride == width``, a plain row-major matrix. A may have any strides.
    """
    f = Function(row_block_name(blocking, rows), ROW_BLOCK_PARAMETERS, linkage="internal")
    columns, depth, a, a_row_stride, a_step = f.parameters[:5]
    b, b_step, b_panel, c, c_step, accumulate = f.parameters[5:]
    element = blocking.element
    row_offsets = [f.multiply(a_row_stride, r) if r else None for r in range(rows)]
    c_rows = [f.offset(c, f.multiply(c_step, r), element) if r else c for r in range(rows)]

    def tile(vectors: int, b_tile: Value, first_column: Value) -> None:
        def step(state: Sequence[Value]) -> list[Value]:
            """Add the products of one column of A and one row of B."""
            a_at, b_at, *sums = state
            row_of_b = [
                f.load(f.offset(b_at, v * blocking.lanes, element), blocking.vector)
                for v in range(vectors)
            ]
            added: list[Value] = []
            for r, offset in enumerate(row_offsets):
                address = a_at if offset is None else f.offset(a_at, offset, element)
                spread = f.splat(f.load(address, element), blocking.lanes)
                for v in range(vectors):
                    added.append(f.multiply_add(spread, row_of_b[v], sums[r * vectors + v]))
            return [f.offset(a_at, a_step, element), f.offset(b_at, b_step, element), *added]

        def round_of_steps(_: Value, state: list[Value]) -> list[Value]:
            for _step in range(blocking.unroll):
                state = step(state)
            return state

        zero = Value("zeroinitializer", blocking.vector)
        state = [a, b_tile, *[zero] * (rows * vectors)]
        even = depth
        if blocking.unroll > 1:
            even = f.subtract(depth, f.instruction("urem", depth, f.operand(blocking.unroll)))
        state = f.loop(0, even, round_of_steps, step=blocking.unroll, carry=state)
        if blocking.unroll > 1:
            state = f.loop(even, depth, lambda _, state: step(state), carry=state)
        sums = state[2:]

        addresses = [
            f.offset(f.offset(c_row, first_column, element), v * blocking.lanes, element)
            for c_row in c_rows
            for v in range(vectors)
        ]

        def with_previous() -> list[Value]:
            return [
                f.add(f.load(address, blocking.vector), sum_)
                for address, sum_ in zip(addresses, sums, strict=True)
            ]

        totals = f.when(accumulate, with_previous, lambda: sums)
        for address, total in zip(addresses, totals, strict=True):
            f.store(total, address)

    def full_tile(column: Value, carried: list[Value]) -> list[Value]:
        (panel,) = carried
        tile(blocking.vectors, panel, column)
        return [f.offset(panel, b_panel, element)]

    rest = f.instruction("urem", columns, f.operand(blocking.width))
    full = f.subtract(columns, rest)
    (last_panel,) = f.loop(0, full, full_tile, step=blocking.width, carry=[b])

    narrow_tiles: dict[int, Callable[[], None]] = {
        v * blocking.lanes: partial(tile, v, last_panel, full) for v in range(1, blocking.vectors)
    }
    f.switch(rest, narrow_tiles)
    module.add(f)
