"""Primitives that move elements: reshape, transpose, broadcast, slice, pad, join."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import dtypes
from .dimension import Batch, Dimension, Shape, ShapeError, divide, position, show, size
from .primitive import Primitive, apply, as_tensor, primitive, unify
from .tensor import Tensor


@primitive
class Reshape(Primitive):
    """The same elements, in row-major order, in another shape."""

    shape: Shape

    def infer(self, *inputs):
        (x,) = inputs
        if size(x.shape) != size(self.shape):
            raise ShapeError(
                f"reshape: {show(x.shape)} has {size(x.shape)} elements, "
                f"{show(self.shape)} has {size(self.shape)}"
            )
        return self.shape, x.dtype

    def evaluate(self, out, *arrays):
        return arrays[0].reshape(out.shape)

    def derivative(self, gradient, output, x):
        return (reshape(gradient, x.shape),)


@primitive
class Transpose(Primitive):
    """Axes in another order: output axis i is input axis `axes[i]`."""

    axes: tuple[int, ...]

    def infer(self, *inputs):
        (x,) = inputs
        if sorted(self.axes) != list(range(len(x.shape))):
            raise ShapeError(f"transpose: axes {self.axes} do not permute shape {show(x.shape)}")
        return tuple(x.shape[a] for a in self.axes), x.dtype

    def evaluate(self, out, *arrays):
        return arrays[0].transpose(self.axes)

    def derivative(self, gradient, output, x):
        return (transpose(gradient, tuple(self.axes.index(a) for a in range(len(self.axes)))),)


@primitive
class Broadcast(Primitive):
    """Axes of length 1 stretched to another length, by repeating; the rank stays."""

    shape: Shape

    def infer(self, *inputs):
        (x,) = inputs
        fits = len(x.shape) == len(self.shape) and all(
            have in (want, 1) for have, want in zip(x.shape, self.shape, strict=True)
        )
        if not fits:
            raise ShapeError(f"broadcast: {show(x.shape)} does not stretch to {show(self.shape)}")
        return self.shape, x.dtype

    def evaluate(self, out, *arrays):
        return np.broadcast_to(arrays[0], out.shape)

    def derivative(self, gradient, output, x):
        from .reduction import sum

        stretched = tuple(i for i, d in enumerate(x.shape) if d != output.shape[i])
        return (sum(gradient, stretched, keepdims=True),)


@primitive
class Slice(Primitive):
    """Elements start, start + step, ... below stop of each axis."""

    starts: tuple[int, ...]
    stops: Shape
    steps: tuple[int, ...]

    def infer(self, *inputs):
        (x,) = inputs
        shape: list[Dimension] = []
        for length, start, stop, step in zip(
            x.shape, self.starts, self.stops, self.steps, strict=True
        ):
            if isinstance(length, Batch):
                if (start, stop, step) != (0, length, 1):
                    raise ShapeError("slice: the batch dimension can only be taken whole")
                shape.append(length)
                continue
            if not (isinstance(stop, int) and 0 <= start <= stop <= length and step >= 1):
                raise ShapeError(f"slice: {start}:{stop}:{step} does not lie within {length}")
            shape.append(-(-(stop - start) // step))
        return tuple(shape), x.dtype

    def evaluate(self, out, *arrays):
        index = tuple(
            slice(None) if isinstance(stop, Batch) else slice(start, stop, step)
            for start, stop, step in zip(self.starts, self.stops, self.steps, strict=True)
        )
        return arrays[0][index]

    def derivative(self, gradient, output, x):
        widths: list[tuple[int, int, int]] = []
        for i, (start, step) in enumerate(zip(self.starts, self.steps, strict=True)):
            length, count = x.shape[i], output.shape[i]
            if isinstance(length, Batch) or isinstance(count, Batch):
                widths.append((0, 0, 0))
                continue
            covered = (count - 1) * step + 1 if count else 0
            widths.append((start, length - start - covered, step - 1))
        low, high, between = zip(*widths, strict=True) if widths else ((), (), ())
        return (apply(Pad(low, high, between), gradient),)


@primitive
class Pad(Primitive):
    """Zeros before, after, and between the elements of each axis."""

    low: tuple[int, ...]
    high: tuple[int, ...]
    between: tuple[int, ...]

    def infer(self, *inputs):
        (x,) = inputs
        shape: list[Dimension] = []
        for length, low, high, between in zip(
            x.shape, self.low, self.high, self.between, strict=True
        ):
            if isinstance(length, Batch):
                if (low, high, between) != (0, 0, 0):
                    raise ShapeError("pad: the batch dimension cannot be padded")
                shape.append(length)
                continue
            if min(low, high, between) < 0:
                raise ShapeError("pad: widths cannot be negative")
            shape.append(low + high + length + max(length - 1, 0) * between)
        return tuple(shape), x.dtype

    def evaluate(self, out, *arrays):
        result = np.zeros(out.shape, out.dtype)
        index = tuple(
            slice(low, low + max(length - 1, 0) * (between + 1) + (1 if length else 0), between + 1)
            for length, low, between in zip(arrays[0].shape, self.low, self.between, strict=True)
        )
        result[index] = arrays[0]
        return result

    def derivative(self, gradient, output, x):
        stops = tuple(
            d if isinstance(d, Batch) else low + max(d - 1, 0) * (between + 1) + (1 if d else 0)
            for d, low, between in zip(x.shape, self.low, self.between, strict=True)
        )
        return (apply(Slice(self.low, stops, tuple(b + 1 for b in self.between)), gradient),)


@primitive
class Concatenate(Primitive):
    """Tensors joined along one axis."""

    axis: int

    def infer(self, *inputs):
        first = inputs[0]
        total: Dimension = 0
        for x in inputs:
            same = len(x.shape) == len(first.shape) and all(
                a == b or i == self.axis
                for i, (a, b) in enumerate(zip(x.shape, first.shape, strict=False))
            )
            if not same or x.dtype != first.dtype:
                raise ShapeError(
                    f"concatenate along axis {self.axis}: {show(first.shape)} {first.dtype} and "
                    f"{show(x.shape)} {x.dtype} do not fit"
                )
            length = x.shape[self.axis]
            if isinstance(length, Batch):
                raise ShapeError("concatenate: rows of the batch cannot be joined")
            total = total + length
        return (*first.shape[: self.axis], total, *first.shape[self.axis + 1 :]), first.dtype

    def evaluate(self, out, *arrays):
        return np.concatenate(arrays, self.axis)

    def derivative(self, gradient, output, *inputs):
        parts, start = [], 0
        for x in inputs:
            length = x.shape[self.axis]
            index = [slice(None)] * len(x.shape)
            index[self.axis] = slice(start, start + length)
            parts.append(getitem(gradient, tuple(index)))
            start += length
        return tuple(parts)


# -- functions -------------------------------------------------------------------------------------


def reshape(x: Any, shape: Any) -> Any:
    """The same elements in another shape; one dimension may be -1.

    When the batch leads x, a -1 in front stands for it: ``reshape(x, (-1, 64))``.
    """
    x = (
        as_tensor(x)
        if hasattr(x, "tensor")
        else dtypes.as_array(x)
        if not isinstance(x, Tensor)
        else x
    )
    shape = (shape,) if isinstance(shape, int | Batch) else tuple(shape)
    if any(isinstance(d, int) and d == -1 for d in shape):
        known = size(d for d in shape if d != -1)
        missing = divide(size(x.shape), known)
        if missing is None:
            raise ShapeError(f"reshape: {show(x.shape)} does not divide into {show(shape)}")
        shape = tuple(missing if d == -1 else d for d in shape)
    if shape == x.shape:
        return x
    return apply(Reshape(shape), x)


def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Axes in another order; reversed when `axes` is None."""
    x = as_tensor(x) if hasattr(x, "tensor") else x
    rank = len(x.shape)
    order = (
        tuple(range(rank))[::-1]
        if axes is None
        else tuple(position("transpose", a, rank) for a in axes)
    )
    if order == tuple(range(rank)):
        return x
    return apply(Transpose(order), x)


