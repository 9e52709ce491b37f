"""`Feeds`: what a run feeds to a program, step by step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..graph.dimension import Batch, ShapeError, show
from ..graph.dtypes import DTypeError
from ..graph.tensor import Tensor


class Feeds:
    """Rows of data in minibatches, values for each step, and values that stay.

    Parameters
    ----------
    rows : arrays (n, ...) by input name, from which each step takes its rows; C-contiguous arrays
        of the input's dtype are used without a copy.
    batch_size : rows in a step; the last step takes what is left.
    order : which row comes when (int); all rows as they stand when None.
    per_step : arrays (steps, ...) by input name: one value for each step.
    fixed : values by input name, the same in every step.
    steps : number of steps when there are no rows.
    minimum : a last batch with fewer rows joins the one before it (batch normalisation needs 2).
    """

    def __init__(
        self,
        rows: Mapping[str, np.ndarray] | None = None,
        batch_size: int = 32,
        order: np.ndarray | None = None,
        per_step: Mapping[str, np.ndarray] | None = None,
        fixed: Mapping[str, np.ndarray] | None = None,
        steps: int | None = None,
        minimum: int = 1,
    ) -> None:
        self.rows = dict(rows or {})
        self.fixed = dict(fixed or {})
        self._right: dict[tuple[Tensor, str], np.ndarray] = {}
        lengths = {name: len(array) for name, array in self.rows.items()}
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"'{n}' has {k}" for n, k in lengths.items())
            raise ShapeError(f"inputs must have the same number of rows, but {shown}")
        self._available = next(iter(lengths.values()), 0)
        self.order = None if order is None else self._checked(order)
        count = self._count = self._available if self.order is None else len(self.order)
        if batch_size < 1:
            raise ValueError(f"expected a batch size of at least 1, got {batch_size}")
        if self.rows:
            starts = np.arange(0, count, batch_size, dtype=np.int64)
            if len(starts) > 1 and count - starts[-1] < minimum:
                starts = starts[:-1]
            self.boundaries = np.append(starts, np.int64(count))
        else:
            self.boundaries = np.arange((1 if steps is None else steps) + 1, dtype=np.int64)
        self.steps = len(self.boundaries) - 1
        """Number of steps that the rows give."""
        self.largest_batch = int(np.diff(self.boundaries).max(initial=0))
        """Rows in the largest step."""
        self._set_per_step(per_step or {})

    def again(self, order: np.ndarray | None, per_step: Mapping[str, np.ndarray]) -> Feeds:
        """The same rows in another order of as many, with other values for each step.

        It shares with these feeds what has been checked and worked out, so it costs little.
        """
        other = object.__new__(Feeds)
        other.__dict__.update(self.__dict__)
        other.order = None if order is None else self._checked(order)
        count = self._available if other.order is None else len(other.order)
        if count != self._count:
            raise ShapeError(f"expected an order of {self._count} rows, got {count}")
        other._set_per_step(per_step)
        return other

    def _checked(self, order: np.ndarray) -> np.ndarray:
        order = np.ascontiguousarray(order, np.int64)
        if len(order) and not (order.min() >= 0 and order.max() < self._available):
            raise IndexError(f"order names rows outside 0..{self._available - 1}")
        return order

    def _set_per_step(self, per_step: Mapping[str, np.ndarray]) -> None:
        self.per_step = dict(per_step)
        for name, array in self.per_step.items():
            if len(array) < self.steps:
                raise ShapeError(f"'{name}' has {len(array)} values for {self.steps} steps")

    def indices(self, step: int) -> np.ndarray | slice:
        """Which rows a step takes."""
        start, stop = int(self.boundaries[step]), int(self.boundaries[step + 1])
        return slice(start, stop) if self.order is None else self.order[start:stop]

    def check(self, inputs: Mapping[str, Tensor]) -> None:
        """Raise an error that names the input if an array is missing or has a wrong shape.

        Arrays are converted to the inputs' dtypes and made contiguous.
        """
        for name, tensor in inputs.items():
            for kind, drop, where in (
                (self.rows, 1, "rows"), (self.per_step, 1, "per step"), (self.fixed, 0, "fixed"),
            ):  # fmt: skip
                if name in kind:
                    if self._right.get((tensor, where)) is kind[name]:
                        break
                    array = np.asarray(kind[name])
                    if array.dtype.kind == "f" and tensor.dtype.kind != "f":
                        raise DTypeError(
                            f"input '{name}': {array.dtype} would lose its fractions as "
                            f"{tensor.dtype}; convert it first"
                        )
                    array = np.asarray(array, tensor.dtype, order="C")
                    want = tensor.shape[1:] if kind is self.rows else tensor.shape
                    if kind is self.rows and tensor.shape[:1] != (Batch(),):
                        raise ShapeError(f"input '{name}' has no batch dimension; feed one value")
                    if array.shape[drop:] != want:
                        raise ShapeError(
                            f"input '{name}' ({where}): expected shape {show(tensor.shape)}, got "
                            f"{array.shape}"
                        )
                    kind[name] = self._right[tensor, where] = array
                    break
            else:
                raise KeyError(f"the input '{name}' of shape {show(tensor.shape)} was not fed")
