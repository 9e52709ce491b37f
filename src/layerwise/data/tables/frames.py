"""`table_of`: a table from an array, a data frame, a dict of columns or a list of rows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import DataError
from .array_columns import column_of_array
from .arrow_columns import column_of_arrow, level_words, words_column
from .naming import check_unique
from .table import Column, Table

SHARE_OF_MEMORY = 0.25
"""The part of the machine's memory that a sparse matrix may take when it is made dense."""

_USUAL_MEMORY = 8 << 30  # where the system does not tell


def table_of(X: Any, names: Sequence[object] | None = None) -> Table:  # noqa: N803 - as everywhere
    """Columns of numbers, words and dates from whatever holds rows and columns.

    Parameters
    ----------
    X : a NumPy array of shape (n, columns) or a structured one; a data frame (pandas, Polars,
        PyArrow, or another that narwhals knows), also a lazy one; a dict of columns; a list of
        rows; a scipy sparse matrix, which is made dense as float32; or a table, given as it is.
        Columns of an array of float32 or float64 are views of it. The index of a pandas frame is
        not a column.
    names : of the columns; those of the frame, or x0, x1, ..., when None.

    Raises
    ------
    DataError : it has one dimension, or three; two columns of one name; columns of different
        lengths; an infinite number; cells that hold lists; a sparse matrix too large to be dense.
    """
    table = X if isinstance(X, Table) else _table(X)
    if names is not None:
        table = _renamed(table, [str(name) for name in names])
    check_unique(table.names)
    if not (isinstance(X, Table) or (isinstance(X, np.ndarray) and _all_finite(X))):
        refuse_infinities(table)
    return table


def _all_finite(data: np.ndarray) -> bool:
    """Whether a whole array is surely finite, which is quicker found than column by column."""
    if data.dtype not in (np.float32, np.float64):
        return data.dtype.kind in "bui"
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(data.sum()))


def refuse_infinities(table: Table) -> None:
    """Check that every number is finite or missing.

    Raises
    ------
    DataError : it names the column and the row, counted from 1, of the first that is not.
    """
    for column in table:
        if column.storage != "numbers":
            continue
        # A sum is finite unless a value is not, or it overflows; so mostly one pass is enough.
        with np.errstate(over="ignore", invalid="ignore"):
            suspicious = not np.isfinite(column.values.sum())
        if suspicious and (infinite := np.isinf(column.values)).any():
            place = int(infinite.argmax())
            row = place if table.origin is None else int(table.origin[place])
            where = f"{table.source}: " if table.source else ""
            raise DataError(
                f"{where}column '{column.name}', row {row + 1}: expected a finite number, got "
                f"{column.values[place]}; replace it by a number, or by a missing value (NaN)"
            )


def _renamed(table: Table, names: list[str]) -> Table:
    if len(names) != len(table.columns):
        raise DataError(
            f"expected a name for each of {len(table.columns)} columns, got {len(names)}"
        )
    columns = zip(table.columns, names, strict=True)
    return replace(table, columns=tuple(replace(column, name=name) for column, name in columns))


def _table(data: Any) -> Table:
    if isinstance(data, np.ndarray):
        return _of_array(data)
    if isinstance(data, Mapping):
        return _of_columns([(str(name), column_of(str(name), data[name])) for name in data])
    if hasattr(data, "toarray") and hasattr(data, "tocsr"):
        return _of_array(_dense(data))
    if isinstance(data, list | tuple):
        return _of_rows(data)
    import narwhals.stable.v2 as nw

    known = nw.dependencies
    if known.is_pandas_like_dataframe(data) or known.is_pyarrow_table(data):
        # Not through narwhals, which refuses names that repeat or are no text.
        return table_of_frame(data)
    wrapped: Any = nw.from_native(data, pass_through=True, allow_series=True)
    if isinstance(wrapped, nw.LazyFrame):
        wrapped = wrapped.collect()
    if isinstance(wrapped, nw.DataFrame):
        return table_of_frame(wrapped.to_native())
    if isinstance(wrapped, nw.Series):
        raise _one_dimension(f"a series of length {len(wrapped)}")
    if hasattr(data, "__arrow_c_stream__"):
        import pyarrow as pa

        return table_of_frame(pa.table(data))
    if hasattr(data, "__array__"):
        return _of_array(np.asarray(data))
    raise DataError(
        "expected rows and columns (an array, a data frame, a dict of columns, a list of rows), "
        f"got {type(data).__name__}"
    )


