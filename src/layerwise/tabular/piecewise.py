"""Numbers cut into pieces: what lets a linear layer bend, and a network turn sharply.

Gorishniy et al. 2022, "On embeddings for numerical features in tabular deep learning", section 3.1:
with edges e_0 < ... < e_B at quantiles of a column, piece b is (x - e_b) / (e_b+1 - e_b), clipped
to 0..1. A linear function of the pieces is piecewise linear in x.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import expand_dims, maximum, minimum, reshape
from ..graph import sum as total
from ..nn import Buffer, Module

MOST_PIECES = 384
"""Pieces of all columns together, at most: a wide table gets fewer for each column."""

FEWEST = 4
"""With fewer pieces than this a column is better left as it is."""


def quantile_edges(
    numbers: np.ndarray, pieces: int, weight: np.ndarray | None = None
) -> list[np.ndarray]:
    """Edges of at most so many pieces for each column, at quantiles of its values.

    Parameters
    ----------
    numbers : (n, columns), finite.
    pieces : at most so many between the least and the greatest value.
    weight : (n,); a row of weight 2 counts as two rows.

    Returns
    -------
    For each column its distinct edges, float64; a single one where the column never changes.
    """
    places = np.linspace(0, 1, pieces + 1)
    edges = []
    for column in np.asarray(numbers, np.float64).T:
        values, counts = _weighted_values(column, weight)
        if not len(values):
            edges.append(np.zeros(1))
            continue
        # The lowest value that at least such a part of the rows does not exceed.
        reached = np.cumsum(counts) / counts.sum()
        index = np.searchsorted(reached, places - 1e-12)
        edges.append(np.unique(values[np.minimum(index, len(values) - 1)]))
    return edges


def _weighted_values(
    column: np.ndarray, weight: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    values, inverse = np.unique(column, return_inverse=True)
    counts = np.bincount(inverse, weight, len(values)).astype(np.float64)
    return values[counts > 0], counts[counts > 0]


def pieces_for(columns: int, most: int) -> int:
    """How many pieces each of so many columns gets; 0 where pieces are not worth it."""
    pieces = min(most, MOST_PIECES // max(columns, 1))
    return pieces if pieces >= FEWEST else 0


class Pieces(Module):
    """(batch, columns) to (batch, columns, pieces), each from 0 to 1.

    Parameters
    ----------
    edges : of each column; a column with fewer has pieces that stay 0.

    Attributes
    ----------
    lower, slope : (columns, pieces): where a piece begins, and 1 / its width.
    """

    def __init__(self, edges: list[np.ndarray]) -> None:
        pieces = max(1, max(len(each) for each in edges) - 1)
        lower = np.zeros((len(edges), pieces), np.float32)
        slope = np.zeros_like(lower)
        for column, each in enumerate(edges):
            count = len(each) - 1
            lower[column, :count] = each[:-1]
            with np.errstate(over="ignore"):
                wide = 1 / np.maximum(np.diff(each), 1e-30)
            slope[column, :count] = np.minimum(wide, np.finfo(np.float32).max)
        self.lower, self.slope = Buffer(lower, "lower"), Buffer(slope, "slope")

    @property
    def shape(self) -> tuple[int, int]:
        """Columns, and pieces of each."""
        return self.lower.shape[0], self.lower.shape[1]

    def initialise(self, generator: np.random.Generator) -> None:
        """Nothing is drawn: the edges come from the data."""

    def forward(self, x: Any) -> Any:
        """(batch, columns) to (batch, columns, pieces)."""
        scaled = (expand_dims(x, -1) - self.lower) * self.slope
        return minimum(maximum(scaled, 0.0), 1.0)


class FlatPieces(Pieces):
    """The pieces of all columns side by side: (batch, columns * pieces)."""

    def forward(self, x: Any) -> Any:
        """(batch, columns) to (batch, columns * pieces)."""
        return reshape(super().forward(x), (x.shape[0], self.lower.value.size))


class NormalScores(Pieces):
    """Each column bent until its values lie like those of a normal distribution.

    The inverse normal distribution function of the value's rank, linear between the edges. Values
    beyond the training data keep the score of the outermost edge.

    Attributes
    ----------
    rise : (columns, pieces): how much the score grows over a piece.
    start : (columns,): the score at the first edge.
    """

    def __init__(self, edges: list[np.ndarray], ranks: list[np.ndarray]) -> None:
        super().__init__(edges)
        from scipy.special import ndtri

        rise = np.zeros(self.lower.shape, np.float32)
        start = np.zeros(len(edges), np.float32)
        for column, each in enumerate(ranks):
            scores = ndtri(np.clip(each, 1e-3, 1 - 1e-3))
            start[column] = scores[0] if len(scores) > 1 else 0.0
            rise[column, : len(scores) - 1] = np.diff(scores)
        self.rise, self.start = Buffer(rise, "rise"), Buffer(start, "start")

    def forward(self, x: Any) -> Any:
        """(batch, columns) to the same shape."""
        return total(super().forward(x) * self.rise, -1) + self.start


def middle_ranks(
    numbers: np.ndarray, edges: list[np.ndarray], weight: np.ndarray | None = None
) -> list[np.ndarray]:
    """For each edge the part of the rows below it, rows at it counted half: 0 to 1."""
    ranks = []
    for column, each in zip(np.asarray(numbers, np.float64).T, edges, strict=True):
        values, counts = _weighted_values(column, weight)
        if not len(values):
            ranks.append(np.full(1, 0.5))
            continue
        below = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()
        left = below[np.searchsorted(values, each, "left")]
        right = below[np.searchsorted(values, each, "right")]
        ranks.append((left + right) / 2)
    return ranks


__all__ = [
    "FlatPieces", "NormalScores", "Pieces", "middle_ranks", "pieces_for",
    "quantile_edges",
]  # fmt: skip
