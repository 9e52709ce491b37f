"""The order in which an epoch visits the rows: our own shuffle, from the seed and the epoch alone.

Fisher and Yates' shuffle, inside out: rows enter one by one, each at a place drawn among those
before it and its own, whose row moves to the end. (Durstenfeld 1964, "Algorithm 235: random
permutation"; Knuth, The Art of Computer Programming, volume 2, section 3.4.2, algorithm P.) A
place is the high half of 32 Threefry bits times the number of places, which favours none by more
than one part in 2^32 / places.

Nothing is carried from epoch to epoch, so training can resume anywhere, and every backend visits
the same rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..graph.threefry import threefry2x32

SHUFFLE = 0x5FF1E
"""Second word of the key: tells these bits from those of dropout, whose key has a site there."""

Draw = Callable[[int, tuple[int, int], int], np.ndarray]
"""From rows, key and epoch to an order, as `draw_order` does it."""


def draw_order(rows: int, key: tuple[int, int], number: int) -> np.ndarray:
    """Draw an order of the rows: int64, shape (rows,).

    This is what an order is; backends may offer a `draw_order` that gives the same sooner.

    Parameters
    ----------
    rows : number of rows.
    key : two words of 32 bits.
    number : which of the key's orders.
    """
    pairs = np.arange((rows + 1) // 2, dtype=np.uint32)
    words = np.concatenate(threefry2x32(*key, number, pairs))[:rows]
    places = np.arange(1, rows + 1, dtype=np.uint64)
    places *= words
    places >>= np.uint64(32)
    order = [0] * rows
    for row, place in enumerate(places.tolist()):
        order[row] = order[place]
        order[place] = row
    return np.array(order, np.int64)


class Permutations:
    """The row orders of all epochs of a training.

    Parameters
    ----------
    rows : number of rows.
    seed : any whole number; its lowest 32 bits count.
    draw : what draws them.
    """

    def __init__(self, rows: int, seed: int, draw: Draw = draw_order) -> None:
        self.rows = rows
        self.seed = seed & 0xFFFFFFFF
        self._draw = draw

    def __getitem__(self, epoch: int) -> np.ndarray:
        """Order of the rows in an epoch (counted from 0): int64, shape (rows,)."""
        return self._draw(self.rows, (self.seed, SHUFFLE), epoch)
