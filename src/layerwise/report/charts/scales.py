"""From values to places on an axis, and the values that stand at its ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .words import MINUS, number


@dataclass(frozen=True)
class Scale:
    """An axis from `low` to `high`, even or logarithmic.

    Attributes
    ----------
    low, high : the values at its ends; of a logarithmic one above 0.
    log : whether equal factors, rather than equal differences, have equal lengths.
    whole : whether only whole numbers have ticks, as of epochs.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def share(self, values: np.ndarray | float) -> np.ndarray:
        """Where values lie: 0 at the low end, 1 at the high one."""
        values = np.asarray(values, np.float64)
        if not self.log:
            return (values - self.low) / (self.high - self.low)
        with np.errstate(divide="ignore", invalid="ignore"):
            found: np.ndarray = np.log(values / self.low) / math.log(self.high / self.low)
        # What is 0 or below lies beyond any low end: it is shown there.
        return np.where(values > 0, found, np.where(np.isnan(values), np.nan, 0.0))

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """Values and their texts, at most about so many."""
        if self.log:
            return self._powers(most)
        step = nice_step((self.high - self.low) / max(most, 1))
        if self.whole:
            step = max(1.0, float(round(step)))
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        found = []
        for place in range(first, last + 1):
            value = place * step
            plain = f"{value:,.{digits}f}" if digits < 5 and abs(value) < 1e6 else number(value)
            found.append((value, plain.replace("-", MINUS) if plain.strip("-0.") else "0"))
        return found

    def _powers(self, most: int) -> list[tuple[float, str]]:
        first = math.ceil(math.log10(self.low) - 1e-9)
        last = math.floor(math.log10(self.high) + 1e-9)
        every = max(1, math.ceil((last - first + 1) / most))
        found = [(10.0**p, number(10.0**p)) for p in range(first, last + 1, every)]
        if len(found) >= 2:
            return found
        return [(v, number(v, 2)) for v in (self.low, math.sqrt(self.low * self.high), self.high)]


def nice_step(step: float) -> float:
    """The next step of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= step * (1 - 1e-9))


def even(
    values: np.ndarray, *, zero: bool = False, margin: float = 0.04, whole: bool = False
) -> Scale:
    """An even axis that holds the values; `zero` makes it reach 0."""
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-9):
        room = abs(low) * 0.1 or 1.0
        return Scale(low - room, high + room, whole=whole)
    room = margin * (high - low)
    return Scale(low if low == 0 and zero else low - room, high + room, whole=whole)


def logarithmic(values: np.ndarray, widest: float = 1e9) -> Scale:
    """A logarithmic axis that holds the values above 0, its low end at most `widest` below."""
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite) & (finite > 0)]
    if not finite.size:
        return Scale(0.1, 10.0, log=True)
    high = float(finite.max())
    low = max(float(finite.min()), high / widest)
    if high / low < 2:
        low, high = low / 2, high * 2
    return Scale(low / 1.3, high * 1.3, log=True)