def _of_array(data: np.ndarray) -> Table:
    if data.dtype.names is not None and data.ndim == 1:
        return _of_columns([(name, column_of(name, data[name])) for name in data.dtype.names])
    if data.ndim == 1:
        raise _one_dimension(f"an array of shape {data.shape}")
    if data.ndim != 2:
        raise DataError(
            f"expected shape (rows, columns), got {data.shape}: make each row flat with "
            "X.reshape(len(X), -1)"
        )
    if data.dtype.kind in "biuf" and not isinstance(data, np.ma.MaskedArray):
        source = str(data.dtype)
        if data.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            with np.errstate(over="ignore"):
                data = data.astype(np.float64)
        columns = [Column(f"x{n}", data[:, n], source=source) for n in range(data.shape[1])]
        return Table(tuple(columns), len(data))
    columns = [column_of_array(f"x{n}", data[:, n]) for n in range(data.shape[1])]
    return Table(tuple(columns), len(data))


def _one_dimension(what: str) -> DataError:
    return DataError(
        f"expected rows and columns, got {what}: give one column as X.reshape(-1, 1), one row as "
        "X.reshape(1, -1) (of a data frame, df[['name']])"
    )


def _of_rows(rows: Sequence[Any]) -> Table:
    """A list of rows: as an array if all are numbers, else column by column."""
    if not len(rows):
        raise DataError("expected rows and columns, got an empty list")
    widths = []
    for row in rows:
        if isinstance(row, str | bytes) or not hasattr(row, "__len__"):
            raise _one_dimension(f"a list of {type(row).__name__}")
        if isinstance(row, Mapping):
            raise DataError(
                "expected rows that are lists, got dicts: give one dict of columns, "
                "{name: values}, or a data frame"
            )
        widths.append(len(row))
    for place, width in enumerate(widths):
        if width != widths[0]:
            raise DataError(
                f"row {place + 1}: expected {widths[0]} values, as in the first row, got {width}"
            )
    try:
        whole = np.asarray(rows)
    except (ValueError, OverflowError):
        whole = np.empty(0, object)
    if whole.dtype.kind in "biuf" and not _has_mixed_flags(rows, whole):
        return _of_array(whole)
    columns = [
        (f"x{n}", column_of_array(f"x{n}", _objects(values)))
        for n, values in enumerate(zip(*rows, strict=True))
    ]
    return _of_columns(columns)


def _has_mixed_flags(rows: Sequence[Any], whole: np.ndarray) -> bool:
    """Whether flags stand among numbers, which NumPy would turn into numbers of the same type."""
    return whole.dtype.kind != "b" and any(isinstance(value, bool) for value in rows[0])


def _objects(values: Sequence[Any]) -> np.ndarray:
    found = np.empty(len(values), object)
    for place, value in enumerate(values):  # one by one, lest equal lists become a matrix
        found[place] = value
    return found


def _of_columns(columns: list[tuple[str, Column]]) -> Table:
    lengths = {name: len(column) for name, column in columns}
    check_unique([name for name, _ in columns])
    if len(set(lengths.values())) > 1:
        first, *others = lengths
        odd = next(name for name in others if lengths[name] != lengths[first])
        raise DataError(
            f"expected columns of one length, got {lengths[first]:,} values in '{first}' and "
            f"{lengths[odd]:,} in '{odd}'"
        )
    rows = next(iter(lengths.values()), 0)
    return Table(tuple(column for _, column in columns), rows)


