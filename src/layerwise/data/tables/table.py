"""`Table`: named columns as NumPy arrays, whatever they came from.

A file, a data frame and an array all become a table, so that everything after it (what kind of
column this is, how it becomes numbers) is written once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from .naming import no_column

Storage = Literal["numbers", "words", "dates"]


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    Attributes
    ----------
    name : what it is called.
    values : shape (n,). Numbers: float32 or float64, NaN where missing. Words: int32, the place of
        each word in `levels`, -1 where missing. Dates: datetime64[us], NaT where missing.
    levels : the words, each once, in no particular order; None for numbers and dates. Not every
        level needs to occur.
    source : the type that the file or the frame had, for people: int64, bool, string, category,
        text.
    warning : what people should know of how it was read, such as mixed types; "" mostly.
    """

    name: str
    values: np.ndarray
    levels: tuple[str, ...] | None = None
    source: str = ""
    warning: str = ""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def storage(self) -> Storage:
        """How the values are held."""
        if self.levels is not None:
            return "words"
        return "dates" if self.values.dtype.kind == "M" else "numbers"

    @property
    def missing(self) -> np.ndarray:
        """Where there is no value: bool, shape (n,)."""
        if self.levels is not None:
            return self.values < 0
        return np.isnat(self.values) if self.values.dtype.kind == "M" else np.isnan(self.values)

    def take(self, rows: np.ndarray | slice) -> Column:
        """Some of the rows, by number or by mask."""
        return replace(self, values=self.values[rows])

    def words(self) -> np.ndarray:
        """The values as text, an array of objects: None where missing; whole numbers without .0."""
        if self.levels is not None:
            return np.array([*self.levels, None], object)[self.values]
        if self.storage == "dates":
            found = np.datetime_as_string(self.values, timezone="naive").astype(object)
        else:
            values = self.values.astype(np.float64)
            unique, places = np.unique(values, return_inverse=True)
            found = np.array([number_as_word(v) for v in unique], object)[places]
        found[self.missing] = None
        return found

    def __repr__(self) -> str:
        missing = int(self.missing.sum())
        more = f", {missing:,} missing" if missing else ""
        if self.levels is not None:
            more = f", {len(self.levels):,} different{more}"
        return f"Column({self.name!r}, {self.storage}, {len(self):,} rows{more})"


def number_as_word(value: float) -> str:
    """A number as it stands in a category's name: 3, not 3.0."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of one length, by unique name, in order.

    Attributes
    ----------
    columns : the columns.
    rows : how many rows there are.
    source : the file that it came from, for messages; "" for a frame or an array.
    origin : int64 of shape (rows,), the number in the source of each row, counted from 0; None
        while they are all the rows of the source in their order.
    """

    columns: tuple[Column, ...]
    rows: int
    source: str = ""
    origin: np.ndarray | None = None

    def __len__(self) -> int:
        return self.rows

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {column.name: place for place, column in enumerate(self.columns)}

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __getitem__(self, name: str) -> Column:
        if name not in self._places:
            raise no_column(name, self.names, self.source)
        return self.columns[self._places[name]]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def __repr__(self) -> str:
        columns = ", ".join(f"{c.name}: {c.storage}" for c in self.columns[:8])
        more = ", ..." if len(self.columns) > 8 else ""
        return f"Table({self.rows:,} rows, {len(self.columns):,} columns: {columns}{more})"

    def take(self, rows: np.ndarray | slice) -> Table:
        """Some of the rows, by number or by mask."""
        taken = tuple(column.take(rows) for column in self.columns)
        origin = np.arange(self.rows) if self.origin is None else self.origin
        return replace(self, columns=taken, rows=len(origin[rows]), origin=origin[rows])

    def select(self, names: Iterable[str]) -> Table:
        """Some of the columns, in the order asked for."""
        return replace(self, columns=tuple(self[name] for name in names))

    def without(self, names: Sequence[str]) -> Table:
        """All columns but some."""
        left_out = set(names)
        return replace(self, columns=tuple(c for c in self.columns if c.name not in left_out))


def joined(tables: Sequence[Table]) -> Table:
    """The rows of tables with the same columns, one table after the other; at least one."""
    first = tables[0]
    columns = tuple(_joined([t.columns[i] for t in tables]) for i in range(len(first.columns)))
    starts = np.cumsum([0, *(t.rows for t in tables)])
    origins = [
        np.arange(start, start + t.rows) if t.origin is None else t.origin
        for start, t in zip(starts, tables, strict=False)
    ]
    return replace(first, columns=columns, rows=int(starts[-1]), origin=np.concatenate(origins))


def _joined(parts: Sequence[Column]) -> Column:
    first = parts[0]
    warning = next((part.warning for part in parts if part.warning), "")
    if first.levels is None:
        values = np.concatenate([part.values for part in parts])
        return replace(first, values=values, warning=warning)
    places: dict[str, int] = {}
    codes = []
    for part in parts:
        # One entry more, so that -1, which is missing, stays what it is.
        new = [places.setdefault(word, len(places)) for word in part.levels or ()]
        codes.append(np.array([*new, -1], np.int32)[part.values])
    return replace(first, values=np.concatenate(codes), levels=tuple(places), warning=warning)
