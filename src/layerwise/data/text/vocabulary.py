"""Words to whole numbers, and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import DataError, OptionError
from ..encoders.reading import damaged, read_object, read_words
from .texts import from_text

SPECIAL = ("<pad>", "<unk>", "<bos>", "<eos>")
"""Tokens that are no words, at the beginning of every vocabulary."""

PADDING, UNKNOWN, BEGIN, END = range(4)
"""Numbers of the special tokens: filling, a word that is not known, a beginning, and an end."""


class Vocabulary:
    """Words with their numbers, from 4 on; 0 to 3 are `SPECIAL`.

    A word that is spelt like a special token is an unknown word, so that no text can pad itself or
    end early.

    Parameters
    ----------
    words : different texts that are not empty and not special, at least one.

    Attributes
    ----------
    words : all, with the special tokens first: the place is the number.

    Raises
    ------
    DataError : words that repeat, are empty, special, no texts, or none at all.
    """

    def __init__(self, words: Iterable[str]) -> None:
        if isinstance(words, str):
            raise DataError(f"expected several words, got one text, {words[:40]!r}")
        listed = tuple(words)
        for word in listed:
            if not isinstance(word, str) or not word or word in SPECIAL:
                raise DataError(
                    "expected words as texts that are not empty and none of "
                    f"{', '.join(SPECIAL)}; got {word!r:.60}"
                )
        if not listed:
            raise DataError("a vocabulary needs at least one word, got none")
        if len(set(listed)) != len(listed):
            twice = Counter(listed).most_common(1)[0][0]
            raise DataError(f"expected different words, got {twice!r:.60} twice")
        self.words: tuple[str, ...] = SPECIAL + listed
        first = len(SPECIAL)
        self._numbers = dict(zip(listed, range(first, first + len(listed)), strict=True))

    @classmethod
    def build(
        cls,
        tokens: Iterable[Sequence[str]] | Mapping[str, int],
        min_count: int = 1,
        maximum: int | None = None,
    ) -> Vocabulary:
        """The words of texts, the most frequent first; ties in the order of their characters.

        Parameters
        ----------
        tokens : the tokens of each text, or how often each word occurs.
        min_count : words that occur less often are left out.
        maximum : words that are kept, the most frequent, special tokens not counted; None for all.

        Raises
        ------
        DataError : no word is left.
        OptionError : a `min_count` or a `maximum` below 1.
        """
        for name, value in (("min_count", min_count), ("maximum", maximum)):
            if value is not None and value < 1:
                raise OptionError(f"{name}: expected 1 or more, got {value}")
        counts: Counter[str] = Counter()
        if isinstance(tokens, Mapping):
            counts.update(tokens)
        else:
            for row, text in enumerate(tokens):
                if isinstance(text, str):
                    raise DataError(
                        f"row {row}: expected the tokens of a text, got the text {text[:40]!r}; "
                        "divide it first, with WordTokenizer().split_all(texts)"
                    )
                counts.update(text)
        for special in (*SPECIAL, ""):
            counts.pop(special, None)
        kept = sorted(
            (word for word, count in counts.items() if count >= min_count),
            key=lambda word: (-counts[word], word),
        )
        if not kept:
            raise DataError(
                f"no word occurs {min_count} times or more among {len(counts):,} different ones; "
                "a vocabulary needs at least one: are the texts empty, or is min_count too high?"
            )
        return cls(kept[:maximum])

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._numbers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.words == other.words

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self.words) - len(SPECIAL):,} words)"

    def number(self, word: str) -> int:
        """The number of a word; `UNKNOWN` if there is none."""
        return self._numbers.get(word, UNKNOWN)

    def encode(self, tokens: Iterable[str], begin: bool = False, end: bool = False) -> list[int]:
        """The numbers of tokens, `UNKNOWN` for words that are not known.

        Parameters
        ----------
        begin, end : whether <bos> stands before them and <eos> after them.
        """
        find = self._numbers.get
        numbers = [find(token, UNKNOWN) for token in tokens]
        return [BEGIN] * begin + numbers + [END] * end

    def encode_all(
        self, texts: Iterable[Iterable[str]], begin: bool = False, end: bool = False
    ) -> list[list[int]]:
        """The numbers of the tokens of each text."""
        return [self.encode(tokens, begin, end) for tokens in texts]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The words of numbers up to <eos>, without <pad> and <bos>; <unk> is kept.

        Raises
        ------
        DataError : a number that no word has.
        """
        words = []
        for number in np.asarray(list(numbers)).tolist():
            if type(number) is not int or not 0 <= number < len(self.words):
                raise DataError(
                    f"expected numbers of words, 0 to {len(self.words) - 1:,}, got {number!r}"
                )
            if number == END:
                break
            if number not in (PADDING, BEGIN):
                words.append(self.words[number])
        return words

    def as_json(self) -> dict[str, Any]:
        """What `from_json` takes: plain data."""
        return {"words": list(self.words[len(SPECIAL) :])}

    @classmethod
    def from_json(cls, about: Any) -> Vocabulary:
        """What `as_json` gave, from a file that is not trusted.

        Raises
        ------
        ModelFileError : anything else.
        """
        about = from_text(about)
        read_object(about, "an object for a vocabulary", ("words",))
        words = read_words(about["words"], "the words of a vocabulary")
        try:
            return cls(words)
        except DataError as error:
            raise damaged(str(error)) from None
