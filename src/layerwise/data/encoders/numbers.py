"""Columns of numbers, all at once: what is missing is filled in, and all come on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

from ...errors import DataError
from ..tables.table import Column
from .distribution import Distribution
from .reading import damaged, read_array, read_choice, read_list, read_object, read_words
from .smooth_clip import smooth_clip, smooth_unclip
from .values_as import values_as
from .weights import Counted

Impute = Literal["median", "mean"] | None
Normalise = Literal["robust", "standard", "quantile"] | None

IMPUTES: tuple[Impute, ...] = ("median", "mean", None)
NORMALISES: tuple[Normalise, ...] = ("robust", "standard", "quantile", None)

MOST_KNOTS = 1000
"""Quantiles that are kept for a column."""

LARGEST = 1e300
"""Magnitudes beyond this are taken as this, so that a difference of two never overflows."""

LARGEST_OUTPUT = float(np.finfo(np.float32).max)

_BLOCK = 1 << 18  # Elements at a time: what is worked on stays in the cache.


@dataclass(frozen=True, eq=False)
class NumberEncoder:
    """Columns of numbers to columns of float32.

    ``(x - shift) * factor``, then by the kind of normalisation:

    - "standard": mean 0 and deviation 1.
    - "robust": median 0 and interquartile range 1 (half the range 1 where that is 0), then smoothly
      clipped to -3..3. RealMLP, arXiv:2407.04491.
    - "quantile": normal scores, the inverse normal distribution of the mid-rank; linear between up
      to 1,000 quantiles, and never beyond the scores of the extremes of training.
    - None: as it is.

    A column that never changes becomes 0 and stays 0. Median and quartiles are values that occur
    (see `Distribution.places`).

    Attributes
    ----------
    names : of the columns, in order.
    impute : what stands for a missing number; None refuses them.
    normalise : as above.
    fill, shift, factor : float64 of shape (columns,).
    indicators : bool of shape (columns,): whether missing occurred in training, so that a column
        "X is missing" is added.
    knots : for "quantile", (values, scores) of each column, float64, ascending; else ().
    """

    names: tuple[str, ...]
    impute: Impute
    normalise: Normalise
    fill: np.ndarray
    shift: np.ndarray
    factor: np.ndarray
    indicators: np.ndarray
    knots: tuple[tuple[np.ndarray, np.ndarray], ...] = ()

    # -- fitting -----------------------------------------------------------------------------------

    @classmethod
    def fit(
        cls,
        columns: Sequence[Column],
        counted: Counted,
        impute: Impute,
        normalise: Normalise,
    ) -> NumberEncoder:
        """Learn from columns of numbers.

        Raises
        ------
        DataError : a column of another kind, an infinite number; or a missing one, and `impute` is
            None.
        """
        count = len(columns)
        fill, shift, factor = np.zeros(count), np.zeros(count), np.ones(count)
        indicators = np.zeros(count, np.bool_)
        knots = []
        for place, column in enumerate(columns):
            # A copy, if this is a column of an array: its numbers lie apart, and are read often.
            values = np.ascontiguousarray(counted.take(values_as(column, "numbers")))
            weights = counted.weights
            missing = np.isnan(values)
            if missing.any():
                if impute is None:
                    raise _missing(column.name, counted.first(missing))
                indicators[place] = True
                values = values[~missing]
                weights = None if weights is None else weights[~missing]
            if not len(values):
                found = Distribution(np.zeros(1), np.ones(1))
            else:
                least, most = float(values.min()), float(values.max())
                if np.isinf([least, most]).any():
                    raise _infinite(
                        column.name, counted.first(np.isinf(counted.take(column.values)))
                    )
                if max(most, -least) > LARGEST:
                    values = np.clip(values, -LARGEST, LARGEST)
                found = Distribution.of(values, weights)
            fill[place] = found.mean() if impute == "mean" else found.quantile(0.5)
            if normalise == "quantile":
                knots.append(_normal_scores(found))
            elif normalise is not None:
                shift[place], factor[place] = _scale(found, normalise)
        names = tuple(column.name for column in columns)
        return cls(names, impute, normalise, fill, shift, factor, indicators, tuple(knots))

    # -- encoding ----------------------------------------------------------------------------------

    @property
    def width(self) -> int:
        """How many columns of float32 there are: one for each column, then the indicators."""
        return len(self.names) + int(self.indicators.sum())

    def encode(self, columns: Sequence[Column], out: np.ndarray) -> None:
        """Write the columns' numbers, then their indicators, into `out`.

        Parameters
        ----------
        columns : in the order of `names`, of n rows each.
        out : float32 of shape (n, width).

        Raises
        ------
        DataError : a column of another kind, an infinite number; or a missing one, and `impute` is
            None.
        """
        given = [values_as(column, "numbers") for column in columns]
        rows, count = len(out), len(self.names)
        if not count:
            return
        size = max(1, _BLOCK // count)
        buffer = np.empty((min(size, rows), count))
        marked = np.flatnonzero(self.indicators)
        for start in range(0, rows, size):
            part = slice(start, min(start + size, rows))
            block = buffer[: part.stop - start]
            for place, values in enumerate(given):
                block[:, place] = values[part]
            largest = float(max(block.max(), -block.min()))
            if np.isnan(largest):
                missing = np.isnan(block)
                if self.impute is None:
                    row, place = np.argwhere(missing)[0].tolist()
                    raise _missing(self.names[place], start + row)
                np.copyto(block, self.fill, where=missing)
                out[part, count:] = missing[:, marked]
                largest = float(max(block.max(), -block.min()))
            else:
                out[part, count:] = 0
            if largest > LARGEST:
                if largest == np.inf:
                    row, place = np.argwhere(np.isinf(block))[0].tolist()
                    raise _infinite(self.names[place], start + row)
                np.clip(block, -LARGEST, LARGEST, out=block)
            out[part, :count] = self._normalised(block)

    def _normalised(self, block: np.ndarray) -> np.ndarray:
        """Normalise rows of shape (n, columns) in place, within what float32 can hold."""
        if self.normalise == "quantile":
            for place, (values, scores) in enumerate(self.knots):
                block[:, place] = np.interp(block[:, place], values, scores)
            return block
        if self.normalise is not None:
            block -= self.shift
            with np.errstate(over="ignore"):
                block *= self.factor
        np.clip(block, -LARGEST_OUTPUT, LARGEST_OUTPUT, out=block)
        if self.normalise == "robust":
            smooth_clip(block)
        return block

    def decode(self, numbers: np.ndarray) -> list[Column]:
        """The inverse, as float64; NaN where an indicator says missing.

        Parameters
        ----------
        numbers : float of shape (n, width).
        """
        count = len(self.names)
        values = numbers[:, :count].astype(np.float64)
        if self.normalise == "robust":
            values = smooth_unclip(values)
        if self.normalise == "quantile":
            for place, (known, scores) in enumerate(self.knots):
                values[:, place] = np.interp(values[:, place], scores, known)
        else:
            with np.errstate(over="ignore"):
                values /= np.where(self.factor == 0, np.inf, self.factor)
                values += self.shift
            np.clip(values, -LARGEST, LARGEST, out=values)
        marked = np.flatnonzero(self.indicators).tolist()
        for place, indicator in zip(marked, numbers[:, count:].T, strict=True):
            values[indicator > 0.5, place] = np.nan
        return [Column(n, v) for n, v in zip(self.names, values.T, strict=True)]

    # -- for people --------------------------------------------------------------------------------

    def describe(self) -> list[str]:
        """For each column one line, without its name: what becomes of it."""
        return [f"number; {self._scaling(p)}{self._imputing(p)}" for p in range(len(self.names))]

    def _scaling(self, place: int) -> str:
        shift, factor = self.shift[place], self.factor[place]
        if self.normalise is None:
            return "as it is"
        if self.normalise == "quantile":
            known = self.knots[place][0]
            if len(known) > 1:
                return (
                    f"normal scores of its ranks, from {len(known):,} quantiles between "
                    f"{known[0]:.6g} and {known[-1]:.6g}"
                )
        elif factor:
            if self.normalise == "standard":
                return f"minus the mean {shift:.6g}, divided by the deviation {1 / factor:.6g}"
            return (
                f"minus the median {shift:.6g}, divided by the spread {1 / factor:.6g}, smoothly "
                "clipped to -3..3"
            )
        return "0, because it never changed in training"

    def _imputing(self, place: int) -> str:
        if self.impute is None:
            return "; missing is an error"
        text = f"; missing becomes the {self.impute} {self.fill[place]:.6g}"
        if self.indicators[place]:
            text += f", and '{missing_name(self.names[place])}' is 1"
        return text

    # -- the file ----------------------------------------------------------------------------------

    def to_json(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """JSON values, and arrays by name."""
        about = {
            "names": list(self.names),
            "impute": self.impute,
            "normalise": self.normalise,
            "indicators": [bool(i) for i in self.indicators],
        }
        tensors = {
            "numbers.fill": self.fill,
            "numbers.shift": self.shift,
            "numbers.factor": self.factor,
        }
        if self.normalise == "quantile":
            none = [np.zeros(0)]
            tensors |= {
                "numbers.knots": np.concatenate(none + [k for k, _ in self.knots]),
                "numbers.scores": np.concatenate(none + [s for _, s in self.knots]),
                "numbers.knot_counts": np.array([len(k) for k, _ in self.knots], np.int64),
            }
        return about, tensors

    @classmethod
    def from_json(cls, about: Any, tensors: Mapping[str, Any]) -> NumberEncoder:
        """What `to_json` gave, from a file that is not trusted.

        Raises
        ------
        ModelFileError : anything else.
        """
        read_object(about, "an object for the numbers", _KEYS)
        names = read_words(about["names"], "names of numbers")
        impute = read_choice(about["impute"], "impute", IMPUTES)
        normalise = read_choice(about["normalise"], "normalise", NORMALISES)
        flags = read_list(about["indicators"], "indicators")
        if len(flags) != len(names) or not all(type(f) is bool for f in flags):
            raise damaged(f"expected true or false for each of {len(names)} indicators")
        shape = (len(names),)
        fill, shift, factor = (
            read_array(tensors, f"numbers.{part}", np.float64, shape)
            for part in ("fill", "shift", "factor")
        )
        if not (np.abs(np.concatenate([fill, shift, factor])) <= LARGEST).all():
            raise damaged(f"a number of the scaling lies beyond {LARGEST:g}")
        if (factor < 0).any():
            raise damaged("a factor is negative")
        indicators = np.array(flags, np.bool_)
        knots = _read_knots(tensors, len(names)) if normalise == "quantile" else ()
        return cls(names, impute, normalise, fill, shift, factor, indicators, knots)


_KEYS = ("names", "impute", "normalise", "indicators")


def missing_name(name: str) -> str:
    """What the indicator of a column is called."""
    return f"{name} is missing"


def _scale(found: Distribution, normalise: Normalise) -> tuple[float, float]:
    """Shift and factor."""
    if normalise == "standard":
        centre, spread = found.mean(), found.deviation()
    else:
        centre, spread = found.quantile(0.5), found.robust_spread()
    if found.constant or not spread:
        return centre, 0.0
    # In float64 the inverse of the smallest numbers is infinite.
    return centre, LARGEST if spread < 1 / LARGEST else 1 / spread


def _normal_scores(found: Distribution) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles and the normal score of each: ascending, up to `MOST_KNOTS`."""
    places = np.arange(len(found.values))
    if len(places) > MOST_KNOTS:
        places = np.unique(found.places(np.linspace(0, 1, MOST_KNOTS)))
    score = NormalDist().inv_cdf
    # A value of almost no weight at an end has a rank that rounds to 0 or 1: no finite score.
    ranks = np.clip(found.mid_ranks[places], 1e-15, 1 - 1e-15)
    return found.values[places], np.array([score(rank) for rank in ranks.tolist()])


