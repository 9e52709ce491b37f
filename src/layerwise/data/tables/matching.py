"""`columns_for`: the columns that a model was trained on, from the table that came to be predicted.

The same thing has other types in other files: flags are True or 1, a category of codes is read as
numbers, dates are text. What can be understood without doubt is converted, the rest is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from ...errors import DataError
from .naming import listed, nearest
from .sources import Source
from .table import Column, Storage, Table
from .text_columns import MISSING, NUMBER, shortened
from .text_dates import parse_dates
from .text_layout import layout_of, line_of


class ColumnLike(Protocol):
    """What has a name and a storage; a `Column` has, and what a model remembers of one."""

    @property
    def name(self) -> str:
        """What the column is called."""

    @property
    def storage(self) -> Storage:
        """How its values are held."""


def columns_for(
    table: Table,
    needed: Iterable[ColumnLike | tuple[str, Storage]],
    what: str = "prediction",
) -> Table:
    """Pick the needed columns by name, in the order of the training.

    Parameters
    ----------
    table : what came. Columns that are not needed are ignored.
    needed : the columns of the training, or their names and storages. Where one has `levels`, flags
        become the words among them: True, true or 1.
    what : what the table is for, for messages.

    Returns
    -------
    Table : one column for each needed one, of its storage. Words become numbers if all are numbers
        (or true and false: 1 and 0) and dates if all are ISO dates; numbers and dates become words;
        a column without any value fits every storage.

    Raises
    ------
    DataError : a column is missing, or holds what cannot be converted; it names the first such word
        with its line, if the table came from a text file.
    """
    wanted = [
        (*one, None)
        if isinstance(one, tuple)
        else (one.name, one.storage, getattr(one, "levels", None))
        for one in needed
    ]
    missing = [name for name, _, _ in wanted if name not in table]
    if missing:
        raise _missing(table, missing, {name for name, _, _ in wanted}, what)
    columns = [
        _converted(table, table[name], storage, levels, what) for name, storage, levels in wanted
    ]
    return replace(table, columns=tuple(columns))


def _missing(table: Table, missing: list[str], needed: set[str], what: str) -> DataError:
    extra = [name for name in table.names if name not in needed]
    near = nearest(missing[0], extra)
    if near is not None:
        hint = f"; is it the column '{near}'?"
    elif extra:
        hint = f"; the columns that are not needed are {listed(extra)}"
    else:
        hint = ""
    if len(missing) == 1:
        return DataError(f"{_where(table)}the {what} needs the column '{missing[0]}'{hint}")
    names = ", ".join(f"'{name}'" for name in missing[:12])
    more = f" and {len(missing) - 12} more" if len(missing) > 12 else ""
    return DataError(
        f"{_where(table)}the {what} needs {len(missing)} more columns: {names}{more}{hint}"
    )


def _where(table: Table) -> str:
    return f"{table.source}: " if table.source else ""


def _converted(
    table: Table, column: Column, storage: Storage, levels: tuple[str, ...] | None, what: str
) -> Column:
    if column.storage == storage:
        return column
    if column.missing.all():
        return _nothing(column, storage)
    if storage == "words":
        return _as_words(column, levels)
    if column.storage != "words":
        raise DataError(
            f"{_where(table)}column '{column.name}': the {what} expects {storage}, as in "
            f"the training, got {column.storage} ({column.source})"
        )
    read = _dates_of if storage == "dates" else _numbers_of
    return _by_word(table, column, storage, read, what)


def _nothing(column: Column, storage: Storage) -> Column:
    rows = len(column)
    if storage == "words":
        return replace(column, values=np.full(rows, -1, np.int32), levels=())
    if storage == "dates":
        return replace(column, values=np.full(rows, np.datetime64("NaT", "us")), levels=None)
    return replace(column, values=np.full(rows, np.nan), levels=None)


def _as_words(column: Column, levels: tuple[str, ...] | None) -> Column:
    words = column.words()
    if column.source == "bool":
        known = {level.lower(): level for level in levels or ()}
        names = {"1": known.get("true", "True"), "0": known.get("false", "False"), None: None}
        if "1" in known or "0" in known:
            names = {"1": "1", "0": "0", None: None}
        words = np.array([names[word] for word in words], object)
    places: dict[str, int] = {}
    codes = [-1 if word is None else places.setdefault(word, len(places)) for word in words]
    return replace(column, values=np.array(codes, np.int32), levels=tuple(places))


def _by_word(
    table: Table,
    column: Column,
    storage: Storage,
    read: Callable[[list[str]], tuple[np.ndarray, np.ndarray]],
    what: str,
) -> Column:
    """Convert each word; those that occur must all be understood, or stand for missing values."""
    words = list(column.levels or ())
    values, understood = read(words)
    understood |= np.isin(words, MISSING)
    wrong = np.append(~understood, False)[column.values]
    if wrong.any():
        row = int(wrong.argmax())
        word = shortened(words[column.values[row]])
        raise DataError(
            f"{place_of(table, row)}column '{column.name}': the {what} expects {storage}, as in "
            f"the training, got '{word}'"
        )
    nothing = np.datetime64("NaT") if storage == "dates" else np.nan
    return replace(column, values=np.append(values, nothing)[column.values], levels=None)


def _numbers_of(words: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The number that each word is, and whether it is one."""
    texts = [word.strip() for word in words]
    flags = {"true": 1.0, "false": 0.0}
    if all(text.lower() in flags or text in MISSING for text in texts):
        values = [flags.get(text.lower(), np.nan) for text in texts]
    else:
        values = [float(text) if re.match(NUMBER, text) else np.nan for text in texts]
    found = np.array(values, np.float64)
    return found, np.isfinite(found)


def _dates_of(words: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The date that each word is, and whether it is one."""
    import pyarrow as pa

    found = parse_dates(pa.array([word.strip() for word in words], pa.string()), "iso")
    return found, ~np.isnat(found)


def place_of(table: Table, row: int) -> str:
    """The file and the line of a row, as far as they are known."""
    if not table.source:
        return f"row {row + 1}, "
    place = row if table.origin is None else int(table.origin[row])
    if Path(table.source).is_file():
        try:
            with Source(table.source) as source:
                if source.format == "text":
                    line = line_of(source, layout_of(source), place)
                    return f"{table.source}, line {line}, "
        except DataError:
            pass
    return f"{table.source}, row {place + 1}, "
