"""What units prefer: a grid of small pictures for each layer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import OptionError
from ..preferred import Preferred

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GAP = 1
"""Pixels between pictures."""


def draw_preferred(
    what: Preferred | np.ndarray | Sequence[Any] | Mapping[str, Any],
    columns: int = 10,
    most: int = 20,
    relative: bool = False,
    names: Sequence[Any] | None = None,
) -> Figure:
    """Draw pictures of what units prefer, or of their weights, one grid for each layer.

    Inputs are drawn dark where they are large. Arrays of weights, and what is relative, are drawn
    red where they are positive, blue where they are negative, and white at 0.

    Parameters
    ----------
    what : what `preferred_inputs` gave, with pictures (height, width); or an array of pictures
        (units, height, width) such as `unit_weights_as_pictures` gives; or several of them, in a
        list, or by title in a mapping.
    columns : pictures in a row, at least 1.
    most : pictures of a layer.
    relative : draw the difference to the mean of the rows: what a unit wants more of, and less.
    names : names of the units of the last grid, such as the classes'.

    Raises
    ------
    OptionError : nothing that is a picture.
    """
    from . import style

    titled = _titled(what)
    if not titled or columns < 1:
        raise OptionError("draw_preferred: expected pictures, and at least one column")
    figures = [(title, *_pictures(item, most, relative)) for title, item in titled]
    columns = min(columns, max(len(pictures) for _, pictures, _, _ in figures))
    heights = [-(-len(pictures) // columns) for _, pictures, _, _ in figures]
    last = len(figures) - 1
    size = 0.62
    figure = style.Picture(
        figsize=(size * columns + 0.3, sum(size * h + 0.35 for h in heights)),
        dpi=110,
        layout="constrained",
    )
    grid = figure.subplots(
        len(figures), 1, squeeze=False, gridspec_kw={"height_ratios": heights}
    ).reshape(-1)
    for number, (axes, (title, pictures, units, signed)) in enumerate(
        zip(grid, figures, strict=True)
    ):
        mosaic = _mosaic(pictures, columns)
        if signed:
            reach = float(np.nanmax(np.abs(pictures))) or 1.0
            shown = {"cmap": "RdBu_r", "vmin": -reach, "vmax": reach}
        else:
            shown = {
                "cmap": "gray_r",
                "vmin": float(pictures.min()),
                "vmax": float(pictures.max()),
            }
        axes.imshow(mosaic, interpolation="nearest", **shown)
        axes.set_axis_off()
        axes.set_title(title, loc="left", fontsize=9.5, color=style.INK)
        if names is not None and number == last:
            high, wide = pictures.shape[1] + GAP, pictures.shape[2] + GAP
            for i, unit in enumerate(units):
                axes.text(
                    (i % columns) * wide - 0.5, (i // columns) * high - 0.5, str(names[int(unit)]),
                    fontsize=7, color=style.ORANGE, ha="left", va="top",
                )  # fmt: skip
    return figure


def _titled(what: Any) -> list[tuple[str, Any]]:
    if isinstance(what, Mapping):
        return list(what.items())
    if isinstance(what, Preferred | np.ndarray):
        what = [what]
    return [(_title(item), item) for item in what]


def _title(item: Any) -> str:
    if isinstance(item, Preferred):
        return f"{item.path} {item.layer}".strip() if item.path else "the network's output"
    return "weights"


def _pictures(item: Any, most: int, relative: bool) -> tuple[np.ndarray, Sequence[int], bool]:
    """Pictures, numbers of their units, and whether their sign is what matters."""
    if isinstance(item, Preferred):
        pictures = item.inputs - item.centre if relative else item.inputs
        units, signed = item.units.tolist(), relative
    else:
        pictures, signed = np.asarray(item), True
        units = list(range(len(pictures)))
    if pictures.ndim != 3 or not pictures.size:
        raise OptionError(
            f"draw_preferred: expected pictures of shape (units, height, width), got "
            f"{pictures.shape}; preferred_inputs takes shape=(height, width)"
        )
    return pictures[:most], units[:most], signed


def _mosaic(pictures: np.ndarray, columns: int) -> np.ndarray:
    count, height, width = pictures.shape
    rows = math.ceil(count / columns)
    canvas = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP), np.nan)
    for i, picture in enumerate(pictures):
        top, left = (i // columns) * (height + GAP), (i % columns) * (width + GAP)
        canvas[top : top + height, left : left + width] = picture
    return canvas


__all__ = ["draw_preferred"]
