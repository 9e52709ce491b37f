"""Word vectors beside a network's features: which words, and on which scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..errors import DataError
from ..model.raw_texts import FIRST_WORD, Counted, RawTexts
from .network import standardised


class Joined(NamedTuple):
    """Texts that look words up, and the table that they look into.

    Attributes
    ----------
    texts : with the words of the table.
    table : float32 (words + `FIRST_WORD`, length).
    known : part of the training texts' words that have a vector, from 0 to 1.
    """

    texts: RawTexts
    table: np.ndarray
    known: float


def join_vectors(
    texts: RawTexts,
    counted: Sequence[Counted],
    words: Sequence[str],
    vectors: Callable[[np.ndarray], np.ndarray],
    most: int,
) -> Joined:
    """Choose words, and put their vectors on the scale of these training texts.

    Words of the training texts are kept, and the first of the others: they may come in texts to be
    told apart later.

    Parameters
    ----------
    counted : the training texts.
    words : that have a vector, the most frequent first.
    vectors : from places among the words, int64 (n,), to their vectors, (n, length).
    most : words that are kept beside those of the training texts.

    Raises
    ------
    DataError : hardly a word of the texts has a vector.
    """
    own = {word for part in counted for word in part.tokens.words}
    # Tokens are in lower case where texts are, so vectors of capitalised words serve them too.
    spelt = [word.lower() for word in words] if texts.lowercase else list(words)
    chosen: dict[str, int] = {}
    for place, word in enumerate(spelt):
        if (len(chosen) < most or word in own) and word not in chosen:
            chosen[word] = place
    tokens = sum(len(part.tokens.numbers) for part in counted)
    found = sum(
        int(np.array([word in chosen for word in part.tokens.words])[part.tokens.numbers].sum())
        for part in counted
        if len(part.tokens.words)
    )
    if not found:
        raise DataError(
            "vectors: none of the words of the texts has a vector; are they of another language, "
            "or divided into words in another way?"
        )
    joined, order = texts.with_vectors(list(chosen), counted)
    places = np.fromiter(chosen.values(), np.int64, len(chosen))[order]
    taken = np.asarray(vectors(places), np.float32)
    table = np.concatenate([np.zeros((FIRST_WORD, taken.shape[1]), np.float32), taken])
    return Joined(joined, standardised(table, _means(joined, counted, table)), found / tokens)


def _means(texts: RawTexts, counted: Sequence[Counted], table: np.ndarray) -> np.ndarray:
    """The mean vector of each text that has a known word, float64 (texts, length)."""
    found = []
    for part in counted:
        matrix = texts.word_weights(part.tokens)
        # Row 1 stands alone in texts without a known word.
        known = np.asarray(matrix[:, 1].todense()).reshape(-1) == 0
        found.append((matrix @ table.astype(np.float64))[known])
    return np.concatenate(found)


__all__ = ["Joined", "join_vectors"]
