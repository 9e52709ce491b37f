"""`TextNetwork`: votes of features, a vector of the whole text, and a small network behind it."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from .. import nn
from ..errors import unknown
from ..graph import broadcast_to, concatenate, equal, expand_dims, reshape, sum
from ..model.raw_texts import FIRST_WORD
from ..nn.sequence_pooling import AttentionPooling, MaskedMax

Pooling = Literal["mean", "max", "mean_max", "attention"]
"""How the vectors of a text's words become one."""

VOTE_SCALE = 10.0
"""Of the votes: an optimiser that moves every number alike makes them learn so much faster than the
vectors. A vote serves one feature only, so that it can be learned from few steps, and should."""


class FeatureBag(nn.Module):
    """A table with, for each feature, a vote for each class and a vector; summed over a text.

    Parameters
    ----------
    features : how many there are; number 0 is none.
    classes : votes of a feature.
    length : of a feature's vector; 0 for none.

    Attributes
    ----------
    table : `nn.Embedding` (features + 1 or a few more, classes + length).
    """

    def __init__(self, features: int, classes: int, length: int) -> None:
        self.features, self.classes, self.length = features, classes, length
        self.table = nn.Embedding(_roomy(features + 1), classes + length, weight_init=self._drawn)

    def _drawn(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        """Votes of 0 and small random vectors."""
        drawn = np.zeros(shape, np.float32)
        # The weights of a text have length 1, so a text's vector has about length 1 as well.
        spread = 1.0 / np.sqrt(max(1, self.length))
        drawn[1:, self.classes :] = generator.normal(0.0, spread, (shape[0] - 1, self.length))
        return drawn

    def initialise(self, generator: np.random.Generator) -> None:
        """Nothing: the table draws itself."""

    def forward(self, features: Any, weights: Any) -> Any:
        """int32 and float (batch, n) to (batch, classes + length)."""
        return weighted_sum(self.table(features), weights)

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.features}, classes={self.classes}, length={self.length}"


