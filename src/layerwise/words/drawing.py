"""A map of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .places import MapMethod

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TITLES = {
    "pca": "Word vectors in the two directions in which they differ most",
    "tsne": "Word vectors by t-SNE: neighbours are together, distances say little",
}

# Where a label may lie from its point, in points, with its alignment; the first are preferred.
_SIDES = (
    (4, 0, "left", "center"), (-4, 0, "right", "center"), (0, 4, "center", "bottom"),
    (0, -4, "center", "top"), (3, 3, "left", "bottom"), (3, -3, "left", "top"),
    (-3, 3, "right", "bottom"), (-3, -3, "right", "top"),
)  # fmt: skip


def draw_map(words: Sequence[str], places: np.ndarray, method: MapMethod) -> Figure:
    """Draw words at their places.

    Each label takes the first free side of its point; where all are taken, the point keeps the
    least covered one, in grey.

    Parameters
    ----------
    words : their names.
    places : shape (words, 2).
    method : that made the places, for the title.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from ..insight.drawing import style

    size = float(np.clip(1.1 * np.sqrt(len(words)), 5.5, 14.0))
    figure, (axes,) = style.panels(1, width=size * 1.2, height=size)
    axes.scatter(places[:, 0], places[:, 1], s=9, color=style.BLUE, zorder=3)
    axes.margins(0.08)
    axes.set_aspect("equal", adjustable="datalim")  # distances mean the same in all directions
    axes.tick_params(labelleft=False, labelbottom=False, length=0)
    style.title(axes, _TITLES[method])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # lays the panels out, so that labels can be measured
    renderer: Any = canvas.get_renderer()
    points = axes.transData.transform(places)
    radius = 3.0
    boxes = [(x - radius, y - radius, x + radius, y + radius) for x, y in points]
    for place, word in enumerate(words):
        least, chosen = np.inf, None
        label: Any = None
        for dx, dy, across, up in _SIDES:
            label = axes.annotate(
                _plain(word), places[place], (dx, dy), textcoords="offset points",
                ha=across, va=up, fontsize=8.5, color=style.INK,
            )  # fmt: skip
            box = tuple(label.get_window_extent(renderer).extents)
            covered = sum(_overlap(box, other) for other in boxes) + _outside(box, axes.bbox)
            label.remove()
            if covered < least:
                least, chosen = covered, (dx, dy, across, up, box)
            if covered == 0:
                break
        assert chosen is not None
        dx, dy, across, up, box = chosen
        axes.annotate(
            _plain(word), places[place], (dx, dy), textcoords="offset points", ha=across, va=up,
            fontsize=8.5, color=style.INK if least == 0 else style.GREY,
        )  # fmt: skip
        boxes.append(box)
    return figure


def _plain(word: str) -> str:
    """The word as it is shown: a dollar sign would begin a formula."""
    return word.replace("$", r"\$")


def _overlap(first: Sequence[float], second: Sequence[float]) -> float:
    """The area that two boxes (left, bottom, right, top) share."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(width, 0.0) * max(height, 0.0)


def _outside(box: Sequence[float], inside: Any) -> float:
    """How far a box leaves the panel, in pixels; a label may not be cut off."""
    left, bottom, right, top = inside.extents
    return float(
        max(left - box[0], 0) + max(bottom - box[1], 0) + max(box[2] - right, 0)
        + max(box[3] - top, 0)
    )  # fmt: skip
