"""The frame of a chart: its size, axes, grid, and what it says to those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .markup import Markup, joined, tag
from .scales import Scale
from .words import shortened

WIDTH, HEIGHT = 440, 270
"""Of a chart, in its own units: about pixels, as the page shows it at this size."""

CHARACTER = 6.2
"""About the width of a character of a chart's text."""


@dataclass(frozen=True)
class Frame:
    """Where things lie in a chart.

    Attributes
    ----------
    across, up : the axes.
    left, right, top, bottom : room beside the plot, in the chart's units.
    """

    across: Scale
    up: Scale
    across_name: str = ""
    up_name: str = ""
    width: float = WIDTH
    height: float = HEIGHT
    left: float = 52
    right: float = 14
    top: float = 26
    bottom: float = 40

    def x(self, values: np.ndarray | float) -> np.ndarray:
        """Places across."""
        return self.left + self.across.share(values) * (self.width - self.left - self.right)

    def y(self, values: np.ndarray | float) -> np.ndarray:
        """Places down, as SVG counts."""
        plot = self.height - self.top - self.bottom
        return self.height - self.bottom - self.up.share(values) * plot

    def axes(self, *, grid_across: bool = False) -> Markup:
        """Grid lines, ticks and the names of both axes."""
        x0, x1 = self.left, self.width - self.right
        y0, y1 = self.top, self.height - self.bottom
        parts = []
        for value, text in self.up.ticks(5):
            y = float(self.y(value))
            parts.append(tag("path", class_="grid", d=f"M{x0:g} {y:.1f}H{x1:g}"))
            parts.append(tag("text", text, x=x0 - 6, y=y + 4, class_="tick end"))
        for value, text in self.across.ticks(6):
            x = float(self.x(value))
            if grid_across:
                parts.append(tag("path", class_="grid", d=f"M{x:.1f} {y0:g}V{y1:g}"))
            parts.append(tag("text", text, x=x, y=y1 + 16, class_="tick mid"))
        parts.append(tag("path", class_="axis", d=f"M{x0:g} {y1:g}H{x1:g}"))
        if self.across_name:
            parts.append(
                tag("text", self.across_name, x=(x0 + x1) / 2, y=self.height - 6, class_="name mid")
            )
        if self.up_name:
            # Above the axis and level: it is read without turning the head.
            parts.append(tag("text", self.up_name, x=2, y=self.top - 12, class_="name"))
        return joined(parts)


def svg(width: float, height: float, says: str, *content: Markup, class_: str = "chart") -> Markup:
    """A whole picture.

    Parameters
    ----------
    width, height : in its own units.
    says : what it shows, in words with the numbers that matter.
    """
    return tag(
        "svg",
        tag("desc", says),
        *content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}",
        height=f"{height:g}",
        # Larger than this the text of a small chart would outgrow that of the page.
        style=f"max-width:{1.12 * width:.0f}px",
        role="img",
        aria_label=says,
        class_=class_,
    )


def legend(
    entries: Sequence[tuple[Markup, str]], x: float, y: float, width: float
) -> tuple[Markup, float]:
    """Samples (drawn around 0, 0, some 22 wide) with names, wrapped; and the height they take."""
    parts, left, top = [], x, y
    for sample, name in entries:
        name = shortened(name, 40)
        wide = 28 + CHARACTER * len(name) + 12
        if left > x and left + wide > width:
            left, top = x, top + 17
        parts.append(tag("g", sample, transform=f"translate({left:.1f} {top:.1f})"))
        parts.append(tag("text", name, x=left + 28, y=top + 4, class_="tick"))
        left += wide
    return joined(parts), (top - y + 17) if entries else 0.0