def swap_last_axes(x: Any) -> Any:
    """The matrices of a batch of matrices, each transposed."""
    rank = len(x.shape)
    return transpose(x, (*range(rank - 2), rank - 1, rank - 2))


def broadcast_to(x: Any, shape: Any) -> Any:
    """x stretched to a shape by NumPy's rules: axes of length 1 repeat, axes are added in front."""
    x = as_tensor(x) if hasattr(x, "tensor") else x if isinstance(x, Tensor) else dtypes.as_array(x)
    shape = tuple(shape)
    if x.shape == shape:
        return x
    if len(x.shape) > len(shape):
        raise ShapeError(f"broadcast: {show(x.shape)} does not stretch to {show(shape)}")
    raised = reshape(x, (1,) * (len(shape) - len(x.shape)) + tuple(x.shape))
    if raised.shape == shape:
        return raised
    if not isinstance(x, Tensor) and any(isinstance(d, Batch) for d in shape):
        raised = as_tensor(raised)
    return apply(Broadcast(shape), raised)


def broadcast_shapes(name: str, *shapes: Shape) -> Shape:
    """The shape that all shapes stretch to; raises `ShapeError` naming them."""
    rank = max(map(len, shapes))
    result: list[Dimension] = []
    for axis in range(rank):
        lengths = {s[axis - rank + len(s)] for s in shapes if axis - rank + len(s) >= 0} - {1}
        if len(lengths) > 1:
            shown = " and ".join(show(s) for s in shapes)
            raise ShapeError(
                f"{name}: shapes {shown} do not broadcast; axes must be equal or 1, "
                "counted from the last"
            )
        result.append(lengths.pop() if lengths else 1)
    if sum(isinstance(d, Batch) for d in result) > 1:
        shown = " and ".join(show(s) for s in shapes)
        raise ShapeError(
            f"{name}: shapes {shown} would pair every row of the batch with every row; reshape one "
            "so that rows meet rows (a target of shape (n, 1), for instance, to (n,))"
        )
    return tuple(result)


