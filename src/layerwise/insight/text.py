"""Numbers, names and bars as text that stands in columns, for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

FULL, LEFT_HALF, RIGHT_HALF = "\u2588", "\u258c", "\u2590"
"""A whole place of a bar, and its halves."""


def shortened(text: str, width: int) -> str:
    """Text of at most a width; what is too long ends in dots."""
    return text if len(text) <= width else text[: width - 3] + "..."


def value_text(value: object) -> str:
    """A cell of a table as people write it: 63, Bonn, 2020-01-31, missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "missing"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def aligned(values: Sequence[float], signed: bool = False) -> list[str]:
    """Numbers with as many digits behind the point as the largest needs for three that count."""
    finite = [abs(value) for value in values if math.isfinite(value)]
    largest = max(finite, default=0.0)
    power = math.floor(math.log10(largest)) if largest > 0 else 0
    sign = "+" if signed else ""
    if -4 <= power <= 8:
        kind = f"{sign},.{max(0, 2 - power)}f" if power > 3 else f"{sign}.{max(0, 2 - power)}f"
    else:
        kind = f"{sign}.2e"
    return [_without_sign_of_zero(format(value, kind), signed) for value in values]


def _without_sign_of_zero(text: str, signed: bool) -> str:
    """-0.00 says less than nothing."""
    if any(digit in text.partition("e")[0] for digit in "123456789") or not text[-1].isdigit():
        return text
    return ("+" if signed else "") + text.lstrip("+-")


def bar(share: float, places: int) -> str:
    """A bar of a share of some places, 0 to 1, in halves; "" for what is too little to be seen."""
    halves = round(2 * places * min(max(share, 0.0), 1.0))
    return FULL * (halves // 2) + LEFT_HALF * (halves % 2)


def two_sided(values: Sequence[float], places: int) -> list[str]:
    """Bars from one zero line, to its right for values above 0; of so many places at most."""
    below, above = (max([0.0, *(sign * value for value in values)]) for sign in (-1.0, 1.0))
    if places < 3 or below + above == 0:
        return [""] * len(values)
    room = places - 1
    left = min(max(round(room * below / (below + above)), int(below > 0)), room - int(above > 0))
    unit = min(
        left / below if below else math.inf, (room - left) / above if above else math.inf
    )  # places for each unit of the values
    drawn = []
    for value in values:
        halves = round(2 * unit * abs(value))
        whole = FULL * (halves // 2)
        if value > 0:
            drawn.append((" " * left + "|" + whole + LEFT_HALF * (halves % 2)).rstrip())
        else:
            drawn.append((RIGHT_HALF * (halves % 2) + whole).rjust(left) + "|")
    return drawn


def in_columns(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """Lines of cells, two spaces apart; columns in `left` begin at the left, others end right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def percent(share: float) -> str:
    """A probability: 77.4%, with more digits close to 0 and 1."""
    near = min(share, 1 - share)
    digits = 1 if near >= 0.001 or near <= 0 else min(6, int(np.ceil(-np.log10(near))) - 1)
    return f"{share:.{digits}%}"
