"""What a module remembers of its use: the kind of rows it was given, and how it was trained.

Saving needs both, as no module states them itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .module import Module


@dataclass(frozen=True)
class RowKinds:
    """Shape of one row, and dtype, for each input of a module."""

    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]


@dataclass
class Notes:
    """Notes on one module; None where nothing is known yet."""

    rows: RowKinds | None = None
    training: dict[str, Any] | None = None
    """The summary of the last training, JSON values only."""


def notes_of(module: Module) -> Notes:
    """The notes on a module, to be read or changed."""
    # Not in __init__: a subclass need not call Module's.
    return vars(module).setdefault("_notes", Notes())
