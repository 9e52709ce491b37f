"""The order in which an epoch visits the rows: our own shuffle, from the seed and the epoch alone.

Every row draws 32 Threefry bits and rows are sorted by (bits, row). Nothing is carried from epoch
to epoch, so training can resume anywhere, and every backend visits the same rows.
"""

from __future__ import annotations

import numpy as np

from ..graph.threefry import threefry2x32

SHUFFLE = 0x5FF1E
"""Second word of the key: tells these bits from those of dropout, whose key has a site there."""

WORDS_AT_ONCE = 1 << 15
"""Bits are drawn for several short epochs together, as NumPy's cost per call would dominate."""


class Permutations:
    """The row orders of all epochs of a training.

    Parameters
    ----------
    rows : number of rows.
    seed : any whole number; its lowest 32 bits count.
    """

    def __init__(self, rows: int, seed: int) -> None:
        self.rows = rows
        self.seed = seed & 0xFFFFFFFF
        self._block = max(1, WORDS_AT_ONCE // max(rows, 1))
        self._first = -1
        self._orders = np.empty((0, rows), np.int64)

    def __getitem__(self, epoch: int) -> np.ndarray:
        """Order of the rows in an epoch (counted from 0): int64, shape (rows,)."""
        first = epoch - epoch % self._block
        if first != self._first:
            self._orders = orders(self.rows, self.seed, range(first, first + self._block))
            self._first = first
        return self._orders[epoch - first]


def orders(rows: int, seed: int, epochs: range) -> np.ndarray:
    """Orders of several epochs: int64, shape (len(epochs), rows)."""
    pairs = np.arange((rows + 1) // 2, dtype=np.uint32)
    epoch = np.array(epochs, np.uint32)[:, None]
    words = np.stack(threefry2x32(np.uint32(seed), np.uint32(SHUFFLE), epoch, pairs), axis=-1)
    bits = words.reshape(len(epochs), -1)[:, :rows]
    # Two stable sorts by 16 bits each, which NumPy does by counting: several times faster than one
    # sort by 32. Rows with the same bits stay in their order.
    order = np.argsort(bits.astype(np.uint16), axis=1, kind="stable")
    high = np.take_along_axis((bits >> np.uint32(16)).astype(np.uint16), order, axis=1)
    return np.take_along_axis(order, np.argsort(high, axis=1, kind="stable"), axis=1)
