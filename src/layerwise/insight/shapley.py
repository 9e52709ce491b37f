"""Shapley values of one prediction, by walks from background rows to the row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .answer import Answer
from .subject import AT_ONCE, Subject


class Shares(NamedTuple):
    """What each column added.

    Attributes
    ----------
    values, errors : float64 (columns,); standard errors are NaN where one walk was all.
    walks : how many there were.
    background : (rows,) the answers for the background rows that were used.
    """

    values: np.ndarray
    errors: np.ndarray
    walks: int
    background: np.ndarray


def shapley(
    row: Subject, background: Subject, answer: Answer, samples: int, generator: np.random.Generator
) -> Shares:
    """Estimate the Shapley values of a row's columns.

    A walk begins at a background row and takes over the row's values one column after another, in a
    random order; a column's share is the mean of what the answer changed by when it was its turn
    (Strumbelj & Kononenko, "Explaining prediction models and individual predictions with feature
    contributions", Knowledge and Information Systems 41, 2014). Every order is also walked
    backwards from the same background row, which cancels much of the noise (Mitchell et al.,
    "Sampling Permutations for Shapley Value Estimation", JMLR 23, 2022).

    Each background row starts equally many walks, so the shares add up to the answer for the row
    minus the mean answer for the background, up to rounding.

    Parameters
    ----------
    row : one row.
    background : at least one row.
    answer : what is asked.
    samples : walks; rounded up to pairs, and to as many for each background row. Of more background
        rows than pairs only the first are used.
    generator : gives the orders.

    Notes
    -----
    The standard error is that of a mean over background rows: it covers the orders, and also that
    other background rows could have been drawn.
    """
    columns = len(row.names)
    pairs = max(1, -(-samples // 2))
    if len(background) > pairs:
        background = background.take(np.arange(pairs))
    starts = len(background)
    passes = -(-pairs // starts)
    here = float(answer.of(row.raw())[0])
    there = np.asarray(answer.of(background.raw()))
    found = np.empty((passes, starts, columns))
    size = max(1, AT_ONCE // (2 * max(columns - 1, 1) * row.width))
    for number in range(passes):
        for first in range(0, starts, size):
            part = np.arange(first, min(first + size, starts))
            ranks = np.argsort(generator.random((len(part), columns)), axis=1)
            # Backwards, the column that came k-th comes k-th from the end.
            both = np.stack([ranks, columns - 1 - ranks], axis=1)
            steps = _walks(row, background, answer, part, both, here, there)
            # What changed when it was the turn of the column at each rank.
            changes = np.take_along_axis(np.diff(steps, axis=2), both, axis=2)
            found[number, part] = changes.mean(1)
    means = found.mean(0)
    if starts > 1:
        errors = means.std(0, ddof=1) / np.sqrt(starts)
    elif passes > 1:
        errors = found[:, 0].std(0, ddof=1) / np.sqrt(passes)
    else:
        errors = np.full(columns, np.nan)
    return Shares(means.mean(0), errors, 2 * passes * starts, there)


def _walks(
    row: Subject,
    background: Subject,
    answer: Answer,
    part: np.ndarray,
    ranks: np.ndarray,
    here: float,
    there: np.ndarray,
) -> np.ndarray:
    """The answers along walks: ranks (starts, 2, columns) to (starts, 2, columns + 1)."""
    starts, ways, columns = ranks.shape
    answers = np.empty((starts, ways, columns + 1))
    answers[..., 0], answers[..., -1] = there[part][:, None], here
    if columns == 1:
        return answers
    # Which columns are the row's own after each step but the last.
    taken = ranks[:, :, None, :] < np.arange(1, columns)[:, None]
    mixed = []
    for array, own, owners in zip(background.arrays, row.arrays, row.owners, strict=True):
        from_row = taken[..., owners]
        rows = np.where(from_row, own[0], array[part][:, None, None, :])
        mixed.append(np.ascontiguousarray(rows.reshape(-1, array.shape[1])))
    answers[..., 1:-1] = np.asarray(answer.of(row.raw(mixed))).reshape(starts, ways, columns - 1)
    return answers


__all__ = ["Shares", "shapley"]
