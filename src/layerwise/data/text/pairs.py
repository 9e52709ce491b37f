"""Pairs of sentences from a file: a source and its translation on each line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import DataError, OptionError
from ..tables import sources
from ..tables.naming import no_column
from ..tables.sources import Source
from .texts import lines_of

# Names that columns of sentences have; a first line of such names is a header.
_NAMES = frozenset((
    "source", "target", "src", "tgt", "trg", "source_text", "target_text", "source_sentence",
    "target_sentence", "input", "output", "english", "french", "german", "spanish", "italian",
    "en", "fr", "de", "es", "it", "pt", "nl", "ru", "zh", "ja", "text", "translation", "date",
    "iso", "original", "sentence1", "sentence2", "left", "right",
))  # fmt: skip


@dataclass(frozen=True)
class Pairs:
    """Sentences and their translations, in the order of the file.

    Attributes
    ----------
    sources, targets : as many of one as of the other; none is empty.
    lines : in which line of the file each pair begins, counted from 1.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    lines: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.sources)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self.sources, self.targets, strict=True)


def read_pairs(
    path: str | Path,
    source: str | None = None,
    target: str | None = None,
    header: bool | None = None,
) -> Pairs:
    """Read pairs of sentences from a file of two columns, also packed by gzip.

    If there is a tab in the first line, tabs divide the columns, and quotes are characters like any
    other, as sentences have them. Otherwise the file is CSV: commas divide, and a cell with a comma
    or a line's end inside stands in double quotes. Blank lines are passed over; spaces around
    sentences are taken away.

    Parameters
    ----------
    path : the file, or '-' for standard input; text in UTF-8, or in UTF-16 with a mark.
    source, target : names of columns in the header; both or none. Without them the file must have
        two columns, the source first.
    header : whether the first line has the names of the columns. None: it has if columns are named,
        or if both of its cells are such names as source, target, english or fr.

    Raises
    ------
    DataError : the file is missing, empty, damaged or not UTF-8; a line has another number of
        columns, or one side of a pair is missing. The message has the line.
    OptionError : one of two names, or names without a header.
    """
    if (source is None) != (target is None):
        raise OptionError(
            "expected the names of both columns, source and target, or of none; got "
            f"source={source!r}, target={target!r}"
        )
    if source is not None and header is False:
        raise OptionError("expected header=True, or None, where columns are named; got False")
    with Source(path) as file:
        if file.format != "text":
            raise DataError(
                f"{file.name} is a file of the format {file.format}; expected text: TSV or CSV"
            )
        return _read(file, source, target, header)


def _read(file: Source, source: str | None, target: str | None, header: bool | None) -> Pairs:
    found: list[tuple[str, str, int]] = []
    first, second, width = 0, 1, 2
    begun = False
    for line, cells in _rows(file):
        if not begun:
            begun = True
            names = [cell.strip() for cell in cells]
            if source is not None and target is not None:
                for name in (source, target):
                    if name not in names:
                        raise no_column(name, tuple(names), file.name)
                first, second, width = names.index(source), names.index(target), len(names)
                continue
            alike = len(names) == 2 and all(name.lower() in _NAMES for name in names)
            if header or (header is None and alike):
                continue
        if len(cells) != width:
            raise DataError(f"{file.name}, line {line}: {_other_width(len(cells), width)}")
        pair = cells[first].strip(), cells[second].strip()
        if not all(pair):
            side = "source" if not pair[0] else "target"
            other = next(filter(None, pair), "")
            raise DataError(
                f"{file.name}, line {line}: expected a sentence and its translation, got no "
                f"{side}{f' for {other[:40]!r}' if other else ''}; complete the pair, or take the "
                "line out"
            )
        found.append((*pair, line))
    if not found:
        raise DataError(f"{file.name} has no pairs of sentences; expected one on each line")
    left, right, lines = zip(*found, strict=True)
    return Pairs(left, right, lines)


def _other_width(got: int, width: int) -> str:
    if got == 1 and width > 1:
        return (
            f"expected {width} columns divided by tabs or commas, got one: is one side of the pair "
            "missing?"
        )
    advice = (
        "put cells with commas inside into double quotes, or divide the columns by tabs"
        if got > width == 2
        else "is the line complete?"
    )
    if width == 2 and got > 2:
        advice += "; or name the columns to use with source and target"
    return f"expected {width} columns, got {got}; {advice}"


def _rows(file: Source) -> Iterator[tuple[int, list[str]]]:
    """The cells of lines that are not blank, with their numbers."""
    last = 0

    def lines() -> Iterator[str]:
        nonlocal last
        for number, line in lines_of(file):
            last = number
            yield line + "\n"

    first = next((line for _, line in lines_of(file) if line.strip()), "")
    if "\t" in first:
        for line in lines():
            if line.strip(" \n"):
                yield last, line.removesuffix("\n").split("\t")
        return
    before = csv.field_size_limit(sources.LONGEST_LINE)
    reader = csv.reader(lines(), strict=True)
    try:
        while True:
            line_number = last + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            if len(cells) > 1 or any(cell.strip() for cell in cells):
                yield line_number, cells
    except csv.Error as error:
        raise DataError(
            f"{file.name}, line {line_number}: {error}; expected CSV, where a double quote inside "
            "of a quoted cell is written twice, and each quote is closed"
        ) from None
    finally:
        csv.field_size_limit(before)
