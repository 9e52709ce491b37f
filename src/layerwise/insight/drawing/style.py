"""How pictures look. Imports matplotlib, so only drawing functions import it, when they are called.

The colours are told apart with any colour vision (Okabe & Ito 2008, "Color universal design"), and
lines carry their names or differ in more than colour.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, SKY, GOLD = COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00",
)  # fmt: skip
INK, GREY, FAINT = "#222222", "#6E6E6E", "#DDDDDD"
DASHES = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 2, 1, 2)))


class Picture(Figure):
    """A figure that a notebook shows without pyplot."""

    def _repr_png_(self) -> bytes:
        out = io.BytesIO()
        self.savefig(out, format="png")
        return out.getvalue()


def panels(
    columns: int, width: float = 4.2, height: float = 3.1, rows: int = 1, **options: Any
) -> tuple[Picture, Sequence[Axes]]:
    """A figure with panels in rows, each of a width and height in inches, ready to draw in."""
    figure = Picture(figsize=(width * columns, height * rows), dpi=110, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **options).reshape(-1)
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.spines[["left", "bottom"]].set_color(GREY)
        each.tick_params(colors=GREY, labelcolor=INK, labelsize=9)
        each.grid(color=FAINT, linewidth=0.6)
        each.set_axisbelow(True)
    return figure, axes


def title(axes: Axes, text: str, across: str = "") -> None:
    """A panel's title at its left, and the name of the axis below it."""
    axes.set_title(text, loc="left", fontsize=10.5, color=INK)
    axes.set_xlabel(across, fontsize=9.5, color=INK)


def legend(axes: Axes, **options: Any) -> None:
    """The names of lines, without a frame."""
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, **options)


def line(axes: Axes, x: Any, y: Any, number: int = 0, **options: Any) -> None:
    """A curve in the colour and dashes of its number."""
    chosen: dict[str, Any] = {"color": COLOURS[number % len(COLOURS)], "linewidth": 1.8} | options
    axes.plot(x, y, **chosen)
