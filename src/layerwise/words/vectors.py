"""Words with their vectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, UnknownWord
from . import measures, neighbours, places, spelling, writing
from .mapped import MappedVectors
from .measures import AnalogyScore, SimilarityScore
from .neighbours import AnalogyMethod, Neighbour
from .places import MapMethod
from .writing import SaveFormat

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data.text import Vocabulary


class WordVectors:
    """Words, and for each a vector: near each other where words are used alike.

    Parameters
    ----------
    words : different texts that are not empty.
    vectors : numbers of shape (words, dimension), finite; kept as float32.
    any_case : see below.

    Attributes
    ----------
    words : in their order, the most frequent first if the file had them so.
    vectors : float32 of shape (words, dimension): an array, or rows that stay in a file
        (`MappedVectors`) where `load` was asked for that.
    any_case : whether a word that is unknown is looked for in lower case, with a capital, and in
        capitals, in this order. May be set at any time.
    notes : what `load` noticed, as sentences.

    Raises
    ------
    DataError : words that repeat, are empty or no texts; vectors of another shape, or not finite.
    """

    def __init__(self, words: Iterable[str], vectors: Any, *, any_case: bool = False) -> None:
        listed = list(words)
        array = np.ascontiguousarray(vectors, np.float32)
        if array.ndim != 2 or len(array) != len(listed) or array.shape[1] < 1:
            raise DataError(
                f"expected vectors of shape ({len(listed):,}, dimension), one for each word, got "
                f"shape {array.shape}"
            )
        for word in listed:
            if not isinstance(word, str) or not word:
                raise DataError(f"expected words as texts that are not empty, got {word!r:.60}")
        if len(set(listed)) != len(listed):
            raise DataError(f"expected different words, got {_first_repeated(listed)!r:.60} twice")
        if not np.isfinite(array).all():
            row = int(np.argmin(np.isfinite(array).all(axis=1)))
            raise DataError(f"expected finite vectors; that of {listed[row]!r:.60} is not")
        self._fill(listed, array, any_case, ())

    def _fill(
        self,
        words: list[str],
        vectors: np.ndarray | MappedVectors,
        any_case: bool,
        notes: tuple[str, ...],
    ) -> None:
        self.words: Sequence[str] = words
        self.vectors = vectors
        self.any_case = any_case
        self.notes = notes
        self._rows = dict(zip(words, range(len(words)), strict=True))

    @classmethod
    def _of(
        cls,
        words: list[str],
        vectors: np.ndarray | MappedVectors,
        any_case: bool,
        notes: tuple[str, ...],
    ) -> WordVectors:
        """What a reader has checked."""
        made = cls.__new__(cls)
        made._fill(words, vectors, any_case, notes)
        return made

    @property
    def dimension(self) -> int:
        """Numbers of each vector."""
        return int(self.vectors.shape[1])

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.row(word) is not None

    def __getitem__(self, word: str) -> np.ndarray:
        """The vector of a word: float32 of shape (dimension,), a copy.

        Raises
        ------
        UnknownWord : there is none; a `KeyError` and a `DataError`.
        """
        return np.array(self.vectors[self._known(word)])

    def __repr__(self) -> str:
        return f"WordVectors({len(self):,} words, {self.dimension} numbers each)"

    def row(self, word: str, any_case: bool | None = None) -> int | None:
        """Where a word stands in `words`; None where it is unknown.

        `any_case` is that of these vectors unless it is given.
        """
        found = self._rows.get(word)
        if found is None and (self.any_case if any_case is None else any_case):
            for other in (word.lower(), word.capitalize(), word.upper()):
                if (found := self._rows.get(other)) is not None:
                    return found
        return found

    def similarity(self, first: str, second: str) -> float:
        """The cosine of the angle between the vectors of two words, -1 to 1."""
        return float(
            neighbours.unit(self[first].astype(np.float64))
            @ neighbours.unit(self[second].astype(np.float64))
        )

    def nearest(self, word: str | Any, count: int = 10) -> list[Neighbour]:
        """The words whose vectors have the smallest angle to that of a word, the nearest first.

        Parameters
        ----------
        word : a word, which is not among its own neighbours, or numbers of shape (dimension,).
        count : how many.

        Returns
        -------
        Pairs of a word and its cosine similarity.

        Raises
        ------
        UnknownWord : the word has no vector.
        DataError : numbers of another shape, or not finite.
        """
        if isinstance(word, str):
            row = self._known(word)
            return self._named(*neighbours.nearest(self, self.vectors[row], [row], count))
        query = np.asarray(word, np.float32)
        if query.shape != (self.dimension,) or not np.isfinite(query).all():
            raise DataError(
                f"expected a word, or {self.dimension} finite numbers; got numbers of shape "
                f"{query.shape}"
            )
        return self._named(*neighbours.nearest(self, query, [], count))

    def analogy(
        self, a: str, b: str, c: str, count: int = 10, method: AnalogyMethod = "3cosadd"
    ) -> list[Neighbour]:
        """Words d such that a is to b as c is to d, the best first: man, king, woman -> queen.

        Parameters
        ----------
        a, b, c : words; they are not among the answers.
        count : how many.
        method : "3cosadd", cos(d, b) - cos(d, a) + cos(d, c) (Mikolov et al. 2013, NAACL), or
            "3cosmul", cos(d, b) cos(d, c) / (cos(d, a) + 0.001) with cosines moved to 0 to 1 (Levy
            & Goldberg 2014, CoNLL, equation 4), in which no term outweighs the others.

        Returns
        -------
        Pairs of a word and its score: for "3cosadd" the cosine to the sum, for "3cosmul" the
        quotient.
        """
        rows = [self._known(word) for word in (a, b, c)]
        return self._named(*neighbours.analogy(self, rows, count, method))

    def evaluate_similarity(self, pairs: Any) -> SimilarityScore:
        """How the order of pairs of words by cosine agrees with the order that people gave them.

        Parameters
        ----------
        pairs : (word, word, score) triples, or the path of a file that has them on its lines,
            divided by tabs, commas or spaces, such as WordSim-353 and SimLex-999; a header and
            lines that begin with # are passed over.

        Returns
        -------
        Spearman's rank correlation over the pairs whose words are both known, and how many are not.
        Words are looked for in any case.
        """
        return measures.similarity_score(self, pairs)

    def evaluate_analogies(
        self, questions: Any, method: AnalogyMethod = "3cosadd", among: int | None = None
    ) -> AnalogyScore:
        """How many analogies are answered right, by section; semantic and syntactic ones apart.

        Parameters
        ----------
        questions : (a, b, c, d) quadruples, or the path of a file in the format of Google's
            questions-words.txt (Mikolov et al. 2013, arXiv:1301.3781): four words on a line, and
            lines ": name" that begin sections, where names that begin with "gram" are syntactic.
        method : see `analogy`.
        among : answer with one of the first so many words; None for all.

        Returns
        -------
        Counts over the questions whose four words are known, looked for in any case.
        """
        return measures.analogy_score(self, questions, method, among)

    def take(self, words: Iterable[str]) -> WordVectors:
        """These words only, in this order; unknown ones raise `UnknownWord`."""
        chosen = list(dict.fromkeys(words))
        rows = np.array([self._known(word) for word in chosen], np.int64)
        return WordVectors(chosen, self.vectors[rows], any_case=self.any_case)

    def table(self, vocabulary: Vocabulary, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """The vectors of a vocabulary's words, as the weights of an `nn.Embedding`.

        Words without a vector get a random one, normal with the mean and spread of each number over
        the known words; <pad> gets zeros.

        Returns
        -------
        The table, float32 of shape (len(vocabulary), dimension), and which of its rows come from
        here, bool of shape (len(vocabulary),).
        """
        return places.table_for(self, vocabulary, seed)

    def map(
        self, words: Iterable[str] | None = None, method: MapMethod = "pca", seed: int = 0
    ) -> np.ndarray:
        """Places of words in a plane, where words with alike vectors are near each other.

        Parameters
        ----------
        words : at least 3; None for the first 100.
        method : "pca", the two directions in which the unit vectors differ most, or "tsne" (van der
            Maaten & Hinton 2008, by scikit-learn), which keeps neighbours together but not
            distances.
        seed : of "tsne".

        Returns
        -------
        float32 of shape (words, 2).
        """
        return places.places_of(self, self._chosen(words), method, seed)

    def plot_map(
        self,
        words: Iterable[str] | None = None,
        path: Any = None,
        method: MapMethod = "pca",
        seed: int = 0,
    ) -> Figure:
        """Draw `map`, each word at its place.

        Parameters
        ----------
        path : where to write the picture too: .png, .svg or .pdf.

        Raises
        ------
        OptionError : another suffix.
        """
        from ..insight.drawing.files import saved
        from .drawing import draw_map

        chosen = self._chosen(words)
        return saved(lambda: draw_map(chosen, self.map(chosen, method, seed), method), path)

    def save(self, path: str | Path, format: SaveFormat = "word2vec") -> None:
        """Write the words and vectors to a file, packed by gzip if its name ends in .gz.

        Text has as many digits as give the same float32 back. The file appears under its name only
        when it is whole.

        Parameters
        ----------
        format : "word2vec" (text with a header), "word2vec-binary", "glove" (text without one), or
            "fasttext" (.vec: text with a header and a space at the end of lines). gensim opens the
            first, the second and the last with `load_word2vec_format`, and "glove" with
            ``no_header=True``.

        Raises
        ------
        OptionError : a format that does not exist.
        DataError : a word that the format cannot hold, such as one with a space inside, which only
            "glove" has; or the file cannot be written.
        """
        writing.save(self, path, format)

    @cached_property
    def norms(self) -> np.ndarray:
        """The length of each vector, float32 of shape (words,); 1 for a vector of zeros."""
        return neighbours.norms_of(self.vectors)

    def _known(self, word: str) -> int:
        row = self.row(word)
        if row is None:
            near = spelling.close(word, self.words)
            hint = f"; close spellings are {', '.join(near)}" if near else ""
            raise UnknownWord(
                f"'{word}' is none of the {len(self):,} words that have a vector{hint}"
            )
        return row

    def _chosen(self, words: Iterable[str] | None) -> list[str]:
        if isinstance(words, str):
            raise DataError(f"expected several words, got one text, {words[:40]!r}")
        return list(self.words[:100]) if words is None else list(dict.fromkeys(words))

    def _named(self, rows: np.ndarray, scores: np.ndarray) -> list[Neighbour]:
        return [
            Neighbour(self.words[row], score)
            for row, score in zip(rows.tolist(), scores.tolist(), strict=True)
        ]


def _first_repeated(words: list[str]) -> str:
    known: set[str] = set()
    return next(word for word in words if word in known or known.add(word))  # type: ignore[func-returns-value]
