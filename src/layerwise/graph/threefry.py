"""Threefry-2x32: random words as a function of a key and a counter.

J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2,
3", SC 2011, section 4.2, with 20 rounds; the same as Random123 and JAX use. Any word can be drawn
alone and in any order, so every backend and every thread count draws the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PARITY = 0x1BD11BDA
"""The key schedule's constant (table 1 there): no key of zeros makes the rounds commute."""

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
"""How far the second word is rotated in each round (table 2 there); after four, a key is added."""

Words = NDArray[np.uint32]


def threefry2x32(key0: Any, key1: Any, counter0: Any, counter1: Any) -> tuple[Words, Words]:
    """Draw two random words for each counter.

    Parameters
    ----------
    key0, key1, counter0, counter1 : arrays or numbers of uint32, which broadcast together.

    Returns
    -------
    Two arrays of uint32, uniform over all 2^32 words.
    """
    # Arrays of at least one dimension, because NumPy warns of overflow in its scalars only.
    shape = np.broadcast_shapes(*map(np.shape, (key0, key1, counter0, counter1)))
    key0, key1, counter0, counter1 = (
        np.atleast_1d(np.asarray(words, dtype=np.uint32))
        for words in (key0, key1, counter0, counter1)
    )
    keys = (key0, key1, key0 ^ key1 ^ np.uint32(PARITY))
    # Whole arrays, worked on in place: fresh ones for every operation would take most of the time.
    x, y = np.empty((2, *(shape or (1,))), np.uint32)
    np.add(counter0, key0, out=x)
    np.add(counter1, key1, out=y)
    turned = np.empty_like(y)
    for group in range(5):
        for rotation in ROTATIONS[group % 2]:
            x += y
            np.left_shift(y, np.uint32(rotation), out=turned)
            y >>= np.uint32(32 - rotation)
            y |= turned
            y ^= x
        x += keys[(group + 1) % 3]
        y += keys[(group + 2) % 3] + np.uint32(group + 1)
    return x.reshape(shape), y.reshape(shape)
