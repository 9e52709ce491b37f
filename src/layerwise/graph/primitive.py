"""What a primitive is: a shape rule, a NumPy reference and a derivative, in one block.

A backend adds its lowering in a table of its own. `PRIMITIVES` lists every primitive by name, so
that tests can assert that none lacks a part.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple, TypeVar, dataclass_transform

import numpy as np

from . import dtypes
from .dimension import Shape
from .tensor import Tensor

PRIMITIVES: dict[str, type[Primitive]] = {}


class Concrete(NamedTuple):
    """What an evaluation knows about the output: its shape in ints, dtype, and the rows fed."""

    shape: tuple[int, ...]
    dtype: np.dtype
    rows: int


class Primitive(ABC):
    """An operation that backends implement; its static attributes are dataclass fields."""

    differentiable: ClassVar[bool] = True
    """False when the derivative is zero or undefined everywhere."""

    @abstractmethod
    def infer(self, *inputs: Tensor) -> tuple[Shape, np.dtype]:
        """Shape and dtype of the output; raises `ShapeError` or `DTypeError`."""

    @abstractmethod
    def evaluate(self, out: Concrete, *arrays: np.ndarray) -> np.ndarray:
        """The output for arrays: the reference that every backend is compared with."""

    def derivative(
        self, gradient: Tensor, output: Tensor, *inputs: Tensor
    ) -> tuple[Tensor | None, ...]:
        """Gradient with respect to each input, given that of the output; None for zero.

        Written in graph functions, so that it can be differentiated again.
        """
        raise NotImplementedError(f"{type(self).__name__} is marked as not differentiable")

    @property
    def name(self) -> str:
        """The class's name."""
        return type(self).__name__

    def describe(self) -> str:
        """The primitive with its static attributes, for printing."""
        attributes = [f"{f.name}={getattr(self, f.name)!r}" for f in fields(self)]  # type: ignore[arg-type]
        return self.name + (f"[{', '.join(attributes)}]" if attributes else "")


P = TypeVar("P", bound=Primitive)


@dataclass_transform(frozen_default=True)
def primitive(cls: type[P]) -> type[P]:
    """Class decorator: makes a frozen dataclass of a primitive and registers it."""
    made = dataclass(frozen=True, repr=False)(cls)
    PRIMITIVES[made.__name__] = made
    return made


Operand = Tensor | np.ndarray | float | int | bool
"""What graph functions take: a tensor, an array (a constant), or a Python scalar."""


def apply(operation: Primitive, *operands: Any) -> Any:
    """Apply a primitive: to arrays at once, giving an array; otherwise as a node of the graph."""
    if not any(isinstance(x, Tensor) for x in operands) and operands:
        arrays = [dtypes.as_array(x) for x in operands]
        shape, dtype = operation.infer(*arrays)  # type: ignore[arg-type]
        with np.errstate(all="ignore"):
            result = operation.evaluate(Concrete(shape, dtype, 0), *arrays)  # type: ignore[arg-type]
        return np.asarray(result, dtype)
    return Tensor(operation, [as_tensor(x) for x in operands])


def as_tensor(value: Any) -> Tensor:
    """A tensor as it is; of what has a `tensor` (a parameter), that; an array as a constant."""
    if isinstance(value, Tensor):
        return value
    tensor = getattr(value, "tensor", None)
    if isinstance(tensor, Tensor):
        return tensor
    from .leaves import constant

    return constant(value)


def unify(name: str, *operands: Any) -> list[Any]:
    """Operands of one dtype: parameters become tensors, Python scalars and float arrays are weak.

    Returns tensors, or arrays when none is a tensor. Raises `DTypeError` for types that differ.
    """
    values = [as_tensor(x) if hasattr(x, "tensor") else x for x in operands]
    tensors = [x for x in values if isinstance(x, Tensor)]
    typed: list[Any] = tensors or [x for x in values if isinstance(x, np.ndarray | np.generic)]
    if typed:
        dtype = dtypes.as_dtype(typed[0].dtype) if tensors else dtypes.as_array(typed[0]).dtype
    else:
        dtype = dtypes.as_array(np.result_type(*map(np.asarray, values)).type(0)).dtype
        dtype = dtypes.float32 if dtype.kind == "f" else dtype
    result: list[Any] = []
    for x in values:
        if isinstance(x, Tensor):
            if x.dtype != dtype:
                raise dtypes.DTypeError(
                    f"{name}: {dtype} and {x.dtype} do not combine; convert one with .astype(...)"
                )
            result.append(x)
            continue
        array = dtypes.as_array(x)
        weak = not isinstance(x, np.ndarray | np.generic) or (
            bool(tensors) and dtypes.is_float(dtype) and dtypes.is_float(array.dtype)
        )
        if array.dtype != dtype:
            if not weak or (dtypes.is_float(array.dtype) and not dtypes.is_float(dtype)):
                raise dtypes.DTypeError(
                    f"{name}: {dtype} and {array.dtype} do not combine; "
                    "convert one with .astype(...)"
                )
            array = array.astype(dtype)
        result.append(as_tensor(array) if tensors else array)
    return result
