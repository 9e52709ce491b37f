"""How well a linear model tells the classes apart after each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..separability import Separability

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_Scores = list[tuple[float | None, float | None]]


def draw_separability(found: Separability) -> Figure:
    """Draw the score of the linear probe after each layer, trained and, if measured, untrained.

    Bars are two standard errors to each side: about 95 of 100 sets of held-out rows would give a
    score within them.

    Parameters
    ----------
    found : what `separability` gave.
    """
    from . import style

    width = max(4.2, 0.95 * len(found) + 1.2)
    figure, (axes,) = style.panels(1, width=width, height=3.3)
    places = list(range(len(found)))
    percent = 100 if found.measure == "accuracy" else 1
    series: list[tuple[str, _Scores]] = [("trained", [(row.trained, row.error) for row in found])]
    if any(row.untrained is not None for row in found):
        untrained = [(row.untrained, row.untrained_error) for row in found]
        series.append(("the same network untrained", untrained))
    for number, (label, scores) in enumerate(series):
        shown = [(x, v, e) for x, (v, e) in zip(places, scores, strict=True) if v is not None]
        colour = style.COLOURS[number]
        axes.errorbar(
            [x + 0.06 * number for x, _, _ in shown],
            [percent * v for _, v, _ in shown],
            [2 * percent * (e or 0.0) for _, _, e in shown],
            label=label,
            color=colour,
            linestyle=style.DASHES[number],
            linewidth=1.8,
            elinewidth=1.1,
            capsize=3,
            marker="o",
            markersize=5,
        )
    names = [f"{row.path}\n{row.layer}".strip() for row in found]
    axes.set_xticks(places, names, fontsize=8.5)
    what = "% right" if found.measure == "accuracy" else "R2"
    style.title(axes, f"{what} by a linear model on the outputs of each layer")
    style.legend(axes, loc="lower left")
    return figure


__all__ = ["draw_separability"]
