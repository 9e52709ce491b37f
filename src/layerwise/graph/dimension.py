"""Shapes whose leading dimension may be known only when a program runs.

A dimension is an `int`, or a `Batch`: a whole multiple of the number of rows that a run feeds.
``Batch(32)`` arises when a tensor of shape (batch, 32, 64) is seen as (batch * 32, 64).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Batch:
    """`multiple` times the number of rows in a minibatch, unknown while a graph is built."""

    multiple: int = 1

    def __mul__(self, other: int) -> Batch:
        return Batch(self.multiple * other)

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return "batch" if self.multiple == 1 else f"{self.multiple}*batch"


Dimension = int | Batch
Shape = tuple[Dimension, ...]

batch = Batch()
"""The number of rows in a minibatch, to be used as the leading dimension of inputs."""


class ShapeError(ValueError):
    """Shapes that do not fit together."""


def size(shape: Iterable[Dimension]) -> Dimension:
    """Number of elements; a `Batch` when one of the dimensions is."""
    shape = tuple(shape)
    total: Dimension = 1
    for dimension in shape:
        if isinstance(total, Batch) and isinstance(dimension, Batch):
            raise ShapeError(f"shape {show(shape)} has two batch dimensions; only one is possible")
        total = dimension * total if isinstance(total, int) else total * dimension  # type: ignore[operator]
    return total


def concrete(shape: Iterable[Dimension], rows: int) -> tuple[int, ...]:
    """The shape when a minibatch has `rows` rows."""
    return tuple(d.multiple * rows if isinstance(d, Batch) else d for d in shape)


def has_batch(shape: Iterable[Dimension]) -> bool:
    """Whether the shape depends on the number of rows."""
    return any(isinstance(d, Batch) for d in shape)


def divide(whole: Dimension, part: Dimension) -> Dimension | None:
    """whole / part when that is exact, else None."""
    if isinstance(whole, Batch):
        if isinstance(part, Batch):
            exact = part.multiple and whole.multiple % part.multiple == 0
            return whole.multiple // part.multiple if exact else None
        exact = part and whole.multiple % part == 0
        return Batch(whole.multiple // part) if exact else None
    if isinstance(part, Batch):
        return None
    return whole // part if part and whole % part == 0 else None


def position(name: str, axis: int, rank: int) -> int:
    """The axis counted from the first; raises `ShapeError` when there is no such axis."""
    if not -rank <= axis < rank:
        raise ShapeError(f"{name}: axis {axis} is outside -{rank}..{rank - 1}")
    return axis % rank


def show(shape: Iterable[Dimension]) -> str:
    """The shape as people write it: ``(batch, 10)``."""
    parts = [str(d) for d in shape]
    return "(" + ", ".join(parts) + ("," if len(parts) == 1 else "") + ")"
