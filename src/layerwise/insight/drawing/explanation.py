"""What each column added to one prediction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..text import percent, shortened, value_text
from .bars import lying_bars

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..explanation import Explanation

SHOWN = 20


def draw_explanation(explanation: Explanation, row: str | None = None) -> Figure:
    """Draw a bar for each column's contribution, with its standard error where it was sampled.

    Parameters
    ----------
    explanation : what `layerwise.insight.explain` gave; of more than 20 columns the last bar is the
        sum of the others.
    row : what to call the row; its number, counted from 0, when None.
    """
    from . import style

    shown = explanation.contributions[:SHOWN]
    others = explanation.contributions[SHOWN:]
    names = [
        f"{shortened(each.column, 28)} = {shortened(value_text(each.value), 16)}" for each in shown
    ]
    lengths = [each.contribution for each in shown]
    errors: list[float] | None = None
    if all(each.error is not None for each in shown):
        errors = [each.error or 0.0 for each in shown]
    if others:
        names.append(f"{len(others)} others")
        lengths.append(sum(each.contribution for each in others))
        errors = None if errors is None else [*errors, math.nan]  # no whisker
    figure, axes = lying_bars(names, lengths, errors)
    named = f"row {explanation.row} (counted from 0)" if row is None else row
    begin, end = f"{explanation.baseline:.4g}", f"{explanation.prediction:.4g}"
    if explanation.probability is not None and explanation.baseline_probability is not None:
        begin += f" ({percent(explanation.baseline_probability)})"
        end += f" ({percent(explanation.probability)})"
    style.title(axes, "", f"from the baseline {begin} to {end}")
    # Of the whole figure, as the names of the columns leave a panel too little room for it.
    text = shortened(f"{named}: what each column adds to the {explanation.heading()}", 90)
    figure.suptitle(text, x=0.012, ha="left", fontsize=10.5, color=style.INK)
    return figure


__all__ = ["draw_explanation"]
