"""Texts with their classes, from a table; and which of them are kept for the test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...data.held_out import hold_out
from ...data.tables import Table, read_table
from ...errors import DataError, OptionError
from ...model import Model

MOST_CLASSES = 1000

FEW = 20
"""Rows below which as many classes as rows are no sign of a wrong column."""


@dataclass(frozen=True)
class Rows:
    """Texts with labels.

    Attributes
    ----------
    texts, labels : of the rows that have a label.
    notes : what people should know, a sentence each.
    """

    texts: list[str]
    labels: np.ndarray
    notes: list[str]


def read_rows(data: str, text: str, target: str) -> Rows:
    """Read texts and labels from a table.

    Raises
    ------
    DataError : the file cannot be read, a column is missing, or nothing is left.
    """
    if text == target:
        raise OptionError(f"--text and --target are the same column, '{text}'; name two")
    table = read_table(data, columns=[text, target], words={text, target})
    labels = table[target].words()
    labelled = np.array([label is not None and label.strip() != "" for label in labels])
    notes = []
    if not labelled.all():
        notes.append(f"{int((~labelled).sum()):,} rows without '{target}' are left out")
    if not labelled.any():
        raise DataError(f"no row of {table.source} has a '{target}'; is it the right column?")
    found = texts_of(table, text, notes)
    chosen = np.flatnonzero(labelled)
    names = np.array([labels[i] for i in chosen], object)
    count = len(set(names.tolist()))
    if count > MOST_CLASSES or (len(names) >= FEW and count > len(names) / 2):
        raise DataError(
            f"'{target}' has {count:,} different values in {len(names):,} rows: expected classes, "
            f"at most {MOST_CLASSES:,} and several rows of each; did you mean another column, or "
            "--text and --target the other way round?"
        )
    if all(_is_number(each) for each in found if each):
        raise DataError(
            f"'{text}' of {table.source} holds numbers, expected texts; name their column with "
            "--text, or leave it out to train on a table"
        )
    return Rows([found[i] for i in chosen], names, notes)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def texts_of(table: Table, name: str, notes: list[str]) -> list[str]:
    """The texts of a column; a cell with nothing in it is an empty text, which a note says."""
    column = table[name]
    if column.storage not in ("words",) and column.levels is None:
        raise DataError(
            f"'{name}' of {table.source} holds {column.storage}, expected texts; name their column "
            "with --text"
        )
    words = column.words()
    empty = sum(word is None for word in words)
    if empty:
        notes.append(f"{empty:,} rows have nothing in '{name}' and count as empty texts")
    return ["" if word is None else str(word) for word in words]


def divided(rows: Rows, test_size: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the rows to learn from and of those for the test."""
    count = len(rows.texts)
    if not test_size:
        return np.arange(count), np.zeros(0, np.int64)
    if count < 10:
        raise DataError(
            f"expected at least 10 rows, so that some can be kept for the test, got {count}; or "
            "say --test-size 0"
        )
    codes = np.unique(rows.labels.astype(str), return_inverse=True)[1].reshape(-1)
    held, _ = hold_out(count, test_size, seed, classes=codes)
    return held.rest, held.test


def texts_in(model: Model, file: Path) -> list[str]:
    """The texts of a file: a table with the column of the training, or its only column."""
    name = model.summary.get("text_column")
    table = read_table(str(file), words=() if name is None else {str(name)})
    if name is None or name not in table:
        if len(table.columns) != 1:
            wanted = f"the column '{name}'" if name else "one column, with the texts"
            raise DataError(
                f"{file}: expected {wanted}, got {', '.join(table.names[:8])}; rename the column "
                "of the texts"
            )
        name = table.names[0]
        table = read_table(str(file), words={name})
    return texts_of(table, str(name), [])


__all__ = ["Rows", "divided", "read_rows", "texts_in", "texts_of"]
