"""word2vec's binary format: a header line, then each word, a space, and its numbers as float32.

The program word2vec.c puts a line feed after the numbers of each word, others do not; both are
read. Nothing divides records, so a reader goes from word to word.
"""

from __future__ import annotations

import mmap
from array import array
from collections.abc import Collection
from pathlib import Path

import numpy as np

from ..errors import DataError
from .found import Found
from .mapped import MappedVectors
from .opening import Opened, Report
from .recognise import LONGEST_WORD, Layout
from .text_format import Errors

_BLOCK = 1 << 23
_STEP = 1 << 16


def read_binary(
    file: Opened, layout: Layout, wanted: Collection[str] | None, limit: int | None, errors: Errors
) -> Found:
    """Read the words and vectors of a binary file; see `load`."""
    assert layout.count is not None
    file.read(layout.start)
    size = 4 * layout.dimension
    count = layout.count if limit is None else min(limit, layout.count)
    needed = None if wanted is None else {word.encode() for word in wanted}
    found = Found(layout.dimension)
    words: list[bytes] = []
    numbers: list[bytes] = []
    numbers_of_words: list[int] = []
    buffer, place, before = b"", 0, layout.start  # `before`: bytes of the file before the buffer
    for number in range(1, count + 1):
        space = buffer.find(b" ", place, place + LONGEST_WORD)
        if space < 0 or space + 1 + size > len(buffer):
            before += place
            more = file.read(_BLOCK + LONGEST_WORD + size)
            buffer, place = buffer[place:] + more, 0
            space = buffer.find(b" ", 0, LONGEST_WORD)
            if space < 0 or space + 1 + size > len(buffer):
                raise _damaged(file.name, number, before, buffer, layout)
        word = buffer[place:space].lstrip(b"\n")
        if not word:
            raise _place(file.name, number, before + place, "expected a word, got none")
        place = space + 1 + size
        if needed is None or word in needed:
            words.append(word)
            numbers.append(buffer[space + 1 : place])
            numbers_of_words.append(number)
        if len(words) == _STEP:
            _keep(found, file.name, layout, words, numbers, numbers_of_words, errors)
            words, numbers, numbers_of_words = [], [], []
        if needed is not None and len(found) + len(words) == len(needed):
            _keep(found, file.name, layout, words, numbers, numbers_of_words, errors)
            words, numbers, numbers_of_words = [], [], []
            if len(found) == len(needed):  # else some came twice
                return found
    _keep(found, file.name, layout, words, numbers, numbers_of_words, errors)
    rest = buffer[place:] + file.read(_BLOCK)
    if count == layout.count and rest.strip(b"\n"):
        at = before + place + len(rest) - len(rest.lstrip(b"\n"))
        raise DataError(
            f"{file.name}, byte {at:,}: expected the end of the file after "
            f"{count:,} words, as the header says, got more; correct the header, or load with "
            "limit="
        )
    return found


def map_binary(
    path: str | Path, layout: Layout, report: Report | None, errors: Errors
) -> tuple[list[str], MappedVectors, int]:
    """The words of a binary file, its vectors left where they are, and how many words came twice.

    Only where each vector begins is kept: 8 bytes for each word.
    """
    assert layout.count is not None
    size = 4 * layout.dimension
    with Path(path).expanduser().open("rb") as file:
        whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    words: list[str] = []
    offsets = array("q")
    known: set[str] = set()
    place, repeated = layout.start, 0
    for number in range(1, layout.count + 1):
        space = whole.find(b" ", place, place + LONGEST_WORD)
        end = space + 1 + size
        if space < 0 or end > len(whole):
            rest = whole[place : place + LONGEST_WORD + 1 + size]
            raise _damaged(str(path), number, place, rest, layout)
        word = _decoded(str(path), whole[place:space].lstrip(b"\n"), number, place, errors)
        if word == "":
            raise _place(str(path), number, place, "expected a word, got none")
        if word in known:
            repeated += 1
        elif word is not None:
            known.add(word)
            words.append(word)
            offsets.append(space + 1)
        place = end
        if report is not None and number % _STEP == 0:
            report(place, len(whole))
    if report is not None:
        report(place, len(whole))
    return words, MappedVectors(whole, np.array(offsets, np.int64), layout.dimension), repeated


def _keep(
    found: Found,
    name: str,
    layout: Layout,
    words: list[bytes],
    numbers: list[bytes],
    numbers_of_words: list[int],
    errors: Errors,
) -> None:
    if not words:
        return
    vectors = np.frombuffer(b"".join(numbers), "<f4").reshape(len(words), -1).astype(np.float32)
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        odd = vectors[row][~np.isfinite(vectors[row])][0]
        raise DataError(
            f"{name}, word {numbers_of_words[row]:,} ({words[row][:40]!r}): expected finite "
            f"numbers, got {odd}; is the header's dimension, {layout.dimension}, right?"
        )
    decoded, rows = [], []
    for row, word in enumerate(words):
        try:
            decoded.append(word.decode())
        except UnicodeDecodeError:
            found.not_utf8 += 1
            text = _decoded(name, word, numbers_of_words[row], None, errors)
            if text is None:
                continue
            decoded.append(text)
        rows.append(row)
    found.add(decoded, vectors if len(rows) == len(words) else vectors[rows])


def _decoded(name: str, word: bytes, number: int, place: int | None, errors: Errors) -> str | None:
    """A word as text; None where it is to be skipped."""
    try:
        return word.decode()
    except UnicodeDecodeError as error:
        if errors == "strict":
            raise _place(
                name,
                number,
                place,
                f"expected a word in UTF-8, got the byte 0x{word[error.start]:02x} in "
                f"{word[:40]!r}; load with errors='replace' or 'skip'",
            ) from None
        return None if errors == "skip" else word.decode(errors="replace")


def _damaged(name: str, number: int, place: int, rest: bytes, layout: Layout) -> DataError:
    """Describe a record that is not whole; `rest` is what is left of the file, or some of it."""
    assert layout.count is not None
    record = rest.lstrip(b"\n")
    place += len(rest) - len(record)
    word, _, numbers = record.partition(b" ")
    if not record:
        what = (
            f"expected {layout.count:,} words, as the header says, got {number - 1:,}; the file "
            "was probably cut off: copy or download it again"
        )
    elif len(word) >= LONGEST_WORD:
        what = (
            f"expected a word and a space, got {LONGEST_WORD:,} bytes without one; is the "
            f"header's dimension, {layout.dimension}, right?"
        )
    else:
        what = (
            f"expected {4 * layout.dimension:,} bytes of numbers, got {len(numbers):,}; the file "
            "was probably cut off: copy or download it again"
        )
    return _place(name, number, place, what)


def _place(name: str, number: int, place: int | None, what: str) -> DataError:
    at = "" if place is None else f" at byte {place:,}"
    return DataError(f"{name}, word {number:,}{at}: {what}")
