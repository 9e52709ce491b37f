"""Pictures, and over each where a network looked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from .files import saved
from .overlay import overlaid, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..looked import Looked


def draw_looked(
    looked: Looked | Sequence[Looked],
    names: Sequence[Any] | None = None,
    most: int = 8,
    path: Any = None,
) -> Figure:
    """Draw pictures, and below each the same picture, lit where the network looked.

    Parameters
    ----------
    looked : what `layerwise.insight.where_it_looked` gave, or several of the same pictures, such as
        by both methods: a row for each.
    names : what stands above each picture, such as the answer.
    most : pictures drawn, from the first.
    path : of a .png, .svg or .pdf file to write.

    Raises
    ------
    OptionError : maps of different pictures, or a bad path.
    """
    from . import style

    rows = [looked] if not isinstance(looked, Sequence) else list(looked)
    if not rows or any(len(r.pictures) != len(rows[0].pictures) for r in rows):
        raise OptionError("draw_looked: expected maps of the same pictures")
    count = min(len(rows[0].pictures), most)

    def draw() -> Figure:
        pictures = shown(rows[0].pictures)
        figure = style.Picture(
            figsize=(1.1 * count + 0.7, 1.15 * (1 + len(rows)) + 0.3), dpi=110,
            layout="constrained",
        )  # fmt: skip
        grid = figure.subplots(1 + len(rows), count, squeeze=False)
        for i in range(count):
            grid[0, i].imshow(pictures[i], cmap="gray", vmin=0, vmax=1)
            if names is not None:
                grid[0, i].set_title(str(names[i]), fontsize=8.5, color=style.INK)
            for number, row in enumerate(rows):
                axes = grid[1 + number, i]
                axes.imshow(overlaid(pictures[i], row.maps[i]))
        for axes in grid.reshape(-1):
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
        for number, row in enumerate(rows):
            grid[1 + number, 0].set_ylabel(row.method, fontsize=9, color=style.INK)
        return figure

    return saved(draw, path)


__all__ = ["draw_looked"]
