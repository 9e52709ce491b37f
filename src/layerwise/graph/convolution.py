"""Primitives for pictures: convolution, the gradient of its weights, and maxima of windows.

Pictures are (batch, height, width, channels) here: the channels of a pixel are neighbours in
memory, so that whatever is done with windows of pixels is done with whole vectors of channels.
`layerwise.nn` has the layers, which take PyTorch's (batch, channels, height, width).
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from . import dtypes
from .dimension import Batch, Shape, ShapeError, show
from .elementwise import equal, greater, logical_and, logical_or, not_equal, where, zeros_like
from .leaves import constant, iota
from .movement import Pad, broadcast_to, getitem, pad, reshape, transpose
from .primitive import Primitive, apply, as_tensor, primitive, unify
from .tensor import Tensor

Pair = tuple[int, int]

FARTHEST = 1 << 20
"""Steps and offsets beyond this belong to no picture, and could overflow an address."""


def _check_pictures(name: str, *tensors: Any) -> None:
    for x in tensors:
        if len(x.shape) != 4 or any(isinstance(d, Batch) for d in x.shape[1:]):
            raise ShapeError(
                f"{name}: expected 4 axes, (batch, height, width, channels), got {show(x.shape)}"
            )
    if len({x.dtype for x in tensors}) > 1 or not dtypes.is_float(tensors[0].dtype):
        kinds = " and ".join(str(x.dtype) for x in tensors)
        raise dtypes.DTypeError(f"{name}: expected floats of one type, got {kinds}")


def _check_windows(name: str, size: Pair, stride: Pair, step: Pair, origin: Pair) -> None:
    pairs = (size, stride, step, origin)
    if any(len(p) != 2 for p in pairs) or min(*size, *stride) < 1:
        raise ShapeError(f"{name}: expected two sizes and strides of at least 1, got {pairs}")
    if max(abs(number) for p in pairs for number in p) > FARTHEST:
        raise ShapeError(f"{name}: windows {pairs} are beyond all measure")


class _Windows(Primitive):
    """What both primitives of a convolution share: where its windows lie.

    Output pixel (y, x) and tap (i, j) meet at the input pixel
    (y * stride + i * step + origin, likewise for x); beyond the picture lie zeros.
    """

    stride: Pair
    step: Pair
    origin: Pair

    def _tap(self, x: np.ndarray, size: Pair, tap: Pair) -> np.ndarray:
        """What one tap of the kernel meets: (batch, *size, channels)."""
        picture = x
        for axis in (0, 1):
            count = np.arange(size[axis]) * self.stride[axis]
            at = count + tap[axis] * self.step[axis] + self.origin[axis]
            length = x.shape[1 + axis]
            inside = (at >= 0) & (at < length)
            picture = picture.take(at.clip(0, max(length - 1, 0)), axis=1 + axis)
            kept = inside.reshape((1, -1, 1, 1) if axis == 0 else (1, 1, -1, 1))
            picture = np.where(kept, picture, 0)
        return picture

    def _of_input(self, gradient: Tensor, weight: Tensor, x: Tensor) -> Tensor:
        """The gradient of the pictures: each goes back where it came from."""
        between = tuple(s - 1 for s in self.stride)
        if any(between):
            nothing = (0, 0, 0, 0)
            gradient = apply(Pad(nothing, nothing, (0, *between, 0)), gradient)
        height, width = x.shape[1:3]
        assert isinstance(height, int)
        assert isinstance(width, int)
        back = Convolve(
            (height, width),
            (1, 1),
            (-self.step[0], -self.step[1]),
            (-self.origin[0], -self.origin[1]),
        )
        return apply(back, gradient, transpose(weight, (0, 1, 3, 2)))


@primitive
class Convolve(_Windows):
    """Pictures (batch, h, w, c) and a kernel (i, j, c, o): sums over windows, (batch, *size, o).

    Strictly a cross-correlation: the kernel is not flipped, as everywhere in deep learning.
    """

    size: Pair
    stride: Pair
    step: Pair
    origin: Pair

    def infer(self, *inputs):
        x, weight = inputs
        _check_pictures("convolve", x, weight)
        _check_windows("convolve", self.size, self.stride, self.step, self.origin)
        if x.shape[3] != weight.shape[2] or isinstance(weight.shape[0], Batch):
            raise ShapeError(
                f"convolve: pictures of {x.shape[3]} channels, {show(x.shape)}, and a kernel for "
                f"{weight.shape[2]}, {show(weight.shape)}"
            )
        if 0 in x.shape[1:] or 0 in weight.shape:
            raise ShapeError(f"convolve: {show(x.shape)} or {show(weight.shape)} is empty")
        return (x.shape[0], *self.size, weight.shape[3]), x.dtype

    def evaluate(self, out, *arrays):
        x, weight = arrays
        result = np.zeros(out.shape, out.dtype)
        for tap in np.ndindex(weight.shape[:2]):
            result += self._tap(x, self.size, tap) @ weight[tap]
        return result

    def derivative(self, gradient, output, x, weight):
        size = (weight.shape[0], weight.shape[1])
        of_weight = ConvolveWeights(size, self.stride, self.step, self.origin)
        return self._of_input(gradient, weight, x), apply(of_weight, x, gradient)


@primitive
class ConvolveWeights(_Windows):
    """The gradient of a convolution's kernel (*size, c, o), from pictures and their gradient."""

    size: Pair
    stride: Pair
    step: Pair
    origin: Pair

    def infer(self, *inputs):
        x, gradient = inputs
        _check_pictures("convolve_weights", x, gradient)
        _check_windows("convolve_weights", self.size, self.stride, self.step, self.origin)
        if x.shape[0] != gradient.shape[0] or 0 in (*x.shape[1:], *gradient.shape[1:]):
            raise ShapeError(
                f"convolve_weights: {show(x.shape)} and {show(gradient.shape)} do not fit"
            )
        return (*self.size, x.shape[3], gradient.shape[3]), x.dtype

    def evaluate(self, out, *arrays):
        x, gradient = arrays
        result = np.zeros(out.shape, out.dtype)
        columns = gradient.reshape(-1, gradient.shape[3])
        for tap in np.ndindex(self.size):
            seen = self._tap(x, gradient.shape[1:3], tap)
            result[tap] = seen.reshape(-1, x.shape[3]).T @ columns
        return result

    def derivative(self, gradient, output, x, output_gradient):
        size = output_gradient.shape[1:3]
        forward = Convolve(size, self.stride, self.step, self.origin)
        return self._of_input(output_gradient, gradient, x), apply(forward, x, gradient)


