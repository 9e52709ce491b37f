"""A learning-rate range test: the loss while the rate grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...training.text_plot import cut_off

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...training.range_test import RangeTest


def draw_range_test(test: RangeTest) -> Figure:
    """Draw the loss of each step against its rate, smoothed and as it was.

    The rates that were too small, good and too large have a ground of their own, and the suggestion
    is marked.

    Parameters
    ----------
    test : what `layerwise.find_learning_rate` gave.
    """
    from matplotlib.patches import Rectangle

    from . import style

    figure, (axes,) = style.panels(1, width=6.4, height=3.5)
    rates, smoothed = test.rates, test.smoothed
    low, high = float(min(smoothed.min(), np.quantile(test.losses, 0.02))), cut_off(smoothed)
    span = max(high - low, 1e-3 * abs(high), 1e-9)
    ceiling = high + 0.12 * span
    edge = test.diverges_above
    end = rates[-1]
    if edge is not None:
        # Enough ground behind the edge to write on, though the test ended there.
        end = max(end, edge * max(rates[-1] / rates[0], 10.0) ** 0.14)
    axes.set_xscale("log")
    axes.set_xlim(rates[0], end)
    axes.set_ylim(low - 0.08 * span, ceiling + 0.24 * span)
    axes.grid(visible=False)
    for begin, stop, colour, name in (
        (rates[0], test.too_small_below, style.GREY, "too small"),
        (test.too_small_below, edge or end, style.GREEN, "good"),
        (edge or end, end, style.ORANGE, "diverges"),
    ):
        _region(axes, begin, stop, colour, name, style)
    axes.plot(rates, test.losses, ".", color=style.SKY, markersize=2.5, label="each step")
    style.line(axes, rates, smoothed, label="smoothed")
    floor = axes.get_ylim()[0]
    for line in axes.get_lines():
        # Losses that explode would run through the names at the top.
        line.set_clip_path(
            Rectangle((rates[0], floor), end, ceiling - floor, transform=axes.transData)
        )
    at = np.interp(np.log(test.suggestion), np.log(rates), np.minimum(smoothed, high))
    axes.plot(
        [test.suggestion] * 2, [floor, ceiling], color=style.INK, linewidth=1.2,
        linestyle=style.DASHES[1],
    )  # fmt: skip
    axes.plot([test.suggestion], [at], "o", color=style.INK, markersize=6)
    right = test.suggestion < np.sqrt(rates[0] * end)
    axes.annotate(
        f"suggested: {test.suggestion:g}",
        (test.suggestion, ceiling),
        xytext=(6 if right else -6, -2),
        textcoords="offset points",
        ha="left" if right else "right",
        va="top",
        fontsize=9.5,
        color=style.INK,
    )
    style.title(axes, f"learning-rate range test, {test.optimizer}", "learning rate")
    axes.set_ylabel(f"loss ({test.loss})", fontsize=9.5, color=style.INK)
    style.legend(axes, loc="lower left")
    return figure


def _region(axes: Any, begin: float, stop: float, colour: str, name: str, style: Any) -> None:
    if not stop > begin:
        return
    axes.axvspan(begin, stop, color=colour, alpha=0.11, linewidth=0)
    left, right = axes.get_xlim()
    if np.log(stop / begin) / np.log(right / left) > 0.11:
        axes.text(
            np.sqrt(begin * stop), 0.97, name, transform=axes.get_xaxis_transform(), ha="center",
            va="top", fontsize=9.5, color=style.INK,
        )  # fmt: skip


__all__ = ["draw_range_test"]
