"""Word vectors from text: skip-gram and continuous bag of words, with negative sampling."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from .. import backends, optim
from ..compiler import Executable, Feeds, Program, Sampling, State
from ..data.ahead import ahead
from ..errors import OptionError, unknown
from ..graph import (
    Tensor,
    batch,
    broadcast_to,
    cast,
    concatenate,
    equal,
    expand_dims,
    gradients,
    greater_equal,
    input,
    iota,
    less_equal,
    logical_and,
    maximum,
    minimum,
    not_equal,
    reshape,
    softplus,
    sqrt,
    square,
    stop_gradient,
    sum,
    take,
    transpose,
    where,
    zeros_like,
)
from ..nn.parameter import Parameter
from ..training.progress import Progress
from .corpus import read_corpus
from .vectors import WordVectors
from .windows import NOISE, STRETCH, Block, Windows

Method = Literal["skipgram", "cbow"]

METHODS = ("skipgram", "cbow")

LOWEST_RATE = 1e-4
"""The rate that a training ends with, over the one that it begins with is this over 0.025."""

MOST_AT_ONCE = 512
"""Words of a step, at most: their gradients are all taken before any of their vectors changes."""

SAME_AT_ONCE = 8
"""How often the most frequent word comes in a step, about, at most: its steps add up."""

FARTHEST = 0.5
"""How far a word's vector moves in a step, at most. A word that comes many times in a few lines,
as words do, would be moved many times along one gradient, far beyond where that is true."""

LOOK_EVERY = 32
"""Steps from one whose loss is worked out to the next."""


def train(
    sentences: Iterable[Iterable[str]],
    method: Method = "skipgram",
    size: int = 100,
    window: int = 5,
    negative: float = 5,
    epochs: int = 5,
    min_count: int = 5,
    sample: float = 1e-3,
    learning_rate: float | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[Progress], Any] | None = None,
) -> WordVectors:
    """Learn a vector for each word of a text from the words around it.

    Skip-gram lets a word's vector tell which words stand near it; CBOW lets the mean vector of the
    words near a place tell which word stands there. Either is told from words of noise (Mikolov,
    Sutskever, Chen, Corrado & Dean 2013, "Distributed representations of words and phrases and
    their compositionality", equation 4). Unlike there, words of noise are drawn for a stretch of 32
    words together, with the weight that as many as asked for would have, so that all scores are
    products of matrices (after Ji, Satish, Li & Dubey 2016, "Parallelizing word2vec in shared and
    distributed memory").

    The same sentences, options and seed give the same vectors to the last bit, on any number of
    threads.

    Parameters
    ----------
    sentences : lists of words, gone through once; 4 bytes are kept for each word of the text.
    method : "skipgram" or "cbow", which smooths over a window and favours frequent words.
    size : numbers of a vector.
    window : words to either side that count as near, at most: for each place it is drawn from 1 to
        so many, so nearer words count more.
    negative : words of noise for each word that is told.
    epochs : how often the text is gone through.
    min_count : words that occur less often are left out, before windows are laid.
    sample : words more frequent than this, of all, are passed over at random, those of frequency f
        with probability 1 - sqrt(sample / f) - sample / f; 0 keeps all.
    learning_rate : at the beginning; it falls linearly to 1/250 of that. By default 0.025 for
        skip-gram, and 0.05 for CBOW.
    seed : of the first vectors, of what is passed over, of windows and of noise.
    threads : at most so many; by default what the machine offers.
    progress : called several times a second; its samples are words.

    Returns
    -------
    WordVectors : the most frequent word first.

    Raises
    ------
    DataError : no word occurs `min_count` times, or a sentence is a text instead of words.
    OptionError : an option that makes no sense.
    """
    _check(method, size, window, negative, epochs, min_count, sample, learning_rate)
    corpus = read_corpus(sentences, min_count)
    rate = (0.025 if method == "skipgram" else 0.05) if learning_rate is None else learning_rate
    windows = Windows(corpus, window, sample, seed)
    model = _Model(len(corpus.words), method, size, window, negative, seed, threads)
    frequencies = corpus.counts * windows.kept
    most = float(frequencies.max() / frequencies.sum())
    at_once = max(1, int(min(MOST_AT_ONCE, SAME_AT_ONCE / most)) // STRETCH)
    total = len(corpus.tokens) * epochs
    began = time.perf_counter()
    for epoch in range(epochs):
        before = epoch * len(corpus.tokens)
        done, spent = before, 0
        for block in ahead(windows.blocks(epoch)):
            now = before + block.done
            loss, last = model.learn(block, at_once, rate, done / total, now / total)
            done = now
            spent = done - before
            if progress is not None:
                seconds = time.perf_counter() - began
                progress(
                    Progress(
                        epoch=epoch + 1,
                        epochs=epochs,
                        step=spent,
                        steps=len(corpus.tokens),
                        loss=loss,
                        learning_rate=last,
                        seconds=seconds,
                        samples_per_second=done / seconds,
                    )
                )
    return WordVectors(corpus.words, model.vectors)


class _Model:
    """The two tables of word2vec, and the programs that change them."""

    def __init__(
        self,
        words: int,
        method: Method,
        size: int,
        window: int,
        negative: float,
        seed: int,
        threads: int | None,
    ) -> None:
        generator = np.random.default_rng([seed, words, size])
        first = (generator.random((words, size), np.float32) - 0.5) / np.float32(size)
        self._inside = Parameter(first, "inside", sparse=True)
        self._outside = Parameter(np.zeros((words, size), np.float32), "outside", sparse=True)
        tables = [self._inside, self._outside]
        scores, hits, noise = _scores(self._inside, self._outside, method, window, negative)
        weight = hits + noise
        # softplus(-s) of what is near and softplus(s) of noise.
        loss = sum(weight * softplus(scores) - hits * scores)
        rate = input("learning_rate", ())
        parts = optim.gradients_of(tables, gradients(loss, tables))
        bounded = [_bounded(part, rate) for part in parts]
        updates = optim.SGD().step(tables, bounded, rate).updates
        backend = backends.get()
        self._state = State({table.tensor: table.value for table in tables})
        self._step: Executable = backend.compile(Program({}, updates), threads)
        seen = {"loss": loss, "count": sum(hits)}
        self._look: Executable = backend.compile(Program(seen, updates), threads)
        self._steps = 0

    @property
    def vectors(self) -> np.ndarray:
        """The table that is kept, (words, size)."""
        return self._state[self._inside.tensor]

    def learn(
        self, block: Block, at_once: int, rate: float, begin: float, end: float
    ) -> tuple[float, float]:
        """Go through a block, from one part of the training to another.

        Returns the mean loss of a word that is told, as far as it was looked at, and the last rate.
        """
        rows = {"words": block.words, "low": block.low, "high": block.high}
        steps = max(-(-len(block.words) // at_once), 1)
        part = begin + (end - begin) * np.arange(steps) / steps
        rates = (rate * np.maximum(1.0 - part, LOWEST_RATE / 0.025)).astype(np.float32)
        if not len(block.words):
            return float("nan"), float(rates[-1])
        feeds = Feeds(rows, at_once, per_step={"learning_rate": rates})
        found = self._step.run(self._state, feeds, sampling=Sampling(self._look, LOOK_EVERY))
        return float(found["loss"].sum() / max(found["count"].sum(), 1.0)), float(rates[-1])


def _bounded(part: optim.Gradient, rate: Tensor) -> optim.Gradient:
    """A gradient of rows none of which moves by more than `FARTHEST`."""
    assert isinstance(part, optim.RowGradient)
    values = part.values
    length = rate * sqrt(sum(square(values), axis=-1, keepdims=True))
    factor = FARTHEST / maximum(length, FARTHEST)
    return replace(part, values=values * broadcast_to(factor, values.shape))


def _scores(
    inside: Parameter, outside: Parameter, method: Method, window: int, negative: float
) -> tuple[Tensor, Tensor, Tensor]:
    """How well each word of a stretch goes with others: (batch, STRETCH, others).

    Returns the scores; 1 where the other word is near, else 0; and how much it counts as noise.
    """
    near = STRETCH + 2 * window
    words = input("words", (batch, near + NOISE), "int32")
    low = expand_dims(input("low", (batch, STRETCH), "int32"), -1)
    high = expand_dims(input("high", (batch, STRETCH), "int32"), -1)

    def grid(x: Tensor, columns: int) -> Tensor:
        return broadcast_to(x, (batch, STRETCH, columns))

    def in_window(columns: int) -> Tensor:
        place = grid(reshape(iota(columns), (1, 1, columns)), columns)
        own = grid(reshape(iota(STRETCH) + window, (1, STRETCH, 1)), columns)
        inside = logical_and(
            greater_equal(place, grid(low, columns)), less_equal(place, grid(high, columns))
        )
        return cast(logical_and(inside, not_equal(place, own)), "float32")

    # A window has its own word in the middle, which is not told.
    count = cast(maximum(high - low, 0), "float32")
    if method == "skipgram":
        columns, others, share = near + NOISE, words, count
        hits = in_window(columns)
        given = take(inside, words[:, window : window + STRETCH])
    else:
        columns = STRETCH + NOISE
        others = concatenate([words[:, window : window + STRETCH], words[:, near:]], 1)
        share = minimum(count, 1.0)
        own = equal(grid(reshape(iota(columns), (1, 1, columns)), columns),
                    grid(reshape(iota(STRETCH), (1, STRETCH, 1)), columns))  # fmt: skip
        hits = cast(own, "float32") * grid(share, columns)
        total = in_window(near) @ take(inside, words[:, :near])
        mean = total / broadcast_to(maximum(count, 1.0), total.shape)
        # As in word2vec, each word of a window gets the mean's whole gradient, not its share.
        given = total + stop_gradient(mean - total)
    scores = given @ transpose(take(outside, others), (0, 2, 1))
    place = grid(reshape(iota(columns), (1, 1, columns)), columns)
    weight = grid(share * (negative / NOISE), columns)
    noise = where(greater_equal(place, columns - NOISE), weight, zeros_like(weight))
    return scores, hits, noise


def _check(
    method: str,
    size: int,
    window: int,
    negative: float,
    epochs: int,
    min_count: int,
    sample: float,
    learning_rate: float | None,
) -> None:
    if method not in METHODS:
        raise unknown("method", method, METHODS)
    least = {"size": size, "window": window, "epochs": epochs, "min_count": min_count}
    for name, value in least.items():
        if not isinstance(value, int | np.integer) or value < 1:
            raise OptionError(f"expected {name} as a whole number of at least 1, got {value!r}")
    if not 0 < negative < np.inf:
        raise OptionError(f"expected negative above 0, got {negative!r}")
    if not 0 <= sample < 1:
        raise OptionError(f"expected sample from 0 to below 1, got {sample!r}")
    if learning_rate is not None and not 0 < learning_rate < np.inf:
        raise OptionError(f"expected learning_rate above 0, got {learning_rate!r}")


__all__ = ["METHODS", "Method", "train"]
