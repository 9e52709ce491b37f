"""From NumPy's arrays, of any dtype, and from Python's objects to columns."""

from __future__ import annotations

import datetime
import decimal
import numbers
from collections import Counter
from typing import Any

import numpy as np

from ...errors import DataError
from .arrow_columns import column_of_arrow, not_single, words_column
from .table import Column, number_as_word


def column_of_array(name: str, values: np.ndarray, source: str = "") -> Column:
    """One column of an array.

    Parameters
    ----------
    name : of the column.
    values : shape (n,), of any dtype; where it is masked, the value is missing. Float32 and float64
        are not copied.
    source : the type that people know it by; the dtype's name when "".

    Raises
    ------
    DataError : complex numbers, bytes that are no text, lists and other things in the cells.
    """
    kind, source = values.dtype.kind, source or str(values.dtype)
    if isinstance(values, np.ma.MaskedArray):
        whole = column_of_array(name, values.data, source)
        return _without(whole, np.ma.getmaskarray(values))
    if kind in "biuf":
        exact = values.dtype == np.float32 or values.dtype == np.float64
        if not exact or not values.dtype.isnative:
            # What a long double holds beyond a float64 becomes infinite, and is refused later.
            with np.errstate(over="ignore"):
                values = values.astype(np.float64)
        return Column(name, values, source=source)
    if kind == "M":
        return Column(name, values.astype("datetime64[us]"), source=source)
    if kind == "m":
        if np.datetime_data(values.dtype)[0] in ("Y", "M", "generic"):
            raise not_single(name, f"durations without a length in seconds ({values.dtype})")
        seconds = values / np.timedelta64(1, "s")
        return Column(name, np.asarray(seconds, np.float64), source=source)
    if kind in "US" or values.dtype.name.startswith("StringDType"):
        return _column_of_objects(name, values.astype(str).astype(object), source)
    if kind in "OT":
        return _column_of_objects(name, values.astype(object, copy=False), source)
    raise not_single(name, str(values.dtype))


def _without(column: Column, masked: np.ndarray) -> Column:
    """A copy of the column, missing where it is masked."""
    nothing: Any = {"words": -1, "dates": np.datetime64("NaT"), "numbers": np.nan}[column.storage]
    values = np.where(masked, nothing, column.values).astype(column.values.dtype)
    return Column(column.name, values, column.levels, column.source, column.warning)


def _column_of_objects(name: str, values: np.ndarray, source: str) -> Column:
    """Python's objects: numbers, texts, dates, None, or a mixture of them."""
    import pyarrow as pa

    try:
        array = pa.array(values, from_pandas=True)
        if pa.types.is_date32(array.type) and any(isinstance(v, datetime.datetime) for v in values):
            # Arrow goes by the first value, and would cut the time of the day off the others.
            return _column_of_mixture(name, values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return _column_of_mixture(name, values)
    if pa.types.is_nested(array.type):
        raise not_single(name, f"{type(_first(values)).__name__} objects")
    if isinstance(array.type, pa.BaseExtensionType):
        return _column_of_mixture(name, values)
    if pa.types.is_null(array.type):
        return Column(name, np.full(len(values), np.nan), source=source)
    return column_of_arrow(name, array, source if source != "object" else "")


def _first(values: np.ndarray) -> object:
    return next((value for value in values if not _is_missing(value)), None)


def _is_missing(value: object) -> bool:
    if value is None or (isinstance(value, float) and value != value):
        return True
    return type(value).__name__ in ("NAType", "NaTType")


def _column_of_mixture(name: str, values: np.ndarray) -> Column:
    """What Arrow has no single type for: every object by itself."""
    found = np.full(len(values), np.nan)
    words: list[str | None] = [None] * len(values)
    kinds: Counter[str] = Counter()
    first_word = -1
    for row, value in enumerate(values):
        if type(value).__name__ in ("NAType", "NaTType") or value is None:
            continue
        kind = _kind(name, row, value)
        if kind == "number":
            found[row] = _as_float(value)
            if np.isnan(found[row]):
                continue
            words[row] = number_as_word(found[row]) if np.isfinite(found[row]) else str(value)
        else:
            words[row] = value if isinstance(value, str) else str(value)
            first_word = row if first_word < 0 else first_word
        kinds[kind] += 1
    if not kinds or set(kinds) == {"number"}:
        return Column(name, found, source="object")
    if set(kinds) == {"date"}:
        dates = np.array([_as_date(value) for value in values], "datetime64[us]")
        return Column(name, dates, source="object")
    warning = ""
    if len(kinds) > 1:
        total = kinds.total()
        counts = ", ".join(f"{count:,} {kind}s" for kind, count in kinds.most_common())
        warning = (
            f"mixed types: {total:,} values are {counts}; all are read as words "
            f"(the first that is no number is '{words[first_word]}' in row {first_word + 1})"
        )
    levels: dict[str, int] = {}
    places = np.fromiter(
        (-1 if word is None else levels.setdefault(word, len(levels)) for word in words),
        np.int32,
        len(words),
    )
    return words_column(name, places, list(levels), "object", warning)


def _kind(name: str, row: int, value: object) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, numbers.Real | np.bool_ | decimal.Decimal):
        return "number"
    if isinstance(value, datetime.date | np.datetime64):
        return "date"
    single = not hasattr(value, "__len__") and not hasattr(value, "__iter__")
    if not single or isinstance(value, numbers.Complex):
        raise not_single(name, f"a {type(value).__name__} (row {row + 1})")
    return "other object"


def _as_date(value: Any) -> np.datetime64:
    """A date or an instant, in UTC if it has a zone."""
    if not isinstance(value, datetime.date | np.datetime64) or _is_missing(value):
        return np.datetime64("NaT", "us")
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    return np.datetime64(value, "us")


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        raise DataError(f"{value} is too large for a float; expected numbers up to 1e308") from None
