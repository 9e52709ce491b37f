"""Convolutions: windows of pictures, copied side by side, times a matrix.

A convolution is a matrix product whose left matrix has a row for each window and a column for each
of its taps and channels ("im2col"; Chellapilla, Puri & Simard 2006, "High performance
convolutional neural networks for document processing"). That matrix is many times larger than the
pictures, so it is never made as a whole: a tile of its rows, small enough to stay in the
second-level cache, is packed, multiplied, and forgotten. The gradient of the kernel is the same
with the roles exchanged: the tile transposed times the gradient of the windows, added up.

Both are kernels that serve every program, like the matrix product that they call: all sizes are
arguments. Threads share pictures in the first, taps of the kernel in the second; tiles depend on
sizes alone, and so do the sums' orders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...graph.convolution import Convolve, ConvolveWeights
from ...graph.dimension import Batch, Dimension
from ...graph.tensor import Tensor
from .emitter import Function, Module, Value, constant, constant_vector, size_of, vector
from .matmul import scratch_bytes as product_bytes
from .microkernel import Blocking
from .packing import minimum
from .partition import Partition, by_batch, by_blocks

if TYPE_CHECKING:
    from .target import Target

TILE_BYTES = 128 * 1024
"""Bytes of a tile: it is written, read once or twice, and should stay near meanwhile."""

FEWEST, MOST = 16, 1024
"""Windows of a tile."""

ARGUMENTS = (
    "height", "width", "channels", "rows", "columns", "outputs", "taps_down", "taps_across",
    "stride_down", "stride_across", "step_down", "step_across", "origin_down", "origin_across",
    "tile", "images", "images_batch", "tile_at",
)  # fmt: skip
"""After three addresses: sizes of a picture, of the windows' grid and of the kernel; where windows
lie; windows of a tile; pictures, as a constant plus a multiple of the rows; where in the scratch
memory a tile lies, in bytes."""

ADDRESSES = 3


def service(node: Tensor) -> str:
    """Name of the kernel for a node."""
    kind = "weights" if isinstance(node.primitive, ConvolveWeights) else "windows"
    return f"convolve_{kind}_{'f32' if node.dtype.itemsize == 4 else 'f64'}"


def arguments(node: Tensor, target: Target) -> list[int]:
    """The kernel's arguments after the addresses; see ARGUMENTS."""
    operation = node.primitive
    assert isinstance(operation, Convolve | ConvolveWeights)
    pictures, other = node.inputs
    kernel, windows = (other, node) if isinstance(operation, Convolve) else (node, other)
    images = pictures.shape[0]
    count = (0, images.multiple) if isinstance(images, Batch) else (images, 0)
    numbers = [
        *pictures.shape[1:],
        *windows.shape[1:],
        *kernel.shape[:2],
        *operation.stride,
        *operation.step,
        *operation.origin,
        _tile(node),
        *count,
        _tile_at(node, target),
    ]
    assert all(isinstance(n, int) for n in numbers)
    return numbers  # type: ignore[return-value]


def partition(node: Tensor) -> Partition:
    """Pictures are shared out, or taps of the kernel."""
    if isinstance(node.primitive, ConvolveWeights):
        down, across = node.shape[:2]
        return by_blocks(down * across)  # type: ignore[operator,arg-type]
    images = node.shape[0]
    return by_batch(images.multiple) if isinstance(images, Batch) else by_blocks(images)


def work(node: Tensor) -> list[Dimension]:
    """Dimensions whose product is the number of multiply-adds."""
    other = node.inputs[1]
    if isinstance(node.primitive, Convolve):
        return [*node.shape, *other.shape[:3]]
    return [*other.shape[:3], *node.shape]


def scratch_bytes(node: Tensor, target: Target) -> int:
    """Working memory that a thread needs: the product's, and then a tile."""
    return _tile_at(node, target) + _tile(node) * _depth(node) * node.dtype.itemsize


