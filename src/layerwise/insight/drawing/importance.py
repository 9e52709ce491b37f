"""How much worse predictions become when a column is shuffled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..text import shortened
from ..truth import HIGHER_IS_BETTER, LABELS
from .bars import lying_bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..importance import Importance

SHOWN = 30


def draw_importance(importance: Importance) -> Figure:
    """Draw a bar for each column, the most important at the top, with a deviation to either side.

    Parameters
    ----------
    importance : what `layerwise.insight.permutation_importance` gave; at most 30 columns are drawn.
    """
    from . import style

    shown = importance.columns[:SHOWN]
    figure, axes = lying_bars(
        [shortened(each.column, 32) for each in shown],
        [each.mean for each in shown],
        [each.spread for each in shown] if importance.repeats > 1 else None,
    )
    verb = "falls" if HIGHER_IS_BETTER[importance.measure] else "rises"
    label = LABELS[importance.measure]
    shuffles = f"{importance.repeats} shuffles" if importance.repeats > 1 else "1 shuffle"
    style.title(
        axes,
        f"when one column is shuffled, {label} {verb} by",
        f"{label} {importance.score:.3g} on {importance.rows:,} rows; {shuffles}",
    )
    return figure


__all__ = ["draw_importance"]
