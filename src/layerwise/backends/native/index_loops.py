"""Kernels that work by index: scatters, rows put into a table, first occurrences."""

from __future__ import annotations

from ...graph.dimension import Batch, Dimension, size
from ...graph.tensor import Tensor
from .elements import Elements, memory_bytes
from .emitter import Operand, Value, constant, constant_vector, vector
from .lowering import MEMORY
from .partition import GRANULARITY, STATIC, Partition, by_batch, by_blocks, serial
from .target import Target

LINE = 64
"""Bytes of a cache line: columns of a scattered table are divided among threads by so many."""

UNROLLED_LINES = 8
"""Cache lines of a row up to which its vectors are written out, without a loop."""

GOLDEN = 0x9E3779B1
"""2^32 over the golden ratio: numbers times it, modulo 2^32, lie far apart in their high bits
(Knuth, "The art of computer programming", volume 3, section 6.4)."""


def _chosen(elements: Elements, indices: Value, k: Operand, rows: Dimension) -> Value:
    """The row that index number k names, clipped into a table of so many rows; i64."""
    f = elements.function
    chosen = f.load(f.offset(indices, k, "i32"), "i32")
    zero = constant(0, "i32")
    chosen = f.select(f.compare("slt", chosen, zero), zero, chosen)
    row = f.convert("zext", chosen, "i64")
    last = f.subtract(f.operand(elements.dimension(rows)), 1)
    return f.select(f.compare("sgt", row, last), last, row)


