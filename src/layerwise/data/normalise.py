"""All columns on one scale, so that one learning rate suits all.

A normalisation is fitted on the training rows and kept inside the saved model, so that prediction
takes raw values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Normalisation:
    """(x - shift) * factor, column by column.

    Attributes
    ----------
    shift, factor : float32 of shape (columns,).
    reason : what was done and why, for people.
    """

    shift: np.ndarray
    factor: np.ndarray
    reason: str = ""

    def __call__(self, rows: Any) -> Any:
        """Normalise rows of shape (n, columns): an array, or a tensor of a graph."""
        return (rows - self.shift) * self.factor


def standardise(rows: np.ndarray) -> Normalisation:
    """Mean 0 and standard deviation 1 in each column of these rows.

    A column that never changes becomes 0 and stays harmless if it changes later: it is shifted,
    not scaled.
    """
    values = np.asarray(rows, np.float64)  # a sum of many float32 loses digits
    mean, deviation = values.mean(0), values.std(0)
    # Rounding leaves a constant column a deviation of about 1e-16 of its size, not 0.
    constant = deviation <= 1e-10 * np.maximum(1.0, np.abs(mean))
    factor = 1.0 / np.where(constant, 1.0, deviation)
    return Normalisation(
        mean.astype(np.float32),
        factor.astype(np.float32),
        "each column to mean 0 and deviation 1, so that one learning rate suits all",
    )


def scale_pixels(columns: int, brightest: float) -> Normalisation:
    """Pixels from 0..brightest to 0..1.

    Pixels are on one scale already, and dividing each by its own deviation would blow up those of
    the border, which are almost always 0.
    """
    return Normalisation(
        np.zeros(columns, np.float32),
        np.full(columns, 1.0 / brightest, np.float32),
        f"pixels from 0..{brightest:g} to 0..1, the scale that the first weights are made for",
    )
