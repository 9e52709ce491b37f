"""Pictures, and below each what in it speaks for an answer, and what against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_saliency(
    inputs: Any,
    slopes: Any,
    shape: tuple[int, int] | None = None,
    names: Sequence[Any] | None = None,
    most: int = 10,
) -> Figure:
    """Draw pictures, and below each its saliency: red where more speaks for it, blue against.

    Each picture has a scale of colours of its own, as the size of slopes differs between rows.

    Parameters
    ----------
    inputs : the rows (n, ...).
    slopes : what `saliency` gave for them, of the same shape.
    shape : (height, width) of the pictures that rows are; that of a row when None.
    names : what stands above each picture, such as the class that is meant.
    most : pictures drawn, from the first.

    Raises
    ------
    OptionError : rows that are no pictures of that shape, or slopes of other rows.
    """
    from . import style

    pictures, below = np.asarray(inputs), np.asarray(slopes)
    if pictures.shape != below.shape or not len(pictures):
        raise OptionError(
            f"draw_saliency: expected slopes for each row, got shapes {pictures.shape} and "
            f"{below.shape}"
        )
    wanted = pictures.shape[1:] if shape is None else shape
    if len(wanted) != 2 or int(np.prod(wanted)) != pictures[0].size:
        raise OptionError(
            f"draw_saliency: rows of shape {pictures.shape[1:]} are no pictures of shape "
            f"{tuple(wanted)}; give shape=(height, width)"
        )
    count = min(len(pictures), most)
    figure = style.Picture(figsize=(0.8 * count + 0.2, 2.0), dpi=110, layout="constrained")
    grid = figure.subplots(2, count, squeeze=False)
    low, high = float(pictures.min()), float(pictures.max())
    for i in range(count):
        upper, lower = grid[0, i], grid[1, i]
        upper.imshow(pictures[i].reshape(wanted), cmap="gray_r", vmin=low, vmax=high)
        reach = float(np.abs(below[i]).max()) or 1.0
        lower.imshow(below[i].reshape(wanted), cmap="RdBu_r", vmin=-reach, vmax=reach)
        if names is not None:
            upper.set_title(str(names[i]), fontsize=9.5, color=style.INK)
        for axes in (upper, lower):
            axes.set_axis_off()
    return figure


__all__ = ["draw_saliency"]
