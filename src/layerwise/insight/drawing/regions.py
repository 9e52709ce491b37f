"""Where in the plane a network says which class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import OptionError
from ...nn import Module

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = "os^Dv*"
PIXELS = 160


def draw_regions(nets: Module | Mapping[str, Module], points: Any, classes: Any) -> Figure:
    """Draw, for networks on two features, the regions of the classes and the points of the data.

    Parameters
    ----------
    nets : one network, or several by name, each in a panel. Its output is a number for each class,
        or one number that is above 0 for class 1 (a logit).
    points : (n, 2).
    classes : (n,) class numbers.

    Raises
    ------
    OptionError : the points are not in a plane.
    """
    from matplotlib.colors import ListedColormap

    from . import style

    points, classes = np.asarray(points), np.asarray(classes).reshape(-1)
    if points.ndim != 2 or points.shape[1] != 2:
        raise OptionError(f"draw_regions: expected points of shape (n, 2), got {points.shape}")
    named = dict(nets) if isinstance(nets, Mapping) else {"": nets}
    low, high = points.min(0), points.max(0)
    low, high = low - 0.08 * (high - low), high + 0.08 * (high - low)
    across, up = (np.linspace(low[i], high[i], PIXELS) for i in (0, 1))
    grid = np.stack(np.meshgrid(across, up), -1).reshape(-1, 2).astype(points.dtype)
    said = {name: _classes(net, grid).reshape(PIXELS, PIXELS) for name, net in named.items()}
    count = 1 + max(int(classes.max()), *(int(each.max()) for each in said.values()))
    shades = [style.COLOURS[number % len(style.COLOURS)] for number in range(count)]
    colours = ListedColormap(shades if count > 1 else shades * 2)
    figure, panels = style.panels(len(named), width=3.3, height=3.4)
    for axes, (name, net) in zip(panels, named.items(), strict=True):
        axes.grid(visible=False)
        axes.imshow(
            said[name], origin="lower", extent=(low[0], high[0], low[1], high[1]), aspect="auto",
            cmap=colours, vmin=0, vmax=max(count - 1, 1), alpha=0.25, interpolation="nearest",
        )  # fmt: skip
        for number in range(count):
            mine = points[classes == number]
            axes.plot(
                mine[:, 0], mine[:, 1], MARKS[number % len(MARKS)], markersize=4, linestyle="none",
                color=shades[number], markeredgecolor="white", markeredgewidth=0.4,
            )  # fmt: skip
        right = float((_classes(net, points) == classes).mean())
        style.title(axes, f"{name}\n{right:.0%} right".lstrip())
    return figure


def _classes(net: Module, rows: np.ndarray) -> np.ndarray:
    raw = np.asarray(net(rows))
    if raw.ndim == 1 or raw.shape[-1] == 1:
        return (raw.reshape(-1) > 0).astype(np.int64)
    return raw.argmax(-1)


__all__ = ["draw_regions"]
