"""`Tensor`: one node of a graph, immutable, and shared when equal.

A node is a primitive applied to other nodes. Its shape and dtype are inferred when it is made, so
a mistake is reported on the line that makes it.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Container, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from . import dtypes
from .dimension import Batch, Shape, ShapeError, show

if TYPE_CHECKING:
    from .primitive import Primitive

_shared: weakref.WeakValueDictionary[tuple[Any, ...], Tensor] = weakref.WeakValueDictionary()
_lock = threading.RLock()


def _after_fork_in_child() -> None:
    global _lock
    # Another thread of the parent may have held it, and will not let it go here.
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


class Tensor:
    """A value in a graph: what a primitive gives for its inputs.

    Attributes
    ----------
    primitive : the operation, with its static attributes.
    inputs : the tensors it is applied to.
    shape : dimensions; the leading one may be a `Batch`.
    dtype : NumPy dtype of the elements.
    """

    __slots__ = ("__weakref__", "dtype", "inputs", "primitive", "shape")

    primitive: Primitive
    inputs: tuple[Tensor, ...]
    shape: Shape
    dtype: np.dtype

    # NumPy must hand `array * tensor` to Tensor.__rmul__ instead of looping over elements.
    __array_ufunc__ = None

    def __new__(cls, primitive: Primitive, inputs: Iterable[Tensor] = ()) -> Tensor:
        inputs = tuple(inputs)
        key = (primitive, tuple(map(id, inputs)))
        # An entry's inputs live as long as the entry, so their ids cannot be reused meanwhile.
        with _lock:
            found = _shared.get(key)
            if found is not None:
                return found
        shape, dtype = primitive.infer(*inputs)
        if sum(isinstance(d, Batch) for d in shape) > 1:
            raise ShapeError(
                f"{primitive.name} would give shape {show(shape)}, every row of the batch with "
                "every row; only one axis can be the batch"
            )
        tensor = object.__new__(cls)
        for name, value in (
            ("primitive", primitive),
            ("inputs", inputs),
            ("shape", tuple(shape)),
            ("dtype", dtype),
        ):
            object.__setattr__(tensor, name, value)
        with _lock:
            return _shared.setdefault(key, tensor)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Tensor is immutable; build a new one")

    def __copy__(self) -> Tensor:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return self

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"Tensor({self.primitive.describe()}, shape={show(self.shape)}, {self.dtype.name})"

    # -- what a tensor cannot do while a graph is being built ------------------------------------

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a Tensor has no value while the graph is built, so `if`, `and` and `while` cannot "
            "look at it; use where(condition, a, b), or call the model on arrays to get numbers"
        )

    def __float__(self) -> NoReturn:
        raise TypeError("a Tensor has no value while the graph is built; call the model on arrays")

    __int__ = __index__ = __float__

    def __array__(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(
            "a Tensor has no value while the graph is built, so NumPy cannot take it; use the "
            "functions of layerwise (lw.exp, lw.sum, ...) instead of NumPy's"
        )

    def __iter__(self) -> NoReturn:
        raise TypeError("a Tensor cannot be looped over; index it, or use reductions")

    def __len__(self) -> int:
        if not self.shape or not isinstance(self.shape[0], int):
            raise TypeError(f"a Tensor of shape {show(self.shape)} has no fixed length")
        return self.shape[0]

    # -- operators: see elementwise.py, movement.py and contraction.py ---------------------------

    def __add__(self, other: Any) -> Tensor:
        return _elementwise().add(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return _elementwise().add(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return _elementwise().subtract(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return _elementwise().subtract(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return _elementwise().multiply(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return _elementwise().multiply(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return _elementwise().divide(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return _elementwise().divide(other, self)

    def __pow__(self, exponent: Any) -> Tensor:
        return _elementwise().power(self, exponent)

    def __neg__(self) -> Tensor:
        return _elementwise().negative(self)

    def __abs__(self) -> Tensor:
        return _elementwise().absolute(self)

    def __matmul__(self, other: Any) -> Tensor:
        from .contraction import matmul

        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        from .contraction import matmul

        return matmul(other, self)

    def __lt__(self, other: Any) -> Tensor:
        return _elementwise().less(self, other)

    def __le__(self, other: Any) -> Tensor:
        return _elementwise().less_equal(self, other)

    def __gt__(self, other: Any) -> Tensor:
        return _elementwise().greater(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return _elementwise().greater_equal(self, other)

    # == stays identity, so that tensors can be dictionary keys: use equal(a, b).

    def __and__(self, other: Any) -> Tensor:
        return _elementwise().logical_and(self, other)

    def __or__(self, other: Any) -> Tensor:
        return _elementwise().logical_or(self, other)

    def __invert__(self) -> Tensor:
        return _elementwise().logical_not(self)

    def __getitem__(self, index: Any) -> Tensor:
        from .movement import getitem

        return getitem(self, index)

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape; one dimension may be -1."""
        from .movement import reshape

        return reshape(
            self, shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        )

    def transpose(self, *axes: int) -> Tensor:
        """Axes in another order; reversed when none is given."""
        from .movement import transpose

        return transpose(self, axes or None)

    @property
    def T(self) -> Tensor:  # noqa: N802 - NumPy's name
        """The axes reversed."""
        return self.transpose()

    def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Sum over axes; see `layerwise.sum`."""
        from .reduction import sum

        return sum(self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Mean over axes; see `layerwise.mean`."""
        from .reduction import mean

        return mean(self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """Maximum over axes; see `layerwise.max`."""
        from .reduction import max

        return max(self, axis, keepdims)

    def astype(self, dtype: object) -> Tensor:
        """The elements converted to another dtype."""
        return _elementwise().cast(self, dtypes.as_dtype(dtype))


def _elementwise() -> Any:
    from . import elementwise

    return elementwise


def topological_order(
    outputs: Iterable[Tensor], known: Container[Tensor] = frozenset()
) -> list[Tensor]:
    """Every node that the outputs need, each after its inputs; the order is deterministic.

    Nodes in `known`, and what only they need, are left out.
    """
    order: list[Tensor] = []
    seen: set[Tensor] = set()
    stack: list[tuple[Tensor, bool]] = [(t, False) for t in reversed(list(outputs))]
    while stack:
        node, inputs_done = stack.pop()
        if inputs_done:
            order.append(node)
        elif node not in seen and node not in known:
            seen.add(node)
            stack.append((node, True))
            stack.extend((i, False) for i in reversed(node.inputs) if i not in seen)
    return order
