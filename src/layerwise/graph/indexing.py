"""Primitives that look up, add or put by index: gather, scatter, rows put, sliding windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .dimension import Batch, Dimension, ShapeError, has_batch, position, show
from .elementwise import cast, equal, where, zeros_like
from .leaves import iota
from .movement import broadcast_to, expand_dims, reshape
from .primitive import Primitive, apply, as_tensor, primitive
from .tensor import Tensor


def _check_index(name: str, index: Tensor) -> None:
    if index.dtype != dtypes.int32:
        raise dtypes.DTypeError(f"{name}: expected int32 indices, got {index.dtype}")


@primitive
class Gather(Primitive):
    """Rows of a table: out[i..., :] = table[index[i...], :]; indices are clipped into the table."""

    def infer(self, *inputs):
        table, index = inputs
        _check_index("gather", index)
        if not table.shape or table.shape[0] == 0:
            raise ShapeError(f"gather: expected a table with rows, got shape {show(table.shape)}")
        return (*index.shape, *table.shape[1:]), table.dtype

    def evaluate(self, out, *arrays):
        table, index = arrays
        return table.take(index, axis=0, mode="clip")

    def derivative(self, gradient, output, table, index):
        return apply(ScatterAdd(table.shape[0]), index, gradient), None


@primitive
class ScatterAdd(Primitive):
    """A table of zeros with `rows` rows, where out[index[i...], :] += update[i..., :] is done.

    Updates are added in their order; indices are clipped into the table.
    """

    rows: Dimension

    def infer(self, *inputs):
        index, update = inputs
        _check_index("scatter_add", index)
        if update.shape[: len(index.shape)] != index.shape:
            raise ShapeError(
                f"scatter_add: updates {show(update.shape)} must begin with the shape of the "
                f"indices, {show(index.shape)}"
            )
        return (self.rows, *update.shape[len(index.shape) :]), update.dtype

    def evaluate(self, out, *arrays):
        index, update = arrays
        table = np.zeros(out.shape, out.dtype)
        rows = update.reshape(index.size, *out.shape[1:])
        np.add.at(table, index.reshape(-1).clip(0, len(table) - 1), rows)
        return table

    def derivative(self, gradient, output, index, update):
        return None, apply(Gather(), gradient, index)


@primitive
class FirstOccurrence(Primitive):
    """For each index of a vector, the position of the first one that equals it.

    With it, what belongs to equal indices is brought together in time proportional to the vector's
    length, however large the table is that the indices point into.
    """

    differentiable = False

    def infer(self, *inputs):
        (index,) = inputs
        _check_index("first_occurrence", index)
        if len(index.shape) != 1:
            raise ShapeError(
                f"first_occurrence: expected a vector of indices, got shape {show(index.shape)}"
            )
        return index.shape, dtypes.int32

    def evaluate(self, out, *arrays):
        (index,) = arrays
        _, first, group = np.unique(index, return_index=True, return_inverse=True)
        return first[group.reshape(-1)]


@primitive
class PutRows(Primitive):
    """A table with some rows replaced: out[index[k], :] = rows[k, :] wherever keep[k].

    The indices that are kept must differ, as no order among equal ones is promised; they are
    clipped into the table. As the new value of a variable it is written into the variable itself,
    so that it costs what the rows cost, not what the table does.
    """

    def infer(self, *inputs):
        table, index, rows, keep = inputs
        _check_index("put_rows", index)
        if not table.shape or has_batch(table.shape) or table.shape[0] == 0:
            raise ShapeError(
                f"put_rows: expected a table of known size, got shape {show(table.shape)}"
            )
        if len(index.shape) != 1 or keep.shape != index.shape or keep.dtype != dtypes.boolean:
            raise ShapeError(
                f"put_rows: expected a vector of indices and as many booleans, got "
                f"{show(index.shape)} and {show(keep.shape)} {keep.dtype}"
            )
        if rows.shape != (*index.shape, *table.shape[1:]) or rows.dtype != table.dtype:
            raise ShapeError(
                f"put_rows: expected rows {show((*index.shape, *table.shape[1:]))} {table.dtype}, "
                f"got {show(rows.shape)} {rows.dtype}"
            )
        return table.shape, table.dtype

    def evaluate(self, out, *arrays):
        table, index, rows, keep = arrays
        result = table.copy()
        result[index[keep].clip(0, len(table) - 1)] = rows[keep]
        return result

    def derivative(self, gradient, output, table, index, rows, keep):
        nothing = zeros_like(rows)
        kept = broadcast_to(reshape(keep, (*keep.shape, *(1,) * (rows.rank - 1))), rows.shape)
        of_rows = where(kept, apply(Gather(), gradient, index), nothing)
        return apply(PutRows(), gradient, index, nothing, keep), None, of_rows, None


@primitive
class Unfold(Primitive):
    """Sliding windows along an axis, which then counts them; a last axis holds their elements."""

    axis: int
    size: int
    step: int

    def infer(self, *inputs):
        (x,) = inputs
        length = x.shape[self.axis]
        if isinstance(length, Batch) or length < self.size or min(self.size, self.step) < 1:
            raise ShapeError(
                f"unfold: windows of {self.size} by steps of {self.step} do not fit axis "
                f"{self.axis} of {show(x.shape)}"
            )
        count = (length - self.size) // self.step + 1
        return (*x.shape[: self.axis], count, *x.shape[self.axis + 1 :], self.size), x.dtype

    def evaluate(self, out, *arrays):
        windows = np.lib.stride_tricks.sliding_window_view(arrays[0], self.size, self.axis)
        index = (slice(None),) * self.axis + (slice(None, None, self.step),)
        return windows[index]

    def derivative(self, gradient, output, x):
        return (apply(Fold(self.axis, x.shape[self.axis], self.step), gradient),)


@primitive
class Fold(Primitive):
    """Windows added back in place along an axis of `length`: the transpose of `Unfold`."""

    axis: int
    length: int
    step: int

    def infer(self, *inputs):
        (x,) = inputs
        count, size = x.shape[self.axis], x.shape[-1]
        if (self.length - size) // self.step + 1 != count:
            raise ShapeError(
                f"fold: {count} windows of {size} do not fit a length of {self.length}"
            )
        return (*x.shape[: self.axis], self.length, *x.shape[self.axis + 1 : -1]), x.dtype

    def evaluate(self, out, *arrays):
        (x,) = arrays
        result = np.zeros(out.shape, out.dtype)
        before = (slice(None),) * self.axis
        count = x.shape[self.axis]
        for k in range(x.shape[-1]):
            stop = k + (count - 1) * self.step + 1
            result[(*before, slice(k, stop, self.step))] += x[..., k]
        return result

    def derivative(self, gradient, output, x):
        return (apply(Unfold(self.axis, x.shape[-1], self.step), gradient),)


# -- functions -------------------------------------------------------------------------------------


def take(table: Any, index: Any) -> Any:
    """Rows of a table by int32 indices of any shape; out-of-range indices are clipped."""
    table = as_tensor(table) if hasattr(table, "tensor") or isinstance(index, Tensor) else table
    return apply(Gather(), table, index)


def scatter_add(index: Any, update: Any, rows: Dimension) -> Any:
    """A table of `rows` rows with each update added to the row that its index names."""
    return apply(ScatterAdd(rows), index, update)


def first_occurrence(index: Any) -> Any:
    """For each int32 index of a vector (n,), the int32 position of the first that equals it."""
    return apply(FirstOccurrence(), index)


def put_rows(table: Any, index: Any, rows: Any, keep: Any) -> Any:
    """A table (rows, ...) in which row index[k] is rows[k] wherever keep[k] is true.

    Parameters
    ----------
    table : (n, ...), of known size.
    index : (k,) int32, clipped into the table; those that are kept must differ.
    rows : (k, ...), of the table's dtype.
    keep : (k,) bool.
    """
    values: tuple[Any, ...] = (table, index, rows, keep)
    if any(isinstance(x, Tensor) or hasattr(x, "tensor") for x in values):
        values = tuple(as_tensor(x) for x in values)
    return apply(PutRows(), *values)


def unfold(x: Any, axis: int, size: int, step: int = 1) -> Any:
    """Sliding windows of `size` elements along an axis, in a new last axis."""
    x = as_tensor(x) if hasattr(x, "tensor") else x
    return apply(Unfold(position("unfold", axis, len(x.shape)), size, step), x)


def fold(x: Any, axis: int, length: int, step: int = 1) -> Any:
    """Windows (last axis) added back along an axis of `length`."""
    return apply(Fold(position("fold", axis, len(x.shape) - 1), length, step), x)


def one_hot(index: Any, classes: int, dtype: object = "float32") -> Any:
    """Indices (...) to rows of 0 and 1 (..., classes); an index outside the classes gives zeros."""
    if isinstance(index, Tensor):
        positions: Any = iota(classes)
    else:
        index, positions = dtypes.as_array(index), np.arange(classes, dtype=np.int32)
    positions = reshape(positions, (1,) * len(index.shape) + (classes,))
    return cast(equal(expand_dims(index, -1), positions), dtype)
