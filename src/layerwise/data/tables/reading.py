"""`read_table`: a table from a file, whatever its format."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from .frames import refuse_infinities, table_of_frame
from .naming import check_unique, no_column
from .sources import Source
from .table import Table
from .text_files import read_text

_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


def read_table(
    path: str | Path, *, columns: Sequence[str] | None = None, words: Collection[str] = ()
) -> Table:
    """Read a table with a name for each column.

    Parameters
    ----------
    path : a CSV or TSV file, which may be packed by gzip, a Parquet file, or an Arrow/Feather one;
        '-' is standard input. What the file begins with decides, its suffix only in doubt. Text is
        UTF-8 (UTF-16 with its mark is understood), with commas, semicolons, tabs or bars between
        cells, and a header.
    columns : the only ones to read, in the order wanted; all when None.
    words : columns of a text file that are words even if all are numbers or dates, as they stand:
        007 and 7 are two words then. Those that the file lacks are ignored.

    Raises
    ------
    DataError : there is no such file, it is damaged, of another format, or has no rows; a column is
        missing, or repeated; a row has too many cells or too few; text is not in UTF-8; a number is
        infinite. It names the file, and the line and the column where there are such.
    """
    with Source(path) as source:
        if source.format == "text":
            return read_text(source, columns, words)
        with reading(source), open_columnar(source) as file:
            names = chosen(file.names, columns, source.name)
            frame = file.read(names)
        table = table_of_arrow(frame, source.name)
        if not table.rows:
            raise DataError(f"{source.name} has columns but no rows; expected some")
        return table


class Columnar:
    """A Parquet or Arrow file that is open.

    Attributes
    ----------
    names : of its columns.
    rows : how many there are; None where only reading tells.
    read : all rows of some columns, as an Arrow table.
    batches : the rows of some columns, as record batches of about so many rows.
    """

    def __init__(
        self,
        names: Sequence[str],
        rows: int | None,
        read: Callable[[Sequence[str]], Any],
        batches: Callable[[Sequence[str], int], Iterator[Any]],
    ) -> None:
        self.names, self.rows, self.read, self.batches = names, rows, read, batches


@contextmanager
def open_columnar(source: Source) -> Iterator[Columnar]:
    """Open a Parquet or Arrow file."""
    import pyarrow as pa

    with source.open_arrow() as file:
        if source.format == "parquet":
            from pyarrow import parquet

            opened = parquet.ParquetFile(file)
            names = opened.schema_arrow.names
            check_unique(names, source.name)
            yield Columnar(
                names,
                opened.metadata.num_rows,
                lambda wanted: opened.read(columns=list(wanted)).select(list(wanted)),
                lambda wanted, rows: opened.iter_batches(rows, columns=list(wanted)),
            )
            return
        if source.format == "arrow file":
            opened = pa.ipc.open_file(file)
            parts = (opened.get_batch(place) for place in range(opened.num_record_batches))
        else:
            opened = parts = pa.ipc.open_stream(file)
        check_unique(opened.schema.names, source.name)

        def batches(wanted: Sequence[str], _: int) -> Iterator[Any]:
            for part in parts:
                # Unlike Parquet, the format has no check sums: what is damaged shows here.
                part.validate(full=True)
                yield part.select(list(wanted))

        def read(wanted: Sequence[str]) -> Any:
            fields = [opened.schema.field(name) for name in wanted]
            return pa.Table.from_batches(batches(wanted, 0), pa.schema(fields))

        yield Columnar(opened.schema.names, None, read, batches)


@contextmanager
def reading(source: Source) -> Iterator[None]:
    """Say what is wrong with the file where Arrow says what is wrong with its bytes."""
    import pyarrow as pa

    try:
        yield
    except DataError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        kind = "Parquet" if source.format == "parquet" else "Arrow"
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(
            f"{source.name} is a damaged {kind} file ({reason[0]}); copy it again, or write it "
            "again"
        ) from None


def chosen(names: Sequence[str], columns: Sequence[str] | None, source: str) -> list[str]:
    """The columns to read; of all, those that hold the index of a pandas frame are left out."""
    if columns is None:
        return [name for name in names if not _PANDAS_INDEX.fullmatch(name)]
    for name in columns:
        if name not in names:
            raise no_column(name, names, source)
    return list(columns)


def table_of_arrow(frame: Any, source: str, first: int = 0) -> Table:
    """An Arrow table as a table; `first` is the number in the file of its first row.

    Raises
    ------
    DataError : as `table_of`, and it names the file.
    """
    try:
        table = table_of_frame(frame)
    except DataError as error:
        raise DataError(f"{source}: {error}") from None
    origin = np.arange(first, first + table.rows) if first else None
    table = replace(table, source=source, origin=origin)
    refuse_infinities(table)
    return table
