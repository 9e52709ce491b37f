"""Which vectors are near which, by cosine.

Vectors are looked at block by block, so those that stay in a file are never in memory all at once,
and no second, normalised copy of a large table is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np

from ..errors import OptionError, unknown

if TYPE_CHECKING:
    from .vectors import WordVectors

AnalogyMethod = Literal["3cosadd", "3cosmul"]

_BLOCK = 1 << 15
_FEW = 4
_EPSILON = 0.001  # Levy & Goldberg 2014: keeps the quotient finite


class Neighbour(NamedTuple):
    """A word and its cosine similarity to what was asked for, -1 to 1."""

    word: str
    similarity: float


def unit(vector: np.ndarray) -> np.ndarray:
    """The vector with length 1; zeros stay zeros."""
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else vector


def norms_of(vectors: Any) -> np.ndarray:
    """Lengths of vectors, float32; 1 for zeros, whose cosines are then 0."""
    norms = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        norms[start : start + len(block)] = np.sqrt(np.einsum("ij,ij->i", block, block))
    norms[norms == 0] = 1.0
    return norms


def cosines(
    found: WordVectors, queries: np.ndarray, among: int | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Cosines with unit vectors, float32 of shape (queries, rows of the block), with its first row.

    Parameters
    ----------
    queries : float32 of shape (queries, dimension), each of length 1.
    among : how many of the first words are looked at; None for all.
    """
    end = len(found) if among is None else min(among, len(found))
    for start in range(0, end, _BLOCK):
        stop = min(start + _BLOCK, end)
        block = _products(queries, found.vectors[start:stop]) / found.norms[start:stop]
        yield start, np.clip(block, -1, 1, out=block)


def _products(queries: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    # For a few queries a product of matrices starts threads that wait longer than they work.
    if len(queries) <= _FEW:
        return np.stack([np.einsum("ij,j->i", vectors, query) for query in queries])
    return queries @ vectors.T


def nearest(
    found: WordVectors, query: np.ndarray, without: Sequence[int], count: int
) -> tuple[np.ndarray, np.ndarray]:
    """The rows with the greatest cosines to a vector, the greatest first, and the cosines."""
    query = unit(np.asarray(query, np.float32))[None]
    scores = np.concatenate([block[0] for _, block in cosines(found, query)])
    return _best(scores, without, count)


def analogy(
    found: WordVectors, rows: Sequence[int], count: int, method: AnalogyMethod
) -> tuple[np.ndarray, np.ndarray]:
    """The rows that complete an analogy best, the best first, and their scores."""
    blocks = [scores[0] for _, scores in analogy_scores(found, np.array([rows]), method)]
    return _best(np.concatenate(blocks), rows, count)


def analogy_scores(
    found: WordVectors, rows: np.ndarray, method: AnalogyMethod, among: int | None = None
) -> Iterator[tuple[int, np.ndarray]]:
    """Scores of words as answers to questions, of shape (questions, rows of a block).

    Parameters
    ----------
    rows : of a, b and c, integers of shape (questions, 3).
    """
    if method not in get_args(AnalogyMethod):
        raise unknown("method", method, get_args(AnalogyMethod))
    vectors = found.vectors[rows.reshape(-1)].reshape(*rows.shape, -1)
    units = vectors / found.norms[rows][..., None]
    if method == "3cosadd":
        sums = units[:, 1] - units[:, 0] + units[:, 2]
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        yield from cosines(found, sums / np.where(lengths > 0, lengths, 1), among)
        return
    flat = np.ascontiguousarray(units.swapaxes(0, 1)).reshape(-1, found.dimension)
    for start, block in cosines(found, flat, among):
        a, b, c = ((block + 1) / 2).reshape(3, len(rows), -1)
        yield start, b * c / (a + _EPSILON)


def _best(scores: np.ndarray, without: Sequence[int], count: int) -> tuple[np.ndarray, np.ndarray]:
    if count < 1:
        raise OptionError(f"count: expected 1 or more, got {count}")
    scores[list(without)] = -np.inf
    wanted = min(count, len(scores) - len(set(without)))
    if wanted < 1:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    # Equal scores in the order of the words, so that the same call gives the same answer.
    if wanted < len(scores) // 2:
        least = np.partition(scores, len(scores) - wanted)[len(scores) - wanted]
        candidates = np.flatnonzero(scores >= least)
    else:
        candidates = np.arange(len(scores))
    order = candidates[np.argsort(-scores[candidates], kind="stable")][:wanted]
    return order, scores[order]
