"""Lines over a common axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .frame import HEIGHT, WIDTH, Frame, legend, svg
from .markup import Markup, joined, points, tag
from .palette import DASHES, colour
from .scales import Scale, even, logarithmic
from .words import number

MOST_POINTS = 240
"""Of a line: more than the eye tells apart would only make the page heavy."""

MOST_DOTS = 24
"""A line of so few points shows each, with its value."""


@dataclass(frozen=True, eq=False)
class Series:
    """A line.

    Attributes
    ----------
    x, y : float (n,); NaN in y leaves a gap.
    number : of its colour; the dash follows from it, so colour is never alone.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    number: int = 0
    dash: int | None = None
    filled: bool = False


@dataclass(frozen=True, eq=False)
class Band:
    """What lies between two lines: y from `low` to `high`, float (n,) each."""

    name: str
    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    number: int = 0


@dataclass(frozen=True)
class Guide:
    """A level to compare with, across the chart."""

    value: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A place on the x axis with a name."""

    x: float
    text: str


def line_chart(
    series: Sequence[Series],
    says: str,
    *,
    across_name: str = "",
    up_name: str = "",
    log: bool = False,
    whole: bool = False,
    zero: bool = False,
    across: Scale | None = None,
    up: Scale | None = None,
    guides: Sequence[Guide] = (),
    marks: Sequence[Mark] = (),
    bands: Sequence[Band] = (),
    diagonal: bool = False,
    steps: bool = False,
    width: float = WIDTH,
    height: float = HEIGHT,
) -> Markup:
    """Draw lines.

    Parameters
    ----------
    series : the lines.
    says : the chart in words.
    log : whether the y axis is logarithmic.
    whole : whether x are whole numbers, such as epochs.
    zero : whether the y axis reaches 0.
    across, up : axes; those that hold all values when None.
    guides, marks : levels and places to compare with.
    bands : areas behind the lines.
    diagonal : whether the line y = x is drawn.
    steps : whether a value holds until the next, as in a ROC curve.
    """
    thin = [_thinned(each) for each in series]
    every_x = np.concatenate([s.x for s in thin] or [np.zeros(1)])
    edges = [edge for band in bands for edge in (band.low, band.high)]
    levels = np.concatenate([*(s.y for s in thin), *edges, [g.value for g in guides]])
    across_given = across is not None
    if across is None:
        across = even(every_x, margin=0.0, whole=whole)
    if up is None:
        up = logarithmic(levels) if log else even(levels, zero=zero)
    # The legend stands above the plot, so the plot begins below it.
    entries = [(_sample(s), s.name) for s in thin] if len(thin) + len(bands) > 1 else []
    entries += [(_sample_of_band(band), band.name) for band in bands]
    names, taken = legend(entries, 2, 10, width)
    top = 12 + taken + (16 if up_name else 0)
    frame = Frame(
        across, up, across_name, up_name, width, height + taken, top=max(top, 14)
    )  # fmt: skip
    parts = [frame.axes(), names]
    for band in bands:
        around = np.append(band.x, band.x[::-1]), np.append(band.low, band.high[::-1])
        places = points(frame.x(around[0]), frame.y(around[1]))
        area = tag("title", band.name)
        parts.append(tag("polygon", area, class_="area", fill=colour(band.number), points=places))
    parts += _levels(frame, guides)
    parts += _places(frame, marks)
    if diagonal:
        low, high = max(across.low, up.low), min(across.high, up.high)
        ends = frame.x(np.array([low, high])), frame.y(np.array([low, high]))
        parts.append(tag("polyline", class_="guide", points=points(*ends)))
    lines = [part for each in thin for part in _line(frame, each, steps, cut=across_given)]
    parts.append(_window(frame, lines) if across_given else joined(lines))
    return svg(width, frame.height, says, *parts)


def _window(frame: Frame, lines: Sequence[Markup]) -> Markup:
    """Lines cut off at the ends of the axes: an inner svg shows nothing beyond its own box."""
    # A line that runs along the edge keeps its whole width.
    x, y = frame.left - 3, frame.top - 3
    wide, tall = frame.width - frame.right - x + 3, frame.height - frame.bottom - y + 3
    return tag(
        "svg", *lines, x=x, y=y, width=wide, height=tall,
        viewBox=f"{x:g} {y:g} {wide:g} {tall:g}",
    )  # fmt: skip


def _line(frame: Frame, series: Series, steps: bool, cut: bool) -> list[Markup]:
    x, y = frame.x(series.x), frame.y(series.y)
    if not cut:
        y = np.clip(y, frame.top, frame.height - frame.bottom)
    parts = []
    for part in _runs(np.isfinite(y)):
        a, b = x[part], y[part]
        if steps:
            a, b = np.repeat(a, 2)[1:], np.repeat(b, 2)[:-1]
        if series.filled and len(a) > 1:
            floor = float(frame.height - frame.bottom)
            around = points([a[0], *a, a[-1]], [floor, *b, floor])
            parts.append(tag("polygon", class_="area", fill=colour(series.number), points=around))
        parts.append(
            tag(
                "polyline", class_="line", stroke=colour(series.number),
                stroke_dasharray=_dash(series), points=points(a, b),
            )
        )  # fmt: skip
    if len(x) <= MOST_DOTS or len(x) == 1:
        for place in np.flatnonzero(np.isfinite(y)):
            text = f"{series.name}: {number(series.y[place])} at {number(series.x[place])}"
            parts.append(
                tag(
                    "circle", tag("title", text), class_="dot", fill=colour(series.number),
                    cx=float(x[place]), cy=float(y[place]), r=3,
                )
            )  # fmt: skip
    else:
        last = int(np.flatnonzero(np.isfinite(y))[-1]) if np.isfinite(y).any() else 0
        parts.append(_hover(series, x, y, last))
    return parts


def _hover(series: Series, x: np.ndarray, y: np.ndarray, last: int) -> Markup:
    """A wide invisible line to point at, which names the series and its last value."""
    known = np.isfinite(y)
    text = f"{series.name}: {number(series.y[last])} at the end ({number(series.x[last])})"
    return tag("polyline", tag("title", text), class_="reach", points=points(x[known], y[known]))


def _levels(frame: Frame, guides: Sequence[Guide]) -> list[Markup]:
    parts = []
    for guide in guides:
        y = float(frame.y(guide.value))
        end = frame.width - frame.right
        parts.append(tag("path", class_="guide", d=f"M{frame.left:g} {y:.1f}H{end:g}"))
        parts.append(tag("text", guide.text, x=end - 2, y=y - 4, class_="tick end"))
    return parts


def _places(frame: Frame, marks: Sequence[Mark]) -> list[Markup]:
    parts = []
    for mark in marks:
        x = float(frame.x(mark.x))
        foot = frame.height - frame.bottom
        right = x > frame.width - 70
        parts.append(tag("path", class_="guide", d=f"M{x:.1f} {frame.top:g}V{foot:g}"))
        parts.append(
            tag(
                "text", mark.text, x=x, y=frame.top - 5,
                class_="tick end" if right else "tick mid",
            )
        )  # fmt: skip
    return parts


def _thinned(series: Series) -> Series:
    x, y = np.asarray(series.x, np.float64), np.asarray(series.y, np.float64)
    if len(x) > MOST_POINTS:
        kept = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int))
        x, y = x[kept], y[kept]
    return Series(series.name, x, y, series.number, series.dash, series.filled)


def _runs(known: np.ndarray) -> list[slice]:
    """Where a mask is true without a gap."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]])))
    return [slice(a, b) for a, b in list(pairwise(edges.tolist()))[::2]]


def _dash(series: Series) -> str | None:
    return DASHES[(series.number if series.dash is None else series.dash) % len(DASHES)]


def _sample(series: Series) -> Markup:
    return tag(
        "path", class_="line", d="M0 0H22", stroke=colour(series.number),
        stroke_dasharray=_dash(series),
    )  # fmt: skip


def _sample_of_band(band: Band) -> Markup:
    return tag("rect", x=0, y=-5, width=22, height=10, class_="area", fill=colour(band.number))
