"""`RawTexts`: from texts, as people have them, to the arrays that a network takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data.encoders.reading import damaged, read_flag, read_list, read_object, read_whole
from ..data.text import WordTokenizer, bucket_length, check_texts
from ..errors import DataError, ModelFileError
from ..graph import Tensor
from .text_features import FeatureKinds, Tokens, find, hash_words, tokens_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

PREFIX = "texts."
"""Of the names that the vocabulary's tensors have in a model's file."""

TEXTS_AT_ONCE = 4096
"""Texts that are encoded together; what their features need of memory is bounded by it."""

MOST_TOKENS = 2000
"""Tokens of a text that are looked at, unless told otherwise: about eight pages."""

FIRST_WORD = 2
"""Rows of a table of word vectors before the first word: 0 fills up, 1 is no known word."""


@dataclass(eq=False)
class Counted:
    """Some texts, counted.

    Attributes
    ----------
    tokens : of the texts.
    blocks : for each kind of features their hashes and counts.
    weights : (texts, features) once they are known.
    """

    tokens: Tokens
    blocks: list[tuple[np.ndarray, csr_matrix]]
    weights: csr_matrix | None = None


class Encoded(NamedTuple):
    """Texts as a network takes them, all filled up to one length.

    Attributes
    ----------
    rows : int64 (n,), which of the texts.
    inputs : features int32 (n, length), 0 where there is none, and their weights float32
        (n, length); with word vectors also words int32 (n, words) and their weights.
    """

    rows: np.ndarray
    inputs: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class RawTexts:
    """What becomes of raw texts: their features, weighted as TF-IDF does, and their words.

    A text is divided into words; its features are words, neighbouring words, and n-grams of
    characters inside words, each counted once. A feature's weight is (1 + ln count) * idf; the
    weights of words, and those of n-grams, have length 1 together (Salton & Buckley 1988). Features
    that training did not have are left out. Longer texts than `lengths` allows keep the features
    that weigh most.

    Attributes
    ----------
    lowercase : whether upper and lower case are alike.
    maximum : tokens of a text that are looked at, the first.
    kinds : of features.
    hashes : uint64 (features,), rising; feature i is number i + 1 for the network.
    idf : float32 (features,): ln((1 + texts) / (1 + texts with the feature)) + 1.
    lengths : features that texts are filled up to, rising.
    vector_hashes : uint64 (words,), rising: the words that have a vector; word i is row i +
        `FIRST_WORD` of the table. None without word vectors.
    vector_idf : float32 (words + `FIRST_WORD`,): how much each word counts in a mean.
    vectors_lowercase : whether words are looked for in lower case among the vectors.
    """

    lowercase: bool
    maximum: int
    kinds: FeatureKinds
    hashes: np.ndarray
    idf: np.ndarray
    lengths: tuple[int, ...] = ()
    vector_hashes: np.ndarray | None = None
    vector_idf: np.ndarray | None = None

    @classmethod
    def learn(
        cls,
        texts: Sequence[str],
        *,
        lowercase: bool = True,
        maximum: int = MOST_TOKENS,
        kinds: FeatureKinds = FeatureKinds(),  # noqa: B008 - it is frozen
        min_texts: int = 2,
        max_features: int = 200_000,
    ) -> tuple[RawTexts, list[Counted]]:
        """Learn which features there are, and which lengths suit the texts.

        Parameters
        ----------
        texts : to learn from.
        min_texts : features in fewer texts are left out.
        max_features : so many are kept at most, those of most texts.

        Returns
        -------
        The texts, and the counts of these, for `encode_counted`.

        Raises
        ------
        DataError : no feature is left.
        """
        nothing = np.zeros(0, np.uint64), np.zeros(0, np.float32)
        made = cls(lowercase, maximum, kinds, *nothing)
        counted = list(made._counted(texts))
        blocks = [block for part in counted for block in part.blocks]
        found, where = np.unique(np.concatenate([own for own, _ in blocks]), return_inverse=True)
        each = [np.bincount(counts.indices, minlength=counts.shape[1]) for _, counts in blocks]
        texts_with = np.bincount(where, np.concatenate(each), len(found)).astype(np.int64)
        kept = np.flatnonzero(texts_with >= min(min_texts, len(texts)))
        if len(kept) > max_features:
            order = np.argsort(-texts_with[kept], kind="stable")[:max_features]
            kept = np.sort(kept[order])
        if not len(kept):
            raise DataError(
                "expected texts with words in them, got none that come in "
                f"{min(min_texts, len(texts))} texts: there is nothing to learn from; are they "
                "empty, or is it the wrong column?"
            )
        idf = np.log((1 + len(texts)) / (1 + texts_with[kept])) + 1
        made = replace(made, hashes=found[kept], idf=idf.astype(np.float32))
        for part in counted:
            part.weights = made._weights(part)
        sizes = np.concatenate([np.diff(made._weights_of(part).indptr) for part in counted])
        return replace(made, lengths=_lengths_for(sizes)), counted

    def with_vectors(
        self, words: Sequence[str], counted: Sequence[Counted]
    ) -> tuple[RawTexts, np.ndarray]:
        """With word vectors.

        Parameters
        ----------
        words : that have one.
        counted : texts by which it is decided how much a word counts: rare ones more.

        Returns
        -------
        The texts, and int64 (words,): which of the words each row of the table after the first
        `FIRST_WORD` must hold.
        """
        hashes, order = np.unique(hash_words(words), return_index=True)
        counts = np.zeros(len(hashes), np.int64)
        for part in counted:
            tokens = part.tokens
            places, known = find(hashes, tokens.hashes)
            pairs = np.unique(tokens.texts * len(tokens.words) + tokens.numbers)
            by_word = np.bincount(pairs % max(1, len(tokens.words)), minlength=len(tokens.words))
            np.add.at(counts, places[known], by_word[known])
        idf = np.zeros(len(hashes) + FIRST_WORD, np.float32)
        idf[1] = 1.0
        texts = sum(part.tokens.count for part in counted)
        idf[FIRST_WORD:] = np.log((1 + texts) / (1 + counts)) + 1
        return replace(self, vector_hashes=hashes, vector_idf=idf), order

    # -- encoding ----------------------------------------------------------------------------------

    @property
    def has_vectors(self) -> bool:
        """Whether networks get words beside features."""
        return self.vector_hashes is not None

    def texts(self, given: Any) -> list[str]:
        """Texts as a list: of a list, an array, a column or a frame of one column.

        Raises
        ------
        DataError : something is no text, with its row; or there are several columns.
        """
        shape: tuple[int, ...] = getattr(given, "shape", ())
        if len(shape) == 2:
            if shape[1] != 1:
                raise DataError(
                    f"expected one text for each row, got a table of {shape[1]} columns; choose "
                    "the column with the texts"
                )
            given = given.iloc[:, 0] if hasattr(given, "iloc") else given[:, 0]
        return check_texts(given)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Texts as networks take them, in groups of one length, the shortest first."""
        return self.encode_counted(self._counted(texts))

    def encode_counted(self, counted: Iterable[Counted]) -> list[Encoded]:
        """`encode` for texts that were counted."""
        groups: dict[tuple[int, ...], list[Encoded]] = {}
        start = 0
        for part in counted:
            weights = self._weights_of(part)
            for group in self._grouped(weights, part.tokens):
                key = tuple(a.shape[1] for a in group.inputs)
                groups.setdefault(key, []).append(group._replace(rows=group.rows + start))
            start += part.tokens.count
        return [_joined(groups[key]) for key in sorted(groups)]

    def example(self) -> list[np.ndarray]:
        """Inputs of one row of nothing in particular, of the shortest length."""
        return self.examples()[0]

    def examples(self) -> list[list[np.ndarray]]:
        """Those of every length."""
        return [self._example(length) for length in self.lengths]

    def _example(self, length: int) -> list[np.ndarray]:
        made = [np.zeros((1, length), np.int32), np.zeros((1, length), np.float32)]
        if self.has_vectors:
            words = self._words_of(length)
            made += [np.zeros((1, words), np.int32), np.zeros((1, words), np.float32)]
        return made

    def _words_of(self, length: int) -> int:
        """Words that a row of this many features is filled up to."""
        # A text has fewer different words than features, unless it is of words unknown to them.
        share = 4 if self.kinds.characters is not None else 2
        return max(8, bucket_length(length // share))

    def _counted(self, texts: Sequence[str]) -> Iterator[Counted]:
        # One token more, by which a cut is seen.
        tokenizer = WordTokenizer(lowercase=self.lowercase, maximum=self.maximum + 1)
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            part = texts[start : start + TEXTS_AT_ONCE]
            tokens = tokens_of(part, tokenizer, self.maximum)
            yield Counted(tokens, self.kinds.counted(tokens))

    def _weights_of(self, counted: Counted) -> csr_matrix:
        return self._weights(counted) if counted.weights is None else counted.weights

    def _weights(self, counted: Counted) -> csr_matrix:
        """(texts, features)."""
        from scipy.sparse import csr_matrix

        tokens, blocks = counted.tokens, []
        for own, counts in counted.blocks:
            places, known = find(self.hashes, own)
            kept = known[counts.indices]
            rows = np.repeat(np.arange(tokens.count), np.diff(counts.indptr))[kept]
            columns = places[counts.indices[kept]]
            weights = (1 + np.log(counts.data[kept])) * self.idf[columns]
            squares = np.bincount(rows, weights.astype(np.float64) ** 2, tokens.count)
            lengths = np.sqrt(np.maximum(squares, 1e-30) * self.kinds.blocks())
            weights = (weights / lengths[rows]).astype(np.float32)
            shape = (tokens.count, len(self.hashes))
            blocks.append(csr_matrix((weights, (rows, columns)), shape=shape))
        total = blocks[0]
        for block in blocks[1:]:
            total = total + block
        return total.tocsr()

    def _grouped(self, matrix: csr_matrix, tokens: Tokens) -> Iterator[Encoded]:
        sizes = np.diff(matrix.indptr)
        which = np.minimum(np.searchsorted(self.lengths, sizes), len(self.lengths) - 1)
        words = self.word_weights(tokens) if self.has_vectors else None
        for place in np.unique(which):
            rows = np.flatnonzero(which == place)
            length = self.lengths[place]
            inputs: tuple[np.ndarray, ...] = _filled(matrix[rows], length, 1)
            if words is not None:
                inputs += _filled(words[rows], self._words_of(length), 0)
            yield Encoded(rows, inputs)

    def word_weights(self, tokens: Tokens) -> csr_matrix:
        """Weights of shape (texts, rows of the table) that sum to 1 in each text."""
        from scipy.sparse import csr_matrix

        assert self.vector_hashes is not None
        assert self.vector_idf is not None
        places, known = find(self.vector_hashes, tokens.hashes)
        here = known[tokens.numbers]
        rows = tokens.texts[here]
        columns = places[tokens.numbers[here]] + FIRST_WORD
        empty = np.setdiff1d(np.arange(tokens.count), rows)
        rows, columns = (
            np.concatenate([rows, empty]),
            np.concatenate([columns, np.ones_like(empty)]),
        )
        shape = (tokens.count, len(self.vector_idf))
        counts = csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
        counts.sum_duplicates()
        counts.data *= self.vector_idf[counts.indices]
        sums = np.asarray(counts.sum(1)).reshape(-1)
        counts.data /= np.repeat(sums, np.diff(counts.indptr))
        return counts

    # -- the file ----------------------------------------------------------------------------------

    def to_json(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What `from_json` needs: JSON values, and tensors under the names in the file."""
        characters = self.kinds.characters
        about = {
            "lowercase": self.lowercase,
            "maximum": self.maximum,
            "words": self.kinds.words,
            "characters": None if characters is None else list(characters),
            "lengths": list(self.lengths),
            "vectors": self.has_vectors,
        }
        tensors = {"hashes": self.hashes, "idf": self.idf}
        if self.vector_hashes is not None and self.vector_idf is not None:
            tensors |= {"vector_hashes": self.vector_hashes, "vector_idf": self.vector_idf}
        return about, {PREFIX + name: array for name, array in tensors.items()}

    @classmethod
    def from_json(cls, about: Any, tensors: Mapping[str, np.ndarray]) -> RawTexts:
        """What `to_json` gave, from a file that is not trusted.

        Raises
        ------
        ModelFileError : anything that `to_json` could not have given.
        """
        keys = ("lowercase", "maximum", "words", "characters", "lengths", "vectors")
        read_object(about, "an object for the texts", keys)
        words = read_whole(about["words"], "the most words of a feature", 0, 10)
        characters = about["characters"]
        if characters is not None:
            least, most = _two(characters)
            characters = (least, most)
        if not words and characters is None:
            raise damaged("the texts have no features")
        lengths = tuple(
            read_whole(each, "a length", 1, 1 << 20)
            for each in read_list(about["lengths"], "lengths")
        )
        if not lengths or list(lengths) != sorted(set(lengths)):
            raise damaged(f"expected rising lengths, got {list(lengths)[:10]}")
        hashes, idf = _read_words(tensors, "hashes", "idf", 0)
        has_vectors = read_flag(about["vectors"], "vectors")
        own = _read_words(tensors, "vector_hashes", "vector_idf", FIRST_WORD) if has_vectors else ()
        return cls(
            read_flag(about["lowercase"], "lowercase"),
            read_whole(about["maximum"], "the most tokens", 1, 1 << 31),
            FeatureKinds(words, characters),
            hashes,
            idf,
            lengths,
            *own,
        )

    def check_inputs(self, graphs: Iterable[Sequence[Tensor]]) -> None:
        """Check that networks take what texts give; raises `ModelFileError`."""
        wanted = [[(a.shape[1:], a.dtype) for a in each] for each in self.examples()]
        given = [[(tuple(i.shape[1:]), i.dtype) for i in inputs] for inputs in graphs]
        if wanted != given:
            raise damaged(f"the texts give {wanted}, and the network takes {given}")


def _lengths_for(sizes: np.ndarray) -> tuple[int, ...]:
    """Few lengths that texts of these sizes are filled up to with little waste.

    Each is that of a share of the texts, as every length is a program to compile.
    """
    shares = (0.3, 0.6, 0.85, 0.97, 1.0)
    wanted = np.quantile(sizes, shares, method="higher")
    return tuple(sorted({bucket_length(max(1, int(size))) for size in wanted}))


def _filled(matrix: csr_matrix, length: int, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns, from `first` on, and values of a sparse matrix's rows, filled up with 0."""
    numbers = np.zeros((matrix.shape[0], length), np.int32)
    weights = np.zeros((matrix.shape[0], length), np.float32)
    sizes = np.diff(matrix.indptr)
    for row in np.flatnonzero(sizes > length):
        part = slice(matrix.indptr[row], matrix.indptr[row + 1])
        kept = np.sort(np.argsort(-matrix.data[part], kind="stable")[:length])
        numbers[row] = matrix.indices[part][kept] + first
        weights[row] = matrix.data[part][kept]
    rows = np.repeat(np.arange(len(sizes)), sizes)
    places = np.arange(len(rows)) - np.repeat(matrix.indptr[:-1], sizes)
    fits = (sizes <= length)[rows]
    numbers[rows[fits], places[fits]] = matrix.indices[fits] + first
    weights[rows[fits], places[fits]] = matrix.data[fits]
    return numbers, weights


def _joined(parts: Sequence[Encoded]) -> Encoded:
    inputs = tuple(
        np.concatenate(arrays) for arrays in zip(*(p.inputs for p in parts), strict=True)
    )
    return Encoded(np.concatenate([p.rows for p in parts]), inputs)


def _two(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise damaged(f"expected two lengths of n-grams, got {value!r:.60}")
    least = read_whole(value[0], "the shortest n-gram", 1, 100)
    return least, read_whole(value[1], "the longest n-gram", least, 100)


def _read_words(
    tensors: Mapping[str, np.ndarray], name: str, weights: str, more: int
) -> tuple[np.ndarray, np.ndarray]:
    hashes, idf = tensors.get(PREFIX + name), tensors.get(PREFIX + weights)
    if hashes is None or hashes.dtype != np.uint64 or hashes.ndim != 1 or not len(hashes):
        raise damaged(f"expected '{PREFIX}{name}' as uint64 of one dimension")
    if (hashes[1:] <= hashes[:-1]).any():
        raise damaged(f"'{PREFIX}{name}' does not rise")
    if idf is None or idf.dtype != np.float32 or idf.shape != (len(hashes) + more,):
        raise damaged(f"expected '{PREFIX}{weights}' as float32, one for each feature")
    if not np.isfinite(idf).all():
        raise damaged(f"'{PREFIX}{weights}' holds a value that is not finite")
    return hashes, idf


__all__ = ["Encoded", "ModelFileError", "RawTexts"]
