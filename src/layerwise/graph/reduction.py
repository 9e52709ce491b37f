"""Primitives that reduce axes to length 1 (sum, max, argmax) or run along one (cumsum)."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .dimension import Batch, Shape, ShapeError, show, size
from .elementwise import cast, divide, equal, negative, subtract
from .leaves import batch_size
from .movement import broadcast_to, reshape
from .primitive import Primitive, apply, as_tensor, primitive
from .tensor import Tensor

Axes = int | tuple[int, ...] | None


def _reduced(shape: Shape, axes: tuple[int, ...]) -> Shape:
    return tuple(1 if i in axes else d for i, d in enumerate(shape))


@primitive
class Sum(Primitive):
    """Sum over axes, which stay with length 1."""

    axes: tuple[int, ...]

    def infer(self, *inputs):
        (x,) = inputs
        if x.dtype == dtypes.boolean:
            raise dtypes.DTypeError("sum: expected numbers, got bool; convert with .astype first")
        return _reduced(x.shape, self.axes), x.dtype

    def evaluate(self, out, *arrays):
        return arrays[0].sum(self.axes, dtype=out.dtype, keepdims=True)

    def derivative(self, gradient, output, x):
        return (broadcast_to(gradient, x.shape),)


@primitive
class Max(Primitive):
    """Maximum over axes, which stay with length 1; equal maxima share the gradient."""

    axes: tuple[int, ...]

    def infer(self, *inputs):
        (x,) = inputs
        for axis in self.axes:
            if x.shape[axis] == 0:
                raise ShapeError(f"max: axis {axis} of {show(x.shape)} is empty")
        return _reduced(x.shape, self.axes), x.dtype

    def evaluate(self, out, *arrays):
        return arrays[0].max(self.axes, keepdims=True)

    def derivative(self, gradient, output, x):
        winners = cast(equal(x, broadcast_to(output, x.shape)), x.dtype)
        return (winners * (gradient / sum(winners, self.axes, keepdims=True)),)


@primitive
class ArgMax(Primitive):
    """Index (int32) of the first maximum along an axis, which stays with length 1."""

    axis: int
    differentiable = False

    def infer(self, *inputs):
        (x,) = inputs
        if x.shape[self.axis] == 0:
            raise ShapeError(f"argmax: axis {self.axis} of {show(x.shape)} is empty")
        return _reduced(x.shape, (self.axis,)), dtypes.int32

    def evaluate(self, out, *arrays):
        return arrays[0].argmax(self.axis, keepdims=True)


@primitive
class CumSum(Primitive):
    """Running sum along an axis, from the first element or (`reverse`) from the last."""

    axis: int
    reverse: bool

    def infer(self, *inputs):
        (x,) = inputs
        if isinstance(x.shape[self.axis], Batch):
            raise ShapeError("cumsum: rows of a batch are independent; sum along another axis")
        return x.shape, x.dtype

    def evaluate(self, out, *arrays):
        (x,) = arrays
        if self.reverse:
            return np.flip(np.flip(x, self.axis).cumsum(self.axis, dtype=x.dtype), self.axis)
        return x.cumsum(self.axis, dtype=x.dtype)

    def derivative(self, gradient, output, x):
        return (apply(CumSum(self.axis, not self.reverse), gradient),)


# -- functions -------------------------------------------------------------------------------------


def _prepare(x: Any, axis: Axes) -> tuple[Any, tuple[int, ...]]:
    x = as_tensor(x) if hasattr(x, "tensor") else x if isinstance(x, Tensor) else dtypes.as_array(x)
    rank = len(x.shape)
    axes = range(rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    for a in axes:
        if not -rank <= a < rank:
            raise ShapeError(f"axis {a} is outside shape {show(x.shape)}")
    return x, tuple(sorted(a % rank for a in axes))


def _finish(result: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if keepdims:
        return result
    return reshape(result, tuple(d for i, d in enumerate(result.shape) if i not in axes))


def sum(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Sum over axes (all when None)."""
    x, axes = _prepare(x, axis)
    return _finish(apply(Sum(axes), x) if axes else x, axes, keepdims)


def mean(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Mean over axes (all when None); over the batch, by the rows that the step has."""
    x, axes = _prepare(x, axis)
    total = sum(x, axes, keepdims)
    count = size(x.shape[a] for a in axes)
    if isinstance(count, Batch):
        return divide(total, batch_size(x.dtype) * float(count.multiple))
    return divide(total, float(count))


def max(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Maximum over axes (all when None)."""
    x, axes = _prepare(x, axis)
    return _finish(apply(Max(axes), x) if axes else x, axes, keepdims)


def min(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Minimum over axes (all when None)."""
    x, axes = _prepare(x, axis)
    if dtypes.is_float(x.dtype):
        return negative(max(negative(x), axes, keepdims))
    # Of integers, -x may not exist; -1 - x turns the order round and stays within the type.
    return subtract(-1, max(subtract(-1, x), axes, keepdims))


def argmax(x: Any, axis: int = -1, keepdims: bool = False) -> Any:
    """Index of the first maximum along an axis, int32."""
    x, (axis,) = _prepare(x, axis)
    return _finish(apply(ArgMax(axis), x), (axis,), keepdims)


def cumsum(x: Any, axis: int = -1, reverse: bool = False) -> Any:
    """Running sum along an axis."""
    x, (axis,) = _prepare(x, axis)
    return apply(CumSum(axis, reverse), x)
