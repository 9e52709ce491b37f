"""Sequences of different lengths as arrays: filled up, and sorted into buckets by length.

A program is compiled for each length of rows, so there are a few lengths only; two neighbours
differ by a third to a half, so on average a sixth of a row is filling.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from ...errors import DataError, OptionError
from .vocabulary import PADDING, UNKNOWN

_LARGEST = 1 << 31


@dataclass(frozen=True, eq=False)
class Bucket:
    """Sequences that are filled up to one length.

    Attributes
    ----------
    rows : which sequences, counted from 0 and rising; int64 of shape (sequences,).
    numbers : int32 of shape (sequences, length).
    """

    rows: np.ndarray
    numbers: np.ndarray

    @property
    def length(self) -> int:
        """Numbers of each row, filling included."""
        return int(self.numbers.shape[1])


def pad(sequences: Sequence[Sequence[int]], length: int | None = None) -> np.ndarray:
    """Fill sequences up with <pad> at their ends; longer ones lose their ends.

    An empty sequence becomes a single <unk>, so that every row has something to look at: a mean
    over nothing, and attention to nothing, are not defined.

    Parameters
    ----------
    sequences : whole numbers, at least 0.
    length : of the rows; that of the longest sequence if None.

    Returns
    -------
    int32 of shape (sequences, length).

    Raises
    ------
    DataError : something that is no sequence of such numbers, with its row.
    OptionError : a length below 1.
    """
    if length is not None and length < 1:
        raise OptionError(f"length: expected 1 or more, got {length}")
    lengths = np.fromiter(map(len, sequences), np.int64, len(sequences))
    if length is None:
        length = int(lengths.max(initial=1))
    flat = _flat(sequences)
    if lengths.max(initial=0) > length:
        begins = np.cumsum(lengths) - lengths
        flat = flat[np.arange(len(flat)) - np.repeat(begins, lengths) < length]
    filled = np.full((len(sequences), length), PADDING, np.int32)
    filled[np.arange(length) < lengths[:, None]] = flat
    filled[lengths == 0, 0] = UNKNOWN
    return filled


def bucket_length(length: int) -> int:
    """The smallest of 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, ... that is not below `length`."""
    if length <= 8:
        return 8
    power = 1 << (length - 1).bit_length()  # the next power of two
    between = power * 3 // 4
    return between if length <= between and between >= 24 else power


def bucket_rows(lengths: Any, maximum: int = 256) -> list[tuple[int, np.ndarray]]:
    """Which sequences share a bucket, for sequences of these lengths.

    For pairs of sequences, give the longer length of each pair.

    Parameters
    ----------
    lengths : whole numbers of shape (sequences,).
    maximum : the greatest length of a bucket; longer sequences are in the last one.

    Returns
    -------
    For each bucket that is not empty, the shortest first: its length, and the rows, rising, int64.
    """
    if maximum < 1:
        raise OptionError(f"maximum: expected 1 or more, got {maximum}")
    found = np.asarray(lengths, np.int64)
    each = np.array([min(bucket_length(int(n)), maximum) for n in found], np.int64)
    return [(int(length), np.flatnonzero(each == length)) for length in np.unique(each)]


def buckets(sequences: Sequence[Sequence[int]], maximum: int = 256) -> list[Bucket]:
    """Sort sequences into buckets by their lengths, and fill them up as `pad` does.

    Parameters
    ----------
    sequences : whole numbers, at least 0.
    maximum : the greatest length; what is longer loses its end.
    """
    lengths = [len(sequence) for sequence in sequences]
    return [
        Bucket(rows, pad([sequences[row] for row in rows.tolist()], length))
        for length, rows in bucket_rows(lengths, maximum)
    ]


def _flat(sequences: Sequence[Sequence[int]]) -> np.ndarray:
    """The numbers of all sequences, one after the other."""
    try:
        # Unlike NumPy, an array of Python's takes no other numbers for whole ones.
        flat = np.frombuffer(array("i", chain.from_iterable(sequences)), np.int32)
    except (TypeError, OverflowError):
        flat = None
    if flat is None or flat.min(initial=0) < 0:
        for row, sequence in enumerate(sequences):
            for number in sequence:
                if not hasattr(number, "__index__") or not 0 <= number < _LARGEST:
                    raise DataError(
                        f"row {row}: expected whole numbers from 0 to 2**31 - 1, got "
                        f"{number!r:.60}; encode texts with a Vocabulary first"
                    )
    assert flat is not None
    return flat
