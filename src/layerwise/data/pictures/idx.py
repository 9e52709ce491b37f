"""IDX files: the format of MNIST, plain or compressed with gzip.

A file begins with two bytes of 0, a byte for the type of its numbers, a byte for the number of
axes, and the length of each axis as a big-endian 32-bit number; then come the numbers
(LeCun, Cortes & Burges, "The MNIST database of handwritten digits").
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...errors import DataError

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

PARTS = {"train": ("train",), "test": ("t10k", "test")}
"""How the files of the training and the test rows begin."""


class IdxSet(NamedTuple):
    """Pictures with labels; the test rows are None where there are none."""

    pictures: np.ndarray
    labels: np.ndarray
    test_pictures: np.ndarray | None = None
    test_labels: np.ndarray | None = None


def read_idx(path: Any) -> np.ndarray:
    """The array of an IDX file.

    Parameters
    ----------
    path : of the file; whether it is compressed is seen by its first bytes.

    Returns
    -------
    The numbers in this machine's byte order, in the file's shape.

    Raises
    ------
    DataError : no file, or not one in this format; the message says at which byte.
    """
    file = Path(path).expanduser()
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise DataError(f"there is no file '{file}'; check the path") from None
    except OSError as error:
        raise DataError(f"'{file}' cannot be read: {error}") from None
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"'{file}' is damaged or cut off: {error}; take a fresh copy") from None
    return _parse(file, content)


def _parse(file: Path, content: bytes) -> np.ndarray:
    def wrong(at: int, message: str) -> DataError:
        return DataError(f"'{file}' is no IDX file: at byte {at} {message}")

    if len(content) < 4:
        raise wrong(len(content), "it ends, within its head of 4 bytes")
    if content[0] or content[1]:
        raise wrong(0, f"expected two bytes of 0, got {content[:2].hex(' ')}")
    if content[2] not in TYPES:
        known = ", ".join(f"{code:02x}" for code in TYPES)
        raise wrong(2, f"expected a type of numbers ({known}), got {content[2]:02x}")
    axes = content[3]
    if not 1 <= axes <= 8:
        raise wrong(3, f"expected a number of axes from 1 to 8, got {axes}")
    begin = 4 + 4 * axes
    if len(content) < begin:
        raise wrong(len(content), f"it ends, within the lengths of its {axes} axes")
    shape = tuple(int(d) for d in np.frombuffer(content, ">u4", axes, 4))
    kind = np.dtype(TYPES[content[2]])
    expected = begin + math.prod(shape) * kind.itemsize
    if len(content) != expected:
        end = "ends" if len(content) < expected else "goes on beyond its end at byte"
        place = len(content) if len(content) < expected else expected
        raise DataError(
            f"'{file}' is damaged: with shape {shape} of {kind.itemsize}-byte numbers it should "
            f"have {expected:,} bytes, and it {end} {'at byte ' * (end == 'ends')}{place:,}"
        )
    return np.frombuffer(content, kind, offset=begin).reshape(shape).astype(kind.newbyteorder("="))


def is_idx(path: Any) -> bool:
    """Whether a file is named, or begins, as an IDX file does."""
    file = Path(path)
    if not file.is_file():
        return False
    if "-idx" in file.name or file.name.endswith((".idx", ".idx.gz")):
        return True
    with open(file, "rb") as opened:
        head = opened.read(4)
    return len(head) == 4 and head[:2] == b"\0\0" and head[2] in TYPES and 1 <= head[3] <= 8


def has_idx(folder: Any) -> bool:
    """Whether a folder holds IDX files of training rows, as MNIST's does."""
    return Path(folder).is_dir() and _find(Path(folder), "train", "images") is not None


def read_idx_pair(path: Any) -> IdxSet:
    """Pictures and labels, from the file of either, or from a folder with MNIST's four files.

    Raises
    ------
    DataError : one of a pair is missing, or they are not equally many.
    """
    given = Path(path).expanduser()
    if given.is_dir():
        rows: list[np.ndarray] = []
        for part in PARTS:
            pictures, labels = _find(given, part, "images"), _find(given, part, "labels")
            if pictures is None and part == "test":
                return IdxSet(*rows)
            if pictures is None or labels is None:
                raise DataError(
                    f"expected {part}-images-idx3-ubyte and {part}-labels-idx1-ubyte in '{given}'"
                )
            rows += _pair(pictures, labels)
        return IdxSet(*rows)
    if "labels" in given.name:
        raise DataError(f"'{given}' has labels; give the file of pictures, its labels are found")
    other = given.with_name(given.name.replace("images", "labels").replace("idx3", "idx1"))
    if other == given or not other.is_file():
        raise DataError(
            f"expected the labels of '{given}' in '{other.name}' beside it, which is not there"
        )
    return IdxSet(*_pair(given, other))


def _pair(pictures: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    found, numbers = read_idx(pictures), read_idx(labels)
    if numbers.ndim != 1 or found.ndim < 3 or len(found) != len(numbers):
        raise DataError(
            f"expected pictures and a label for each, got shape {found.shape} in '{pictures}' and "
            f"{numbers.shape} in '{labels}'"
        )
    return found, numbers


def _find(folder: Path, part: str, what: str) -> Path | None:
    for prefix in PARTS[part]:
        for file in sorted(folder.glob(f"{prefix}*{what}*idx*")):
            return file
    return None
