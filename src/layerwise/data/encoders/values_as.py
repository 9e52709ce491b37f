"""The values of a column that must be of one kind."""

from __future__ import annotations

import numpy as np

from ...errors import DataError
from ..tables.table import Column, Storage


def values_as(column: Column, storage: Storage) -> np.ndarray:
    """Values of numbers or dates; a column without any value may be held in any way.

    Raises
    ------
    DataError : the column has values of another kind.
    """
    if column.storage == storage:
        return column.values
    missing = column.missing
    if missing.all():
        empty = np.nan if storage == "numbers" else np.datetime64("NaT", "us")
        return np.full(len(column), empty)
    row = int((~missing).argmax())
    shown = column.take(slice(row, row + 1)).words()[0]
    raise DataError(
        f"column '{column.name}', row {row} (counted from 0): expected {storage}, got "
        f"{column.storage}, the first '{shown}'; correct the column, or train with it as a category"
    )