def scatter(elements: Elements, node: Tensor, target: Target) -> Partition:
    """Rows added to the rows that indices name, in order; a thread has some columns of them all."""
    f = elements.function
    index, update = node.inputs
    columns = size(node.shape[1:])
    width = elements.dimension(columns)
    rows = node.shape[0]
    type_ = MEMORY[node.dtype]
    indices, updates, table = (elements.address(n) for n in (index, update, node))
    count = elements.dimension(size(index.shape))
    _, begin, end, _ = f.parameters

    def add(place: Value, source: Value, lanes: int, mask: Value | None) -> None:
        wide = vector(type_, lanes)
        if mask is None:
            f.store(f.add(f.load(place, wide), f.load(source, wide)), place)
        else:
            total = f.add(f.masked_load(place, mask, wide), f.masked_load(source, mask, wide))
            f.masked_store(total, place, mask)

    if isinstance(columns, Batch):

        def column(c: Value, _: list[Value]) -> None:
            def clear(row: Value, _: list[Value]) -> None:
                place = f.add(f.multiply(row, width), c)
                f.store(constant(0, type_), f.offset(table, place, type_))

            def one(k: Value, _: list[Value]) -> None:
                to = f.add(f.multiply(_chosen(elements, indices, k, rows), width), c)
                source = f.offset(updates, f.add(f.multiply(k, width), c), type_)
                add(f.offset(table, to, type_), source, 1, None)

            f.loop(0, elements.dimension(rows), clear)
            f.loop(0, count, one)

        f.loop(begin, end, column)
        return by_batch(columns.multiple)

    line = LINE // memory_bytes(node.dtype)
    lanes = min(target.lanes("double" if line == 8 else "float"), line)
    first, beyond = f.multiply(begin, line), f.multiply(end, line)
    stop = f.select(f.compare("slt", beyond, columns), beyond, constant(columns, "i64"))
    length = f.subtract(stop, first)
    bytes_ = f.multiply(length, memory_bytes(node.dtype))
    f.declarations.add("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1 immarg)")

    def clear_row(row: Value, _: list[Value]) -> None:
        place = f.offset(table, f.add(f.multiply(row, width), first), type_)
        f.emit(
            f"call void @llvm.memset.p0.i64(ptr {place.text}, i8 0, i64 {bytes_.text}, i1 false)"
        )

    def add_row(k: Value, _: list[Value]) -> None:
        to = f.multiply(_chosen(elements, indices, k, rows), width)
        start = f.multiply(k, width)

        def piece(column: Value, lanes: int, mask: Value | None = None) -> None:
            place = f.offset(table, f.add(to, column), type_)
            source = f.offset(updates, f.add(start, column), type_)
            add(place, source, lanes, mask)

        def one_by_one(c: Value, _: list[Value]) -> None:
            piece(c, 1)

        whole = f.subtract(stop, f.instruction("srem", length, constant(lanes, "i64")))
        f.loop(first, whole, lambda c, _: piece(c, lanes), lanes)
        rest = columns % lanes
        if not rest:
            return
        # Only the thread that has the last columns has some that fill no vector.
        if target.masks and lanes > 1 and MEMORY[node.dtype] != "i8":
            mask = constant_vector([1] * rest + [0] * (lanes - rest), "i1")
            f.when(f.compare("slt", whole, stop), lambda: piece(whole, lanes, mask))
        else:
            f.loop(whole, stop, one_by_one)

    f.loop(0, elements.dimension(rows), clear_row)
    f.loop(0, count, add_row)
    return by_blocks(-(-columns // line))


def put_rows(elements: Elements, node: Tensor) -> Partition:
    """Rows copied to where their indices say; into the table itself where it is no longer read."""
    f = elements.function
    table, index, rows, keep = node.inputs
    addresses = (elements.address(n) for n in (node, index, rows, keep))
    target, indices, source, kept = addresses
    row = memory_bytes(node.dtype) * _known(size(node.shape[1:]))
    in_place = node in elements.schedule.in_place
    _, begin, end, _ = f.parameters
    f.declarations.add("declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1 immarg)")

    def copy(to: Value, start: Value, count: int) -> None:
        f.emit(
            f"call void @llvm.memcpy.p0.p0.i64(ptr {to.text}, ptr {start.text}, i64 {count}, "
            "i1 false)"
        )

    def put(k: Value, _: list[Value]) -> None:
        def move() -> None:
            to = f.multiply(_chosen(elements, indices, k, node.shape[0]), row)
            copy(f.offset(target, to, "i8"), f.offset(source, f.multiply(k, row), "i8"), row)

        f.when(f.compare("ne", f.load(f.offset(kept, k, "i8"), "i8"), constant(0, "i8")), move)

    count = size(index.shape)
    if not in_place:
        copy(target, elements.address(table), row * _known(node.shape[0]))
        f.loop(0, elements.dimension(count), put)
        return serial(1)
    f.loop(begin, end, put)
    if isinstance(count, Batch):
        return by_batch(count.multiple)
    return Partition(STATIC, count, GRANULARITY, rows=False)


def _known(dimension: Dimension) -> int:
    assert isinstance(dimension, int)
    return dimension


def table_bytes(node: Tensor) -> tuple[int, int]:
    """Bytes of the hash table of `first_occurrence`: fixed, and for each row fed.

    Below 4 slots of 4 bytes for each index: twice as many as there are, up to a power of 2.
    """
    count = size(node.shape)
    return (0, 16 * count.multiple) if isinstance(count, Batch) else (16 * max(count, 1), 0)


def first_occurrence(elements: Elements, node: Tensor) -> Partition:
    """A hash table of the positions seen so far, with the next free slot for what collides."""
    f = elements.function
    (index,) = node.inputs
    count = size(node.shape)
    if count in (0, Batch(0)):
        return serial(1)
    indices, result = elements.address(index), elements.address(node)
    length = f.operand(elements.dimension(count))
    scratch = f.load(f.offset(f.parameters[3], 3, "i64"), "ptr", 8)
    # The least power of 2 that is at least twice the count.
    f.declarations.add("declare i64 @llvm.ctlz.i64(i64, i1 immarg)")
    below = f.subtract(f.multiply(length, 2), 1)
    zeros = f.value(f"call i64 @llvm.ctlz.i64(i64 {below.text}, i1 false)", "i64")
    slots = f.instruction("shl", constant(1, "i64"), f.subtract(constant(64, "i64"), zeros))
    shift = f.convert("trunc", f.subtract(zeros, 32), "i32")
    mask = f.subtract(slots, 1)
    f.declarations.add("declare void @llvm.memset.p0.i64(ptr, i8, i64, i1 immarg)")
    bytes_ = f.multiply(slots, 4)
    f.emit(f"call void @llvm.memset.p0.i64(ptr {scratch.text}, i8 0, i64 {bytes_.text}, i1 false)")

    def find(k: Value, _: list[Value]) -> None:
        chosen = f.load(f.offset(indices, k, "i32"), "i32")
        mixed = f.multiply(chosen, constant(GOLDEN, "i32"))
        start = f.convert("zext", f.instruction("lshr", mixed, shift), "i64")
        number = f.convert("trunc", f.add(k, 1), "i32")
        before, look, other, empty, following, done = (f.block, *(f.label() for _ in range(5)))
        f.branch(look)
        f.start_block(look)
        slot = Value(f"%slot_{look}", "i64")
        f.emit(f"{slot.text} = phi i64 [ {start.text}, %{before} ], [ %next_{look}, %{following} ]")
        # A slot holds a position plus 1; 0 where it is free.
        held = f.load(f.offset(scratch, slot, "i32"), "i32")
        f.branch_if(f.compare("eq", held, constant(0, "i32")), empty, other)
        f.start_block(other)
        earlier = f.convert("zext", f.subtract(held, constant(1, "i32")), "i64")
        same = f.compare("eq", f.load(f.offset(indices, earlier, "i32"), "i32"), chosen)
        f.branch_if(same, done, following)
        f.start_block(following)
        beyond = f.add(slot, 1)
        f.emit(f"%next_{look} = and i64 {beyond.text}, {mask.text}")
        f.branch(look)
        f.start_block(empty)
        f.store(number, f.offset(scratch, slot, "i32"))
        f.branch(done)
        f.start_block(done)
        found = f.phi("i32", [(held, other), (number, empty)])
        f.store(f.subtract(found, constant(1, "i32")), f.offset(result, k, "i32"))

    f.loop(0, length, find)
    return serial(1)


__all__ = ["first_occurrence", "put_rows", "scatter", "table_bytes"]
