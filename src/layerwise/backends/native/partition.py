"""How the work of a kernel is divided among threads.

A thread gets a range of units: rows, blocks of columns, or everything. Two kernels with equal
partitions give a thread the same rows, so rows written by one can be read by the other without
waiting for the other threads.
"""

from __future__ import annotations

from dataclasses import dataclass

BATCH, STATIC, SERIAL = 0, 1, 2

GRANULARITY = 8
"""Rows of a parameter that stay together, so that threads seldom share a cache line or a tile."""


@dataclass(frozen=True)
class Partition:
    """Kind, and what the kind needs.

    BATCH: `total` units for each row of the minibatch. STATIC: `total` units in pieces of
    `granularity`. SERIAL: `total` units, all for the first thread.
    """

    kind: int
    total: int
    granularity: int = 1
    rows: bool = True
    """Whether the units are rows of what the kernel writes."""


def by_batch(multiple: int) -> Partition:
    """Each thread gets some elements of the batch, `multiple` rows for each."""
    return Partition(BATCH, multiple)


def by_rows(rows: int) -> Partition:
    """Each thread gets some rows of an array whose size is known."""
    return Partition(STATIC, rows, GRANULARITY if rows >= 2 * GRANULARITY else 1)


def by_blocks(blocks: int) -> Partition:
    """Each thread gets some blocks of columns."""
    return Partition(STATIC, blocks, 1, rows=False)


def serial(units: int) -> Partition:
    """The first thread does everything."""
    return Partition(SERIAL, units)