@primitive
class MaxWindows(Primitive):
    """The largest of each window of `size` pixels, by steps of `stride`; the first of equal ones.

    A NaN counts as the largest, so that it is not lost. Compilers see `first_maximum` instead.
    """

    size: Pair
    stride: Pair

    def infer(self, *inputs):
        (x,) = inputs
        _check_pictures("max_windows", x)
        _check_windows("max_windows", self.size, self.stride, (1, 1), (0, 0))
        if any(d < s for d, s in zip(x.shape[1:3], self.size, strict=True)):
            raise ShapeError(
                f"max_windows: windows of {self.size[0]} x {self.size[1]} pixels do not fit "
                f"pictures of shape {show(x.shape)}"
            )
        return (x.shape[0], *self._count(x.shape), x.shape[3]), x.dtype

    def _count(self, shape: Shape) -> Pair:
        height, width = (
            (d - size) // stride + 1  # type: ignore[operator]
            for d, size, stride in zip(shape[1:3], self.size, self.stride, strict=True)
        )
        return height, width

    def evaluate(self, out, *arrays):
        windows = np.lib.stride_tricks.sliding_window_view(arrays[0], self.size, (1, 2))
        chosen = windows[:, :: self.stride[0], :: self.stride[1]]
        # NumPy's maximum is NaN where an element is.
        return chosen.max((-2, -1))

    def derivative(self, gradient, output, x):
        _, index = first_maximum(x, self.size, self.stride)
        if self.size == self.stride:
            return (self._side_by_side(gradient, index, x),)
        total: Any = None
        for number, starts in enumerate(itertools.product(*map(range, self.size))):
            part = where(equal(index, number), gradient, zeros_like(gradient))
            counts = self._count(x.shape)
            low, high, between = [0], [0], [0]
            for axis in (0, 1):
                step, start = self.stride[axis], starts[axis]
                low.append(start)
                between.append(step - 1)
                covered = start + (counts[axis] - 1) * step + 1
                high.append(x.shape[1 + axis] - covered)
            part = apply(Pad((*low, 0), (*high, 0), (*between, 0)), part)
            total = part if total is None else total + part
        return (total,)

    def _side_by_side(self, gradient: Tensor, index: Tensor, x: Tensor) -> Tensor:
        """Windows that do not overlap: each pixel looks up whether it was the one."""
        batch, _, _, channels = x.shape
        (rows, columns), (height, width) = self._count(x.shape), self.size
        apart = (batch, rows, 1, columns, 1, channels)
        full = (batch, rows, height, columns, width, channels)
        own = reshape(iota(height * width), (1, 1, height, 1, width, 1))
        chosen = equal(broadcast_to(reshape(index, apart), full), broadcast_to(own, full))
        spread = broadcast_to(reshape(gradient, apart), full)
        result = where(chosen, spread, zeros_like(spread))
        result = reshape(result, (batch, rows * height, columns * width, channels))
        # Pixels that fill no window have no part in anything.
        rest = [
            (0, 0),
            (0, x.shape[1] - rows * height),  # type: ignore[operator]
            (0, x.shape[2] - columns * width),  # type: ignore[operator]
            (0, 0),
        ]
        return result if rest == [(0, 0)] * 4 else pad(result, rest)


