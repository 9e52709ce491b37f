"""Bars that lie, with their names at the left: what pictures of columns share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def lying_bars(
    names: Sequence[str], lengths: Sequence[float], errors: Sequence[float] | None = None
) -> tuple[Figure, Any]:
    """A figure with a bar for each name, the first at the top; those below 0 have another colour.

    Parameters
    ----------
    names : what stands at the left.
    lengths : where each bar ends.
    errors : half the length of a whisker at each bar's end; None draws none.

    Returns
    -------
    The figure and its axes.
    """
    from . import style

    figure, (axes,) = style.panels(1, width=6.4, height=max(1.9, 0.95 + 0.25 * len(names)))
    heights = np.arange(len(names))[::-1]
    colours = [style.BLUE if length >= 0 else style.ORANGE for length in lengths]
    axes.grid(visible=False, axis="y")
    axes.barh(heights, lengths, height=0.68, color=colours)
    if errors is not None:
        axes.errorbar(
            lengths, heights, xerr=np.asarray(errors), fmt="none", ecolor=style.INK,
            elinewidth=1.0, capsize=2.5,
        )  # fmt: skip
    axes.axvline(0, color=style.GREY, linewidth=0.8)
    axes.set_yticks(heights, names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.spines["left"].set_visible(False)
    return figure, axes


__all__ = ["lying_bars"]
