"""Counts in bins."""

from __future__ import annotations

import numpy as np

from .frame import Frame, svg
from .markup import Markup, tag
from .palette import colour
from .scales import Scale
from .words import number


def histogram(
    edges: np.ndarray,
    counts: np.ndarray,
    says: str,
    *,
    name: str = "",
    number_of_colour: int = 0,
    zero: bool = True,
    width: float = 290,
    height: float = 170,
) -> Markup:
    """Draw counts in bins.

    Parameters
    ----------
    edges : float (bins + 1,), increasing.
    counts : (bins,).
    name : of the values.
    zero : whether a line stands at 0, where it lies within the bins.
    """
    total = max(float(np.sum(counts)), 1.0)
    top = max(float(np.max(counts, initial=0)) / total, 1e-9)
    frame = Frame(
        Scale(float(edges[0]), float(edges[-1])), Scale(0, top * 1.05), name,
        width=width, height=height, left=8, right=8, top=8, bottom=36,
    )  # fmt: skip
    parts = []
    foot = height - frame.bottom
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        if count:
            x, end, y = (float(frame.x(low)), float(frame.x(high)), float(frame.y(count / total)))
            text = f"{number(low)} to {number(high)}: {count:,.0f} ({100 * count / total:.1f}%)"
            parts.append(
                tag(
                    "rect", tag("title", text), x=x, y=y, width=max(end - x - 0.6, 0.4),
                    height=max(foot - y, 0.6), fill=colour(number_of_colour),
                )
            )  # fmt: skip
    if zero and edges[0] < 0 < edges[-1]:
        parts.append(
            tag("path", class_="guide", d=f"M{float(frame.x(0)):.1f} {frame.top:g}V{foot:g}")
        )
    for value, text in frame.across.ticks(5):
        parts.append(tag("text", text, x=float(frame.x(value)), y=foot + 15, class_="tick mid"))
    parts.append(tag("path", class_="axis", d=f"M8 {foot:g}H{width - 8:g}"))
    if name:
        parts.append(tag("text", name, x=width / 2, y=height - 4, class_="name mid"))
    return svg(width, height, says, *parts)