def broadcast_together(name: str, *operands: Any) -> list[Any]:
    """Operands stretched to one shape."""
    if not any(isinstance(x, Tensor) for x in operands):
        operands = tuple(map(np.asarray, operands))
    else:
        operands = tuple(map(as_tensor, operands))
    shape = broadcast_shapes(name, *(tuple(x.shape) for x in operands))
    return [broadcast_to(x, shape) for x in operands]


def expand_dims(x: Any, axis: int) -> Any:
    """A new axis of length 1 at a position."""
    rank = len(x.shape) + 1
    axis = position("expand_dims", axis, rank)
    return reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))


def squeeze(x: Any, axis: int) -> Any:
    """Without an axis of length 1."""
    axis = position("squeeze", axis, len(x.shape))
    if x.shape[axis] != 1:
        raise ShapeError(
            f"squeeze: axis {axis} of {show(x.shape)} has length {x.shape[axis]}, not 1"
        )
    return reshape(x, (*x.shape[:axis], *x.shape[axis + 1 :]))


def getitem(x: Any, index: Any) -> Any:
    """Basic indexing: whole numbers, slices with positive steps, None and one Ellipsis."""
    if not isinstance(x, Tensor):
        return dtypes.as_array(x)[index]
    index = index if isinstance(index, tuple) else (index,)
    given = sum(1 for i in index if i is not None and i is not Ellipsis)
    if given > len(x.shape):
        raise ShapeError(f"index {index} has more axes than shape {show(x.shape)}")
    # Not `Ellipsis in index`: an array in the index would be compared element by element.
    dots = [at for at, i in enumerate(index) if i is Ellipsis]
    if dots:
        at = dots[0]
        index = (*index[:at], *(slice(None),) * (len(x.shape) - given), *index[at + 1 :])
    else:
        index = (*index, *(slice(None),) * (len(x.shape) - given))
    parts: list[tuple[int, Dimension, int]] = []
    shape: list[Dimension] = []
    axis = 0
    for i in index:
        if i is None:
            shape.append(1)
            continue
        length = x.shape[axis]
        axis += 1
        if isinstance(length, Batch):
            if not (isinstance(i, slice) and i == slice(None)):
                raise ShapeError(
                    f"index {i!r}: the batch dimension can only be taken whole (:); "
                    "choose rows before they are fed"
                )
            parts.append((0, length, 1))
            shape.append(length)
            continue
        if isinstance(i, slice):
            start, stop, step = i.indices(length)
            if step < 1:
                raise ShapeError(f"index {i!r}: steps must be positive")
            stop = max(start, stop)
            shape.append(-(-(stop - start) // step))
        elif isinstance(i, int | np.integer):
            start = int(i) + length if i < 0 else int(i)
            if not 0 <= start < length:
                raise ShapeError(f"index {i} is outside an axis of length {length}")
            stop, step = start + 1, 1
        else:
            raise TypeError(f"index {i!r}: expected whole numbers or slices; use take for arrays")
        parts.append((start, stop, step))
    whole = all(part == (0, length, 1) for part, length in zip(parts, x.shape, strict=True))
    if not whole:
        starts, stops, steps = zip(*parts, strict=True)
        x = apply(Slice(starts, stops, steps), x)
    return reshape(x, tuple(shape))


def pad(x: Any, widths: Sequence[tuple[int, int]]) -> Any:
    """Zeros around x: (before, after) for each axis."""
    low, high = zip(*widths, strict=True)
    return apply(Pad(tuple(low), tuple(high), (0,) * len(low)), x)


def concatenate(parts: Sequence[Any], axis: int = -1) -> Any:
    """Tensors joined along an axis."""
    parts = unify("concatenate", *parts)
    return apply(Concatenate(position("concatenate", axis, len(parts[0].shape))), *parts)


def stack(parts: Sequence[Any], axis: int = 0) -> Any:
    """Tensors of one shape joined along a new axis."""
    return concatenate([expand_dims(p, axis) for p in parts], axis)