def first_maximum(x: Any, size: Pair, stride: Pair) -> tuple[Any, Any]:
    """The largest of each window, and its number in the window, row by row: the first of equals.

    Parameters
    ----------
    x : (batch, height, width, channels).
    size, stride : of the windows, in pixels.
    """
    counts = MaxWindows(size, stride)._count(x.shape)
    best: Any = None
    index: Any = None
    for number, starts in enumerate(itertools.product(*map(range, size))):
        part = getitem(x, (slice(None), *(
            slice(start, start + (count - 1) * step + 1, step)
            for start, count, step in zip(starts, counts, stride, strict=True)
        )))  # fmt: skip
        if best is None:
            best = part
            index = broadcast_to(reshape(constant(0, "int32"), (1,) * 4), part.shape)
            continue
        # A NaN wins over any number, and keeps what it won.
        is_nan = logical_and(not_equal(part, part), equal(best, best))
        better = logical_or(greater(part, best), is_nan)
        best = where(better, part, best)
        index = where(better, constant(number, "int32"), index)
    return best, index


# -- functions -------------------------------------------------------------------------------------


def convolve(
    x: Any,
    weight: Any,
    stride: Pair = (1, 1),
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0)),
    dilation: Pair = (1, 1),
) -> Any:
    """Sums over windows of pictures, weighted by a kernel.

    Parameters
    ----------
    x : (batch, height, width, channels).
    weight : (rows, columns, channels, outputs).
    stride : pixels from window to window, down and across.
    padding : zeros above and below, and to the left and right.
    dilation : pixels from tap to tap.

    Returns
    -------
    (batch, height', width', outputs), where height' counts the windows that fit.
    """
    x, weight = unify("convolve", x, weight)
    _check_pictures("convolve", x, weight)
    if min(*stride, *dilation) < 1 or min(*padding[0], *padding[1]) < 0:
        raise ShapeError(
            f"convolve: expected strides and dilations of at least 1 and padding of at least 0, "
            f"got {stride}, {dilation}, {padding}"
        )
    size = []
    for axis in (0, 1):
        covered = (weight.shape[axis] - 1) * dilation[axis] + 1
        room = x.shape[1 + axis] + sum(padding[axis]) - covered
        if room < 0:
            raise ShapeError(
                f"convolve: a kernel of {weight.shape[0]} x {weight.shape[1]} does not fit "
                f"pictures of shape {show(x.shape)} with padding {padding}"
            )
        size.append(room // stride[axis] + 1)
    origin = (-padding[0][0], -padding[1][0])
    return apply(Convolve((size[0], size[1]), stride, dilation, origin), x, weight)


def max_windows(x: Any, size: Pair, stride: Pair | None = None) -> Any:
    """The largest pixel of each window, channel by channel.

    Parameters
    ----------
    x : (batch, height, width, channels).
    size : of the windows, in pixels.
    stride : from window to window; the size by default, so that they lie side by side.
    """
    x = as_tensor(x) if hasattr(x, "tensor") else x
    return apply(MaxWindows(size, size if stride is None else stride), x)
