"""Rows that are pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import OptionError
from .rows import Part


def as_pictures(part: Part, shape: tuple[int, int] | None) -> np.ndarray | None:
    """The rows as pictures, float64 (n, height, width); None if they are none.

    Parameters
    ----------
    shape : (height, width) of rows that are flat; rows of two axes need none.

    Raises
    ------
    OptionError : flat rows of another length than height * width.
    """
    rows: Any = part.inputs
    if isinstance(rows, tuple):
        rows = rows[0] if len(rows) == 1 else None
    if not isinstance(rows, np.ndarray) or rows.dtype.kind not in "fiu":
        return None
    if rows.ndim == 3:
        return rows.astype(np.float64)
    if shape is None or rows.ndim != 2:
        return None
    if rows.shape[1] != shape[0] * shape[1]:
        raise OptionError(
            f"picture_shape: expected (height, width) with height * width = {rows.shape[1]}, the "
            f"length of a row; got {shape[0]} x {shape[1]} = {shape[0] * shape[1]}"
        )
    return rows.reshape(len(rows), *shape).astype(np.float64)
