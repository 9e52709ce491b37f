"""Pictures from files: PNG, JPEG and what else Pillow reads, of one size and mode for all."""

from __future__ import annotations

import struct
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, OptionError
from .arrays import MODES

SUFFIXES = (
    ".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp",
)  # fmt: skip
"""Files that are taken for pictures."""

LARGEST = 64
"""Pixels of the longer side; larger pictures are made smaller, unless a size is asked for."""

GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")
"""Modes of Pillow without colours."""


@dataclass
class PictureFiles:
    """Pictures that were read, and what was done to them.

    Attributes
    ----------
    pictures : uint8 (n, channels, height, width).
    paths : where each came from.
    labels : int32 (n,) numbers of classes; None where there are none.
    classes : their names, sorted.
    notes : sentences for people: what was resized, converted or left out.
    """

    pictures: np.ndarray
    paths: list[Path]
    labels: np.ndarray | None = None
    classes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


# Decoders of many formats raise what they like.
DAMAGE = (OSError, SyntaxError, ValueError, TypeError, IndexError, EOFError, struct.error)


def is_picture(path: Path) -> bool:
    """Whether a file's name is that of a picture."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def read_folder(
    path: Any, size: tuple[int, int] | None = None, mode: str | None = None, largest: int = LARGEST
) -> PictureFiles:
    """Pictures of a folder with a sub-folder for each class, named by it.

    Parameters
    ----------
    path : the folder. Pictures may lie deeper in a class's folder.
    size : (height, width) that all are resized to; by default the one that most of them have, made
        smaller until the longer side has at most `largest` pixels.
    mode : "grey" or "colour"; by default grey where all pictures are.

    Returns
    -------
    All pictures, in the order of their paths.

    Raises
    ------
    DataError : no folder, no pictures, pictures outside of the classes' folders only, or a picture
        that cannot be read, by name.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise DataError(f"there is no folder '{root}'; expected one with a sub-folder per class")
    folders = sorted(f for f in root.iterdir() if f.is_dir() and not f.name.startswith("."))
    notes: list[str] = []
    paths: list[Path] = []
    labels: list[int] = []
    classes: list[str] = []
    strange: list[Path] = []
    empty: list[str] = []
    for folder in folders:
        files = sorted(f for f in folder.rglob("*") if f.is_file() and not f.name.startswith("."))
        own = [f for f in files if is_picture(f)]
        strange += [f for f in files if not is_picture(f)]
        if not own:
            empty.append(folder.name)
            continue
        labels += [len(classes)] * len(own)
        classes.append(folder.name)
        paths += own
    loose = [f for f in root.iterdir() if f.is_file() and is_picture(f)]
    if not paths:
        what = (
            f"{_count(len(loose), 'picture')} that lie beside each other; put those of each class "
            "into a sub-folder named by it"
            if loose
            else f"no picture ({', '.join(SUFFIXES)})"
        )
        raise DataError(f"expected a sub-folder of pictures for each class in '{root}', got {what}")
    if empty:
        notes.append(f"left out, as they hold no pictures: {_named(empty)}")
    if loose:
        notes.append(f"left out, as they lie in no class's folder: {_named(f.name for f in loose)}")
    if strange:
        notes.append(f"left out, as they are no pictures: {_named(f.name for f in strange)}")
    found = read_files(paths, size, mode, largest)
    found.labels, found.classes = np.array(labels, np.int32), classes
    found.notes = notes + found.notes
    return found


