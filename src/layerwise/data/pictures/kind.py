"""`PictureKind`: what a network takes, and how whatever comes is brought to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, OptionError
from .arrays import MODES, as_pictures, in_mode, mode_of, resized
from .picture_files import LARGEST, PictureFiles, fitted, is_picture, read_files


@dataclass(frozen=True)
class PictureKind:
    """Size, mode and scale of pictures.

    Attributes
    ----------
    size : (height, width) in pixels.
    mode : "grey" or "colour".
    white : what a pixel of full brightness is: 255 for bytes, 1 for floats from 0 to 1; None where
        floats have a scale of their own.
    """

    size: tuple[int, int]
    mode: str
    white: float | None = 255.0

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width)."""
        return (MODES[self.mode], *self.size)

    @property
    def text(self) -> str:
        """For people: ``28 x 28 pixels, grey``."""
        return f"{self.size[0]} x {self.size[1]} pixels, {self.mode}"

    @classmethod
    def of(cls, pictures: np.ndarray) -> PictureKind:
        """That of pictures (n, channels, height, width)."""
        white: float | None = 255.0
        if pictures.dtype != np.uint8:
            low, high = float(pictures.min()), float(pictures.max())
            white = None if low < 0 or high > 255 else 1.0 if high <= 1 else 255.0
        height, width = pictures.shape[2:]
        return cls((height, width), mode_of(pictures), white)

    def fitted(self, size: tuple[int, int] | None, largest: int = LARGEST) -> PictureKind:
        """The same in another size; by default made smaller to at most so many pixels a side."""
        return replace(self, size=fitted(self.size, largest) if size is None else size)

    def take(self, given: Any) -> tuple[np.ndarray, list[str]]:
        """Pictures as this kind: float32 (n, channels, height, width).

        Parameters
        ----------
        given : an array (see `as_pictures`), the path of a picture or of a folder, several paths,
            or `PictureFiles`. Other sizes are resized; grey and colour become each other.

        Returns
        -------
        The pictures, and notes for people on what was changed.

        Raises
        ------
        DataError : what is given is no pictures, or its scale is not that of training.
        """
        files = files_of(given)
        if files is not None:
            read = read_files(files, self.size, self.mode)
            return self._scaled(read.pictures), read.notes
        if isinstance(given, PictureFiles):
            given = given.pictures
        pictures = as_pictures(given)
        notes = []
        if pictures.shape[2:] != self.size:
            height, width = pictures.shape[2:]
            notes.append(
                f"{len(pictures):,} pictures of {height} x {width} pixels resized to "
                f"{self.size[0]} x {self.size[1]}"
            )
        if mode_of(pictures) != self.mode:
            became = "grey" if self.mode == "grey" else "in colour"
            notes.append(f"{len(pictures):,} pictures made {became}")
        return self._scaled(resized(in_mode(pictures, self.mode), self.size)), notes

    def _scaled(self, pictures: np.ndarray) -> np.ndarray:
        if pictures.dtype == np.uint8:
            if self.white is None:
                raise DataError(
                    "expected floats on the scale of training, got pixels from 0 to 255; give an "
                    "array of floats prepared as for training"
                )
            found = pictures.astype(np.float32)
            return found if self.white == 255 else found * np.float32(self.white / 255)
        high = float(pictures.max(initial=0.0))
        if self.white == 255 and 0 < high <= 1:
            raise DataError(
                f"expected pixels from 0 to 255, as in training, got floats up to {high:g}; "
                "multiply them by 255"
            )
        if self.white == 1 and high > 1.5:
            raise DataError(
                f"expected pixels from 0 to 1, as in training, got floats up to {high:g}; divide "
                "them by 255"
            )
        return pictures.astype(np.float32, copy=False)

    # -- the file ----------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """What `from_json` needs."""
        return {"size": list(self.size), "mode": self.mode, "white": self.white}

    @classmethod
    def from_json(cls, about: Any) -> PictureKind:
        """What `to_json` gave, from a file that is not trusted; ValueError for anything else."""
        if not isinstance(about, dict) or about.keys() != {"size", "mode", "white"}:
            raise ValueError("expected size, mode and white of the pictures")
        size, mode, white = about["size"], about["mode"], about["white"]
        fits = isinstance(size, list) and len(size) == 2
        if not fits or any(type(s) is not int or not 1 <= s <= 1 << 14 for s in size):
            raise ValueError(f"expected a size of two whole numbers, got {size!r}")
        if mode not in MODES:
            raise ValueError(f"expected the mode grey or colour, got {mode!r}")
        if white not in (None, 1.0, 255.0):
            raise ValueError(f"expected white as 1, 255 or null, got {white!r}")
        return cls((size[0], size[1]), mode, white)


def files_of(given: Any) -> list[Path] | None:
    """The files that are meant, if it is a path, a folder's path or several paths; else None."""
    if isinstance(given, str | Path):
        path = Path(given).expanduser()
        if not path.is_dir():
            return [path]
        found = sorted(f for f in path.rglob("*") if f.is_file() and is_picture(f))
        if not found:
            raise DataError(f"there is no picture in '{path}'")
        return found
    if (
        isinstance(given, Sequence)
        and len(given)
        and all(isinstance(each, str | Path) for each in given)
    ):
        return [Path(each).expanduser() for each in given]
    return None


def size_of(given: Any) -> tuple[int, int] | None:
    """A size as people give it: "auto" (None), one number, or (height, width)."""
    if isinstance(given, str) and given == "auto":
        return None
    both = (given, given) if isinstance(given, int | np.integer) else given
    fits = isinstance(both, tuple | list) and len(both) == 2
    if isinstance(given, bool) or not fits or any(
        not isinstance(s, int | np.integer) or not 1 <= s <= 1 << 14 for s in both
    ):  # fmt: skip
        raise OptionError(
            f"size: expected 'auto', a number of pixels or (height, width), got {given!r}"
        )
    return int(both[0]), int(both[1])
