"""Several activations in one grid, each with its derivative."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from ...errors import OptionError
from .activation import curve, smooth_parts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACROSS = 4
"""Panels in a row."""


def draw_activations(
    names: Iterable[str] | None = None, low: float = -6.0, high: float = 6.0
) -> Figure:
    """Draw activations, a panel for each, with the function and its derivative on one scale.

    A function of a whole row, such as softmax, is drawn as its first output for the row (x, 0).

    Parameters
    ----------
    names : of activations; every one of `layerwise.nn.ACTIVATIONS` when None.
    low, high : the ends of the x axes.

    Raises
    ------
    OptionError : no activation has this name (the nearest is named); low is not below high.
    """
    from ...nn import ACTIVATIONS
    from . import style

    chosen = list(ACTIVATIONS if names is None else names)
    if not chosen:
        raise OptionError("draw_activations: expected at least one activation")
    columns = min(len(chosen), ACROSS)
    figure, panels = style.panels(columns, width=2.7, height=2.1, rows=-(-len(chosen) // columns))
    for axes, name in zip(panels, chosen, strict=False):
        found = curve(name, low, high)
        axes.axhline(0, color=style.GREY, linewidth=0.8)
        if low < 0 < high:
            axes.axvline(0, color=style.GREY, linewidth=0.8)
        for number, (y, label) in enumerate(((found.y, "f(x)"), (found.slope, "f'(x)"))):
            for part in smooth_parts(found.x, y):
                style.line(
                    axes, found.x[part], y[part], number, label=label, linewidth=1.7,
                    linestyle=style.DASHES[number],
                )  # fmt: skip
                label = "_nolegend_"  # one name for all parts of a curve
        heights = np.concatenate([found.y, found.slope])
        if np.ptp(heights[np.isfinite(heights)]) < 1e-6:
            axes.set_ylim(heights[0] - 1, heights[0] + 1)
        axes.set_xlim(low, high)
        style.title(axes, name + ("" if found.alone else ", first of (x, 0)"))
    style.legend(panels[0], loc="upper left")
    for axes in panels[len(chosen) :]:
        axes.set_visible(False)
    return figure


__all__ = ["draw_activations"]
