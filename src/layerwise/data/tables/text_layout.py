"""How a text file is laid out: its separator, its header, and its records with their lines.

Everything here works on a few lines, or is done again line by line when something is wrong, to say
where.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from ...errors import DataError
from . import sources
from .naming import check_unique
from .sources import Source, too_long
from .text_columns import MISSING, NUMBER, shortened

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
"""What may divide cells, with its name; the first is preferred where several fit."""

_END = "\ufdd0end of the file\ufdd0"  # no character, by the definition of Unicode

_SNIFFED_LINES = 100
_SNIFFED_LENGTH = 1 << 18


@dataclass(frozen=True)
class Layout:
    """The layout of a text file.

    Attributes
    ----------
    separator : between cells.
    names : of the columns.
    header_lines : lines up to the end of the header, blank ones before it included.
    """

    separator: str
    names: tuple[str, ...]
    header_lines: int


def layout_of(source: Source) -> Layout:
    """Find the separator and the header.

    Raises
    ------
    DataError : there is nothing in the file, its first line is no header but looks like data, names
        repeat, or the header is not in UTF-8.
    """
    with _quiet_limit():
        separator = _separator(source)
        for line, end, cells in records(source, separator):
            if any(cell.strip() for cell in cells):
                _check_encoding(source.name, line, cells, None)
                return Layout(separator, _header(source.name, line, cells), end)
    raise DataError(f"{source.name} is empty; expected a line of column names and rows below it")


def records(source: Source, separator: str) -> Iterator[tuple[int, int, list[str]]]:
    """The records of the file with their first and last lines, counted from 1.

    Blank lines are records without cells. Bytes that are not UTF-8 come as lone surrogates.

    Raises
    ------
    DataError : a line is too long, or a quote is not closed.
    """
    with _opened(source) as file:
        reader = csv.reader(_ended(_lines(source.name, file)), delimiter=separator)
        last = 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _unclosed(source.name, last + 1, str(error)) from None
            if cells and cells[-1].endswith(_END):
                if cells == [_END]:
                    return
                raise _unclosed(source.name, last + 1, "the file ends before")
            yield last + 1, reader.line_num, cells
            last = reader.line_num


def line_of(source: Source, layout: Layout, row: int) -> int | None:
    """The line in which a row of the table begins, counted from 1; the row is counted from 0."""
    with _quiet_limit():
        for place, (line, _, _) in enumerate(_rows(source, layout)):
            if place == row:
                return line
    return None


def explain(source: Source, layout: Layout) -> DataError | None:
    """What is wrong with the file, with the line of the first mistake; None if nothing is."""
    expected = len(layout.names)
    try:
        with _quiet_limit():
            for line, last, cells in _rows(source, layout):
                _check_encoding(source.name, line, cells, layout.names)
                if len(cells) != expected:
                    return _ragged(source.name, line, last, cells, layout)
    except DataError as error:
        return error
    return None


def _rows(source: Source, layout: Layout) -> Iterator[tuple[int, int, list[str]]]:
    """The records below the header that are rows: not blank."""
    for line, end, cells in records(source, layout.separator):
        blank = not cells or (len(layout.names) > 1 == len(cells) and not cells[0].strip())
        if line > layout.header_lines and not blank:
            yield line, end, cells


def _opened(source: Source) -> io.TextIOWrapper:
    return io.TextIOWrapper(source.open(), "utf-8-sig", "surrogateescape", newline="")


def _lines(name: str, text: io.TextIOWrapper) -> Iterator[str]:
    limit, number = sources.LONGEST_LINE, 0
    while line := text.readline(limit + 1):
        number += 1
        if len(line) > limit:
            raise too_long(name, number)
        yield line


def _ended(lines: Iterator[str]) -> Iterator[str]:
    """The lines and one more, which becomes a part of the last cell if that is still open."""
    yield from lines
    yield _END


@contextmanager
def _quiet_limit() -> Iterator[None]:
    """Let Python's csv module read cells as long as our own limit allows."""
    before = csv.field_size_limit(sources.LONGEST_LINE)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _separator(source: Source) -> str:
    """Guess what divides the cells: what makes the first rows as wide as the header."""
    lines: list[str] = []
    length = 0
    with _opened(source) as file:
        for line in _lines(source.name, file):
            lines.append(line)
            length += len(line)
            if len(lines) >= _SNIFFED_LINES or length >= _SNIFFED_LENGTH:
                break
    preferred = "\t" if source.suffix in (".tsv", ".tab") else ","
    best, separator = (0.0, 0), preferred
    for candidate in sorted(SEPARATORS, key=lambda c: c != preferred):
        widths = _widths(lines, candidate)
        if len(lines) == _SNIFFED_LINES:
            widths = widths[:-1] or widths  # the last row may go on in the lines that follow
        if not widths or widths[0] < 2:
            continue
        alike = sum(width == widths[0] for width in widths) / len(widths)
        if (alike, widths[0]) > best:
            best, separator = (alike, widths[0]), candidate
    return separator