def column_of(name: str, values: Any) -> Column:
    """One column from an array, a list or a series of any library.

    Raises
    ------
    DataError : it has not one dimension, or its cells are neither numbers, words nor dates.
    """
    if isinstance(values, list | tuple | range):
        array = _objects(values)
        return column_of_array(name, array)
    if not isinstance(values, np.ndarray):
        found = _of_series(name, values)
        if found is not None:
            return found
        values = np.asarray(values)
    if values.ndim != 1:
        raise DataError(
            f"column '{name}': expected one value for each row, shape (n,), got {values.shape}"
        )
    return column_of_array(name, values)


def table_of_frame(frame: Any) -> Table:
    """A frame of pandas, Polars, PyArrow or another library; infinities are not looked for."""
    import narwhals.stable.v2 as nw
    import pyarrow as pa

    if isinstance(frame, pa.Table | pa.RecordBatch):
        check_unique(frame.schema.names)
        columns = [
            column_of_arrow(name, column)
            for name, column in zip(frame.schema.names, frame.columns, strict=True)
        ]
        return Table(tuple(columns), frame.num_rows)
    if nw.dependencies.is_pandas_like_dataframe(frame):
        names = [str(name) for name in frame.columns]
        check_unique(names)
        series = [frame.iloc[:, place] for place in range(len(names))]
    else:
        whole = nw.from_native(frame, eager_only=True)
        names = list(whole.columns)
        series = [column.to_native() for column in whole.iter_columns()]
    columns = [column_of(name, one) for name, one in zip(names, series, strict=True)]
    return Table(tuple(columns), len(frame))


def _of_series(name: str, values: Any) -> Column | None:
    """A column from a series; None from what is none."""
    import narwhals.stable.v2 as nw
    import pyarrow as pa

    if isinstance(values, pa.Array | pa.ChunkedArray):
        return column_of_arrow(name, values)
    if nw.dependencies.is_pandas_like_series(values):
        return _of_pandas(name, values)
    series: Any = nw.from_native(values, series_only=True, pass_through=True)
    if not isinstance(series, nw.Series):
        return None
    if series.dtype == nw.Object:
        return column_of_array(name, _objects(series.to_list()))
    try:
        array = series.to_arrow()
    except pa.ArrowException:  # such as integers of 128 bits
        array = series.cast(nw.Float64).to_arrow()
    source = str(series.dtype)
    return column_of_arrow(name, array, source.split("(")[0].lower())


def _of_pandas(name: str, series: Any) -> Column:
    dtype = series.dtype
    source = str(dtype)
    if isinstance(dtype, np.dtype):
        return column_of_array(name, series.to_numpy())
    if hasattr(series, "cat"):
        # The categories may be intervals, which have no type in Arrow.
        levels = column_of(name, series.cat.categories.to_series())
        return words_column(
            name, series.cat.codes.to_numpy(), level_words(levels), "category", levels.warning
        )
    if source.startswith(("period", "interval")):
        texts = series.astype(object).where(series.isna(), series.astype(str))
        return replace(column_of_array(name, texts.to_numpy(object)), source=source)
    if source.startswith("Sparse"):
        return column_of_array(name, np.asarray(series), source)
    import pyarrow as pa

    return column_of_arrow(name, pa.array(series, from_pandas=True), source)


def _dense(matrix: Any) -> np.ndarray:
    """A sparse matrix as a dense array of float32."""
    rows, columns = matrix.shape
    needed, memory = 4 * rows * columns, machine_memory()
    if needed > SHARE_OF_MEMORY * memory:
        raise DataError(
            f"a sparse matrix of {rows:,} x {columns:,} would take {needed / 1e9:,.1f} GB as a "
            f"dense one, more than a quarter of the {memory / 1e9:,.1f} GB of this machine: "
            "select columns, or reduce them first"
        )
    return matrix.astype(np.float32).toarray()


def machine_memory() -> int:
    """The memory of this machine in bytes; 8 GiB where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return _USUAL_MEMORY
