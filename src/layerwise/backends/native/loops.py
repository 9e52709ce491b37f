"""Kernels for what is neither elementwise nor a reduction: running sums, folds, indexing."""

from __future__ import annotations

from ...compiler.schedule import LoopKernel
from ...graph.dimension import Batch, size
from ...graph.indexing import FirstOccurrence, Fold, PutRows, ScatterAdd
from ...graph.reduction import CumSum
from ...graph.tensor import Tensor
from .elements import Elements
from .emitter import Value, constant
from .index_loops import first_occurrence, put_rows, scatter, table_bytes
from .lowering import MEMORY
from .partition import Partition, by_batch, serial
from .target import Target


def build_loop(elements: Elements, kernel: LoopKernel, target: Target) -> Partition:
    """Emit a loop kernel; gives how its work is divided."""
    (node,) = kernel.nodes
    if isinstance(node.primitive, CumSum):
        return _running_sum(elements, node)
    if isinstance(node.primitive, ScatterAdd):
        return scatter(elements, node, target)
    if isinstance(node.primitive, FirstOccurrence):
        return first_occurrence(elements, node)
    if isinstance(node.primitive, PutRows):
        return put_rows(elements, node)
    assert isinstance(node.primitive, Fold)
    return _fold(elements, node)


def scratch_of(kernel: LoopKernel) -> tuple[int, int]:
    """Bytes of a thread's own memory that a kernel uses: fixed, and for each row fed."""
    (node,) = kernel.nodes
    return table_bytes(node) if isinstance(node.primitive, FirstOccurrence) else (0, 0)


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


__all__ = ["build_loop", "scratch_of"]
