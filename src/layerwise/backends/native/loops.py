"""Kernels for what is neither elementwise nor a reduction: running sums, scatters, folds."""

from __future__ import annotations

from ...compiler.schedule import LoopKernel
from ...graph.dimension import Batch, size
from ...graph.indexing import Fold, ScatterAdd
from ...graph.reduction import CumSum
from ...graph.tensor import Tensor
from .elements import Elements
from .emitter import Operand, Value, constant, vector
from .lowering import MEMORY
from .partition import Partition, by_batch, by_blocks, serial
from .target import Target

SCATTERED_COLUMNS = 16
"""Columns of a scattered table that one thread adds up."""


def build_loop(elements: Elements, kernel: LoopKernel, target: Target) -> Partition:
    """Emit a loop kernel; gives how its work is divided."""
    (node,) = kernel.nodes
    if isinstance(node.primitive, CumSum):
        return _running_sum(elements, node)
    if isinstance(node.primitive, ScatterAdd):
        return _scatter(elements, node)
    assert isinstance(node.primitive, Fold)
    return _fold(elements, node)


def _outer_partition(elements: Elements, node: Tensor, axis: int) -> tuple[Partition, int]:
    """Work divided by the axes before `axis`, with their length when the batch is absent."""
    outer = size(node.shape[:axis])
    if isinstance(outer, Batch):
        return by_batch(outer.multiple), 0
    return serial(outer), outer


def _running_sum(elements: Elements, node: Tensor) -> Partition:
    f = elements.function
    operation = node.primitive
    assert isinstance(operation, CumSum)
    partition, _ = _outer_partition(elements, node, operation.axis)
    (x,) = node.inputs
    source, target = elements.address(x), elements.address(node)
    type_ = MEMORY[node.dtype]
    length = node.shape[operation.axis]
    inner = elements.dimension(size(node.shape[operation.axis + 1 :]))
    assert isinstance(length, int)
    _, begin, end, _ = f.parameters

    def line(outer: Value, _: list[Value]) -> None:
        start = f.multiply(f.multiply(outer, length), inner)

        def column(i: Value, _: list[Value]) -> None:
            def step(k: Value, carried: list[Value]) -> list[Value]:
                at = f.subtract(length - 1, k) if operation.reverse else k
                index = f.add(f.add(start, i), f.multiply(at, inner))
                total = f.add(carried[0], f.load(f.offset(source, index, type_), type_))
                f.store(total, f.offset(target, index, type_))
                return [total]

            f.loop(0, length, step, 1, [constant(0, type_)])

        f.loop(0, inner, column)

    f.loop(begin, end, line)
    return partition


def _scatter(elements: Elements, node: Tensor) -> Partition:
    f = elements.function
    index, update = node.inputs
    columns = size(node.shape[1:])
    width = elements.dimension(columns)
    assert isinstance(node.primitive, ScatterAdd)
    rows = node.primitive.rows
    type_ = MEMORY[node.dtype]
    indices, updates, table = (elements.address(n) for n in (index, update, node))
    count = elements.dimension(size(index.shape))
    _, begin, end, _ = f.parameters

    def block(column: Operand, lanes: int) -> None:
        wide = vector(type_, lanes)

        def clear(row: Value, _: list[Value]) -> None:
            place = f.add(f.multiply(row, width), column)
            f.store(constant(0, wide), f.offset(table, place, type_))

        def add(k: Value, _: list[Value]) -> None:
            chosen = f.load(f.offset(indices, k, "i32"), "i32")
            chosen = f.select(
                f.compare("slt", chosen, constant(0, "i32")), constant(0, "i32"), chosen
            )
            last = constant(rows - 1, "i32")
            chosen = f.select(f.compare("sgt", chosen, last), last, chosen)
            row = f.convert("zext", chosen, "i64")
            place = f.offset(table, f.add(f.multiply(row, width), column), type_)
            more = f.load(f.offset(updates, f.add(f.multiply(k, width), column), type_), wide)
            f.store(f.add(f.load(place, wide), more), place)

        f.loop(0, rows, clear)
        f.loop(0, count, add)

    if isinstance(columns, Batch):
        f.loop(begin, end, lambda column, _: block(column, 1))
        return by_batch(columns.multiple)
    whole = columns // SCATTERED_COLUMNS
    rest = columns - whole * SCATTERED_COLUMNS

    def unit(k: Value, _: list[Value]) -> None:
        def full() -> None:
            block(f.multiply(k, SCATTERED_COLUMNS), SCATTERED_COLUMNS)

        def tail() -> None:
            start = constant(whole * SCATTERED_COLUMNS, "i64")
            f.loop(0, rest, lambda c, _: block(f.add(start, c), 1))

        f.when(f.compare("slt", k, whole), full, tail)

    f.loop(begin, end, unit)
    return by_blocks(whole + (1 if rest else 0))


def _fold(elements: Elements, node: Tensor) -> Partition:
    f = elements.function
    operation = node.primitive
    assert isinstance(operation, Fold)
    (x,) = node.inputs
    partition, _ = _outer_partition(elements, node, operation.axis)
    source, target = elements.address(x), elements.address(node)
    type_ = MEMORY[node.dtype]
    windows, width = x.shape[operation.axis], x.shape[-1]
    assert isinstance(windows, int)
    assert isinstance(width, int)
    inner = elements.dimension(size(node.shape[operation.axis + 1 :]))
    length, step = operation.length, operation.step
    _, begin, end, _ = f.parameters

    def line(outer: Value, _: list[Value]) -> None:
        def place(at: Value, _: list[Value]) -> None:
            def column(i: Value, _: list[Value]) -> None:
                def add(k: Value, carried: list[Value]) -> list[Value]:
                    # Element `at` is number k of the window that starts k before it.
                    start = f.subtract(at, k)
                    window = f.instruction("sdiv", start, constant(step, "i64"))
                    exact = f.compare("eq", f.multiply(window, step), start)
                    inside = f.instruction("and", f.compare("sge", start, 0),
                                           f.compare("slt", window, windows))  # fmt: skip
                    hit = f.instruction("and", exact, inside)
                    safe = f.select(hit, window, constant(0, "i64"))
                    row = f.add(f.multiply(f.add(f.multiply(outer, windows), safe), inner), i)
                    value = f.load(f.offset(source, f.add(f.multiply(row, width), k), type_), type_)
                    return [f.select(hit, f.add(carried[0], value), carried[0])]

                (total,) = f.loop(0, width, add, 1, [constant(0, type_)])
                row = f.add(f.multiply(outer, length), at)
                f.store(total, f.offset(target, f.add(f.multiply(row, inner), i), type_))

            f.loop(0, inner, column)

        f.loop(0, length, place)

    f.loop(begin, end, line)
    return partition


__all__ = ["build_loop"]
