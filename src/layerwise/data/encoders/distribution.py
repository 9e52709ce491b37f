"""The values of a column, each once, with their weights: whatever is fitted is computed from this.

Repeating a row k times and giving it the weight k make the same distribution, bit for bit, and so
does any order of the rows. Statistics computed from it are therefore the same, not just close.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Distribution:
    """Values and how often each occurs.

    Attributes
    ----------
    values : shape (m,), m > 0, ascending, each once; float64, or int64 for dates.
    weights : float64, shape (m,), above 0: how many rows have each value.
    """

    values: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, weights: np.ndarray | None = None) -> Distribution:
        """Count the values of rows.

        Parameters
        ----------
        values : shape (n,), n > 0; no NaN.
        weights : shape (n,), above 0; each row counts once when None. Fractions must come in
            ascending order for the sums not to depend on the order of the rows.
        """
        if weights is None:
            ordered = np.sort(values)
        else:
            order = np.argsort(values, kind="stable")
            ordered = values[order]
        starts = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
        if weights is None:
            sums = np.diff(starts, append=len(ordered)).astype(np.float64)
        else:
            sums = np.add.reduceat(weights[order], starts)
        unique = ordered[starts]
        if unique.dtype.kind == "f":
            # Which of -0.0 and 0.0 comes first depends on the order of the rows.
            unique = unique.astype(np.float64) + 0.0
        return cls(unique, sums)

    @property
    def constant(self) -> bool:
        """Whether there is a single value."""
        return len(self.values) == 1

    @cached_property
    def cumulative(self) -> np.ndarray:
        """The weight of each value and all below it: float64, shape (m,)."""
        return np.cumsum(self.weights)

    @property
    def mid_ranks(self) -> np.ndarray:
        """For each value the share below it and half the share that has it: float64 in 0..1."""
        return (self.cumulative - self.weights / 2) / self.cumulative[-1]

    def mean(self) -> float:
        """The weighted mean; of the magnitude of the values however many there are."""
        return float((self.values * self._shares).sum())

    def deviation(self) -> float:
        """The weighted standard deviation, of the population (no Bessel correction)."""
        centred = self.values - self.mean()
        # Squares of what is very large or very small leave the range of float64.
        largest = float(np.abs(centred).max())
        if self.constant or largest == 0:
            return 0.0
        return float(np.sqrt((self._shares * np.square(centred / largest)).sum())) * largest

    def places(self, shares: float | np.ndarray) -> np.ndarray:
        """Where in `values` quantiles are: the smallest value with at least this share up to it.

        The inverse of the cumulative distribution, without interpolation: type 1 of Hyndman & Fan,
        Sample Quantiles in Statistical Packages (1996).
        """
        wanted = np.asarray(shares) * self.cumulative[-1]
        return np.minimum(np.searchsorted(self.cumulative, wanted), len(self.values) - 1)

    def quantile(self, share: float) -> float:
        """One quantile, 0 to 1: always a value that occurs. An int for dates."""
        found: float = self.values[self.places(share)].item()
        return found

    def robust_spread(self) -> float:
        """What counts as one unit: the interquartile range, else half the range, else 0.

        From RealMLP, Holzmüller et al., Better by Default (2024), arXiv:2407.04491, appendix A.
        """
        spread = self.quantile(0.75) - self.quantile(0.25)
        return float(spread or self.values[-1] / 2 - self.values[0] / 2)

    @cached_property
    def _shares(self) -> np.ndarray:
        return self.weights / self.cumulative[-1]
