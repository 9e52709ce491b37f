"""What a step of word2vec sees: stretches of text, with the window of each word, and noise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .corpus import Corpus

STRETCH = 32
"""Words of a stretch. Their windows overlap, so that a word's vectors are fetched once for all."""

NOISE = 32
"""Words of noise that a stretch shares."""

BLOCK = 1 << 18
"""Words of a corpus that are prepared at once, in whole sentences."""

POWER = 0.75
"""Noise is drawn in proportion to a word's frequency to this power (Mikolov et al. 2013)."""


@dataclass(frozen=True)
class Block:
    """Stretches of a part of the corpus.

    Attributes
    ----------
    words : (stretches, window + STRETCH + window + NOISE) int32: the words before a stretch, its
        own, those after it, and words of noise; 0 where there is none.
    low, high : (stretches, STRETCH) int32: the first and the last place in `words` of each word's
        window; `low` lies above `high` where there is no word.
    done : words of the corpus up to the end of this block, in this epoch.
    """

    words: np.ndarray
    low: np.ndarray
    high: np.ndarray
    done: int


class Windows:
    """Draws what a training goes through: which words stay, how far each one looks, and noise.

    Parameters
    ----------
    corpus : the text.
    window : words that a window reaches to either side, at most: each reaches 1 to so many.
    sample : frequency above which words are left out at random (see `kept`); 0 for none.
    seed : of all that is random.
    """

    def __init__(self, corpus: Corpus, window: int, sample: float, seed: int) -> None:
        self.corpus = corpus
        self.window = window
        self.seed = seed
        self.kept = kept(corpus.counts, sample)
        self._noise = Alias(corpus.counts**POWER)

    def blocks(self, epoch: int) -> Iterator[Block]:
        """The blocks of an epoch; what is drawn depends on seed, epoch and block alone."""
        ends = self.corpus.ends
        first = number = start = 0
        while first < len(ends):
            # Whole sentences, at least one.
            last = max(first + 1, int(np.searchsorted(ends, start + BLOCK, "right")))
            stop = int(ends[last - 1])
            generator = np.random.default_rng([self.seed, epoch, number])
            yield self._block(start, stop, ends[first:last] - start, generator)
            first, start, number = last, stop, number + 1

    def _block(
        self, start: int, stop: int, ends: np.ndarray, generator: np.random.Generator
    ) -> Block:
        tokens = self.corpus.tokens[start:stop]
        stays = generator.random(len(tokens), np.float32) < self.kept[tokens]
        left = np.concatenate([[0], np.cumsum(stays)])
        tokens, ends = tokens[stays], left[ends]
        lengths = np.diff(ends, prepend=0)
        count, window = len(tokens), self.window
        reach = generator.integers(1, window + 1, count, np.int32)
        places = np.arange(count, dtype=np.int32)
        low = np.maximum(places - reach, np.repeat(ends - lengths, lengths))
        high = np.minimum(places + reach, np.repeat(ends - 1, lengths))
        stretches = -(-count // STRETCH)
        words = np.zeros(stretches * STRETCH + 2 * window, np.int32)
        words[window : window + count] = tokens
        near = np.lib.stride_tricks.sliding_window_view(words, STRETCH + 2 * window)[::STRETCH]
        noise = self._noise.draw(generator, (stretches, NOISE))
        # Places in the corpus become places in the stretch's row.
        first = window - STRETCH * np.arange(stretches, dtype=np.int32)[:, None]
        return Block(
            np.concatenate([near, noise], axis=1),
            _by_stretch(low, stretches, 1) + first,
            _by_stretch(high, stretches, 0) + first,
            stop,
        )


def _by_stretch(places: np.ndarray, stretches: int, beyond: int) -> np.ndarray:
    """Places as rows of stretches; `beyond` where the last one has no words."""
    filled = np.full(stretches * STRETCH, beyond, np.int32)
    filled[: len(places)] = places
    return filled.reshape(stretches, STRETCH)


def kept(counts: np.ndarray, sample: float) -> np.ndarray:
    """How likely each word is to stay in the text, float32 of the shape of `counts`.

    sqrt(sample / f) + sample / f, at most 1, for a frequency f: as the program word2vec.c does it,
    which differs from the formula in Mikolov et al. 2013, "Distributed representations of words and
    phrases and their compositionality", equation 5.
    """
    if not sample:
        return np.ones(len(counts), np.float32)
    ratio = sample * counts.sum() / counts
    return np.minimum(np.sqrt(ratio) + ratio, 1.0).astype(np.float32)


class Alias:
    """Draws numbers in proportion to weights, in two look-ups each.

    Walker 1977, "An efficient method for generating discrete random variables with general
    distributions", with the tables made as by Vose 1991.
    """

    def __init__(self, weights: np.ndarray) -> None:
        count = len(weights)
        share = weights / weights.sum() * count
        self._own = np.ones(count, np.float32)
        self._other = np.arange(count, dtype=np.int32)
        small = list(np.flatnonzero(share < 1.0))
        large = list(np.flatnonzero(share >= 1.0))
        while small and large:
            low, high = small.pop(), large[-1]
            self._own[low], self._other[low] = share[low], high
            share[high] -= 1.0 - share[low]
            if share[high] < 1.0:
                small.append(large.pop())

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Numbers below that of the weights, int32 of a shape."""
        chosen = generator.integers(0, len(self._own), shape, np.int32)
        stays = generator.random(shape, np.float32) < self._own[chosen]
        return np.where(stays, chosen, self._other[chosen])


__all__ = ["NOISE", "STRETCH", "Alias", "Block", "Windows", "kept"]
