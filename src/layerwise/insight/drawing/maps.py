"""Maps of the rows, one for each layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import OptionError
from ..layer_maps import LayerMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = "os^D"
MOST_CLASSES = 24
"""Of more different targets a scale of colours is drawn, as for numbers."""


def draw_maps(maps: Sequence[LayerMap], classes: Sequence[Any] | None = None) -> Figure:
    """Draw the rows as points, one panel for each layer.

    Classes have colours and marks of their own, and their name at the middle of their points.
    Numbers have a scale of colours.

    Parameters
    ----------
    maps : what `layer_maps` gave.
    classes : names of the classes, in the order of their numbers.

    Raises
    ------
    OptionError : nothing to draw.
    """
    from matplotlib.patheffects import withStroke

    from . import style

    if not maps:
        raise OptionError("draw_maps: there is no map to draw")
    columns = 2 if len(maps) == 4 else min(len(maps), 3)
    figure, panels = style.panels(columns, 3.0, 3.0, rows=-(-len(maps) // columns))
    for axes, one in zip(panels, maps, strict=False):
        axes.set_xticks([])
        axes.set_yticks([])
        x, y = one.points.T
        names = np.unique([] if one.y is None else one.y)
        if one.y is None:
            axes.plot(x, y, "o", color=style.BLUE, markersize=2.5, linestyle="none")
        elif len(names) > MOST_CLASSES:
            drawn = axes.scatter(x, y, c=one.y, s=8, cmap="viridis")
            figure.colorbar(drawn, ax=axes, shrink=0.7)
        else:
            for number, name in enumerate(names):
                mine = one.y == name
                colour = style.COLOURS[number % len(style.COLOURS)]
                mark = MARKS[number // len(style.COLOURS) % len(MARKS)]
                axes.plot(x[mine], y[mine], mark, color=colour, markersize=2.2, linestyle="none")
            for number, name in enumerate(names):
                mine = one.y == name
                colour = style.COLOURS[number % len(style.COLOURS)]
                text = axes.text(
                    float(np.median(x[mine])), float(np.median(y[mine])), _name(name, classes),
                    color=colour, fontsize=11, fontweight="bold", ha="center", va="center",
                )  # fmt: skip
                text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
        share = ""
        if one.explained is not None:
            share = f"{sum(one.explained):.0%} of the variance"
        style.title(axes, " ".join((one.path, one.layer)).strip(), share)
    for axes in panels[len(maps) :]:
        axes.set_visible(False)
    return figure


def _name(name: Any, classes: Sequence[Any] | None) -> str:
    return str(name if classes is None else classes[int(name)])


__all__ = ["draw_maps"]
