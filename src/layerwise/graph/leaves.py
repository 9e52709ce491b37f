"""Nodes without inputs: constants, fed inputs, variables of the state, counters, the batch size."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from . import dtypes
from .dimension import Batch, Dimension, Shape, ShapeError
from .primitive import Concrete, Primitive, primitive
from .tensor import Tensor


class Leaf(Primitive):
    """A node without inputs."""

    differentiable = False


@primitive
class Constant(Leaf):
    """Fixed numbers, part of the graph itself."""

    data: bytes
    shape: tuple[int, ...]
    dtype: np.dtype

    def infer(self, *inputs: Tensor) -> tuple[Shape, np.dtype]:
        return self.shape, self.dtype

    def evaluate(self, out: Concrete, *arrays: np.ndarray) -> np.ndarray:
        return self.array

    @property
    def array(self) -> np.ndarray:
        """The numbers."""
        return np.frombuffer(self.data, self.dtype).reshape(self.shape)

    def describe(self) -> str:
        if self.array.size == 1:
            return (
                f"{self.array.reshape(-1)[0]:g}"
                if self.dtype.kind == "f"
                else str(self.array.item())
            )
        return f"Constant{self.shape}"


@primitive
class Input(Leaf):
    """What a run feeds under a name: rows of data, or a value for every step."""

    label: str
    shape: Shape
    dtype: np.dtype

    def infer(self, *inputs: Tensor) -> tuple[Shape, np.dtype]:
        return self.shape, self.dtype

    def evaluate(self, out: Concrete, *arrays: np.ndarray) -> np.ndarray:
        raise ValueError(f"the input '{self.label}' was not fed")

    def describe(self) -> str:
        return self.label


@primitive
class Variable(Leaf):
    """A value of the state: a parameter, a buffer, a moment of the optimiser, a counter.

    Two variables are never equal, whatever their names: `identity` tells them apart.
    """

    label: str
    shape: tuple[int, ...]
    dtype: np.dtype
    identity: int

    def infer(self, *inputs: Tensor) -> tuple[Shape, np.dtype]:
        return self.shape, self.dtype

    def evaluate(self, out: Concrete, *arrays: np.ndarray) -> np.ndarray:
        raise ValueError(f"the state has no value for '{self.label}'")

    def describe(self) -> str:
        return self.label


@primitive
class Iota(Leaf):
    """0, 1, 2, ... as int32, shape (length,)."""

    length: Dimension

    def infer(self, *inputs: Tensor) -> tuple[Shape, np.dtype]:
        return (self.length,), dtypes.int32

    def evaluate(self, out: Concrete, *arrays: np.ndarray) -> np.ndarray:
        return np.arange(out.shape[0], dtype=np.int32)


@primitive
class BatchSize(Leaf):
    """The number of rows in the minibatch, a scalar."""

    dtype: np.dtype

    def infer(self, *inputs: Tensor) -> tuple[Shape, np.dtype]:
        return (), self.dtype

    def evaluate(self, out: Concrete, *arrays: np.ndarray) -> np.ndarray:
        return np.asarray(out.rows, out.dtype)


_identities = itertools.count()


def constant(value: Any, dtype: object = None) -> Tensor:
    """Fixed numbers as a tensor; a Python float becomes float32 unless a dtype is given."""
    if dtype is not None:
        array = np.asarray(value).astype(dtypes.as_dtype(dtype))
    else:
        array = dtypes.as_array(np.float32(value) if isinstance(value, float) else value)
    return Tensor(Constant(array.tobytes(), array.shape, array.dtype))


def input(name: str, shape: Any, dtype: object = "float32") -> Tensor:
    """A value fed at run time; lead the shape with `batch` for rows of data."""
    shape = tuple(shape)
    if any(isinstance(d, Batch) for d in shape[1:]):
        raise ShapeError(f"input '{name}': only the leading dimension can be batch, got {shape}")
    return Tensor(Input(name, shape, dtypes.as_dtype(dtype)))


def variable(name: str, shape: Any, dtype: object = "float32") -> Tensor:
    """A new variable of the state; its value lives in a `State`."""
    shape = tuple(int(d) for d in shape)
    return Tensor(Variable(name, shape, dtypes.as_dtype(dtype), next(_identities)))


def iota(length: Dimension) -> Tensor:
    """0, 1, ..., length - 1 as int32."""
    return Tensor(Iota(length))


def batch_size(dtype: object = "float32") -> Tensor:
    """The number of rows in the minibatch as a scalar."""
    return Tensor(BatchSize(dtypes.as_dtype(dtype)))
