"""One column of dates: how late it is, and where in the year, the month, the week and the day.

A network that has seen 2019 to 2023 will be asked about 2024. How late it is therefore flattens
gently beyond what was seen, and all else comes round again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..tables.table import Column
from .distribution import Distribution
from .numbers import LARGEST_OUTPUT, missing_name
from .reading import (
    damaged,
    read_flag,
    read_number,
    read_object,
    read_text,
    read_whole,
    read_words,
    short,
)
from .smooth_clip import smooth_clip, smooth_unclip
from .values_as import values_as
from .weights import Counted

TIME = "time"
CYCLES = ("time of year", "day of month", "day of week", "time of day")

DAY = 86_400_000_000
"""Microseconds."""

SHORTEST_FOR_MONTHS = 60
"""Days from the first date to the last, from which on the day of the month is told."""

_MOST = (1 << 63) - 1
_EARLIEST, _LATEST = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31", "us")


@dataclass(frozen=True, eq=False)
class DateEncoder:
    """A column of dates to columns of float32.

    - "time": how late it is, (date - middle) / spread, smoothly clipped to -3..3 as robust numbers
      are: later dates go on, ever more slowly. A unit is half of what training covered, roughly,
      whether that is three days or a century.
    - for each cycle its sine and its cosine: the time of the year; the day of the month, where
      training covers 60 days or more; the day of the week; and the time of the day, where that is
      not always midnight.

    Parts that are the same in all of training are left out. All are 0 where the date is missing,
    and "X is missing" is 1 if that occurred in training.

    The inverse takes "time" alone: whole days exactly where training knew only midnights, else to
    about the 10 millionth of the spread (a few minutes for a spread of decades), less exactly the
    further a date lies outside of training.

    Attributes
    ----------
    name : of the column.
    middle : median of the training dates, microseconds since 1970.
    spread : interquartile range, or half the range where that is 0; microseconds, 0 if constant.
    parts : those that are there: "time" and names of cycles, in the order above.
    midnights : whether all of training was at midnight.
    missing_seen : whether missing occurred in training.
    """

    name: str
    middle: int
    spread: float
    parts: tuple[str, ...]
    midnights: bool
    missing_seen: bool

    @classmethod
    def fit(cls, column: Column, counted: Counted) -> DateEncoder:
        """Learn the middle, the spread and which parts vary; `DataError` if these are no dates."""
        values, weights = counted.take(_dates(column)), counted.weights
        missing = np.isnat(values)
        missing_seen = bool(missing.any())
        if missing.all():
            return cls(column.name, 0, 0.0, (), True, missing_seen)
        if missing_seen:
            values = values[~missing]
            weights = None if weights is None else weights[~missing]
        found = Distribution.of(values.view(np.int64), weights)
        # As floats: the difference of two int64 can overflow.
        spread = Distribution(found.values.astype(np.float64), found.weights).robust_spread()
        phases = _phases(found.values.view("datetime64[us]"))
        days = (float(found.values[-1]) - float(found.values[0])) / DAY
        parts = [TIME] if spread else []
        parts += [
            cycle
            for cycle in CYCLES
            if phases[cycle].min() < phases[cycle].max()
            and (cycle != "day of month" or days >= SHORTEST_FOR_MONTHS)
        ]
        midnights = not (found.values % DAY).any()
        middle = int(found.quantile(0.5))
        return cls(column.name, middle, spread, tuple(parts), midnights, missing_seen)

    # -- encoding ----------------------------------------------------------------------------------

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the columns of float32."""
        names = []
        for part in self.parts:
            ends = ("",) if part == TIME else (", sine", ", cosine")
            names += [f"{self.name}: {part}{end}" for end in ends]
        return (*names, missing_name(self.name)) if self.missing_seen else tuple(names)

    def encode(self, column: Column, out: np.ndarray) -> None:
        """Write the parts into `out`, float32 of shape (n, len(outputs))."""
        values = _dates(column)
        missing = np.isnat(values)
        values = np.where(missing, np.datetime64(self.middle, "us"), values)
        place = 0
        if TIME in self.parts:
            late = values.view(np.int64).astype(np.float64)
            late -= self.middle
            with np.errstate(over="ignore"):
                late /= self.spread
            np.clip(late, -LARGEST_OUTPUT, LARGEST_OUTPUT, out=late)
            smooth_clip(late)
            out[:, 0] = late
            place = 1
        cycles = [part for part in self.parts if part != TIME]
        phases = _phases(values) if cycles else {}
        for cycle in cycles:
            angle = 2 * np.pi * phases[cycle]
            out[:, place], out[:, place + 1] = np.sin(angle), np.cos(angle)
            place += 2
        out[missing] = 0
        if self.missing_seen:
            out[:, place] = missing

    def decode(self, numbers: np.ndarray) -> Column:
        """The inverse of `encode`; a date of the years 1 to 9999.

        Parameters
        ----------
        numbers : float of shape (n, len(outputs)).
        """
        late = np.zeros(len(numbers))
        if TIME in self.parts:
            late = smooth_unclip(numbers[:, 0])
        unknown = np.isnan(late)
        with np.errstate(over="ignore"):
            found = np.where(unknown, 0, late) * self.spread + self.middle
        if self.midnights:
            found = np.round(found / DAY) * DAY
        earliest, latest = (float(limit.astype(np.int64)) for limit in (_EARLIEST, _LATEST))
        inside = np.clip(found, min(earliest, self.middle), max(latest, self.middle))
        # Near the ends of int64 a float rounds to what is no int64 any more.
        whole = np.clip(np.rint(inside), -(2.0**63) + 1024, 2.0**63 - 1024).astype(np.int64)
        if TIME not in self.parts:
            whole[:] = self.middle
        if self.missing_seen:
            unknown |= numbers[:, -1] > 0.5
        dates = whole.view("datetime64[us]")
        dates[unknown] = np.datetime64("NaT")
        return Column(self.name, dates)

    # -- for people --------------------------------------------------------------------------------

    def describe(self) -> str:
        """One line without the name: what becomes of the column."""
        if not self.parts:
            text = "date; left out, because it never changed in training"
        else:
            unit = "D" if self.midnights else "m"
            middle = np.datetime64(self.middle, "us").astype(f"datetime64[{unit}]")
            text = f"date; {', '.join(self.parts)}"
            if TIME in self.parts:
                text += f"; time in units of {_duration(self.spread)} from {middle}"
        if self.missing_seen:
            text += f"; '{missing_name(self.name)}' is 1 where it is missing"
        return text

    # -- the file ----------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "name": self.name,
            "middle": self.middle,
            "spread": self.spread,
            "parts": list(self.parts),
            "midnights": self.midnights,
            "missing_seen": self.missing_seen,
        }

    @classmethod
    def from_json(cls, about: Any) -> DateEncoder:
        """What `to_json` gave, from a file that is not trusted.

        Raises
        ------
        ModelFileError : anything else.
        """
        read_object(about, "an object for a date", _KEYS)
        parts = read_words(about["parts"], "parts")
        if parts != tuple(part for part in (TIME, *CYCLES) if part in parts):
            raise damaged(f"expected parts of a date in their order, got {short(parts)}")
        spread = read_number(about["spread"], "spread")
        if spread < 0 or (TIME in parts and spread == 0) or spread > 2.0**64:
            raise damaged(f"expected a number of microseconds as spread, got {spread:g}")
        return cls(
            read_text(about["name"], "name"),
            read_whole(about["middle"], "middle", -_MOST, _MOST),
            spread,
            parts,
            read_flag(about["midnights"], "midnights"),
            read_flag(about["missing_seen"], "missing_seen"),
        )


