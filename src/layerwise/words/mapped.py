"""Vectors that stay in their file; the operating system reads what is looked at."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np


class MappedVectors:
    """The vectors of an uncompressed word2vec binary file, by rows, without being read at once.

    Words of different lengths stand between the vectors, so no NumPy array can lie over the file.
    A row, a slice of rows or an array of rows is copied out when it is asked for.

    Parameters
    ----------
    whole : the file.
    offsets : where each vector begins, in bytes, int64.
    dimension : numbers of each.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, whole: mmap.mmap, offsets: np.ndarray, dimension: int) -> None:
        self._whole = whole
        self._offsets = offsets
        self.shape = (len(offsets), dimension)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """One vector for a whole number, else an array of them, float32."""
        size = 4 * self.shape[1]
        chosen = self._offsets[rows]
        if chosen.ndim == 0:
            place = int(chosen)
            return np.frombuffer(self._whole[place : place + size], "<f4").astype(np.float32)
        pieces = [self._whole[place : place + size] for place in chosen.tolist()]
        found = np.frombuffer(b"".join(pieces), "<f4").astype(np.float32)
        return found.reshape(len(pieces), self.shape[1])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        found = self[:]
        return found if dtype is None else found.astype(dtype)
