"""Which words of a source each written word looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .frame import CHARACTER, svg
from .markup import Markup, tag
from .palette import colour
from .words import percent, shortened

CELL, ROW = 26.0, 20.0
"""Width of a column and height of a row."""

SLOPE = 0.7
"""How high a slanting name is, over its length."""

LONGEST = 20
"""Characters of a name that are shown."""


def alignment_map(
    weights: np.ndarray, written: Sequence[str], source: Sequence[str], says: str
) -> Markup:
    """Draw an alignment: a row for each written word, slanting names of the source above.

    Parameters
    ----------
    weights : float (written, source), 0 to 1; the more, the stronger the colour.
    says : what it shows, in words.
    """
    names = [shortened(word, LONGEST) for word in written]
    above = [shortened(word, LONGEST) for word in source]
    left = 12 + CHARACTER * max(map(len, names), default=1)
    tallest = CHARACTER * max(map(len, above), default=1)
    top = 12 + SLOPE * tallest
    parts = []
    for c, name in enumerate(above):
        x, y = left + (c + 0.5) * CELL, top - 6
        parts.append(
            tag(
                "text", tag("title", source[c]), name, x=x, y=y, class_="tick",
                transform=f"rotate(-45 {x:.1f} {y:.1f})",
            )
        )  # fmt: skip
    for r, name in enumerate(names):
        y = top + r * ROW
        parts.append(
            tag(
                "text", tag("title", written[r]), name, x=left - 7, y=y + ROW / 2 + 4,
                class_="tick end",
            )
        )  # fmt: skip
        for c in range(len(above)):
            weight = float(np.clip(weights[r, c], 0, 1))
            parts.append(
                tag(
                    "rect", tag("title", f"{written[r]} from {source[c]}: {percent(weight)}"),
                    x=left + c * CELL, y=y, width=CELL - 1.5, height=ROW - 1.5, fill=colour(0),
                    fill_opacity=round(0.05 + 0.95 * weight, 3),
                )
            )  # fmt: skip
    width = left + CELL * len(above) + SLOPE * tallest
    return svg(width, top + ROW * len(names) + 6, says, *parts)


__all__ = ["alignment_map"]