def read_files(
    paths: Sequence[Any],
    size: tuple[int, int] | None = None,
    mode: str | None = None,
    largest: int = LARGEST,
) -> PictureFiles:
    """Pictures of some files; see `read_folder` for the options and errors."""
    if mode is not None and mode not in MODES:
        raise OptionError(f"mode: expected 'grey' or 'colour', got {mode!r}")
    files = [Path(p).expanduser() for p in paths]
    if not files:
        raise DataError("expected files of pictures, got none")
    sizes: Counter[tuple[int, int]] = Counter()
    modes: Counter[str] = Counter()
    for file in files:
        one, kind = _about(file)
        sizes[one] += 1
        modes["grey" if kind in GREY else "colour"] += 1
    notes = []
    if size is None:
        usual = max(sizes, key=lambda s: (sizes[s], s))
        size = fitted(usual, largest)
    others = sum(count for one, count in sizes.items() if one != size)
    if others:
        shown = f"{size[0]} x {size[1]}"
        notes.append(f"{others:,} of {_count(len(files), 'picture')} resized to {shown} pixels")
    if mode is None:
        mode = "grey" if set(modes) == {"grey"} else "colour"
    if modes[mode] != len(files):
        became = "grey" if mode == "grey" else "in colour"
        notes.append(f"{len(files) - modes[mode]:,} of {len(files):,} pictures made {became}")
    pictures = np.empty((len(files), MODES[mode], *size), np.uint8)
    for target, file in zip(pictures, files, strict=True):
        target[:] = read_picture(file, size, mode)
    return PictureFiles(pictures, files, notes=notes)


def fitted(size: tuple[int, int], largest: int) -> tuple[int, int]:
    """A (height, width) in the same proportions, with at most so many pixels a side."""
    longest = max(size)
    if longest <= largest:
        return size
    height, width = (max(1, round(side * largest / longest)) for side in size)
    return height, width


def _about(path: Path) -> tuple[tuple[int, int], str]:
    """(height, width) and Pillow's mode, from the file's head alone."""
    with _opened(path) as picture:
        try:
            width, height = picture.size
            turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
            has_colours = picture.mode != "P" or _palette_has_colours(picture)
            mode = picture.mode if has_colours else "L"
        except DAMAGE as error:
            raise _damaged(path, error) from None
    return ((width, height) if turned else (height, width)), mode


def _palette_has_colours(picture: Any) -> bool:
    palette = picture.getpalette("RGB") or []
    return any(palette[i : i + 3] != [palette[i]] * 3 for i in range(0, len(palette), 3))


def read_picture(path: Any, size: tuple[int, int] | None, mode: str) -> np.ndarray:
    """One picture as uint8 (channels, height, width).

    A camera's note on how it was held is followed; behind what is transparent lies white; 16 bits
    become 8.

    Raises
    ------
    DataError : the file is missing, damaged or no picture; its name is in the message.
    """
    from PIL import Image, ImageOps

    file = Path(path)
    with _opened(file) as opened:
        try:
            picture = ImageOps.exif_transpose(opened)
            if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
                whole = picture.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", whole.size, "white"), whole)
            elif picture.mode.startswith("I") or picture.mode == "F":
                picture = _eight_bits(picture)
            picture = picture.convert("L" if mode == "grey" else "RGB")
            if size is not None and picture.size != (size[1], size[0]):
                picture = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
            pixels = np.asarray(picture, np.uint8)
        except DAMAGE as error:
            raise _damaged(file, error) from None
    return pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)


def _damaged(file: Path, error: Exception) -> DataError:
    return DataError(
        f"'{file}' is no picture that can be read: {error}; it may be damaged: remove it, or take "
        "a fresh copy"
    )


def _eight_bits(picture: Any) -> Any:
    from PIL import Image

    pixels = np.asarray(picture, np.float64)
    # Sixteen bits unless the numbers are those of bytes.
    top = 65535.0 if pixels.max() > 255 else 255.0
    return Image.fromarray(np.rint(pixels.clip(0, top) * (255.0 / top)).astype(np.uint8))


def _opened(path: Path) -> Any:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # A picture beyond all measure is an error here, not a warning.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)
            return Image.open(path)
    except FileNotFoundError:
        raise DataError(f"there is no file '{path}'; check the path") from None
    except IsADirectoryError:
        raise DataError(f"'{path}' is a folder; expected a picture") from None
    except UnidentifiedImageError:
        raise DataError(
            f"'{path}' is no picture that can be read; it may be damaged: remove it, or take a "
            "fresh copy"
        ) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise DataError(
            f"'{path}' has more than {Image.MAX_IMAGE_PIXELS:,} pixels; make it smaller first"
        ) from None
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"'{path}' cannot be read: {error}") from None


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _named(names: Any) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - 3:,} more" if len(shown) > 3 else ""
    return ", ".join(shown[:3]) + more
