"""`State`: the values of variables, shared by all programs of one model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping

import numpy as np

from ..graph.dimension import ShapeError, show
from ..graph.leaves import Variable
from ..graph.tensor import Tensor


class State(MutableMapping[Tensor, np.ndarray]):
    """Row-major arrays by variable: the truth between runs.

    Setting a value checks its shape and stores a contiguous copy in the variable's dtype.
    """

    def __init__(self, values: Mapping[Tensor, np.ndarray] | None = None) -> None:
        self._values: dict[Tensor, np.ndarray] = {}
        self.version = 0
        """Grows whenever an array is replaced; what is written into an array does not count."""
        self.update(values or {})

    def __getitem__(self, variable: Tensor) -> np.ndarray:
        return self._values[variable]

    def __setitem__(self, variable: Tensor, value: np.ndarray) -> None:
        if not isinstance(variable.primitive, Variable):
            raise TypeError(f"a state holds variables, not {variable!r}")
        value = np.asarray(value)
        if value.shape != variable.shape:
            raise ShapeError(
                f"'{variable.primitive.label}': expected shape {show(variable.shape)}, got "
                f"{value.shape}"
            )
        self._values[variable] = aligned_copy(value, variable.dtype)
        self.version += 1

    def __delitem__(self, variable: Tensor) -> None:
        del self._values[variable]
        self.version += 1

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def copy(self) -> State:
        """An independent copy."""
        return State(self._values)

    def replace(self, values: Mapping[Tensor, np.ndarray]) -> None:
        """Take several new arrays at once; an interrupt sees all of them or none."""
        self._values.update(values)
        self.version += 1


LINE = 64
"""Bytes of a cache line, and of the widest vectors."""


def aligned_bytes(count: int) -> np.ndarray:
    """Uninitialised bytes that begin a cache line."""
    raw = np.empty(count + LINE, np.uint8)
    skip = -raw.__array_interface__["data"][0] % LINE
    return raw[skip : skip + count]


def aligned_copy(value: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A row-major copy that begins a cache line."""
    array = aligned_bytes(value.size * dtype.itemsize).view(dtype).reshape(value.shape)
    array[...] = value
    return array