def _dates(column: Column) -> np.ndarray:
    return values_as(column, "dates").astype("datetime64[us]")


_KEYS = ("name", "middle", "spread", "parts", "midnights", "missing_seen")


def _phases(dates: np.ndarray) -> dict[str, np.ndarray]:
    """How much of each cycle is over, float64 in 0..1 of shape (n,).

    Parameters
    ----------
    dates : datetime64[us] of shape (n,), none missing. Outside of the years 1 to 9999, for which
        there is no calendar, the nearest year's end counts.
    """
    dates = np.clip(dates, _EARLIEST, _LATEST)
    days = dates.astype("datetime64[D]")
    # Python's and NumPy's remainder is never negative, so that dates before 1970 are right too.
    return {
        "time of year": _share_of(dates, "Y", "us"),
        "day of month": _share_of(days, "M", "D"),
        "day of week": (days.astype(np.int64) + 3) % 7 / 7,  # 1970-01-01 was a Thursday.
        "time of day": (dates.astype(np.int64) % DAY) / DAY,
    }


def _share_of(dates: np.ndarray, period: str, unit: str) -> np.ndarray:
    """How much of the year or of the month is over: both differ in length."""
    periods = dates.astype(f"datetime64[{period}]")
    start = periods.astype(f"datetime64[{unit}]")
    end = (periods + 1).astype(f"datetime64[{unit}]")
    return np.asarray((dates - start) / (end - start))


def _duration(microseconds: float) -> str:
    days = microseconds / DAY
    for length, name in ((365.2425, "years"), (1, "days"), (1 / 24, "hours")):
        if days >= 2 * length:
            return f"{days / length:.3g} {name}"
    return f"{microseconds / 1e6:.3g} seconds"