def _read_knots(
    tensors: Mapping[str, Any], columns: int
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    if not columns:
        return ()
    counts = read_array(tensors, "numbers.knot_counts", np.int64, (columns,))
    if ((counts < 1) | (counts > MOST_KNOTS)).any():
        raise damaged(f"a number has not 1 to {MOST_KNOTS} quantiles")
    ends = np.cumsum(counts)
    total = int(ends[-1])
    values = read_array(tensors, "numbers.knots", np.float64, (total,))
    scores = read_array(tensors, "numbers.scores", np.float64, (total,))
    if (np.abs(values) > LARGEST).any() or (np.abs(scores) > 10).any():
        raise damaged("a quantile or its score is out of range")
    starts = ends[:-1]
    knots = tuple(zip(np.split(values, starts), np.split(scores, starts), strict=True))
    for known, score in knots:
        if (np.diff(known) <= 0).any() or (np.diff(score) < 0).any():
            raise damaged("the quantiles of a number are not in ascending order")
    return knots


def _missing(name: str, row: int) -> DataError:
    return DataError(
        f"column '{name}', row {row} (counted from 0): expected a number, got a missing one; fill "
        "it in, leave the row out, or train with impute='median'"
    )


def _infinite(name: str, row: int) -> DataError:
    return DataError(
        f"column '{name}', row {row} (counted from 0): expected a finite number, got an infinite "
        "one; correct it, or make it missing (NaN)"
    )
