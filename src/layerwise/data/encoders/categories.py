"""One column of categories: a column of 0 and 1 for each value, or codes for a learned embedding.

Values are known by their words, so a table that lists them in another order, or has more of them,
means the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ...errors import DataError
from ..tables.table import Column, Storage, number_as_word
from .numbers import missing_name
from .reading import (
    damaged,
    read_choice,
    read_flag,
    read_object,
    read_text,
    read_whole,
    read_words,
    short,
)
from .weights import Counted

Encode = Literal["auto", "one_hot", "embedding"]
Form = Literal["one_hot", "embedding"]

ENCODES: tuple[Encode, ...] = ("auto", "one_hot", "embedding")

ONE_HOT_LIMIT = 24
"""Values, missing among them, up to which a category becomes columns of 0 and 1.

RealMLP (arXiv:2407.04491) draws the line at 9.
"""

MOST_ONE_HOT = 1000
"""Values that get a column of their own, whatever is asked for: the columns are dense."""

MOST_CODES = 10_000
"""Codes of a column, those for unseen and missing among them."""

UNSEEN, MISSING, FIRST = 0, 1, 2
"""Codes: a value that training did not know, no value, and the first of the values."""


@dataclass(frozen=True, eq=False)
class CategoryEncoder:
    """A column of categories to columns of float32, or to one column of codes.

    With form "one_hot":

    - more than two values: a column for each, 1 where the row has it, else 0;
    - two values: one column, -1 for the first and 1 for the second;
    - one value: one column, 1 where the row has it;
    - and, if missing occurred in training, one more that is 1 where it is missing.

    An unseen value is 0 in all of them. With form "embedding" the code is 0 for an unseen value, 1
    for missing, and from 2 on the values, the most frequent first; ties in the order of the names.
    In both, missing is as unseen if it never occurred in training.

    Attributes
    ----------
    name : of the column.
    storage : how the training table held it.
    form : "one_hot" or "embedding".
    levels : the values as words; sorted for "one_hot", by frequency for "embedding".
    missing_seen : whether missing occurred in training.
    left_out : how many values, the rarest, were left out because there are too many. They are
        treated as unseen.
    """

    name: str
    storage: Storage
    form: Form
    levels: tuple[str, ...]
    missing_seen: bool
    left_out: int = 0

    @classmethod
    def fit(
        cls, column: Column, counted: Counted, encode: Encode, one_hot_limit: int
    ) -> CategoryEncoder:
        """Learn which values there are.

        Raises
        ------
        DataError : a category of numbers has an infinite one.
        """
        words, places = _words_and_places(column)
        counts = np.bincount(counted.take(places) + 1, counted.weights, len(words) + 1)
        missing_seen = bool(counts[0] > 0)
        present = np.flatnonzero(counts[1:] > 0)
        # Numbers and dates are in ascending order already, and shall not be sorted as text.
        if column.storage == "words":
            present = np.array(sorted(present.tolist(), key=words.__getitem__), np.int64)
        small = len(present) + missing_seen <= one_hot_limit
        form: Form = (
            "one_hot" if encode == "one_hot" or (encode == "auto" and small) else "embedding"
        )
        frequent = np.argsort(-counts[1:][present], kind="stable")
        most = MOST_ONE_HOT if form == "one_hot" else MOST_CODES - FIRST
        kept = frequent[:most] if form == "embedding" else np.sort(frequent[:most])
        levels = tuple(words[place] for place in present[kept].tolist())
        return cls(
            column.name, column.storage, form, levels, missing_seen, len(present) - len(levels)
        )

    # -- encoding ----------------------------------------------------------------------------------

    @property
    def cardinality(self) -> int:
        """How many codes there are: those for unseen, for missing and for each value."""
        return len(self.levels) + FIRST

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the columns of float32; () for an embedding."""
        if self.form == "embedding":
            return ()
        levels = self.levels[1:] if len(self.levels) == 2 else self.levels
        names = tuple(f"{self.name}={level}" for level in levels)
        return (*names, missing_name(self.name)) if self.missing_seen else names

    def codes(self, column: Column) -> np.ndarray:
        """The code of each row: int32 of shape (n,), whatever the form.

        Raises
        ------
        DataError : the column holds infinite numbers.
        """
        words, places = _words_and_places(column)
        known = self._codes_by_word
        missing = MISSING if self.missing_seen else UNSEEN
        codes = np.array([*(known.get(word, UNSEEN) for word in words), missing], np.int32)
        return codes[places]

    def encode(self, column: Column, out: np.ndarray) -> None:
        """Write columns of 0 and 1 into `out`, float32 of shape (n, len(outputs))."""
        # Codes are always within; "raise" would make take work in a copy.
        np.take(self._patterns, self.codes(column), axis=0, out=out, mode="clip")

    def decode(self, numbers: np.ndarray) -> Column:
        """The inverse of `encode`: the value whose number is largest; missing if none is above 0.

        Parameters
        ----------
        numbers : float of shape (n, len(outputs)).
        """
        count = len(self.levels)
        if count == 2:
            place = (numbers[:, 0] > 0).astype(np.int32)
            known = np.abs(numbers[:, 0]) > 0
        elif count:
            place = numbers[:, :count].argmax(1).astype(np.int32)
            known = numbers[np.arange(len(numbers)), place] > 0
        else:
            place, known = np.zeros(len(numbers), np.int32), np.zeros(len(numbers), np.bool_)
        if self.missing_seen:
            known = known & ~(numbers[:, -1] > 0.5)
        return self.decode_codes(np.where(known, place + FIRST, UNSEEN))

    def decode_codes(self, codes: np.ndarray) -> Column:
        """The column with these codes, shape (n,); missing for unseen and missing.

        Raises
        ------
        DataError : a code that does not exist.
        """
        wrong = (codes < 0) | (codes >= self.cardinality)
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                f"column '{self.name}', row {row} (counted from 0): expected a code from 0 to "
                f"{self.cardinality - 1}, got {codes[row]}"
            )
        places = np.maximum(codes.astype(np.int32) - FIRST, -1)
        if self.storage == "words":
            return Column(self.name, places, self.levels)
        return Column(self.name, _values(self.levels, self.storage)[places])

    @cached_property
    def _codes_by_word(self) -> dict[str, int]:
        return {word: code for code, word in enumerate(self.levels, start=FIRST)}

    @cached_property
    def _patterns(self) -> np.ndarray:
        """What stands in the columns for each code: float32 of shape (codes, columns)."""
        patterns = np.zeros((self.cardinality, len(self.outputs)), np.float32)
        if len(self.levels) == 2:
            patterns[FIRST:, 0] = -1, 1
        else:
            np.fill_diagonal(patterns[FIRST:], 1)
        if self.missing_seen:
            patterns[MISSING, -1] = 1
        return patterns

    # -- for people --------------------------------------------------------------------------------

    def describe(self) -> str:
        """One line without the name: what becomes of the column."""
        count = len(self.levels)
        left_out = ""
        if self.left_out:
            left_out = (
                f"; only the {count:,} most frequent of its {count + self.left_out:,} values are "
                "told apart, the others count as unseen"
            )
        if self.form == "embedding":
            return f"category; {self.cardinality:,} codes, a vector is learned for each{left_out}"
        if count == 2:
            text = f"category; -1 for {self.levels[0]}, 1 for {self.levels[1]}"
        else:
            text = f"category; {count:,} columns of 0 and 1" if count != 1 else "category; 1 column"
        if self.missing_seen:
            text += f"; '{missing_name(self.name)}' is 1 where it is missing"
        return text + left_out

    # -- the file ----------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "name": self.name,
            "storage": self.storage,
            "form": self.form,
            "levels": list(self.levels),
            "missing_seen": self.missing_seen,
            "left_out": self.left_out,
        }

    @classmethod
    def from_json(cls, about: Any) -> CategoryEncoder:
        """What `to_json` gave, from a file that is not trusted.

        Raises
        ------
        ModelFileError : anything else.
        """
        read_object(about, "an object for a category", _KEYS)
        storage = read_choice(about["storage"], "storage", ("numbers", "words", "dates"))
        form = read_choice(about["form"], "form", ("one_hot", "embedding"))
        levels = read_words(about["levels"], "levels")
        if len(levels) > (MOST_ONE_HOT if form == "one_hot" else MOST_CODES - FIRST):
            raise damaged(f"a category has too many values ({len(levels):,})")
        if storage != "words":
            try:
                values = _values(levels, storage)[:-1]
                same = bool(np.isfinite(values).all()) and _as_words(values) == list(levels)
            except (ValueError, OverflowError):
                same = False
            if not same:
                raise damaged(f"expected {storage} as levels, got {short(levels)}")
        return cls(
            read_text(about["name"], "name"),
            storage,
            form,
            levels,
            read_flag(about["missing_seen"], "missing_seen"),
            read_whole(about["left_out"], "left_out", 0, 1 << 53),
        )


