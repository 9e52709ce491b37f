"""Numbers as people read them."""

from __future__ import annotations

import math

MINUS = "\u2212"
"""As wide as a plus, so that numbers in a column stand below each other."""

UNKNOWN = "\u2013"
"""Stands for a number that is not known."""

TIMES = "\u00d7"


def number(value: float | None, digits: int = 3) -> str:
    """A number in few digits; a dash for what is not known."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 10**6 or size < 10**-4:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{_trimmed(mantissa)}e{int(exponent)}"
    if size >= 1000:
        return f"{value:,.0f}"
    places = max(0, digits - 1 - math.floor(math.log10(size)))
    return _trimmed(f"{value:.{places}f}").replace("-", MINUS)


def percent(share: float | None, digits: int = 1) -> str:
    """A share from 0 to 1 in percent."""
    if share is None or not math.isfinite(share):
        return UNKNOWN
    return f"{100 * share:.{digits}f}%"


def count(value: int, one: str, many: str | None = None) -> str:
    """A count with its noun."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def listed(names: list[str], most: int = 6) -> str:
    """Names with commas, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else text[: max(1, most - 1)].rstrip() + "…"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
