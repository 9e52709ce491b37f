"""From texts to weighted features: words, neighbouring words, and character n-grams.

A feature is known by a 64-bit hash, so that the vocabulary is an array of numbers: looking up is a
binary search over all texts at once, no word of the training texts stands in a saved model, and a
collision among a million features has a chance of one in thirty million.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.text import CharacterNgrams, WordTokenizer

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_PAIR, _CHARACTERS = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
"""Odd numbers that keep features of different kinds apart."""

_FINEST = (1 << 31) - 1
"""Buckets of character n-grams: as many as there can be, as only those seen are kept."""


def hash_words(words: Iterable[str]) -> np.ndarray:
    """A number for each word, uint64 of shape (words,): the same on every machine and for ever."""
    digests = [
        hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for word in words
    ]
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)


def _mixed(values: np.ndarray) -> np.ndarray:
    """Every bit of a number spread over all (the finaliser of splitmix64; Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@dataclass(frozen=True, eq=False)
class Tokens:
    """Texts as numbers of words.

    Attributes
    ----------
    words : the different words of all texts.
    hashes : uint64 (words,), of each.
    numbers : int64 (tokens,): the place in `words` of each token, text after text.
    texts : int64 (tokens,): which text it is of.
    count : texts in all.
    cut : texts that lost their end.
    """

    words: list[str]
    hashes: np.ndarray
    numbers: np.ndarray
    texts: np.ndarray
    count: int
    cut: int


def tokens_of(texts: Sequence[str], tokenizer: WordTokenizer, maximum: int) -> Tokens:
    """The tokens of texts, the first `maximum` of each.

    Parameters
    ----------
    tokenizer : it should give `maximum` + 1 tokens at most, so that it is seen what is cut.
    """
    places: dict[str, int] = {}
    listed: list[np.ndarray] = []
    cut = 0
    for text in texts:
        tokens = tokenizer.split(text)
        if len(tokens) > maximum:
            cut += 1
            tokens = tokens[:maximum]
        listed.append(np.array([places.setdefault(t, len(places)) for t in tokens], np.int64))
    words = list(places)
    sizes = [len(found) for found in listed]
    return Tokens(
        words,
        hash_words(words),
        np.concatenate(listed) if listed else np.zeros(0, np.int64),
        np.repeat(np.arange(len(listed)), sizes),
        len(listed),
        cut,
    )


@dataclass(frozen=True)
class FeatureKinds:
    """Which features texts have.

    Attributes
    ----------
    words : tokens of a feature, at most: 1 for single words, 2 for neighbouring words too; 0 none.
    characters : (least, most) characters of the n-grams inside words, or None.
    """

    words: int = 2
    characters: tuple[int, int] | None = (2, 5)

    def blocks(self) -> int:
        """Groups of features that count alike."""
        return (self.words > 0) + (self.characters is not None)

    def counted(self, tokens: Tokens) -> list[tuple[np.ndarray, csr_matrix]]:
        """How often each text has each feature.

        Returns
        -------
        For each block the features' hashes, uint64 rising, and counts of shape (texts, features).
        """
        found = []
        if self.words:
            found.append(self._words(tokens))
        if self.characters is not None:
            found.append(self._characters(tokens, self.characters))
        return found

    def _words(self, tokens: Tokens) -> tuple[np.ndarray, csr_matrix]:
        # Sequences of words are told apart by places, and only the different ones are hashed.
        own = tokens.hashes
        found = [(own, _counts(tokens.numbers, tokens.texts, len(own), tokens.count))]
        starts, grown = np.arange(len(tokens.numbers)), tokens.numbers
        for more in range(1, self.words):
            ends = np.minimum(starts + more, len(tokens.texts) - 1)
            inside = (ends - starts == more) & (tokens.texts[ends] == tokens.texts[starts])
            starts, ends = starts[inside], ends[inside]
            keys = grown[inside] * len(tokens.words) + tokens.numbers[ends]
            keys, grown = np.unique(keys, return_inverse=True)
            first, second = np.divmod(keys, max(1, len(tokens.words)))
            own = _mixed(own[first] * _PAIR + tokens.hashes[second])
            found.append((own, _counts(grown, tokens.texts[starts], len(own), tokens.count)))
        return _side_by_side(found)

    def _characters(self, tokens: Tokens, sizes: tuple[int, int]) -> tuple[np.ndarray, csr_matrix]:
        from scipy.sparse import csr_matrix

        ngrams = CharacterNgrams(*sizes, buckets=_FINEST)
        buckets, starts = ngrams.encode_all(tokens.words)
        hashes, columns = np.unique(buckets, return_inverse=True)
        ones = np.ones(len(buckets), np.float32)
        spelt = csr_matrix((ones, columns, starts), shape=(len(tokens.words), len(hashes)))
        ones = np.ones(len(tokens.numbers), np.float32)
        used = csr_matrix(
            (ones, (tokens.texts, tokens.numbers)), shape=(tokens.count, len(tokens.words))
        )
        own = _mixed(hashes.astype(np.uint64) + _CHARACTERS)
        order = np.argsort(own)
        # A word's n-grams are worked out once, however often it comes.
        return own[order], (used @ spelt)[:, order].tocsr()


def _counts(columns: np.ndarray, rows: np.ndarray, width: int, texts: int) -> csr_matrix:
    from scipy.sparse import csr_matrix

    ones = np.ones(len(columns), np.float32)
    counts = csr_matrix((ones, (rows, columns)), shape=(texts, width))
    counts.sum_duplicates()
    return counts


def _side_by_side(parts: list[tuple[np.ndarray, csr_matrix]]) -> tuple[np.ndarray, csr_matrix]:
    """Features of several kinds as one block, by rising hash."""
    from scipy.sparse import hstack

    hashes = np.concatenate([own for own, _ in parts])
    own, first = np.unique(hashes, return_index=True)
    counts = (
        hstack([matrix for _, matrix in parts], format="csc") if len(parts) > 1 else parts[0][1]
    )
    return own, counts.tocsc()[:, first].tocsr()


def find(known: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where hashes stand among known ones, which rise; and which of them are there at all."""
    if not len(known):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    places = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return places, known[places] == wanted


def shown(value: Any) -> str:
    """A text for a message, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
