"""Files that hold pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")


def check_suffix(path: Any) -> Path:
    """The path of a picture; raises `OptionError` unless its suffix says which kind it is to be."""
    path = Path(path).expanduser()
    if path.suffix.lower() not in SUFFIXES:
        raise OptionError(
            f"expected a picture's path to end in {', '.join(SUFFIXES)}; got '{path.name}'"
        )
    return path


def saved(draw: Callable[[], Figure], path: Any = None) -> Figure:
    """What `draw` draws, written to a file if one is named; a bad suffix is found before drawing.

    Raises
    ------
    OptionError : a suffix that is none of `SUFFIXES`.
    """
    target = None if path is None else check_suffix(path)
    figure = draw()
    if target is not None:
        figure.savefig(target)
    return figure
