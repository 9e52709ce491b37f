"""Where a kernel stands: levels of its loops, positions in a node, and its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from .emitter import Function, Operand, Value

ENTRY, ROW, COLUMN = 0, 1, 2
"""How often code runs: once per call, once per row, once per vector."""


class NotVectorisableError(Exception):
    """A view scatters neighbouring elements, so the kernel must go element by element."""


@dataclass(frozen=True)
class Position:
    """Where in the rows and columns of a node: one element, or a vector of neighbours.

    `level` tells where the position is known: at the kernel's entry, in a row, or in a column;
    `row_level` the same for its row alone. With `flat`, `column` counts through all elements and
    the row is 0. With `down`, the lanes hold one column, an int, of as many rows from `row` on.
    """

    row: Operand
    column: Operand
    lanes: int
    level: int
    mask: Value | None = None
    flat: bool = False
    row_level: int = COLUMN
    down: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal elements."""
        texts = (x.text if isinstance(x, Value) else x for x in (self.row, self.column))
        return (*texts, self.lanes, self.flat, self.down)


class Slot(NamedTuple):
    """One 64-bit argument of a kernel: the address of a node's memory, or a number."""

    kind: str
    what: Any
    offset: int = 0
    """Bytes beyond the address."""


def add(f: Function, a: Operand, b: Operand) -> Operand:
    """a + b; a Python int when both are."""
    return a + b if isinstance(a, int) and isinstance(b, int) else f.add(a, b)


def multiply(f: Function, a: Operand, b: Operand) -> Operand:
    """a * b; a Python int when both are, or when one is 0."""
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    if (isinstance(a, int) and a == 0) or (isinstance(b, int) and b == 0):
        return 0
    return f.multiply(a, b)


def quotient(f: Function, a: Operand, b: Operand) -> Operand:
    """a // b for numbers that are not negative."""
    if isinstance(b, int) and b == 1:
        return a
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    return f.instruction("sdiv", f.operand(a), f.operand(b))


def remainder(f: Function, a: Operand, b: Operand) -> Operand:
    """a % b for numbers that are not negative."""
    if isinstance(b, int) and b == 1:
        return 0
    if isinstance(a, int) and isinstance(b, int):
        return a % b
    return f.instruction("srem", f.operand(a), f.operand(b))
