"""Memory for what steps compute, lent to one run at a time.

What a program computes in a step is of no use after it, so programs that do not run at the same
time need no memory of their own: those of a network for several lengths, its validation, other
networks of the process. An arena grows to what the largest of them needs, and goes with the last.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ...compiler.state import aligned_bytes


class Arena:
    """Memory that one run has for itself.

    Attributes
    ----------
    memory : bytes for values, from the beginning of a cache line on.
    scratch : bytes for each thread's own use.
    """

    def __init__(self) -> None:
        self.memory = np.empty(0, np.uint8)
        self.scratch: list[np.ndarray] = []

    def hold(self, count: int) -> None:
        """Have so many bytes at least. What was there is gone if there were fewer."""
        if self.memory.size < count:
            self.memory = np.empty(0, np.uint8)  # not both at once
            self.memory = aligned_bytes(count)

    def scratch_for(self, threads: int, count: int) -> list[np.ndarray]:
        """So many bytes at least for each of so many threads."""
        self.scratch = [s for s in self.scratch if s.size >= count]
        while len(self.scratch) < threads:
            self.scratch.append(aligned_bytes(count))
        return self.scratch


_lock = threading.Lock()
_arenas: weakref.WeakSet[Arena] = weakref.WeakSet()
"""All there are. Programs hold those that they used last."""

_lent: set[int] = set()
"""Identities of those in use."""


@contextmanager
def lent(count: int, last: Arena | None) -> Iterator[Arena]:
    """An arena of so many bytes at least: the `last` one, of known addresses, if it is free."""
    with _lock:
        arena = last if last is not None and id(last) not in _lent else _choose(count)
        _lent.add(id(arena))
    try:
        arena.hold(count)
        yield arena
    finally:
        with _lock:
            _lent.discard(id(arena))


def _choose(count: int) -> Arena:
    """The smallest free arena that is large enough, else the largest free one, else a new one."""
    free = sorted((a for a in _arenas if id(a) not in _lent), key=lambda a: a.memory.size)
    found = next((a for a in free if a.memory.size >= count), free[-1] if free else None)
    if found is None:
        found = Arena()
        _arenas.add(found)
    return found


def _begin_in_child() -> None:
    """Forget what other threads of the parent were about when this process was forked."""
    global _lock
    _lock = threading.Lock()
    _lent.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)
