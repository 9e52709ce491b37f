"""Words in a plane, and in the table of an embedding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from ..errors import DataError, unknown

if TYPE_CHECKING:
    from ..data.text import Vocabulary
    from .vectors import WordVectors

MapMethod = Literal["pca", "tsne"]

FEWEST = 3
"""Words of a map: fewer always lie on a line."""


def places_of(found: WordVectors, words: Sequence[str], method: MapMethod, seed: int) -> np.ndarray:
    """See `WordVectors.map`."""
    if method not in get_args(MapMethod):
        raise unknown("method", method, get_args(MapMethod))
    if len(words) < FEWEST:
        raise DataError(f"a map needs at least {FEWEST} different words, got {len(words)}")
    vectors = np.stack([found[word] for word in words]).astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(lengths > 0, lengths, 1)
    vectors -= vectors.mean(axis=0)
    if method == "tsne":
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits

        # The perplexity is about how many neighbours count; there must be more words than that.
        perplexity = min(30.0, (len(words) - 1) / 3)
        made = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, n_jobs=1)
        # Its steps are so short that threads would mostly wait for each other.
        with threadpool_limits(1):
            return np.asarray(made.fit_transform(vectors.astype(np.float32)), np.float32)
    left, sizes, _ = np.linalg.svd(vectors, full_matrices=False)
    places = np.zeros((len(words), 2))
    places[:, : min(2, len(sizes))] = left[:, :2] * sizes[:2]
    # The sign of a direction is arbitrary; this one does not depend on the machine.
    for column in places.T:
        column *= -1 if column[np.argmax(np.abs(column))] < 0 else 1
    return places.astype(np.float32)


def table_for(
    found: WordVectors, vocabulary: Vocabulary, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """See `WordVectors.table`."""
    from ..data.text import PADDING, SPECIAL

    rows = [
        None if place < len(SPECIAL) else found.row(word)
        for place, word in enumerate(vocabulary.words)
    ]
    known = np.array([row is not None for row in rows])
    if not known.any():
        raise DataError(
            f"none of the {len(vocabulary) - len(SPECIAL):,} words of the vocabulary has a vector; "
            "are they written alike (lower case, accents)? any_case=True may help"
        )
    vectors = found.vectors[np.array([row for row in rows if row is not None], np.int64)]
    random = np.random.default_rng(seed)
    table = random.normal(vectors.mean(axis=0), vectors.std(axis=0), (len(rows), found.dimension))
    table = table.astype(np.float32)
    table[known] = vectors
    table[PADDING] = 0.0
    return table, known
