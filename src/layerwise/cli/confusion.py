"""The confusion table: which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LARGEST_TABLE = 12
"""With more classes than this a table cannot be read; the worst confusions say enough."""


def count_confusions(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """How many rows of each class (first axis) were predicted as each class (second axis)."""
    cells = np.bincount(truth.astype(np.int64) * classes + predicted, minlength=classes**2)
    return cells.reshape(classes, classes)


def confusion_lines(counts: np.ndarray, names: Sequence[str]) -> list[str]:
    """A small table for people; 0 is a dot. None for more classes than a person can look over."""
    lines: list[str] = []
    if len(names) <= LARGEST_TABLE:
        width = max(4, 1 + max(map(len, names)), 1 + len(str(counts.max())))
        label = max(5, *map(len, names))
        lines.append("predicted".rjust(label + 4 + width * len(names)))
        lines.append(f"  {'truth'.rjust(label)}  " + "".join(n.rjust(width) for n in names))
        for name, row in zip(names, counts, strict=True):
            cells = "".join((str(c) if c else ".").rjust(width) for c in row)
            lines.append(f"  {name.rjust(label)}  {cells}")
    return lines


def worst_confusions(counts: np.ndarray, names: Sequence[str], most: int = 3) -> list[str]:
    """The confusions that happen most, in words."""
    wrong = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = (np.unravel_index(i, wrong.shape) for i in order if wrong.flat[i])
    return [f"{names[t]} taken for {names[p]} ({wrong[t, p]}x)" for t, p in pairs]
