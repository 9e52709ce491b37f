"""Planning memory: values whose lives do not overlap share a place.

Only values of the same size share, so that a thread's rows of one lie where its rows of the other
lay, and threads that work on their own rows need not wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..graph.tensor import Tensor


class Life(NamedTuple):
    """A value in memory: its size, and the first and the last kernel that touch it."""

    node: Tensor
    fixed: int
    """Bytes, whatever the batch."""
    per_row: int
    """Bytes more for each row of the minibatch."""
    first: int
    last: int


class Place(NamedTuple):
    """A part of the arena: its size is ``fixed + per_row * rows``."""

    fixed: int
    per_row: int


def plan_memory(lives: Iterable[Life]) -> tuple[dict[Tensor, int], list[Place]]:
    """Which place each value gets, and the sizes of the places."""
    places: list[Place] = []
    free: dict[Place, list[int]] = {}
    ends: list[tuple[int, int]] = []
    chosen: dict[Tensor, int] = {}
    for life in sorted(lives, key=lambda life: (life.first, life.last)):
        for item in [e for e in ends if e[0] < life.first]:
            ends.remove(item)
            free.setdefault(places[item[1]], []).append(item[1])
        size = Place(life.fixed, life.per_row)
        if free.get(size):
            index = free[size].pop()
        else:
            index = len(places)
            places.append(size)
        chosen[life.node] = index
        ends.append((life.last, index))
    return chosen, places
