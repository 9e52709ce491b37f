"""The 1,797 handwritten digits that scikit-learn carries, read without importing scikit-learn.

Importing scikit-learn takes seconds; the file that it carries takes milliseconds. The images were
collected by E. Alpaydin and C. Kaynak (UCI, "Optical recognition of handwritten digits", 1998).
"""

from __future__ import annotations

import gzip
import importlib.util
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import DataError

PIXELS = 64
"""Each image is 8 by 8; its pixels stand in a row, line after line."""

BRIGHTEST = 16
"""A pixel counts the dark points, from 0 to 16, of a 4 by 4 square of the scanned page."""

CLASSES = tuple(str(digit) for digit in range(10))


class Digits(NamedTuple):
    """Images and what they show.

    Attributes
    ----------
    images : float32 of shape (1797, 64), pixels from 0 to 16.
    labels : int32 of shape (1797,), from 0 to 9.
    """

    images: np.ndarray
    labels: np.ndarray


def load_digits() -> Digits:
    """Read the digits from the installed scikit-learn.

    Raises
    ------
    DataError : scikit-learn is not installed, or its file is missing or damaged.
    """
    path = _file()
    try:
        text = gzip.decompress(path.read_bytes())
        # int() of each word takes half the time of NumPy's own text parser.
        words = text.replace(b"\n", b",").rstrip(b",").split(b",")
        numbers = np.fromiter(map(int, words), np.uint8, len(words))
        table = numbers.reshape(-1, PIXELS + 1)
    except FileNotFoundError:
        raise DataError(
            f"scikit-learn is installed, but its digits are not at {path}; reinstall it with "
            "`pip install --force-reinstall scikit-learn`"
        ) from None
    except (OSError, EOFError, ValueError, OverflowError, zlib.error) as error:
        raise DataError(
            f"{path} is damaged ({error}); reinstall it with "
            "`pip install --force-reinstall scikit-learn`"
        ) from error
    return Digits(table[:, :-1].astype(np.float32), table[:, -1].astype(np.int32))


def _file() -> Path:
    # The spec of a top-level package is found without running any of its code.
    spec = importlib.util.find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise DataError(
            "the digits come with scikit-learn, which is not installed; install it with "
            "`pip install scikit-learn`"
        )
    return Path(spec.submodule_search_locations[0], "datasets", "data", "digits.csv.gz")
