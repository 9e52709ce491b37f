"""Files that hold pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import OptionError

SUFFIXES = (".png", ".svg", ".pdf")


def check_suffix(path: Any) -> Path:
    """The path of a picture; raises `OptionError` unless its suffix says which kind it is to be."""
    path = Path(path).expanduser()
    if path.suffix.lower() not in SUFFIXES:
        raise OptionError(
            f"expected a picture's path to end in {', '.join(SUFFIXES)}; got '{path.name}'"
        )
    return path