def _roomy(rows: int) -> int:
    """At least so many rows, in steps of an eighth of the next power of 2.

    Each size is compiled for anew, and every fold of the same texts would have its own.
    """
    step = 1 << max(0, rows.bit_length() - 4)
    return -(-rows // step) * step


class WordPooling(nn.Module):
    """Vectors of a text's words as one.

    Parameters
    ----------
    vectors : float32 (words + 2, length); the first two rows are filling and unknown words.
    train : whether they are trained further.
    pooling : how.
    """

    def __init__(self, vectors: np.ndarray, train: bool, pooling: Pooling) -> None:
        if pooling not in get_args(Pooling):
            raise unknown("pooling", pooling, get_args(Pooling))
        self.pooling = pooling
        self.table = nn.Embedding.from_pretrained(vectors, freeze=not train)
        length = int(vectors.shape[1])
        self.features = length * (2 if pooling == "mean_max" else 1)
        self.attention = AttentionPooling(length) if pooling == "attention" else None
        self.largest = MaskedMax() if "max" in pooling else None

    def initialise(self, generator: np.random.Generator) -> None:
        """Nothing: the parts draw themselves."""

    def forward(self, words: Any, weights: Any) -> Any:
        """int32 and float (batch, n) to (batch, features)."""
        x = self.table(words)
        if self.attention is not None:
            return self.attention(x, equal(words, 0))
        found = []
        if self.pooling in ("mean", "mean_max"):
            found.append(weighted_sum(x, weights))
        if self.largest is not None:
            found.append(self.largest(x, equal(words, 0)))
        return found[0] if len(found) == 1 else concatenate(found, 1)

    def extra_repr(self) -> str:
        """How."""
        return self.pooling


class TextNetwork(nn.Module):
    """Classes of texts.

    Votes of the features for the classes are added up, which alone would be logistic regression on
    TF-IDF. Beside them goes the text's vector, the weighted sum of its features' vectors (as in
    fastText: Joulin, Grave, Bojanowski & Mikolov 2017, "Bag of tricks for efficient text
    classification", section 2), with that of its words if there are word vectors, through hidden
    layers.

    Parameters
    ----------
    features : how many there are.
    classes : at least 2.
    length : of a feature's vector; 0 leaves out what goes beside the votes, unless there are
        word vectors.
    hidden : sizes of hidden layers.
    dropout : chance that a number of the text's vector, or a hidden unit, is off.
    vectors : of words, or None; see `WordPooling`.
    train_vectors : whether they are trained further.
    pooling : of word vectors.
    shares : (classes,), in proportion to how often each class comes; None for alike.
    """

    def __init__(
        self,
        features: int,
        classes: int,
        length: int = 32,
        hidden: tuple[int, ...] = (),
        dropout: float = 0.0,
        vectors: np.ndarray | None = None,
        train_vectors: bool = False,
        pooling: Pooling = "mean_max",
        shares: np.ndarray | None = None,
    ) -> None:
        self.classes, self.length = classes, length
        # A text of which nothing is known gets the shares of the classes.
        known = np.ones(classes) if shares is None else np.maximum(np.asarray(shares, float), 1e-12)
        self._first_bias = np.log(known / known.mean()).astype(np.float32)
        self.bag = FeatureBag(features, classes, length)
        self.words = None if vectors is None else WordPooling(vectors, train_vectors, pooling)
        self.bias = nn.Parameter(self._first_bias, "bias")
        width = length + (0 if self.words is None else self.words.features)
        self.behind: nn.Sequential | None = None
        if width:
            layers: list[nn.Module] = [nn.Dropout(dropout)] if dropout else []
            first = _Small(width if hidden else length)
            for size in hidden:
                layers += [nn.Linear(width, size), nn.ReLU()]
                layers += [nn.Dropout(dropout)] if dropout else []
                width = size
            layers.append(nn.Linear(width, classes, bias=False, weight_init=first))
            self.behind = nn.Sequential(*layers)

    def initialise(self, generator: np.random.Generator) -> None:
        """The bias begins at the logarithm of the classes' shares."""
        self.bias.value = self._first_bias

    def forward(self, features: Any, weights: Any, *words: Any) -> Any:
        """Features int32 and their weights (batch, n), words likewise; to (batch, classes)."""
        found = self.bag(features, weights)
        shape = (found.shape[0], self.classes)
        logits = found[:, : self.classes] * VOTE_SCALE
        logits = logits + broadcast_to(reshape(self.bias.tensor, (1, self.classes)), shape)
        if self.behind is None:
            return logits
        parts = [found[:, self.classes :]] if self.length else []
        if self.words is not None:
            parts.append(self.words(*words))
        whole = parts[0] if len(parts) == 1 else concatenate(parts, 1)
        return logits + self.behind(whole)


def weighted_sum(x: Any, weights: Any) -> Any:
    """(batch, n, length) and (batch, n) to (batch, length)."""
    return sum(x * broadcast_to(expand_dims(weights, -1), x.shape), 1)


def standardised(vectors: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Word vectors on a scale on which the means of texts have mean 0 and deviation 1.

    The means of texts differ little beside what they have in common; what a network sees of them is
    what they differ in.

    Parameters
    ----------
    vectors : float32 (words + 2, length), the first two rows of zeros.
    means : float (texts, length): of training texts, without texts of no known word.
    """
    shift = means.mean(0)
    spread = np.maximum(means.std(0), 1e-3 * max(float(np.abs(vectors).max()), 1e-6))
    found = ((vectors - shift) / spread).astype(np.float32)
    # An unknown text is a text like all: 0.
    found[:FIRST_WORD] = 0.0
    return found


class _Small:
    """Weights by which a text is at first hardly told apart, so that votes are not misled.

    Of columns after the first `drawn`, the words' own vectors, they are 0: those differ from each
    other already, and what was drawn by chance would stay where few steps are enough.
    """

    def __init__(self, drawn: int) -> None:
        self.drawn = drawn

    def __call__(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        found = np.zeros(shape, np.float32)
        spread = 0.3 / np.sqrt(max(1, self.drawn))
        found[:, : self.drawn] = generator.normal(0.0, spread, found[:, : self.drawn].shape)
        return found
