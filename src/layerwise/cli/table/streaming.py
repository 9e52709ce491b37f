"""Tables that are large beside the memory: some rows are held, the others are read again and again.

Held are the rows to test and to validate, and a sample by which columns and target are understood.
Which those are follows from a row's number and the seed alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...data.tables import Table, batches, table_of
from ...data.tables.frames import machine_memory
from ...data.tables.stream import ROWS_PER_BATCH, Batches
from ...data.tables.table import joined
from ...errors import DataError, OptionError
from ...graph.threefry import threefry2x32
from .options import Options
from .rows import Part, Rows, rows_of, target_values

SHARE_OF_MEMORY = 0.25
"""A fit that takes more of the machine's memory than this is streamed."""

BYTES_OF_CELL = 32
"""Memory for each cell of a table while it is fitted: read, encoded, and members' own rows."""

CHARACTERS_OF_CELL = 5
"""Of a text file, separator included, about; a packed one has a fifth of them."""

MOST_TEST, MOST_VALIDATION, SAMPLE = 200_000, 50_000, 150_000
"""Rows that are held: enough to measure to a tenth of a percent, and to find quantiles by."""

TEXT = (".csv", ".tsv", ".txt", ".tab")

_VALIDATION = 0.1
_STREAM = 0x53545245  # "STRE": not the bits of any other draw with this seed.

LEARN, HOLD_SAMPLE, VALIDATE, TEST = range(4)


@dataclass(eq=False)
class Streamed:
    """A file that is read in parts.

    Attributes
    ----------
    source : the parts.
    rows : those that are held.
    part : which of them are the sample, for validation, for the test.
    learned : how many rows are trained on.
    classes : values of the target in all of the file, in the order of the outputs; None where it
        is a number.
    options : of the command.
    """

    source: Batches
    rows: Rows
    part: Part
    learned: int
    classes: tuple[Any, ...] | None
    options: Options

    def blocks(self) -> Iterator[tuple[Any, ...]]:
        """The rows to learn from: (X, y), or (X, y, weights)."""
        target, sides = self.options.target, list(self.options.side_columns.values())
        for table in self.source:
            learned = _uses(table, self.source.rows, self.options) <= HOLD_SAMPLE
            table = table.take(learned & ~table[target].missing)
            if not len(table):
                continue
            y = target_values(table, target, self.rows.goal)
            weight = () if self.options.weight is None else (_weights(table, self.options.weight),)
            yield table.without(sides), y, *weight


def is_large(options: Options) -> bool:
    """Whether the file should be read in parts."""
    if options.stream:
        return True
    path = Path(options.data)
    if options.data == "-" or not path.is_file():
        return False
    size, most = path.stat().st_size, SHARE_OF_MEMORY * machine_memory() / BYTES_OF_CELL
    if path.suffix in TEXT:
        return size / CHARACTERS_OF_CELL > most
    if path.suffix == ".gz":
        return size > most
    if size * BYTES_OF_CELL < most:
        return False  # not even Parquet packs so many cells into so few bytes
    with batches(path, words=options.categorical, rows_per_batch=1024) as found:
        return found.rows * len(found.names) > most


def open_stream(options: Options) -> Streamed:
    """Read the file once, and hold some of its rows.

    Raises
    ------
    OptionError : an option that needs all rows at once.
    DataError : what is wrong with the file, or with the rows that are held.
    """
    for option, given in (
        ("--cv", options.folds), ("--group", options.group), ("--time", options.time),
        ("--ensemble", options.members if (options.members or 1) > 1 else None),
    ):  # fmt: skip
        if given is not None:
            raise OptionError(
                f"{option} needs all rows in the memory, and this table is read in parts; leave it "
                "out, or train on a sample of the rows"
            )
    source = batches(options.data, words=options.categorical, rows_per_batch=ROWS_PER_BATCH)
    held, count, values = [], 0, set()
    for table in source:
        uses = _uses(table, source.rows, options)
        held.append(table.take(uses >= HOLD_SAMPLE))
        count += int((uses <= HOLD_SAMPLE).sum())
        values |= _values(table, options.target)
    rows = rows_of(joined(held), options)
    uses = _uses(rows.table, source.rows, options)
    test, validation, sample = (
        np.flatnonzero(uses == use) for use in (TEST, VALIDATE, HOLD_SAMPLE)
    )
    if not min(len(test), len(validation), len(sample)):
        raise DataError(f"{source.rows:,} rows are too few to be read in parts; leave --stream out")
    classes = None
    if rows.labels is not None:
        everything = target_values(_of_values(values, options.target), options.target, rows.goal)
        classes = tuple(np.unique(everything).tolist())
    return Streamed(source, rows, Part(sample, validation, test), count, classes, options)


def _uses(table: Table, total: int, options: Options) -> np.ndarray:
    """What each row is for: the greater the number, the rarer."""
    number = np.arange(len(table)) if table.origin is None else table.origin
    high, _ = threefry2x32(
        options.seed & 0xFFFFFFFF, _STREAM, number.astype(np.uint32),
        (number >> 32).astype(np.uint32),
    )  # fmt: skip
    chance = high / 2.0**32
    test = min(options.test_size, MOST_TEST / total)
    validation = test + min(_VALIDATION, MOST_VALIDATION / total)
    sample = validation + SAMPLE / total
    return np.select(
        [chance < test, chance < validation, chance < sample], [TEST, VALIDATE, HOLD_SAMPLE], LEARN
    )


def _values(table: Table, name: str) -> set[Any]:
    """Different values of a target that may be classes; none of one that must be numbers."""
    column = table[name]
    if column.levels is not None:
        used = np.unique(column.values[column.values >= 0])
        return {column.levels[code] for code in used}
    found = np.unique(column.values[~column.missing])
    return set(found.tolist()) if len(found) <= 1000 else set()


def _of_values(values: set[Any], target: str) -> Table:
    """A table whose target has each value once."""
    return table_of({target: np.array(sorted(values))})


def _weights(table: Table, name: str) -> np.ndarray:
    return table[name].values.astype(np.float64)
