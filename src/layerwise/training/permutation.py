"""The order in which an epoch visits the rows: our own shuffle, from the seed and the epoch alone.

Every row draws 32 Threefry bits and rows are sorted by (bits, row). Nothing is carried from epoch
to epoch, so training can resume anywhere, and every backend visits the same rows.

The next orders are drawn on a thread of their own while native code trains and Python has nothing
to do: for a small net, drawing them takes a tenth as long as the epoch.
"""

from __future__ import annotations

import _thread

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
    epochs : how many there will be; those beyond are drawn only when asked for.
    """

    def __init__(self, rows: int, seed: int, epochs: int = 0) -> None:
        self.rows = rows
        self.seed = seed & 0xFFFFFFFF
        self._epochs = epochs
        self._together = max(1, WORDS_AT_ONCE // max(rows, 1))
        self._block = -1
        self._orders = np.empty((0, rows), np.int64)
        self._ahead: _Ahead | None = None

    def __getitem__(self, epoch: int) -> np.ndarray:
        """Order of the rows in an epoch (counted from 0): int64, shape (rows,)."""
        block, place = divmod(epoch, self._together)
        if block != self._block:
            self._orders = self._draw(block)
            self._block = block
            if (block + 1) * self._together < self._epochs:
                self._ahead = _Ahead(self, block + 1)
        return self._orders[place]

    def close(self) -> None:
        """Wait for the thread that draws ahead, if there is one."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            ahead.join()

    def _draw(self, block: int) -> np.ndarray:
        ahead = self._ahead
        self.close()
        if ahead is not None and ahead.block == block and ahead.orders is not None:
            return ahead.orders
        return self.orders_of(block)

    def orders_of(self, block: int) -> np.ndarray:
        """The orders of the epochs that are drawn together."""
        first = block * self._together
        return orders(self.rows, self.seed, range(first, first + self._together))


class _Ahead:
    """Draws one block of orders on a thread.

    A raw thread, because `threading` waits until the new one has run, which keeps the interpreter
    to itself while it draws; so it begins when native code leaves the interpreter free.
    """

    def __init__(self, permutations: Permutations, block: int) -> None:
        self.block = block
        self.orders: np.ndarray | None = None
        self._permutations = permutations
        self._ended = _thread.allocate_lock()
        self._ended.acquire()
        _thread.start_new_thread(self._draw, ())

    def _draw(self) -> None:
        try:
            self.orders = self._permutations.orders_of(self.block)
        finally:
            self._ended.release()

    def join(self) -> None:
        """Wait until they are drawn."""
        self._ended.acquire()


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
