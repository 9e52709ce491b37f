"""Which words of the source a translation looked at, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import OptionError
from .files import saved

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDEST = 22
"""Characters of a word that are shown."""


def draw_alignment(alignment: Any, path: Any = None) -> Figure:
    """Draw how much each word of a translation looked at each word of its source.

    A row is a word that was written, a column a word of the source; the darker, the more of the
    row's attention lies there (Bahdanau et al. 2015, figure 3).

    Parameters
    ----------
    alignment : what `Translator.align` gives for a text: `source` and `target`, words, and
        `weights`, (target, source), rows of which sum to 1.
    path : where to write the picture too: .png, .svg or .pdf.

    Raises
    ------
    OptionError : nothing to draw, or a path that is no picture's.
    """
    source, target = list(alignment.source), list(alignment.target)
    weights = np.asarray(alignment.weights, np.float64)
    if not source or not target or weights.shape != (len(target), len(source)):
        raise OptionError(
            "draw_alignment: expected words on both sides and a weight for each pair, got "
            f"{len(target)} words for {len(source)}, and weights of shape {weights.shape}"
        )
    return saved(lambda: _draw(source, target, weights), path)


def _draw(source: list[str], target: list[str], weights: np.ndarray) -> Figure:
    from . import style

    longest = max(min(len(word), WIDEST) for word in target)
    across, down = (max(0.36 * len(side), 1.0) for side in (source, target))
    tallest = max(min(len(word), WIDEST) for word in source)
    figure, (axes,) = style.panels(1, across + 0.095 * longest + 1.1, down + 0.08 * tallest + 0.35)
    axes.grid(visible=False)
    drawn = axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(source)), [_short(word) for word in source])
    axes.set_yticks(range(len(target)), [_short(word) for word in target])
    axes.xaxis.tick_top()
    rotated = any(len(word) > 3 for word in source)
    axes.tick_params(axis="x", rotation=55 if rotated else 0, length=0)
    axes.tick_params(axis="y", length=0)
    if rotated:
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("left")
            label.set_rotation_mode("anchor")
    for each in axes.spines.values():
        each.set_visible(False)
    # White lines between cells; the grid of major ticks would go through them.
    axes.set_xticks(np.arange(len(source) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(target) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    scale = figure.colorbar(drawn, ax=axes, shrink=0.8, pad=0.02)
    scale.outline.set_visible(False)
    scale.ax.tick_params(labelsize=8, length=0)
    scale.set_label("attention", fontsize=9)
    return figure


def _short(word: str) -> str:
    # A dollar sign would begin a formula.
    text = word if len(word) <= WIDEST else word[: WIDEST - 1] + "\u2026"
    return text.replace("$", r"\$")


__all__ = ["draw_alignment"]
