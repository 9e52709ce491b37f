"""From the cells of a text file to columns: what kind each is, and its values.

The kind is decided from all cells of the column, not from its first ones, and by counts that can be
summed over parts of a file, so that reading whole and reading in parts agree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from .arrow_columns import words_column
from .table import Column
from .text_dates import DateForm, parse_dates

Kind = Literal["numbers", "words", "iso", "day first", "month first"]

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?", "-")
"""What stands for a missing value. In quotes it may be a word, as the NA of Namibia is."""

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_INFINITE = r"(?i)^[+-]?inf(inity)?$"
_DECIMAL_COMMA = r"^[+-]?[0-9]{1,3}(\.?[0-9]{3})*,[0-9]+$"


@dataclass(frozen=True)
class Survey:
    """What the cells of a column are, in numbers of cells.

    Attributes
    ----------
    rows : all cells.
    filled : those that are certainly not missing.
    doubtful : those that are missing in a column of numbers or dates, and words among words.
    numbers : finite numbers.
    infinite : inf, and numbers too large for a float.
    iso, day_first, month_first : dates of these forms; a cell may have both of the latter.
    decimal_comma : such as 1,5.
    odd_row, odd : the first row with a cell that is neither missing nor a finite number, and the
        cell; -1 if there is none.
    """

    rows: int = 0
    filled: int = 0
    doubtful: int = 0
    numbers: int = 0
    infinite: int = 0
    iso: int = 0
    day_first: int = 0
    month_first: int = 0
    decimal_comma: int = 0
    odd_row: int = -1
    odd: str = ""

    def __add__(self, later: Survey) -> Survey:
        """Both parts of a column, one below the other."""
        odd_row, odd = self.odd_row, self.odd
        if odd_row < 0 <= later.odd_row:
            odd_row, odd = self.rows + later.odd_row, later.odd
        return Survey(
            self.rows + later.rows,
            self.filled + later.filled,
            self.doubtful + later.doubtful,
            self.numbers + later.numbers,
            self.infinite + later.infinite,
            self.iso + later.iso,
            self.day_first + later.day_first,
            self.month_first + later.month_first,
            self.decimal_comma + later.decimal_comma,
            odd_row,
            odd,
        )

    @property
    def has_infinities(self) -> bool:
        """Whether it would be a column of numbers if no cell were infinite."""
        return self.infinite > 0 and self.numbers + self.infinite == self.filled

    @property
    def kind(self) -> Kind:
        """What the column is."""
        if self.numbers == self.filled:  # also if all are missing
            return "numbers"
        if self.iso == self.filled:
            return "iso"
        # Where all cells have both forms nobody knows which was meant.
        if self.day_first == self.filled > self.month_first:
            return "day first"
        if self.month_first == self.filled > self.day_first:
            return "month first"
        return "words"

    @property
    def is_mixed(self) -> bool:
        """Whether most cells are numbers and some are not, which nobody means."""
        return self.kind == "words" and 2 * self.numbers > self.filled

    def warning(self, line: str) -> str:
        """What people should know of the column; `line` says where the odd cell stands."""
        if self.is_mixed:
            others = self.filled - self.numbers
            noun = "is no number" if others == 1 else "are no numbers"
            return (
                f"mixed types: {others:,} of {self.filled:,} cells {noun}, the first '"
                f"{shortened(self.odd)}'{line}; all are read as words"
            )
        if self.kind == "words" and 2 * self.decimal_comma > self.filled:
            return (
                f"numbers with commas, such as '{shortened(self.odd)}', are read as words; "
                "expected a point before the decimals and nothing between thousands"
            )
        return ""


def shortened(word: str) -> str:
    """A cell as it is shown in a message."""
    return word if len(word) <= 40 else word[:37] + "..."


class Cells:
    """The cells of a column, or of a part of it, as they stand in the file.

    Parameters
    ----------
    cells : a ChunkedArray of strings, null where an unquoted cell is one of `MISSING`.
    """

    def __init__(self, cells: Any) -> None:
        self._cells = cells

    def survey(self) -> Survey:
        """Look at all of them."""
        values = self._plain
        if values is None:
            return self._distinct.survey()
        rows, missing = len(self._cells), self._cells.null_count
        infinite, unknown = np.isinf(values), int(np.isnan(values).sum()) - missing
        count = int(infinite.sum())
        filled = rows - missing - unknown  # 'nan' in quotes is unknown
        found = Survey(rows, filled, unknown, filled - count, count)
        if not count:
            return found
        row = int(infinite.argmax())
        return replace(found, odd_row=row, odd=self._cells[row].as_py())

    def column(self, name: str, kind: Kind, warning: str = "") -> Column:
        """The column of the cells, of a kind that is known.

        Cells that are not of the kind become missing ones; where the kind comes from the survey of
        all cells, there are none.
        """
        if kind == "numbers" and self._plain is not None:
            return Column(name, self._plain, source="text", warning=warning)
        return self._distinct.column(name, kind, warning)

    @cached_property
    def _plain(self) -> np.ndarray | None:
        return _plain_numbers(self._cells)

    @cached_property
    def _distinct(self) -> _Distinct:
        return _Distinct(self._cells)


def _plain_numbers(cells: Any) -> np.ndarray | None:
    """Numbers, NaN where null, if every cell is one as it stands; else None."""
    import pyarrow as pa

    try:
        values = cells.cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    return values if values.flags.writeable else values.copy()


class _Distinct:
    """The cells of a column, each distinct one once and without spaces around it."""

    def __init__(self, cells: Any) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        strings = pa.large_string()
        if len(cells) == 0:
            self.words = pa.array([], strings)
            self.places = np.empty(0, np.int32)
        else:
            encoded = cells.dictionary_encode().unify_dictionaries()
            places = [chunk.indices.fill_null(-1).to_numpy() for chunk in encoded.chunks]
            self.places = np.concatenate(places)
            whole = encoded.chunk(0).dictionary.cast(strings)
            self.words = pc.utf8_trim_whitespace(whole)
            tokens = pc.is_in(self.words, pa.array(MISSING, strings))
            # Arrow saw what is in quotes, and not what has spaces around it.
            spaced = pc.not_equal(self.words, whole)
            empty = pc.equal(self.words, "")
            self.missing = _mask(pc.and_(tokens, pc.or_(spaced, empty)))
            self.doubtful = _mask(tokens) & ~self.missing
            return
        self.missing = self.doubtful = np.empty(0, np.bool_)

    def survey(self) -> Survey:
        import pyarrow.compute as pc

        present = self.places[self.places >= 0]
        counts = np.bincount(present, minlength=len(self.words))

        def total(mask: np.ndarray) -> int:
            return int(counts[mask].sum())

        filled = ~(self.missing | self.doubtful)
        number = _mask(pc.match_substring_regex(self.words, NUMBER))
        infinite = _mask(pc.match_substring_regex(self.words, _INFINITE)) & filled
        infinite[number] = np.isinf(self._numbers()[number])
        number &= ~infinite
        odd_row, odd = self._first(filled & ~number)
        return Survey(
            rows=len(self.places),
            filled=total(filled),
            doubtful=total(self.doubtful),
            numbers=total(number),
            infinite=total(infinite),
            iso=total(~np.isnat(parse_dates(self.words, "iso"))),
            day_first=total(~np.isnat(parse_dates(self.words, "day first"))),
            month_first=total(~np.isnat(parse_dates(self.words, "month first"))),
            decimal_comma=total(_mask(pc.match_substring_regex(self.words, _DECIMAL_COMMA))),
            odd_row=odd_row,
            odd=odd,
        )

    def column(self, name: str, kind: Kind, warning: str) -> Column:
        if kind == "words":
            levels = self.words.to_pylist()
            for place in np.flatnonzero(self.missing):
                levels[place] = None
            return words_column(name, self.places, levels, "text", warning)
        # The place -1 takes the last, which is missing.
        if kind == "numbers":
            numbers = np.append(self._numbers(), np.nan)
            return Column(name, numbers[self.places], source="text", warning=warning)
        dates = np.append(parse_dates(self.words, _form(kind)), np.datetime64("NaT"))
        return Column(name, dates[self.places], source="text", warning=warning)

    def _numbers(self) -> np.ndarray:
        """The number that each distinct cell is, NaN where it is none."""
        import pyarrow as pa
        import pyarrow.compute as pc

        matches = pc.match_substring_regex(self.words, NUMBER)
        found = pc.if_else(matches, self.words, None).cast(pa.float64())
        return found.to_numpy(zero_copy_only=False)

    def _first(self, mask: np.ndarray) -> tuple[int, str]:
        """The first row with one of the distinct cells of the mask, and the cell."""
        if not mask.any():
            return -1, ""
        row = int(np.append(mask, False)[self.places].argmax())
        return row, self.words[int(self.places[row])].as_py()


def _form(kind: Kind) -> DateForm:
    assert kind in ("iso", "day first", "month first")
    return kind


def _mask(array: Any) -> np.ndarray:
    return array.to_numpy(zero_copy_only=False).astype(np.bool_)
