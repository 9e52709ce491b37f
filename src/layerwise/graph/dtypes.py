"""The element types that a graph may hold, and the rule for Python scalars.

There is no implicit promotion: two tensors of different types do not combine. Python scalars are
weak: they take the type of what they meet.
"""

from __future__ import annotations

from typing import Any

import numpy as np

DType = np.dtype

float32 = np.dtype("float32")
float64 = np.dtype("float64")
int32 = np.dtype("int32")
uint32 = np.dtype("uint32")
boolean = np.dtype("bool")

ALL = (float32, float64, int32, uint32, boolean)
FLOATS = (float32, float64)


class DTypeError(TypeError):
    """Element types that do not fit together."""


def as_dtype(name: Any) -> np.dtype:
    """The library's dtype for a name or NumPy dtype; raises `DTypeError` for one that it lacks."""
    dtype = np.dtype(name)
    if dtype not in ALL:
        names = ", ".join(d.name for d in ALL)
        raise DTypeError(f"expected one of {names}, got {dtype}; cast the array first")
    return dtype


def is_float(dtype: np.dtype) -> bool:
    """Whether elements are floating point, so that derivatives exist."""
    return dtype in FLOATS


def as_array(value: object) -> np.ndarray:
    """A NumPy array of a type that a graph may hold.

    Other integer types become int32 and half precision becomes float32; 64-bit floats stay.
    """
    array = np.asarray(value)
    if array.dtype in ALL:
        return array
    if array.dtype.kind in "iu":
        narrow = array.astype(int32)
        if not np.array_equal(narrow, array):
            raise DTypeError("integers beyond 32 bits do not fit; cast them to float64 first")
        return narrow
    if array.dtype.kind == "f":
        return array.astype(float32)
    raise DTypeError(f"expected numbers, got an array of {array.dtype}")
