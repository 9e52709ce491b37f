"""Which format a file of word vectors has, told by its first bytes and never by its name."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..errors import DataError
from .opening import READABLE, Opened

Format = Literal["glove", "word2vec", "word2vec-binary"]

MOST_NUMBERS = 100_000
"""Numbers that a vector may have; a header with more is no header."""

LONGEST_WORD = 10_000
"""Bytes that a word may have."""

_HEADER = re.compile(rb"\s*(\d{1,15})[ \t]+(\d{1,9})[ \t]*\r?\n")
_NOT_IN_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.I)
_LOOKED_AT = 10


@dataclass(frozen=True)
class Layout:
    """How a file is laid out.

    Attributes
    ----------
    format : "glove", text without a header; "word2vec", text with one, which fastText's .vec files
        have too; or "word2vec-binary".
    dimension : numbers of each word.
    count : words that the header promises; None without a header.
    start : bytes of the header.
    """

    format: Format
    dimension: int
    count: int | None
    start: int


def recognise(file: Opened) -> Layout:
    """Find the format of a file.

    A first line of two whole numbers is a header, with the number of words and that of their
    numbers. What follows one is text if the next line is a word and so many numbers, and binary if
    there are bytes that no text has.

    Raises
    ------
    DataError : neither format, or a header that cannot be true.
    """
    header = _HEADER.match(file.head)
    if header is None:
        return _headless(file)
    count, dimension = int(header[1]), int(header[2])
    if count < 1 or not 1 <= dimension <= MOST_NUMBERS:
        raise DataError(
            f"{file.name}, line 1: expected a header with the number of words and how many numbers "
            f"each has, both above 0, got '{header[0].decode().strip()}'"
        )
    start = header.end()
    binary = _is_binary(file, start, count, dimension)
    return Layout("word2vec-binary" if binary else "word2vec", dimension, count, start)


def is_number(field: bytes) -> bool:
    """Whether a field is written as a number; also one that is not finite."""
    return _NUMBER.fullmatch(field) is not None


def _headless(file: Opened) -> Layout:
    if _NOT_IN_TEXT.search(file.head):
        raise DataError(
            f"{file.name} is binary data without the header of word2vec's binary format (a line "
            f"with the number of words and of their numbers); expected word vectors as {READABLE}"
        )
    lines = file.head.replace(b"\t", b" ").split(b"\n")
    if not file.whole and len(lines) > 1:
        lines.pop()  # cut off by us
    filled = [line.rstrip(b" \r") for line in lines if line.strip()][:_LOOKED_AT]
    widths = Counter(_numbers_at_end(line) for line in filled)
    dimension = widths.most_common(1)[0][0]
    if dimension == 0:
        shown = filled[0][:40].decode("utf-8", "replace")
        raise DataError(
            f"{file.name}, line 1: expected a word and its numbers, divided by spaces, got "
            f"'{shown}'; is this a file of word vectors ({READABLE})?"
        )
    return Layout("glove", dimension, None, 0)


def _numbers_at_end(line: bytes) -> int:
    """How many fields at the end of a line are numbers; its first is always the word."""
    count = 0
    for field in reversed(line.split(b" ")[1:]):
        if not is_number(field):
            break
        count += 1
    return count


def _is_binary(file: Opened, start: int, count: int, dimension: int) -> bool:
    rest = file.head[start:]
    line = rest.split(b"\n", 1)[0].rstrip(b" \r").replace(b"\t", b" ")
    if _numbers_at_end(line) >= dimension:
        return False
    if _NOT_IN_TEXT.search(rest):
        return True
    # A few short vectors may happen to have no such byte: see whether the records fit.
    place, size = 0, 4 * dimension
    for _ in range(count):
        space = rest.find(b" ", place, place + LONGEST_WORD)
        numbers = rest[space + 1 : space + 1 + size]
        if space < 0 or len(numbers) < size:
            return not file.whole and place > 0
        if not all(math.isfinite(x) and abs(x) < 1e9 for x in np.frombuffer(numbers, "<f4")):
            return False
        place = space + 1 + size
    return not rest[place:].strip()
