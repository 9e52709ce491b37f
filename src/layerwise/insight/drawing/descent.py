"""The paths that optimisers take over a function of two numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PIXELS = 200


def draw_descent(function: Callable[[Any, Any], Any], paths: Mapping[str, Any]) -> Figure:
    """Draw lines of equal height of a function, and on them the points where each path went.

    Parameters
    ----------
    function : of two numbers, in graph functions; called on arrays here.
    paths : (steps, 2) points by name; the first is the start.

    Raises
    ------
    OptionError : no path, or one that does not lie in the plane.
    """
    from matplotlib.colors import LinearSegmentedColormap

    from . import style

    found = {name: np.asarray(path, np.float64) for name, path in paths.items()}
    if not found or any(p.ndim != 2 or p.shape[1] != 2 for p in found.values()):
        raise OptionError("draw_descent: expected paths of shape (steps, 2), by name")
    every = np.concatenate(list(found.values()))
    low, high = every.min(0), every.max(0)
    margin = 0.12 * np.maximum(high - low, 1e-9)
    across, up = (np.linspace(low[i] - margin[i], high[i] + margin[i], PIXELS) for i in (0, 1))
    heights = np.asarray(function(*np.meshgrid(across, up)))
    # Equal steps of the root show both the steep walls and the floor.
    levels = heights.min() + np.ptp(heights) * np.linspace(0, 1, 14) ** 2
    columns = min(len(found), 2)
    rows = -(-len(found) // columns)
    figure, panels = style.panels(columns, width=4.0, height=2.5, rows=rows)
    ground = LinearSegmentedColormap.from_list("ground", ["#FFFFFF", "#BFC7CE"])
    for number, (axes, (name, path)) in enumerate(zip(panels, found.items(), strict=False)):
        axes.grid(visible=False)
        axes.contourf(across, up, heights, levels=levels, cmap=ground)
        axes.contour(across, up, heights, levels=levels, colors="#8A939B", linewidths=0.5)
        colour = style.COLOURS[number % len(style.COLOURS)]
        axes.plot(path[:, 0], path[:, 1], "-o", color=colour, linewidth=1.4, markersize=3)
        axes.plot(*path[0], "o", color=style.INK, markersize=6)
        axes.plot(*path[-1], "*", color=style.INK, markersize=10)
        style.title(axes, f"{name}, {len(path) - 1} steps")
    for axes in panels[len(found) :]:
        axes.set_visible(False)
    return figure


__all__ = ["draw_descent"]
