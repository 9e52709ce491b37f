"""A confusion matrix: counts and the share of each row, darker where there are more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .frame import CHARACTER, svg
from .markup import Markup, tag
from .words import shortened


def matrix(counts: np.ndarray, names: Sequence[str], says: str) -> Markup:
    """Draw rows by true class and columns by predicted class.

    Parameters
    ----------
    counts : int (classes, classes).
    names : of the classes.
    """
    classes = len(names)
    short = [shortened(name, 12) for name in names]
    widest = max(map(len, short), default=1)
    cell = float(np.clip(520 / max(classes, 1), 34, 76))
    left, top = 34 + CHARACTER * widest, 44.0
    width, height = left + classes * cell + 6, top + classes * cell + 8
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    parts = [
        tag("text", "predicted", x=left + classes * cell / 2, y=12, class_="name mid"),
        tag(
            "text", "true", x=10, y=top + classes * cell / 2, class_="name mid",
            transform=f"rotate(-90 10 {top + classes * cell / 2:g})",
        ),
    ]  # fmt: skip
    for i, name in enumerate(short):
        across = shortened(name, max(2, int(cell / CHARACTER)))
        parts.append(
            tag("text", tag("title", names[i]), across, x=left + (i + 0.5) * cell, y=top - 8,
                class_="tick mid")
        )  # fmt: skip
        parts.append(
            tag("text", tag("title", names[i]), name, x=left - 8, y=top + (i + 0.5) * cell + 4,
                class_="tick end")
        )  # fmt: skip
        for j in range(classes):
            parts.append(_cell(counts, shares, names, i, j, left, top, cell))
    return svg(width, height, says, *parts, class_="chart matrix")


def _cell(
    counts: np.ndarray,
    shares: np.ndarray,
    names: Sequence[str],
    i: int,
    j: int,
    left: float,
    top: float,
    cell: float,
) -> Markup:
    share, count = float(shares[i, j]), int(counts[i, j])
    x, y = left + j * cell, top + i * cell
    verb = "rightly" if i == j else "wrongly"
    text = f"{count:,} of '{names[i]}' {verb} predicted '{names[j]}' ({share:.1%} of the row)"
    parts = [
        tag("title", text),
        # A single mistake among many must be seen, so no count is paler than a fifth.
        tag(
            "rect", x=x + 1, y=y + 1, width=cell - 2, height=cell - 2, rx=3,
            class_="right" if i == j else "wrong",
            fill_opacity=round(0.22 + 0.78 * share, 3) if count else 0.0,
        ),
    ]  # fmt: skip
    if count:
        dark = "inverse" if share > 0.45 else ""
        parts.append(
            tag("text", f"{count:,}", x=x + cell / 2, y=y + cell / 2 + (0 if cell >= 42 else 4),
                class_=f"cell mid {dark}")
        )  # fmt: skip
        if cell >= 42:
            parts.append(
                tag("text", f"{share:.0%}" if share >= 0.01 else "<1%", x=x + cell / 2,
                    y=y + cell / 2 + 14, class_=f"part mid {dark}")
            )  # fmt: skip
    return tag("g", *parts)