def _widths(lines: Iterable[str], separator: str) -> list[int]:
    widths = []
    try:
        for cells in csv.reader(lines, delimiter=separator):
            if any(cell.strip() for cell in cells):
                widths.append(len(cells))
    except csv.Error:
        return widths
    return widths


def _header(name: str, line: int, cells: list[str]) -> tuple[str, ...]:
    names = [cell.strip() for cell in cells]
    if _looks_like_data(names):
        raise DataError(
            f"{name}, line {line}: expected a header with the names of the columns, got what looks "
            f"like data ({shortened(', '.join(names))}); put a line of names above it"
        )
    # pandas writes its index as a first column without a name.
    names = [text or f"unnamed {place}" for place, text in enumerate(names, start=1)]
    check_unique(names, f"{name}, line {line}")
    return tuple(names)


def _looks_like_data(names: list[str]) -> bool:
    filled = [name for name in names if name not in MISSING]
    numbers = [float(name) for name in filled if re.match(NUMBER, name)]
    if not numbers:
        return False
    if len(numbers) < len(filled):
        # A header may have years among its names. They rise, which measurements do not.
        return len(numbers) > 1 and any(b <= a for a, b in pairwise(numbers))
    # 0, 1, 2, ... are the names that pandas gives to the columns of an array.
    return len(numbers) < 3 or numbers != list(range(len(numbers)))


def _check_encoding(name: str, line: int, cells: list[str], names: tuple[str, ...] | None) -> None:
    for place, cell in enumerate(cells):
        if cell.isascii():
            continue
        wrong = re.search("[\udc80-\udcff]", cell)
        if wrong is None:
            continue
        column = f" ('{names[place]}')" if names and place < len(names) else ""
        raise DataError(
            f"{name}, line {line}, column {place + 1}{column}: expected text in UTF-8, got the "
            f"byte 0x{ord(wrong[0]) - 0xDC00:02x} in {shortened(cell)!a}; save the file again "
            "as UTF-8"
        )


def _ragged(name: str, line: int, last: int, cells: list[str], layout: Layout) -> DataError:
    names = layout.names
    divided = SEPARATORS[layout.separator]
    if last > line:
        advice = f"the row goes on to line {last}: is a quote not closed?"
    elif len(cells) > len(names):
        advice = f"is there a cell with {divided} in it that is not in quotes?"
    else:
        advice = "is the line complete?"
    return DataError(
        f"{name}, line {line}: expected {_cells(len(names))} divided by {divided}, as in the "
        f"header, got {len(cells)}; {advice}"
    )


def _unclosed(name: str, line: int, reason: str) -> DataError:
    return DataError(
        f"{name}, line {line}: a quote is opened that is not closed ({reason}); expected the "
        "closing quote at the end of the cell"
    )


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
