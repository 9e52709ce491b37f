"""Three parts of the rows, always: training, validation, test.

The test rows are used once, for the figure that is reported. Whatever is chosen (when to stop, the
learning rate) is chosen on the validation rows, because a measure that was used to choose flatters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError
from ..graph.threefry import threefry2x32

Rows = NDArray[np.int64]

_STREAM = 0x53504C54  # "SPLT": these draws are never those of a dropout with the same seed.


class Split(NamedTuple):
    """Row numbers of the three parts, each in random order."""

    training: Rows
    validation: Rows
    test: Rows


def split_rows(
    labels: ArrayLike, seed: int = 0, test: float = 0.25, validation: float = 0.2
) -> Split:
    """Divide rows so that each part holds the classes in the same proportions.

    Parameters
    ----------
    labels : a class for each row, of shape (n,).
    seed : the same seed gives the same parts on every machine.
    test : fraction of all rows, 0 to 1.
    validation : fraction of the rows that are left, 0 to 1.

    Raises
    ------
    DataError : the labels are not one for each row, or no row is left to train on.
    ValueError : a fraction lies outside 0..1.
    """
    classes = np.asarray(labels)
    if classes.ndim != 1:
        raise DataError(f"expected one label for each row, shape (n,), got {classes.shape}")
    for name, fraction in (("test", test), ("validation", validation)):
        if not 0 <= fraction < 1:
            raise ValueError(f"expected a fraction from 0 to 1 for {name}, got {fraction}")
    shuffled = _permutation(len(classes), seed)
    rest, tested = _take(classes, shuffled, test)
    training, validated = _take(classes, rest, validation)
    if not len(training):
        raise DataError(f"{len(classes)} rows are too few to divide into three parts")
    # Taking class by class leaves some classes rare at the beginning of a part, or at its end.
    parts = (training, validated, tested)
    return Split(*(p[_permutation(len(p), seed, n)] for n, p in enumerate(parts, start=1)))


def fold_rows(
    count: int,
    folds: int,
    seed: int = 0,
    classes: ArrayLike | None = None,
    groups: ArrayLike | None = None,
) -> Rows:
    """Number the fold of each row, int64 of shape (count,), from 0.

    Parameters
    ----------
    count : rows.
    folds : as many folds, fewer where there are fewer rows (or groups).
    seed : the same seed gives the same folds on every machine.
    classes : (count,) whole numbers; every fold gets its share of each class.
    groups : (count,); rows of one group get the same fold, and folds are as even as that allows.
        Classes are then not looked at.

    Raises
    ------
    ValueError : fewer than two folds.
    """
    if folds < 2:
        raise ValueError(f"expected at least 2 folds, got {folds}")
    shuffled = _permutation(count, seed)
    numbers = np.empty(count, np.int64)
    if groups is not None:
        return _fold_groups(np.asarray(groups), folds, shuffled)
    order = shuffled
    if classes is not None:
        # Class after class, dealt out like cards: the folds' shares differ by one row at most.
        order = shuffled[np.argsort(np.asarray(classes)[shuffled], kind="stable")]
    numbers[order] = np.arange(count) % min(folds, max(count, 1))
    return numbers


def _fold_groups(groups: np.ndarray, folds: int, shuffled: Rows) -> Rows:
    _, first, codes, sizes = np.unique(
        groups[shuffled], return_index=True, return_inverse=True, return_counts=True
    )
    # The largest first, each to the fold that is emptiest: never far from even.
    fold_of, filled = np.empty(len(sizes), np.int64), np.zeros(min(folds, len(sizes)))
    for group in np.lexsort((first, -sizes)):
        fold_of[group] = filled.argmin()
        filled[fold_of[group]] += sizes[group]
    numbers = np.empty(len(groups), np.int64)
    numbers[shuffled] = fold_of[codes]
    return numbers


def _take(classes: np.ndarray, rows: Rows, fraction: float) -> tuple[Rows, Rows]:
    """Take a fraction of the rows away, class by class; gives (what is left, what was taken)."""
    _, codes, counts = np.unique(classes[rows], return_inverse=True, return_counts=True)
    quotas = _whole_numbers(counts * fraction, round(len(rows) * fraction))
    # The place of each row among those of its class: rows before the quota are taken.
    order = np.argsort(codes, kind="stable")
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    place = np.empty(len(rows), np.int64)
    place[order] = np.arange(len(rows)) - starts
    taken = place < quotas[codes]
    return rows[~taken], rows[taken]


def _whole_numbers(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers near the shares that sum to the total: the largest remainders round up."""
    numbers = np.floor(shares).astype(np.int64)
    short = total - int(numbers.sum())
    numbers[np.argsort(numbers - shares, kind="stable")[:short]] += 1
    return numbers


def _permutation(count: int, seed: int, stream: int = 0) -> Rows:
    # Our own random words: NumPy's generators may change from one release to the next.
    index = np.arange(count, dtype=np.uint32)
    high, low = threefry2x32(seed & 0xFFFFFFFF, _STREAM, index, stream)
    return np.lexsort((low, high))
