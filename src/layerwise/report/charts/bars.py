"""Bars that lie, so that names of any length can be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .frame import CHARACTER, WIDTH, legend, svg
from .markup import Markup, tag
from .palette import colour
from .scales import even
from .words import number, shortened


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes
    ----------
    value : its length; NaN draws none.
    low, high : ends of a whisker.
    beside : a second value, for comparison; drawn as a thin bar below.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    beside: float | None = None


def bar_chart(
    bars: Sequence[Bar],
    says: str,
    *,
    value_name: str = "",
    beside_name: str = "",
    text: Callable[[float], str] = number,
    high: float | None = None,
    width: float = WIDTH,
) -> Markup:
    """Draw bars in the given order, each with its value as text.

    Parameters
    ----------
    bars : from top to bottom.
    value_name, beside_name : what the two lengths are, for the legend.
    text : writes a value.
    high : the value at the right end; the largest of the bars when None.
    """
    names = [shortened(bar.name, 26) for bar in bars]
    left = min(14 + CHARACTER * max(map(len, names), default=1), 0.45 * width)
    ends = [e for b in bars for e in (b.value, b.low, b.high, b.beside) if e is not None]
    scale = even(np.array([*ends, *([high] if high is not None else [])]), zero=True, margin=0.0)
    right = width - 16 - CHARACTER * 8
    paired = any(bar.beside is not None for bar in bars)
    entries = []
    if paired:
        entries = [
            (tag("rect", x=2, y=-5, width=20, height=10, fill=colour(0)), value_name),
            (tag("rect", x=2, y=-3, width=20, height=6, class_="beside"), beside_name),
        ]
    shown, taken = legend(entries, 2, 10, width)
    step = 30.0 if paired else 24.0
    parts = [shown]

    def place(value: float) -> float:
        return float(left + scale.share(value) * (right - left))

    zero = place(0.0)
    for row, (bar, name) in enumerate(zip(bars, names, strict=True)):
        top = 8 + taken + row * step
        middle = top + 8
        parts.append(
            tag("text", tag("title", bar.name), name, x=left - 8, y=middle + 4, class_="tick end")
        )
        end = place(bar.value) if np.isfinite(bar.value) else zero
        parts.append(
            tag(
                "rect", tag("title", f"{bar.name}: {text(bar.value)}"),
                x=min(zero, end), y=top, width=max(abs(end - zero), 0.5), height=15, rx=2,
                fill=colour(0),
            )
        )  # fmt: skip
        reached = max(zero, end)
        if bar.beside is not None and np.isfinite(bar.beside):
            other = place(bar.beside)
            parts.append(
                tag(
                    "rect", tag("title", f"{bar.name}, {beside_name}: {text(bar.beside)}"),
                    x=min(zero, other), y=top + 16, width=max(abs(other - zero), 0.5), height=6,
                    rx=2, class_="beside",
                )
            )  # fmt: skip
        if bar.low is not None and bar.high is not None:
            a, b = place(bar.low), place(bar.high)
            whisker = (
                f"M{a:.1f} {middle - 4:g}v8M{a:.1f} {middle:g}H{b:.1f}M{b:.1f} {middle - 4:g}v8"
            )
            parts.append(tag("path", class_="whisker", d=whisker))
            reached = max(reached, b)
        parts.append(
            tag("text", text(bar.value), x=reached + 6, y=middle + 4, class_="tick strong")
        )
    height = 8 + taken + len(bars) * step + 4
    parts.append(tag("path", class_="axis", d=f"M{zero:.1f} {taken + 3:g}V{height - 4:g}"))
    return svg(width, height, says, *parts)
