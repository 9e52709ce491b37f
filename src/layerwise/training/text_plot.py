"""A curve as lines of text, for a terminal."""

from __future__ import annotations

import math

import numpy as np

BLOCKS = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
"""From an empty place to a full one, in eighths."""


def text_plot(
    x: np.ndarray, y: np.ndarray, width: int, height: int, mark: float, label: str
) -> str:
    """A column of blocks for each part of the x axis, which is logarithmic.

    Parameters
    ----------
    x, y : shape (points,); x above 0 and growing.
    width : of the widest line, in characters.
    height : lines of the curve; two more are below it.
    mark, label : an x to mark, and what to write beside the mark.

    Returns
    -------
    Lines of at most `width` characters. Values far above the first are cut off at the top.
    """
    low, high = float(y.min()), cut_off(y)
    sides = [f"{high:.3g}", f"{low:.3g}"]
    margin = max(map(len, sides)) + 1
    columns = max(10, width - margin)
    place = np.log(x / x[0]) / max(math.log(x[-1] / x[0]), 1e-12) * (columns - 1)
    heights = np.interp(np.arange(columns), place, np.minimum(y, high))
    eighths = np.rint((heights - low) / max(high - low, 1e-12) * (8 * height - 1)).astype(int) + 1
    lines = []
    for row in reversed(range(height)):
        cells = np.clip(eighths - 8 * row, 0, 8)
        side = sides[0] if row == height - 1 else sides[1] if row == 0 else ""
        lines.append(side.rjust(margin - 1) + " " + "".join(BLOCKS[c] for c in cells).rstrip())
    at = round(math.log(mark / x[0]) / max(math.log(x[-1] / x[0]), 1e-12) * (columns - 1))
    at = min(max(at, 0), columns - 1)
    pointer = " " * at + "^ " + label
    if len(pointer) > columns:
        pointer = (label + " ^").rjust(at + 1)
    ends = f"{x[0]:.0e}", f"{x[-1]:.0e}"
    axis = ends[0] + "learning rate".center(columns - len(ends[0]) - len(ends[1])) + ends[1]
    return "\n".join([*lines, " " * margin + pointer, " " * margin + axis])


def cut_off(y: np.ndarray) -> float:
    """How high to draw: where a curve explodes, the rest must stay readable."""
    first, low = float(y[: max(1, len(y) // 20)].max()), float(y.min())
    return min(float(y.max()), first + 0.5 * max(first - low, 1e-12))
