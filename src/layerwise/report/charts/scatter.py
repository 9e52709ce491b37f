"""Points, told apart by sign and colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .frame import WIDTH, Frame, legend, svg
from .markup import Markup, points, tag
from .palette import MARKERS, colour
from .scales import Scale, even


@dataclass(frozen=True, eq=False)
class Points:
    """Points of one kind.

    Attributes
    ----------
    x, y : float (n,).
    sign : one or two characters that stand for each point; "" draws a shape that follows from
        `number`.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    number: int = 0
    sign: str = ""


def scatter(
    groups: Sequence[Points],
    says: str,
    *,
    across_name: str = "",
    up_name: str = "",
    square: bool = False,
    diagonal: bool = False,
    level: float | None = None,
    bare: bool = False,
    width: float = WIDTH,
    height: float = 300,
) -> Markup:
    """Draw points.

    Parameters
    ----------
    square : whether both axes have the same ends.
    diagonal : whether the line y = x is drawn.
    level : where a level line is drawn.
    bare : no axes, as their numbers mean nothing (of a map).
    """
    xs = np.concatenate([g.x for g in groups])
    ys = np.concatenate([g.y for g in groups])
    across, up = even(xs), even(ys)
    if square:
        both = even(np.concatenate([xs, ys]))
        across = up = Scale(both.low, both.high)
    entries = (
        [(tag("g", _mark(g, 11, 0), **_style(g)), g.name) for g in groups]
        if len(groups) > 1 and not bare
        else []
    )
    names, taken = legend(entries, 2, 10, width)
    if bare:
        frame = Frame(across, up, width=width, height=height, left=8, right=8, top=8, bottom=8)
        parts = [
            tag("rect", x=0.5, y=0.5, width=width - 1, height=height - 1, rx=6, class_="plate")
        ]
    else:
        top = 12 + taken + (16 if up_name else 0)
        frame = Frame(across, up, across_name, up_name, width, height + taken, top=max(14, top))
        parts = [frame.axes(grid_across=True), names]
    if diagonal:
        ends = np.array([max(across.low, up.low), min(across.high, up.high)])
        parts.append(tag("polyline", class_="guide", points=points(frame.x(ends), frame.y(ends))))
    if level is not None:
        height_of_it, end = float(frame.y(level)), width - frame.right
        line = f"M{frame.left:g} {height_of_it:.1f}H{end:g}"
        parts.append(tag("path", class_="guide", d=line))
    for group in groups:
        x, y = frame.x(group.x), frame.y(group.y)
        marks = [_mark(group, float(a), float(b)) for a, b in zip(x, y, strict=True)]
        parts.append(tag("g", tag("title", group.name), *marks, **_style(group)))
    return svg(width, frame.height, says, *parts)


def _style(group: Points) -> dict[str, str]:
    kind = "signs" if group.sign else "marks"
    return {"class_": kind, "fill": colour(group.number), "stroke": colour(group.number)}


def _mark(group: Points, x: float, y: float) -> Markup:
    if group.sign:
        return tag("text", group.sign, x=f"{x:.1f}", y=f"{y + 4:.1f}", class_="sign")
    shape = MARKERS[group.number % len(MARKERS)]
    if shape == "circle":
        return tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=2.6)
    paths = {
        "square": "m-2.4 -2.4h4.8v4.8h-4.8z",
        "triangle": "m0 -3.2l3 5.4h-6z",
        "diamond": "m0 -3.4l3.4 3.4l-3.4 3.4l-3.4 -3.4z",
        "cross": "m-2.6 -2.6l5.2 5.2m0 -5.2l-5.2 5.2",
        "ring": "m-2.6 0a2.6 2.6 0 1 0 5.2 0a2.6 2.6 0 1 0 -5.2 0",
    }
    open_ = shape in ("cross", "ring")
    return tag(
        "path", d=f"M{x:.1f} {y:.1f}{paths[shape]}", fill="none" if open_ else None,
        class_="open" if open_ else None,
    )  # fmt: skip
