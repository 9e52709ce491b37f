"""From Arrow's arrays to columns: what Parquet, Feather and most data frames become on their way.

pyarrow is not typed, so its objects are `Any` here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DataError
from .table import Column


def column_of_arrow(name: str, array: Any, source: str = "") -> Column:
    """One column of an Arrow table.

    Parameters
    ----------
    name : of the column.
    array : an Array or a ChunkedArray.
    source : the type that people know it by; Arrow's own name of it when "".

    Raises
    ------
    DataError : its type is none that one number, word or date fits, such as a list.
    """
    import pyarrow as pa

    if isinstance(array, pa.Array):
        array = pa.chunked_array([array])
    kind = array.type
    source = source or str(kind)
    if isinstance(kind, pa.BaseExtensionType):
        return column_of_arrow(name, _plain(array), source)
    if pa.types.is_dictionary(kind):
        return _of_dictionary(name, array, source)
    if pa.types.is_null(kind):
        return Column(name, np.full(len(array), np.nan), source=source)
    if pa.types.is_boolean(kind):
        return Column(name, _floats(array), source="bool")
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Column(name, _floats(array), source=source)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return Column(name, _dates(array), source=source)
    if pa.types.is_duration(kind) or pa.types.is_time(kind):
        return Column(name, _seconds(array), source=source)
    if _is_text(kind):
        return words_of_arrow(name, array, source)
    if _is_bytes(kind):
        try:
            return words_of_arrow(name, array.cast(pa.large_string()), source)
        except (pa.ArrowException, UnicodeDecodeError):
            raise DataError(
                f"column '{name}' holds bytes that are no text ({kind}); "
                "expected one number, word or date in each row: leave the column out"
            ) from None
    raise not_single(name, str(kind))


def not_single(name: str, kind: str) -> DataError:
    """Describe a column whose cells hold more than one value."""
    return DataError(
        f"column '{name}' holds {kind} in its cells; expected one number, word or date in each "
        "row: make columns of its parts, or leave the column out"
    )


def words_of_arrow(name: str, array: Any, source: str, warning: str = "") -> Column:
    """Text as a column of words; an empty text is a missing one, as it is in files."""
    import pyarrow as pa

    if str(array.type).endswith("_view"):
        array = array.cast(pa.large_string())
    if len(array) == 0:
        return Column(name, np.empty(0, np.int32), (), source, warning)
    encoded = array.dictionary_encode().unify_dictionaries()
    places = [_places(chunk.indices) for chunk in encoded.chunks]
    levels = encoded.chunk(0).dictionary.to_pylist()
    return words_column(name, np.concatenate(places), levels, source, warning)


def words_column(
    name: str, places: np.ndarray, levels: list[str | None], source: str, warning: str = ""
) -> Column:
    """A column of words whose levels may repeat, be empty or be None (both mean missing)."""
    numbers: dict[str, int] = {}
    mapping = np.full(len(levels) + 1, -1, np.int32)  # the last for the place -1
    for place, level in enumerate(levels):
        if level is not None and level != "":
            mapping[place] = numbers.setdefault(level, len(numbers))
    if len(numbers) < len(levels):
        places = mapping[places]
    return Column(name, places.astype(np.int32, copy=False), tuple(numbers), source, warning)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    views = getattr(pa.types, "is_string_view", lambda _: False)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or views(kind)


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    views = getattr(types, "is_binary_view", lambda _: False)
    if types.is_fixed_size_binary(kind):
        return True
    return types.is_binary(kind) or types.is_large_binary(kind) or views(kind)


def _plain(array: Any) -> Any:
    """What an extension type stores its values as."""
    import pyarrow as pa

    chunks = [chunk.storage for chunk in array.chunks]
    return pa.chunked_array(chunks, array.type.storage_type)


def _floats(array: Any) -> np.ndarray:
    """Numbers, NaN where missing: float32 if they were, else float64. No copy if none is needed."""
    import pyarrow as pa

    if array.type != pa.float32():
        # Whole numbers above 2^53 are rounded, which is all that a float can do with them.
        array = array.cast(pa.float64(), safe=False)
    chunks = [chunk.to_numpy(zero_copy_only=False) for chunk in array.chunks]
    if not chunks:
        return np.empty(0, array.type.to_pandas_dtype())
    return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)


def _dates(array: Any) -> np.ndarray:
    """Instants in UTC; NaT where missing."""
    import pyarrow as pa

    zone = getattr(array.type, "tz", None)
    found = array.cast(pa.timestamp("us", zone), safe=False).to_numpy()
    return found.astype("datetime64[us]", copy=False)


def _seconds(array: Any) -> np.ndarray:
    """Durations, and times of the day, in seconds."""
    import pyarrow as pa

    unit = array.type.unit
    count = array.cast(pa.int32() if array.type.bit_width == 32 else pa.int64())
    return _floats(count) / {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[unit]


def _places(indices: Any) -> np.ndarray:
    """Places in the dictionary, -1 where missing: int32."""
    import pyarrow as pa

    places = indices.cast(pa.int32(), safe=False)
    if places.null_count:
        places = places.fill_null(-1)
    return places.to_numpy(zero_copy_only=False)


def _of_dictionary(name: str, array: Any, source: str) -> Column:
    """A category: its levels are words, even where they are numbers."""
    array = array.unify_dictionaries()
    if not array.num_chunks:
        return Column(name, np.empty(0, np.int32), (), "category")
    places = np.concatenate([_places(chunk.indices) for chunk in array.chunks])
    levels = column_of_arrow(name, array.chunk(0).dictionary, source)
    return words_column(name, places, level_words(levels), "category", levels.warning)


def level_words(levels: Column) -> list[str | None]:
    """The names of a category's levels, which may be of any type: True rather than 1."""
    words = levels.words().tolist()
    if levels.source == "bool":
        return [None if word is None else str(word == "1") for word in words]
    return words
