"""Rows of a table as a network takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Rows:
    """Inputs, target and weights of the same rows.

    Attributes
    ----------
    numbers : float32 (n, d): encoded columns; those that are plain numbers come first.
    codes : int32 (n, k): columns of categories that get a learned vector for each value; or None.
    target : class numbers int32 (n,), or float32 (n, outputs); None where it is not known.
    weight : float32 (n,), or None.
    """

    numbers: np.ndarray
    codes: np.ndarray | None = None
    target: np.ndarray | None = None
    weight: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def inputs(self) -> tuple[np.ndarray, ...]:
        """What a network is called with."""
        return (self.numbers,) if self.codes is None else (self.numbers, self.codes)

    @property
    def given(self) -> tuple[Any, ...]:
        """What `layerwise.train` takes: (X, y), or (X, y, weights)."""
        inputs = self.numbers if self.codes is None else self.inputs
        pair = (inputs, self.target)
        return pair if self.weight is None else (*pair, self.weight)

    def take(self, rows: np.ndarray) -> Rows:
        """Some of the rows, by number."""
        return Rows(
            self.numbers[rows],
            None if self.codes is None else self.codes[rows],
            None if self.target is None else self.target[rows],
            None if self.weight is None else self.weight[rows],
        )


@dataclass(frozen=True, eq=False)
class Columns:
    """What a network must know of its inputs.

    Attributes
    ----------
    width : d, the columns of `Rows.numbers`.
    plain : how many of them, the first ones, are numbers rather than indicators or one-hot.
    cardinalities : codes of each column of `Rows.codes`.
    """

    width: int
    plain: int
    cardinalities: tuple[int, ...] = ()
