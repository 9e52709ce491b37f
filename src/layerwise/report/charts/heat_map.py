"""Amounts as colours: rows by columns, from early at the left to late at the right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from .frame import CHARACTER, svg
from .markup import Markup, tag
from .palette import css, viridis
from .scales import Scale, logarithmic
from .words import number, shortened

MOST_COLUMNS = 60
"""Beyond it neighbouring columns are averaged: narrower ones cannot be pointed at."""


def heat_map(
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    says: str,
    *,
    log: bool = False,
    low: float | None = None,
    high: float | None = None,
    columns_name: str = "",
    text: Callable[[float], str] = number,
    width: float = 440,
) -> Markup:
    """Draw a heat map with its colour scale.

    Parameters
    ----------
    values : float (rows, columns); NaN is left empty.
    rows, columns : names.
    log : whether colours follow the logarithm.
    low, high : ends of the colour scale; those of the values when None.
    text : writes a value.
    """
    values, columns = _fewer(np.asarray(values, np.float64), columns, log)
    scale = _scale(values, log, low, high)
    names = [shortened(name, 22) for name in rows]
    left = min(14 + CHARACTER * max(map(len, names), default=1), 0.4 * width)
    cell = (width - left - 6) / max(len(columns), 1)
    tall = float(np.clip(200 / max(len(rows), 1), 16, 30))
    top = 34.0
    foot = top + tall * len(rows)
    parts = [_key(scale, left, width - 6, text)]
    colours = viridis(scale.share(values))
    for r, name in enumerate(names):
        y = top + r * tall
        parts.append(
            tag(
                "text", tag("title", rows[r]), name, x=left - 7, y=y + tall / 2 + 4,
                class_="tick end",
            )
        )  # fmt: skip
        for c, column in enumerate(columns):
            if np.isfinite(values[r, c]):
                parts.append(
                    tag(
                        "rect", tag("title", f"{rows[r]}, {column}: {text(values[r, c])}"),
                        x=left + c * cell, y=y, width=cell + 0.3, height=tall - 1,
                        fill=css(colours[r, c]),
                    )
                )  # fmt: skip
    shown = {0, len(columns) - 1}
    for c in sorted(shown):
        x = left if c == 0 else width - 6
        side = "tick" if c == 0 else "tick end"
        parts.append(tag("text", columns[c], x=x, y=foot + 14, class_=side))
    if columns_name:
        parts.append(
            tag("text", columns_name, x=(left + width) / 2, y=foot + 14, class_="name mid")
        )
    return svg(width, foot + 22, says, *parts)


def _scale(values: np.ndarray, log: bool, low: float | None, high: float | None) -> Scale:
    known = values[np.isfinite(values)]
    if log:
        return logarithmic(known, widest=1e8)
    bottom = low if low is not None else float(known.min(initial=0.0))
    top = high if high is not None else float(known.max(initial=bottom))
    return Scale(bottom, top if top > bottom else bottom + 1.0)


def _fewer(
    values: np.ndarray, columns: Sequence[str], log: bool
) -> tuple[np.ndarray, Sequence[str]]:
    if values.shape[1] <= MOST_COLUMNS:
        return values, columns
    edges = np.linspace(0, values.shape[1], MOST_COLUMNS + 1).round().astype(int)
    # The middle value of a few: of an average one outlier would be all that is seen.
    with np.errstate(all="ignore"):
        kept = [
            np.array([_middle(row[a:b]) for row in values]) for a, b in pairwise(edges.tolist())
        ]
    names = [
        columns[a] if b - a == 1 else f"{columns[a]} to {columns[b - 1]}"
        for a, b in pairwise(edges.tolist())
    ]
    names[0], names[-1] = columns[0], columns[-1]
    return np.stack(kept, axis=1), names


def _middle(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def _key(scale: Scale, left: float, right: float, text: Callable[[float], str]) -> Markup:
    """The colour scale, with the values at its ends and in its middle."""
    shares = np.linspace(0, 1, 33)
    step = (right - left) / 32
    colours = viridis(shares)
    cells = [
        tag("rect", x=left + i * step, y=4, width=step + 0.4, height=8, fill=css(colours[i]))
        for i in range(32)
    ]
    middle = float(np.sqrt(scale.low * scale.high)) if scale.log else (scale.low + scale.high) / 2
    for value, x, side in (
        (scale.low, left, "tick"),
        (middle, (left + right) / 2, "tick mid"),
        (scale.high, right, "tick end"),
    ):
        cells.append(tag("text", text(value), x=x, y=25, class_=side))
    return tag("g", *cells)
