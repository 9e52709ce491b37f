"""How predictions change as one column takes its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..text import shortened, value_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..dependence import Dependence

MOST_PANELS, ACROSS = 6, 3


def draw_partial_dependence(dependence: Dependence) -> Figure:
    """Draw the mean prediction for each value, and the band of 80% of single rows.

    Numbers and dates are a line, with the deciles of the column as marks at the bottom; words are
    points with bars. Several classes have a panel each; of more than six those that change most are
    drawn, of two the second.

    Parameters
    ----------
    dependence : what `layerwise.insight.partial_dependence` gave.
    """
    from . import style

    shown = dependence.most_changing(MOST_PANELS)
    across = min(len(shown), ACROSS)
    figure, panels = style.panels(
        across, width=3.4 if across > 1 else 6.4, height=2.9 if across > 1 else 3.5,
        rows=-(-len(shown) // across), sharey=dependence.probability,
    )  # fmt: skip
    draw = _points if dependence.kind == "words" else _line
    what = "probability" if dependence.probability else "prediction"
    for axes, place in zip(panels, shown, strict=False):
        draw(style, axes, dependence, place)
        name = shortened(dependence.outputs[place], 24)
        text = f"'{name}'" if dependence.probability else name
        if len(shown) == 1:
            of = f" of {text}" if dependence.probability else ""
            text = f"mean {what}{of}, and 80% of single rows"
        style.title(axes, text, shortened(dependence.column, 60 // across))
    if len(shown) > 1:
        text = f"mean {what}, and 80% of single rows"
        figure.suptitle(text, x=0.012, ha="left", fontsize=10.5, color=style.INK)
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    return figure


def _line(style: Any, axes: Any, dependence: Dependence, place: int) -> None:
    known = np.array([value is not None for value in dependence.grid])
    x = _places(dependence, [value for value in dependence.grid if value is not None])
    mean, low, high = (
        each[known, place] for each in (dependence.mean, dependence.low, dependence.high)
    )
    axes.fill_between(x, low, high, color=style.BLUE, alpha=0.14, linewidth=0)
    style.line(axes, x, mean)
    marks = [place for place in _places(dependence, dependence.quantiles) if x[0] <= place <= x[-1]]
    axes.plot(
        marks, [0.0] * len(marks), "|", color=style.INK, markersize=9, clip_on=False,
        transform=axes.get_xaxis_transform(),
    )  # fmt: skip
    axes.margins(x=0)
    if dependence.kind == "dates":
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator()
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _places(dependence: Dependence, values: Any) -> np.ndarray:
    if dependence.kind == "numbers":
        return np.array(values, np.float64)
    from matplotlib.dates import date2num

    return np.asarray(date2num(np.array(values, "datetime64[us]")), np.float64)


def _points(style: Any, axes: Any, dependence: Dependence, place: int) -> None:
    names = [shortened(value_text(value), 14) for value in dependence.grid]
    x = np.arange(len(names))
    low, high = dependence.low[:, place], dependence.high[:, place]
    axes.vlines(x, low, high, color=style.BLUE, linewidth=5, alpha=0.25)
    axes.plot(x, dependence.mean[:, place], "o", color=style.BLUE, markersize=7)
    axes.grid(visible=False, axis="x")
    axes.set_xticks(x, names)
    if len(names) > 6 or max(map(len, names)) > 8:
        for label in axes.get_xticklabels():
            label.set_rotation(40)
            label.set_horizontalalignment("right")
    axes.set_xlim(-0.6, len(names) - 0.4)


__all__ = ["draw_partial_dependence"]
