"""`RawColumns`: from raw rows, as people have them, to the arrays that a network takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..data.encoders import TableEncoder
from ..data.encoders.reading import (
    damaged,
    read_choice,
    read_object,
    read_text,
    read_words,
    short,
)
from ..data.tables import Column, Table, columns_for, table_of
from ..errors import DataError
from ..graph import Tensor

PREFIX = "encoder."
"""Of the names that the encoder's tensors have in a model's file."""

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}")


class Unfamiliar(NamedTuple):
    """Values that training did not know.

    Attributes
    ----------
    column : where they are.
    kind : "unseen" categories, dates "later" than any of training, or values "missing" in a column
        that was complete.
    rows : how many rows have one.
    example : one of them, for people; "" for missing ones.
    """

    column: str
    kind: str
    rows: int
    example: str


@dataclass(frozen=True, eq=False)
class RawColumns:
    """The columns of a model, and what becomes of them.

    Attributes
    ----------
    encoder : learned from the training rows.
    names : of all columns of the training table, in order, used or not: rows that come without
        names are in this order.
    latest : the last date that training saw, datetime64[us], for each column of dates.
    dtype : that the network takes numbers in: float32 or float64.
    """

    encoder: TableEncoder
    names: tuple[str, ...]
    latest: Mapping[str, np.datetime64]
    dtype: str = "float32"

    @classmethod
    def of(cls, encoder: TableEncoder, table: Table, dtype: str = "float32") -> RawColumns:
        """Those of an encoder and the table that it learned from, without its target."""
        latest = {}
        for date in encoder.dates:
            values = table[date.name].values
            if not np.isnat(values).all():
                latest[date.name] = values[~np.isnat(values)].max()
        return cls(encoder, table.names, latest, dtype)

    def table(self, X: Any) -> Table:  # noqa: N803 - as everywhere
        """The needed columns of raw rows, each held as in training.

        Parameters
        ----------
        X : whatever `table_of` takes. Columns are found by name, so others and another order do not
            matter; rows without names (an array, a list) have the columns of training in order.

        Raises
        ------
        DataError : a column is missing or of another kind.
        """
        nameless = isinstance(X, list | tuple) or hasattr(X, "tocsr")
        if isinstance(X, np.ndarray):
            nameless = X.dtype.names is None
        table = table_of(X)
        if nameless:
            if len(table.columns) != len(self.names):
                named = ", ".join(self.names[:8]) + ", ..." * (len(self.names) > 8)
                raise DataError(
                    f"expected rows of {len(self.names)} values, in the order of training "
                    f"({named}), got {len(table.columns)}; or give columns with their names, such "
                    "as a data frame"
                )
            table = table_of(table, self.names)
        return columns_for(table, self.encoder.input_columns)

    def inputs(self, X: Any) -> tuple[np.ndarray, ...]:  # noqa: N803 - as everywhere
        """What the network takes: numbers (n, d) and, where there are codes, those (n, k).

        Where codes are all that there is, the numbers are one column of 0.
        """
        return self._arrays(*self.encoder.transform(self.table(X)))

    def example(self) -> list[np.ndarray]:
        """Inputs of one row of nothing in particular."""
        numbers = np.zeros((1, len(self.encoder.outputs)), np.float32)
        return list(self._arrays(numbers, np.zeros((1, len(self.encoder.code_names)), np.int32)))

    def _arrays(self, numbers: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, ...]:
        if not numbers.shape[1]:
            numbers = np.zeros((len(numbers), 1), self.dtype)
        numbers = numbers.astype(self.dtype, copy=False)
        return (numbers, codes) if codes.shape[1] else (numbers,)

    def unfamiliar(self, table: Table) -> list[Unfamiliar]:
        """What in these rows training did not know.

        Parameters
        ----------
        table : what `table` gave.
        """
        found = []
        for category in self.encoder.categories:
            column = table[category.name]
            missing = column.missing
            if not category.left_out:
                unseen = (category.codes(column) == 0) & ~missing
                found += _unfamiliar(column, "unseen", unseen)
            if not category.missing_seen:
                found += _unfamiliar(column, "missing", missing)
        for date in self.encoder.dates:
            column = table[date.name]
            if date.name in self.latest:
                found += _unfamiliar(column, "later", column.values > self.latest[date.name])
            if not date.missing_seen:
                found += _unfamiliar(column, "missing", column.missing)
        numbers = self.encoder.numbers
        for name, marked in zip(numbers.names, numbers.indicators, strict=True):
            if not marked:
                found += _unfamiliar(table[name], "missing", table[name].missing)
        return found

    # -- the file ----------------------------------------------------------------------------------

    def to_json(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What `from_json` needs: JSON values, and tensors under the names in the file."""
        about, tensors = self.encoder.to_json()
        latest = {name: str(when.astype("datetime64[us]")) for name, when in self.latest.items()}
        whole = {
            "encoder": about,
            "names": list(self.names),
            "latest": latest,
            "dtype": self.dtype,
        }
        return whole, {PREFIX + name: array for name, array in tensors.items()}

    @classmethod
    def from_json(cls, about: Any, tensors: Mapping[str, np.ndarray]) -> RawColumns:
        """What `to_json` gave, from a file that is not trusted.

        Raises
        ------
        ModelFileError : anything that `to_json` could not have given.
        """
        read_object(about, "an object for the columns", ("encoder", "names", "latest", "dtype"))
        own = {n.removeprefix(PREFIX): a for n, a in tensors.items() if n.startswith(PREFIX)}
        encoder = TableEncoder.from_json(about["encoder"], own)
        names = read_words(about["names"], "names of the columns")
        lacking = {i.name for i in encoder.input_columns} - set(names)
        if lacking:
            raise damaged(f"the columns {short(sorted(lacking))} are encoded but do not exist")
        dtype = read_choice(about["dtype"], "type of numbers", ("float32", "float64"))
        return cls(encoder, names, _read_latest(about["latest"], encoder), dtype)

    def check_inputs(self, inputs: Iterable[Tensor]) -> None:
        """Check that a network takes what the encoder gives; raises `ModelFileError`."""
        wanted = [(a.shape[1:], a.dtype) for a in self.example()]
        given = [(tuple(i.shape[1:]), i.dtype) for i in inputs]
        if wanted != given:
            raise damaged(f"the columns give {wanted}, and the network takes {given}")


def _unfamiliar(column: Column, kind: str, where: np.ndarray) -> list[Unfamiliar]:
    rows = np.flatnonzero(where)
    if not len(rows):
        return []
    word = column.take(rows[:1]).words()[0]
    return [Unfamiliar(column.name, kind, len(rows), "" if word is None else _short(str(word)))]


def _short(word: str) -> str:
    return word if len(word) <= 30 else word[:27] + "..."


def _read_latest(about: Any, encoder: TableEncoder) -> dict[str, np.datetime64]:
    if not isinstance(about, dict) or not about.keys() <= {d.name for d in encoder.dates}:
        raise damaged(f"expected the last date of columns of dates, got {short(about)}")
    latest: dict[str, np.datetime64] = {}
    for name, text in about.items():
        try:
            if not _ISO.fullmatch(read_text(text, "a date")):
                raise ValueError
            latest[name] = np.datetime64(text, "us")
        except ValueError:
            raise damaged(f"expected a date for '{name}', got {short(text)}") from None
    return latest