def _tile(node: Tensor) -> int:
    """Windows of a tile: by the kernel's size alone, so that sums have one order."""
    windows = TILE_BYTES // (_depth(node) * node.dtype.itemsize)
    return max(FEWEST, min(MOST, windows // 8 * 8))


def _depth(node: Tensor) -> int:
    """Taps times channels: the columns of a tile."""
    kernel = node.inputs[1] if isinstance(node.primitive, Convolve) else node
    down, across, channels, _ = kernel.shape
    return down * across * channels  # type: ignore[operator,return-value]


def _tile_at(node: Tensor, target: Target) -> int:
    return product_bytes(target, "float" if node.dtype.itemsize == 4 else "double")


# -- code ------------------------------------------------------------------------------------------


def emit(module: Module, target: Target, element: str) -> None:
    """Add both kernels for an element type; the module has the matrix product already."""
    blocking = Blocking.of(target, element)
    _emit_pack(module, blocking)
    module.add(_windows(blocking))
    module.add(_weights(blocking))


class _Arguments:
    """Loads arguments by name."""

    def __init__(self, f: Function, address: Value) -> None:
        self.f, self.address = f, address

    def pointer(self, index: int) -> Value:
        return self.f.load(self.f.offset(self.address, index, "i64"), "ptr", 8)

    def number(self, name: str) -> Value:
        index = ADDRESSES + ARGUMENTS.index(name)
        return self.f.load(self.f.offset(self.address, index, "i64"), "i64", 8)

    def numbers(self, *names: str) -> list[Value]:
        return [self.number(name) for name in names]


def _copier(f: Function, blocking: Blocking):  # type: ignore[no-untyped-def]
    """Code that copies elements, or writes zeros where there is no source."""
    element, lanes = blocking.element, blocking.lanes
    wide = vector(element, lanes)

    def move(target: Value, source: Value | None, count: Value) -> None:
        whole = f.subtract(count, f.instruction("and", count, constant(lanes - 1, "i64")))

        def piece(at: Value, type_: str) -> None:
            x = (
                constant(0, type_)
                if source is None
                else f.load(f.offset(source, at, element), type_)
            )
            f.store(x, f.offset(target, at, element))

        f.loop(0, whole, lambda at, _: piece(at, wide), lanes)
        if not blocking.masks:
            f.loop(whole, count, lambda at, _: piece(at, element))
            return

        def rest() -> None:
            left = f.splat(f.convert("trunc", f.subtract(count, whole), "i32"), lanes)
            mask = f.compare("sgt", left, constant_vector(list(range(lanes)), "i32"))
            place = f.offset(target, whole, element)
            if source is None:
                f.masked_store(constant(0, wide), place, mask)
            else:
                x = f.masked_load(f.offset(source, whole, element), mask, wide)
                f.masked_store(x, place, mask)

        f.when(f.compare("slt", whole, count), rest)

    return move


def _emit_pack(module: Module, blocking: Blocking) -> None:
    """Add the function that writes windows side by side: some of their taps, row by row.

    Windows are numbered through all pictures. Where a window's row of taps lies within the picture,
    and its taps are neighbours, it is one copy; at the edges, a tap at a time.
    """
    f = Function(
        blocking.name("pack_windows"),
        [("args", "ptr"), ("pictures", "ptr"), ("first", "i64"), ("count", "i64"),
         ("tap_first", "i64"), ("tap_last", "i64"), ("tile", "ptr")],
        linkage="internal",
    )  # fmt: skip
    args, pictures, first, count, tap_first, tap_last, tile = f.parameters
    element = blocking.element
    get = _Arguments(f, args)
    height, width, channels = get.numbers("height", "width", "channels")
    rows, columns, across = get.numbers("rows", "columns", "taps_across")
    stride_down, stride_across = get.numbers("stride_down", "stride_across")
    step_down, step_across = get.numbers("step_down", "step_across")
    origin_down, origin_across = get.numbers("origin_down", "origin_across")
    move = _copier(f, blocking)

    picture_size = f.multiply(f.multiply(height, width), channels)
    line_size = f.multiply(width, channels)
    grid = f.multiply(rows, columns)
    image = f.instruction("sdiv", first, grid)
    within = f.instruction("srem", first, grid)
    start = f.offset(pictures, f.multiply(image, picture_size), element)
    at_row = f.instruction("sdiv", within, columns)
    at_column = f.instruction("srem", within, columns)
    row_first = f.instruction("sdiv", tap_first, across)
    row_last = f.instruction("sdiv", f.add(tap_last, f.subtract(across, 1)), across)
    neighbours = f.compare("eq", step_across, 1)

    def clipped(tap: Value, row: Value) -> Value:
        """A tap counted within its row of the kernel, not beyond its ends."""
        inside = minimum(f, f.subtract(tap, f.multiply(row, across)), across)
        return f.select(f.compare("slt", inside, 0), constant(0, "i64"), inside)

    def window(_: Value, carried: list[Value]) -> list[Value]:
        picture, y, x, target = carried
        top = f.add(f.multiply(y, stride_down), origin_down)
        left = f.add(f.multiply(x, stride_across), origin_across)

        def row(i: Value, carried: list[Value]) -> list[Value]:
            (target,) = carried
            j_first, j_last = clipped(tap_first, i), clipped(tap_last, i)
            length = f.multiply(f.subtract(j_last, j_first), channels)
            line_number = f.add(top, f.multiply(i, step_down))
            # As unsigned numbers, those below zero are beyond every size.
            inside = f.compare("ult", line_number, height)
            line = f.offset(picture, f.multiply(line_number, line_size), element)
            begin = f.add(left, j_first)
            fits = f.instruction(
                "and",
                f.compare("sge", begin, 0),
                f.compare("sle", f.add(left, j_last), width),
            )

            def at_once() -> None:
                move(target, f.offset(line, f.multiply(begin, channels), element), length)

            def one_by_one() -> None:
                def tap(j: Value, carried: list[Value]) -> list[Value]:
                    (place,) = carried
                    at = f.add(left, f.multiply(j, step_across))
                    source = f.offset(line, f.multiply(at, channels), element)
                    f.when(
                        f.compare("ult", at, width),
                        lambda: move(place, source, channels),
                        lambda: move(place, None, channels),
                    )
                    return [f.offset(place, channels, element)]

                f.loop(j_first, j_last, tap, 1, [target])

            def some() -> None:
                f.when(f.instruction("and", fits, neighbours), at_once, one_by_one)

            f.when(inside, some, lambda: move(target, None, length))
            return [f.offset(target, length, element)]

        (target,) = f.loop(row_first, row_last, row, 1, [target])
        x = f.add(x, 1)
        new_row = f.compare("eq", x, columns)
        x = f.select(new_row, constant(0, "i64"), x)
        y = f.add(y, f.convert("zext", new_row, "i64"))
        new_picture = f.compare("eq", y, rows)
        y = f.select(new_picture, constant(0, "i64"), y)
        onward = f.select(new_picture, picture_size, constant(0, "i64"))
        return [f.offset(picture, onward, element), y, x, target]

    f.loop(0, count, window, 1, [start, at_row, at_column, tile])
    module.add(f)


def _kernel(name: str) -> tuple[Function, list[Value]]:
    f = Function(name, [("args", "ptr"), ("begin", "i64"), ("end", "i64"), ("context", "ptr")])
    return f, f.parameters


def _suffix(blocking: Blocking) -> str:
    return "f32" if size_of(blocking.element) == 4 else "f64"


def _windows(blocking: Blocking) -> Function:
    """Pictures `begin` to `end`: pictures, kernel, result."""
    f, (args, begin, end, context) = _kernel(f"convolve_windows_{_suffix(blocking)}")
    element = blocking.element
    get = _Arguments(f, args)
    pictures, kernel, result = (get.pointer(k) for k in range(3))
    channels, rows, columns, outputs = get.numbers("channels", "rows", "columns", "outputs")
    down, across, tile_rows, tile_at = get.numbers("taps_down", "taps_across", "tile", "tile_at")
    scratch = f.load(f.offset(context, 3, "i64"), "ptr", 8)
    tile = f.offset(scratch, tile_at, "i8")
    grid = f.multiply(rows, columns)
    taps = f.multiply(down, across)
    depth = f.multiply(taps, channels)
    last = f.multiply(end, grid)

    def block(first: Value, _: list[Value]) -> None:
        count = minimum(f, f.subtract(last, first), tile_rows)
        zero, one = constant(0, "i64"), constant(1, "i64")
        f.call(blocking.name("pack_windows"), "void",
               [args, pictures, first, count, zero, taps, tile], declare=False)  # fmt: skip
        place = f.offset(result, f.multiply(first, outputs), element)
        f.call(blocking.name("matmul"), "void", [
            count, outputs, depth, tile, depth, one, kernel, outputs, one, place, outputs,
            scratch, zero,
        ], declare=False)  # fmt: skip

    f.loop(f.multiply(begin, grid), last, block, tile_rows)
    return f


def _weights(blocking: Blocking) -> Function:
    """Taps `begin` to `end` of the kernel's gradient: pictures, gradient of windows, result."""
    f, (args, begin, end, context) = _kernel(f"convolve_weights_{_suffix(blocking)}")
    element = blocking.element
    get = _Arguments(f, args)
    pictures, gradient, result = (get.pointer(k) for k in range(3))
    channels, rows, columns, outputs = get.numbers("channels", "rows", "columns", "outputs")
    tile_rows, tile_at = get.numbers("tile", "tile_at")
    images, by_row = get.numbers("images", "images_batch")
    scratch = f.load(f.offset(context, 3, "i64"), "ptr", 8)
    batch = f.load(context, "i64", 8)
    tile = f.offset(scratch, tile_at, "i8")
    total = f.multiply(f.add(images, f.multiply(by_row, batch)), f.multiply(rows, columns))
    own = f.multiply(f.subtract(end, begin), channels)
    place = f.offset(result, f.multiply(f.multiply(begin, channels), outputs), element)

    def block(first: Value, _: list[Value]) -> None:
        count = minimum(f, f.subtract(total, first), tile_rows)
        one = constant(1, "i64")
        f.call(blocking.name("pack_windows"), "void",
               [args, pictures, first, count, begin, end, tile], declare=False)  # fmt: skip
        later = f.convert("zext", f.compare("sgt", first, 0), "i64")
        right = f.offset(gradient, f.multiply(first, outputs), element)
        f.call(blocking.name("matmul"), "void", [
            own, outputs, count, tile, one, own, right, outputs, one, place, outputs,
            scratch, later,
        ], declare=False)  # fmt: skip

    f.loop(0, total, block, tile_rows)
    return f


__all__ = ["arguments", "emit", "partition", "scratch_bytes", "service", "work"]
