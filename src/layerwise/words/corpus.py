"""A corpus as numbers: each word that is frequent enough, by its place in the vocabulary."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..errors import DataError


@dataclass(frozen=True)
class Corpus:
    """Sentences without their rare words, one after another.

    Attributes
    ----------
    words : the vocabulary, the most frequent first; equally frequent ones by their first use.
    counts : (words,) int64: how often each occurs.
    tokens : (n,) int32: the sentences' words by number.
    ends : (sentences,) int64: where each sentence ends among the tokens, in increasing order.
    """

    words: list[str]
    counts: np.ndarray
    tokens: np.ndarray
    ends: np.ndarray


def read_corpus(sentences: Iterable[Iterable[str]], min_count: int) -> Corpus:
    """Number the words of sentences, which are gone through once; 4 bytes are kept for each word.

    Raises
    ------
    DataError : a sentence that is a text, words that are no texts, or no word occurs `min_count`
        times.
    """
    numbers: defaultdict[str, int] = defaultdict(itertools.count().__next__)
    parts: list[np.ndarray] = []
    for place, sentence in enumerate(sentences):
        if isinstance(sentence, str):
            raise DataError(
                f"expected sentences as lists of words, but sentence {place} is a text, "
                f"{sentence[:40]!r}; divide it first, for example with .split() or "
                "layerwise.data.text.WordTokenizer"
            )
        parts.append(np.fromiter(map(numbers.__getitem__, sentence), np.int32))
    for word in numbers:
        if not isinstance(word, str) or not word:
            raise DataError(f"expected words as texts that are not empty, got {word!r:.40}")
    if not numbers:
        raise DataError("expected sentences with words, got none")
    tokens = np.concatenate(parts)
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    counts = np.bincount(tokens, minlength=len(numbers))
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] >= min_count]
    if not len(order):
        raise DataError(
            f"no word occurs {min_count} times (the most frequent one of {len(numbers):,} does "
            f"{counts.max():,} times); lower min_count, or give more sentences"
        )
    place_of = np.full(len(numbers), -1, np.int32)
    place_of[order] = np.arange(len(order), dtype=np.int32)
    tokens = place_of[tokens]
    frequent = tokens >= 0
    # How many are left up to each end: a running count, looked up at the ends.
    left = np.concatenate([[0], np.cumsum(frequent)])
    ends = left[ends]
    words = list(numbers)
    # Sentences of rare words alone are gone.
    ends = np.unique(ends[ends > 0])
    return Corpus([words[k] for k in order.tolist()], counts[order], tokens[frequent], ends)


__all__ = ["Corpus", "read_corpus"]
