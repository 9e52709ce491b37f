"""`batches`: a file larger than the memory, as tables of a bounded number of rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from .reading import chosen, open_columnar, reading, table_of_arrow
from .sources import Source
from .table import Storage, Table
from .text_columns import Cells, Kind, Survey
from .text_files import TextFile

ROWS_PER_BATCH = 65_536


class Batches:
    """The rows of a file as tables, one after the other; each iteration begins at the first row.

    All tables have the same columns with the same storage. The levels of words differ from one to
    the next, so whoever numbers words goes by the words.

    Attributes
    ----------
    names : of the columns.
    rows : of the whole file.
    storages : how each column is held.
    warnings : what people should know of how a column was read, by its name.
    """

    names: tuple[str, ...]
    rows: int
    storages: tuple[Storage, ...]
    warnings: dict[str, str]

    def __init__(self, source: Source, rows_per_batch: int) -> None:
        self.source, self.rows_per_batch = source, rows_per_batch

    def __iter__(self) -> Iterator[Table]:
        first = 0
        for frame in _of_size(self._frames(), self.rows_per_batch):
            table = self._table(frame, first)
            yield replace(table, origin=np.arange(first, first + table.rows))
            first += table.rows

    def __len__(self) -> int:
        """How many tables there are."""
        return -(-self.rows // self.rows_per_batch)

    def close(self) -> None:
        """Remove what was copied from standard input, or unpacked; done at the latest on exit."""
        self.source.close()

    def __enter__(self) -> Batches:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _frames(self) -> Iterator[Any]:
        raise NotImplementedError

    def _table(self, frame: Any, first: int) -> Table:
        raise NotImplementedError


class _TextBatches(Batches):
    """Of a text file: a first pass over all cells decides the kinds of the columns."""

    def __init__(
        self,
        source: Source,
        columns: Sequence[str] | None,
        rows_per_batch: int,
        words: Collection[str],
    ) -> None:
        super().__init__(source, rows_per_batch)
        self.file = TextFile(source, columns)
        self.names = self.file.names
        self.rows = 0
        surveys = dict.fromkeys([name for name in self.names if name not in words], Survey())
        for frame in _of_size(self._frames(), ROWS_PER_BATCH):
            self.rows += len(frame)
            for name in surveys:
                surveys[name] += Cells(frame.column(name)).survey()
        if not self.rows:
            raise self.file.no_rows()
        self.kinds: dict[str, Kind] = dict.fromkeys(self.names, "words")
        self.kinds.update({name: self.file.kind(name, seen) for name, seen in surveys.items()})
        found = {name: self.file.warning(seen) for name, seen in surveys.items()}
        self.warnings = {name: warning for name, warning in found.items() if warning}
        self.storages = tuple(_storage(self.kinds[name]) for name in self.names)

    def _frames(self) -> Iterator[Any]:
        return self.file.blocks()

    def _table(self, frame: Any, first: int) -> Table:
        columns = (
            Cells(frame.column(name)).column(name, self.kinds[name], self.warnings.get(name, ""))
            for name in self.names
        )
        return Table(tuple(columns), len(frame), self.source.name)


class _ColumnarBatches(Batches):
    """Of a Parquet or Arrow file, whose schema has the kinds of the columns."""

    def __init__(self, source: Source, columns: Sequence[str] | None, rows_per_batch: int) -> None:
        super().__init__(source, rows_per_batch)
        with reading(source), open_columnar(source) as file:
            names = chosen(file.names, columns, source.name)
            if file.rows is None:
                self.rows = sum(len(part) for part in file.batches(names, rows_per_batch))
            else:
                self.rows = file.rows
        self.names = tuple(names)
        if not self.rows:
            raise DataError(f"{source.name} has columns but no rows; expected some")
        first = next(iter(self))
        self.storages = tuple(column.storage for column in first)
        self.warnings = {column.name: column.warning for column in first if column.warning}

    def _frames(self) -> Iterator[Any]:
        with reading(self.source), open_columnar(self.source) as file:
            yield from file.batches(self.names, self.rows_per_batch)

    def _table(self, frame: Any, first: int) -> Table:
        return table_of_arrow(frame.select(list(self.names)), self.source.name, first)


def batches(
    path: str | Path,
    columns: Sequence[str] | None = None,
    rows_per_batch: int = ROWS_PER_BATCH,
    *,
    words: Collection[str] = (),
) -> Batches:
    """Iterate over a file in tables of a bounded number of rows.

    Parameters
    ----------
    path, columns, words : as for `read_table`.
    rows_per_batch : rows of each table; the last may have fewer.

    Returns
    -------
    Batches : it can be iterated over again and again. A text file is read once when it is made, to
        decide what its columns are.

    Raises
    ------
    DataError : as `read_table`; what is wrong in a Parquet or Arrow file may show only on the way.
    """
    if rows_per_batch < 1:
        raise DataError(f"expected at least 1 row for each batch, got {rows_per_batch}")
    source = Source(path)
    try:
        if source.format == "text":
            return _TextBatches(source, columns, rows_per_batch, words)
        return _ColumnarBatches(source, columns, rows_per_batch)
    except BaseException:
        source.close()
        raise


def _storage(kind: Kind) -> Storage:
    return kind if kind in ("numbers", "words") else "dates"


def _of_size(parts: Iterator[Any], rows: int) -> Iterator[Any]:
    """Record batches put together, and divided, to Arrow tables of so many rows."""
    import pyarrow as pa

    held: list[Any] = []
    count = 0
    for part in parts:
        held.append(part)
        count += len(part)
        while count >= rows:
            whole = pa.Table.from_batches(held)
            yield whole.slice(0, rows)
            held = whole.slice(rows).to_batches()
            count -= rows
    if count:
        yield pa.Table.from_batches(held)
