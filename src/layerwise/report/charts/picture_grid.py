"""Many small pictures in one."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from .palette import diverging, viridis


def picture_grid(
    pictures: np.ndarray,
    *,
    columns: int | None = None,
    colours: Literal["signed", "ink", "amount"] = "amount",
    alone: bool = True,
    zoom: int = 1,
) -> np.ndarray:
    """Lay pictures out in rows: uint8 (height, width, 3).

    Parameters
    ----------
    pictures : float (n, height, width).
    columns : pictures beside each other; about twice as many as below each other when None.
    colours : "signed": 0 is white, below it blue and above it orange; "ink": the least is white,
        the most black; "amount": viridis.
    alone : whether each picture is scaled by its own greatest value, rather than all alike.
    zoom : pixels for each value.
    """
    pictures = np.asarray(pictures, np.float64)
    count, height, width = pictures.shape
    columns = columns or max(1, math.ceil(math.sqrt(2 * count)))
    columns = min(columns, count)
    rows = -(-count // columns)
    axis = (1, 2) if alone else None
    if colours == "signed":
        size = np.abs(pictures).max(axis=axis, keepdims=True)
        coloured = diverging(pictures / np.where(size > 0, size, 1))
    else:
        low = pictures.min(axis=axis, keepdims=True)
        size = pictures.max(axis=axis, keepdims=True) - low
        share = (pictures - low) / np.where(size > 0, size, 1)
        grey = (255 * (1 - share)).round().astype(np.uint8)[..., None]
        coloured = viridis(share) if colours == "amount" else grey.repeat(3, axis=-1)
    coloured = coloured.repeat(zoom, axis=1).repeat(zoom, axis=2)
    tall, wide = height * zoom, width * zoom
    sheet = np.full((rows * (tall + 1) + 1, columns * (wide + 1) + 1, 3), 128, np.uint8)
    for place, picture in enumerate(coloured):
        top, left = (place // columns) * (tall + 1) + 1, (place % columns) * (wide + 1) + 1
        sheet[top : top + tall, left : left + wide] = picture
    return sheet
