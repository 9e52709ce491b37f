"""Matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .dimension import ShapeError, show, size
from .movement import broadcast_shapes, broadcast_to, reshape, swap_last_axes
from .primitive import Primitive, apply, primitive, unify


@primitive
class MatMul(Primitive):
    """Products of matrices: (..., m, k) times (..., k, n) gives (..., m, n); leading axes equal."""

    def infer(self, *inputs):
        a, b = inputs
        if a.dtype != b.dtype or not dtypes.is_float(a.dtype):
            raise dtypes.DTypeError(
                f"matmul: expected two floats of one type, got {a.dtype}, {b.dtype}"
            )
        fits = (
            len(a.shape) == len(b.shape) >= 2
            and a.shape[:-2] == b.shape[:-2]
            and a.shape[-1] == b.shape[-2]
        )
        if not fits:
            raise ShapeError(
                f"matmul: {show(a.shape)} times {show(b.shape)}: the last axis of the first must "
                "equal the last but one of the second, and the axes before them must be equal"
            )
        return (*a.shape[:-1], b.shape[-1]), a.dtype

    def evaluate(self, out, *arrays):
        return np.matmul(*arrays)

    def derivative(self, gradient, output, a, b):
        return (
            apply(MatMul(), gradient, swap_last_axes(b)),
            apply(MatMul(), swap_last_axes(a), gradient),
        )


def matmul(a: Any, b: Any) -> Any:
    """Matrix product by NumPy's rules: vectors are rows or columns, leading axes broadcast."""
    a, b = unify("matmul", a, b)
    if not a.shape or not b.shape:
        raise ShapeError("matmul: expected matrices or vectors, got a scalar; use *")
    if len(b.shape) == 1:
        product = matmul(a, reshape(b, (b.shape[0], 1)))
        return reshape(product, product.shape[:-1])
    if len(a.shape) == 1:
        product = matmul(reshape(a, (1, a.shape[0])), b)
        return reshape(product, (*product.shape[:-2], product.shape[-1]))
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"matmul: {show(a.shape)} times {show(b.shape)}: "
            f"{a.shape[-1]} columns meet {b.shape[-2]} rows; they must be equal"
        )
    if len(b.shape) == 2 and len(a.shape) > 2:
        # One tall product instead of many small ones, in the derivative too.
        rows = reshape(a, (size(a.shape[:-1]), a.shape[-1]))
        return reshape(apply(MatMul(), rows, b), (*a.shape[:-1], b.shape[-1]))
    leading = broadcast_shapes("matmul", a.shape[:-2], b.shape[:-2])
    a = broadcast_to(a, (*leading, *a.shape[-2:]))
    b = broadcast_to(b, (*leading, *b.shape[-2:]))
    return apply(MatMul(), a, b)
