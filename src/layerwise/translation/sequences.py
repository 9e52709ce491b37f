"""Pairs of encoded texts as buckets of rows, of few different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..data.text import BEGIN, bucket_length, pad
from ..training import Buckets

STEP = 4
"""Lengths of rows are multiples of this."""


class Lengths(NamedTuple):
    """Of the rows of one bucket."""

    source: int
    target: int


def choose_lengths(
    sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], most: int = 5
) -> list[Lengths]:
    """A few lengths, rising, that leave little to fill up.

    A program is compiled for each, so there are at most `most`. Pairs are ordered by the longer of
    their sides, and that order is cut where the total of what is filled up is the least.
    """
    s, t = (np.array([len(x) for x in side]) for side in (sources, targets))
    longer = np.maximum(s, t)
    edges = np.unique(-(-longer // STEP) * STEP)
    group = np.searchsorted(edges, longer)
    count = len(edges)
    rows = np.bincount(group, minlength=count)
    widest = np.zeros((count, 2), np.int64)
    np.maximum.at(widest[:, 0], group, s)
    np.maximum.at(widest[:, 1], group, t)
    before = np.concatenate([[0], np.cumsum(rows)])

    # best[k][j]: the least cost of the first j edges in k buckets, and where the last begins.
    best = np.full((most + 1, count + 1), np.inf)
    best[0, 0] = 0
    cut = np.zeros((most + 1, count + 1), np.int64)
    for k in range(1, most + 1):
        for j in range(1, count + 1):
            for i in range(j):
                source, target = _rounded(widest[i:j].max(0))
                cost = best[k - 1, i] + (before[j] - before[i]) * (source + target)
                if cost < best[k, j]:
                    best[k, j], cut[k, j] = cost, i
    # Fewer buckets where one more gains next to nothing: it would have to be compiled.
    k = 1
    while k < most and best[k + 1, count] < 0.97 * best[k, count]:
        k += 1
    found, j = [], count
    while k:
        i = int(cut[k, j])
        found.append(Lengths(*_rounded(widest[i:j].max(0))))
        j, k = i, k - 1
    return found[::-1]


def _rounded(lengths: np.ndarray) -> tuple[int, int]:
    source, target = (-(-int(n) // STEP) * STEP for n in lengths)
    return source, target


def bucketed(
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    lengths: Sequence[Lengths],
) -> Buckets:
    """Rows for `layerwise.train`: ((source, before), after, tokens) of each length.

    Parameters
    ----------
    sources, targets : numbers with <eos> at the end.
    lengths : of the rows; each pair goes where it fits first. All must fit somewhere.

    Returns
    -------
    Of each bucket the source and <bos> with the target (int32), the target with <eos> (float32, as
    `TokenLoss` takes it), and its number of tokens as weight.
    """
    rows: list[list[int]] = [[] for _ in lengths]
    for row, (source, target) in enumerate(zip(sources, targets, strict=True)):
        place = next(
            i
            for i, each in enumerate(lengths)
            if len(source) <= each.source and len(target) <= each.target
        )
        rows[place].append(row)
    parts = []
    for each, mine in zip(lengths, rows, strict=True):
        if not mine:
            continue
        after = [targets[row] for row in mine]
        before = [[BEGIN, *target[:-1]] for target in after]
        parts.append(
            (
                (pad([sources[row] for row in mine], each.source), pad(before, each.target)),
                pad(after, each.target).astype(np.float32),
                np.array([len(target) for target in after], np.float32),
            )
        )
    return Buckets(parts)


def with_longest(
    lengths: Sequence[Lengths],
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
) -> list[Lengths]:
    """The lengths, with one more at the end if a pair would fit none."""
    longest = max(map(len, sources)), max(map(len, targets))
    if longest[0] <= lengths[-1].source and longest[1] <= lengths[-1].target:
        return list(lengths)
    more = Lengths(*(bucket_length(max(n, m)) for n, m in zip(longest, lengths[-1], strict=True)))
    return [*lengths, more]
