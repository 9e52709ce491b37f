"""Which rows count, and how much: a weight of 2 is a row that stands there twice.

A row of weight 0 is no row: it decides nothing, not even that a category exists.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DataError


class Counted(NamedTuple):
    """The rows that count.

    Attributes
    ----------
    rows : their numbers, int64; None for all rows in their order.
    weights : float64, above 0, one for each of those rows; None when each counts once.
    """

    rows: NDArray[np.int64] | None
    weights: NDArray[np.float64] | None

    def take(self, values: np.ndarray) -> np.ndarray:
        """Those rows of an array, shape (n, ...)."""
        return values if self.rows is None else values[self.rows]

    def first(self, wrong: np.ndarray) -> int:
        """The number, in the whole table, of the first of those rows for which `wrong` is true."""
        places = np.flatnonzero(wrong)
        return int(places[0] if self.rows is None else self.rows[places].min())


def counted(sample_weight: ArrayLike | None, rows: int) -> Counted:
    """Check weights and leave out the rows of weight 0.

    Raises
    ------
    DataError : no row counts, or the weights are not one finite number, 0 or more, for each row.
    """
    if sample_weight is None:
        if not rows:
            raise DataError("expected at least one row to learn from, got none")
        return Counted(None, None)
    try:
        weights = np.asarray(sample_weight, np.float64)
    except (TypeError, ValueError):
        raise DataError("expected numbers as sample_weight, one for each row") from None
    if weights.shape != (rows,):
        raise DataError(
            f"expected one sample_weight for each row, shape ({rows},), got shape {weights.shape}"
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"expected weights of 0 or more, got {weights[row]:g} for row {row} (counted from 0); "
            "give the rows that shall not count the weight 0"
        )
    # In ascending order, so that no sum of weights depends on the order of the rows.
    order = np.argsort(weights, kind="stable")
    order = order[weights[order] > 0]
    if not len(order):
        raise DataError(
            "expected at least one row with a sample_weight above 0, got none; give the rows to "
            "learn from a weight of 1"
        )
    return Counted(order, weights[order])