_KEYS = ("name", "storage", "form", "levels", "missing_seen", "left_out")


def _words_and_places(column: Column) -> tuple[Sequence[str], np.ndarray]:
    """Words, and for each row the place of its word: int of shape (n,), -1 where missing.

    The words of numbers and of dates are in ascending order of their values.
    """
    if column.levels is not None:
        return column.levels, column.values
    missing = column.missing
    present = column.values[~missing]
    if column.storage == "numbers" and np.isinf(present).any():
        row = int(np.isinf(column.values).argmax())
        raise DataError(
            f"column '{column.name}', row {row} (counted from 0): expected a category, got an "
            "infinite number; correct it, or make it missing (NaN)"
        )
    unique, found = np.unique(present, return_inverse=True)
    places = np.full(len(column), -1, np.int64)
    places[~missing] = found
    return _as_words(unique), places


def _as_words(values: np.ndarray) -> list[str]:
    """Different numbers or dates, none missing, as `Column.words` writes them."""
    if values.dtype.kind == "M":
        return [str(v) for v in np.datetime_as_string(values, timezone="naive")]
    return [number_as_word(v) for v in values.astype(np.float64).tolist()]


def _values(words: Sequence[str], storage: Storage) -> np.ndarray:
    """The inverse of `_as_words`, with one more at the end that is missing."""
    if storage == "dates":
        return np.array([*words, "NaT"], "datetime64[us]")
    return np.array([*(float(word) for word in words), np.nan])
