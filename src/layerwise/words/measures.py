"""How good vectors are: similarities and analogies that people have judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, OptionError
from .neighbours import AnalogyMethod, analogy_scores

if TYPE_CHECKING:
    from .vectors import WordVectors

_AT_ONCE = 256
_UNNAMED = "questions"


@dataclass(frozen=True)
class SimilarityScore:
    """How two orders of pairs of words agree.

    Attributes
    ----------
    spearman : rank correlation of cosines and people's scores, -1 to 1; ties have mean ranks.
    pairs : over how many pairs.
    unknown : how many more have a word that is unknown.
    """

    spearman: float
    pairs: int
    unknown: int


@dataclass(frozen=True)
class Section:
    """A section of analogies.

    Attributes
    ----------
    name : such as "capital-common-countries".
    right : how many were answered right.
    asked : of how many.
    unknown : how many more have a word that is unknown, and were not asked.
    """

    name: str
    right: int
    asked: int
    unknown: int

    @property
    def accuracy(self) -> float:
        """Part of those asked that was answered right; NaN where none was asked."""
        return self.right / self.asked if self.asked else float("nan")

    @property
    def syntactic(self) -> bool:
        """Whether it is about forms of words: Google's names for such sections begin with gram."""
        return self.name.startswith("gram")


@dataclass(frozen=True)
class AnalogyScore:
    """Answers to analogies.

    Attributes
    ----------
    sections : in the order of the file.
    """

    sections: tuple[Section, ...]

    @property
    def total(self) -> Section:
        """All sections."""
        return _joined("total", self.sections)

    @property
    def semantic(self) -> Section:
        """Sections about meanings."""
        return _joined("semantic", [s for s in self.sections if not s.syntactic])

    @property
    def syntactic(self) -> Section:
        """Sections about forms of words."""
        return _joined("syntactic", [s for s in self.sections if s.syntactic])

    @property
    def accuracy(self) -> float:
        """Part of all that were asked that was answered right."""
        return self.total.accuracy


def _joined(name: str, sections: Iterable[Section]) -> Section:
    counts = [(s.right, s.asked, s.unknown) for s in sections]
    right, asked, unknown = (sum(column) for column in zip(*counts, strict=True)) if counts else (
        0, 0, 0,
    )  # fmt: skip
    return Section(name, right, asked, unknown)


def similarity_score(found: WordVectors, pairs: Any) -> SimilarityScore:
    """See `WordVectors.evaluate_similarity`."""
    from scipy.stats import rankdata

    judged = list(_read_pairs(pairs) if isinstance(pairs, str | Path) else _given_pairs(pairs))
    rows, scores = [], []
    for first, second, score in judged:
        places = (found.row(first, any_case=True), found.row(second, any_case=True))
        if None not in places:
            rows.append(places)
            scores.append(score)
    if len(set(scores)) < 2:
        raise DataError(
            f"expected at least 2 pairs of known words with different scores, got {len(scores)} "
            f"of {len(judged)} pairs; are the words of the same language and case?"
        )
    a, b = np.array(rows, np.int64).T
    products = np.einsum("ij,ij->i", found.vectors[a], found.vectors[b], dtype=np.float64)
    ranks = rankdata(products / (found.norms[a] * found.norms[b])), rankdata(scores)
    if np.ptp(ranks[0]) == 0:
        raise DataError("all pairs have the same cosine; are the vectors all alike?")
    return SimilarityScore(float(np.corrcoef(*ranks)[0, 1]), len(scores), len(judged) - len(scores))


def analogy_score(
    found: WordVectors, questions: Any, method: AnalogyMethod, among: int | None
) -> AnalogyScore:
    """See `WordVectors.evaluate_analogies`."""
    if among is not None and among < 1:
        raise OptionError(f"among: expected 1 or more, or None for all words; got {among}")
    from_file = isinstance(questions, str | Path)
    asked = list(_read_questions(questions) if from_file else _given_questions(questions))
    if not asked:
        raise DataError("expected at least one analogy, got none")
    sections = list(dict.fromkeys(section for section, _ in asked))
    counts = {section: [0, 0, 0] for section in sections}
    known: list[tuple[str, list[int]]] = []
    for section, words in asked:
        rows = [found.row(word, any_case=True) for word in words]
        if any(row is None or (among is not None and row >= among) for row in rows):
            counts[section][2] += 1
        else:
            known.append((section, [row for row in rows if row is not None]))
    for start in range(0, len(known), _AT_ONCE):
        part = known[start : start + _AT_ONCE]
        rows_of = np.array([rows for _, rows in part], np.int64)
        answers = _answers(found, rows_of[:, :3], method, among)
        for (section, _), right in zip(part, answers == rows_of[:, 3], strict=True):
            counts[section][0] += bool(right)
            counts[section][1] += 1
    return AnalogyScore(tuple(Section(name, *counts[name]) for name in sections))


def _answers(
    found: WordVectors, rows: np.ndarray, method: AnalogyMethod, among: int | None
) -> np.ndarray:
    """The best row for each question, which is none of its own."""
    best = np.full(len(rows), -np.inf, np.float32)
    answers = np.full(len(rows), -1, np.int64)
    every = np.arange(len(rows))
    for start, scores in analogy_scores(found, rows, method, among):
        for own in rows.T:
            inside = (own >= start) & (own < start + scores.shape[1])
            scores[every[inside], own[inside] - start] = -np.inf
        columns = scores.argmax(axis=1)
        values = scores[every, columns]
        better = values > best  # of equal ones the first
        best[better], answers[better] = values[better], columns[better] + start
    return answers


def _read_pairs(path: str | Path) -> Iterator[tuple[str, str, float]]:
    first = True
    for number, line in _lines(path):
        if line.startswith("#"):
            continue
        separator = next((mark for mark in "\t,;" if mark in line), None)
        fields = [field.strip() for field in line.split(separator)]
        scores = [value for value in map(_number, fields[2:]) if value is not None]
        if scores and all(fields[:2]):
            yield fields[0], fields[1], scores[0]
        elif not first:
            raise DataError(
                f"{path}, line {number}: expected two words and a score, got '{line[:60]}'"
            )
        first = False


def _given_pairs(pairs: Iterable[Any]) -> Iterator[tuple[str, str, float]]:
    for place, pair in enumerate(pairs):
        items = tuple(pair)
        score = _number(items[2]) if len(items) == 3 else None
        if score is None or not all(isinstance(word, str) for word in items[:2]):
            raise DataError(f"pair {place}: expected (word, word, score), got {pair!r:.80}")
        yield items[0], items[1], score


def _read_questions(path: str | Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    section = _UNNAMED
    for number, line in _lines(path):
        if line.startswith(":"):
            section = line[1:].strip() or _UNNAMED
            continue
        words = tuple(line.split())
        if len(words) != 4:
            raise DataError(
                f"{path}, line {number}: expected four words or ': section', got '{line[:60]}'"
            )
        yield section, words


def _given_questions(questions: Iterable[Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for place, question in enumerate(questions):
        words = tuple(question)
        if len(words) != 4 or not all(isinstance(word, str) for word in words):
            raise DataError(f"question {place}: expected four words, got {question!r:.80}")
        yield _UNNAMED, words


def _lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their numbers."""
    from ..data.text import read_lines

    for number, line in read_lines(path):
        if line.strip():
            yield number, line.strip()


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None
