"""Values that a module holds: trained parameters, and buffers that training maintains."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Tensor, dtypes, show, variable
from ..graph.dimension import ShapeError


class Held:
    """An array with the variable that stands for it in graphs.

    Graph functions take it like a tensor. `value` is the array; setting it checks the shape.
    """

    def __init__(self, value: Any, name: str = "") -> None:
        array = dtypes.as_array(value)
        if array.dtype == dtypes.float64 and not isinstance(value, np.ndarray):
            array = array.astype(np.float32)
        self._value = np.array(array, order="C")
        self.name = name or type(self).__name__.lower()
        self.tensor: Tensor = variable(self.name, self._value.shape, self._value.dtype)

    @property
    def value(self) -> np.ndarray:
        """The array."""
        return self._value

    @value.setter
    def value(self, new: Any) -> None:
        array = np.array(new, self._value.dtype, order="C")
        if array.shape != self._value.shape:
            raise ShapeError(
                f"'{self.name}': expected shape {show(self._value.shape)}, got {array.shape}"
            )
        self._value = array

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self._value.shape

    @property
    def dtype(self) -> np.dtype:
        """Type of the elements."""
        return self._value.dtype

    def convert(self, dtype: Any) -> None:
        """Hold the array in another dtype; nothing changes if it has that dtype already.

        The variable becomes another one too, as its dtype is fixed: a graph that was made before
        has nothing to do with this object any more.

        Raises
        ------
        DTypeError : graphs do not take that dtype.
        """
        wanted = dtypes.as_dtype(dtype)
        if wanted != self._value.dtype:
            self._value = np.array(self._value, wanted, order="C")
            self.tensor = variable(self.name, self._value.shape, self._value.dtype)

    def __deepcopy__(self, memo: dict) -> Held:
        # A copy is another variable: two models must not share one entry of a state.
        return type(self)(self._value.copy(), self.name)

    def __reduce__(self) -> tuple:
        return type(self), (self._value, self.name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name}, shape={self.shape}, {self.dtype.name})"

    __array_ufunc__ = None


def _operator(name: str) -> Any:
    def method(self: Held, *operands: Any) -> Any:
        return getattr(self.tensor, name)(*operands)

    return method


_OPERATORS = (
    "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "neg", "abs",
    "matmul", "rmatmul", "lt", "le", "gt", "ge", "getitem",
)  # fmt: skip

for _name in _OPERATORS:
    setattr(Held, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ("reshape", "transpose", "sum", "mean", "max", "astype"):
    setattr(Held, _name, _operator(_name))
Held.T = property(lambda self: self.tensor.T)  # type: ignore[attr-defined]


class Parameter(Held):
    """An array that training changes by its gradient.

    Attributes
    ----------
    sparse : whether a training step may change only the rows that it looked up, where it does
        nothing else with them; see `layerwise.optim.Optimizer`.
    """

    def __init__(self, value: Any, name: str = "", sparse: bool = False) -> None:
        super().__init__(value, name)
        self.sparse = sparse

    def __deepcopy__(self, memo: dict) -> Parameter:
        return type(self)(self._value.copy(), self.name, self.sparse)

    def __reduce__(self) -> tuple:
        return type(self), (self._value, self.name, self.sparse)


class Buffer(Held):
    """An array that training maintains without a gradient, such as a running mean."""
