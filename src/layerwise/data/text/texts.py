"""Texts as people give them, and lines of text files, checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ...errors import DataError, OptionError
from ..encoders.reading import damaged
from ..tables import sources
from ..tables.sources import Source, too_long


def check_texts(texts: Any, what: str = "text") -> list[str]:
    """The texts as a list: of a list, an array, a column of a data frame, or anything like them.

    Empty texts are texts.

    Raises
    ------
    DataError : something among them is no text, such as None or NaN, with its row, counted from 0;
        or they are one text instead of several.
    """
    if isinstance(texts, str | bytes):
        raise DataError(
            f"expected several {what}s, got one, {shown(texts)}; for one, give a list of it"
        )
    if not isinstance(texts, Iterable):
        raise DataError(f"expected {what}s, got {shown(texts)}")
    listed = list(texts)
    for row, text in enumerate(listed):
        check_text(text, what, row)
    return listed


def check_text(text: Any, what: str = "text", row: int | None = None) -> str:
    """A text; see `check_texts`."""
    if not isinstance(text, str):
        at = "" if row is None else f"row {row}: "
        if _is_missing(text):
            raise DataError(
                f"{at}expected a {what}, got {text!r}, which says that it is missing; leave the "
                "row out, or put '' for an empty one"
            )
        hint = "; decode it first" if isinstance(text, bytes) else ""
        raise DataError(f"{at}expected a {what}, got {shown(text)}{hint}")
    return text


def _is_missing(value: Any) -> bool:
    try:
        # NaN and NaT differ from themselves.
        return value is None or bool(value != value)
    except TypeError:
        return True  # pandas' NA does not say whether it does
    except ValueError:
        return False  # an array


def check_maximum(maximum: int | None) -> int | None:
    """The greatest number of tokens; raises `OptionError` below 1."""
    if maximum is not None and (type(maximum) is not int or maximum < 1):
        raise OptionError(f"maximum: expected 1 token or more, or None for all; got {maximum!r}")
    return maximum


def read_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file without their ends, each with its number, counted from 1.

    The file is UTF-8, with or without a mark at its beginning, or UTF-16 with one, and may be
    packed by gzip. '-' is standard input. A line ends with a line feed, and with nothing else that
    Unicode knows.

    Raises
    ------
    DataError : there is no such file, it is empty, no text or damaged, a line is not UTF-8 or has
        more than 16 MB. The message has the line.
    """
    with Source(path) as source:
        if source.format != "text":
            raise DataError(f"{source.name} is a file of the format {source.format}; expected text")
        yield from lines_of(source)


def lines_of(source: Source) -> Iterator[tuple[int, str]]:
    """See `read_lines`."""
    with source.open() as file:
        number = 0
        while line := file.readline(sources.LONGEST_LINE + 1):
            number += 1
            if len(line) > sources.LONGEST_LINE:
                raise too_long(source.name, number)
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            line = line.removesuffix(b"\n").removesuffix(b"\r")
            try:
                yield number, line.decode()
            except UnicodeDecodeError as error:
                near = line[max(0, error.start - 20) : error.start + 20]
                raise DataError(
                    f"{source.name}, line {number}: expected text in UTF-8, got the byte "
                    f"0x{line[error.start]:02x} in {near!r}; save the file again as UTF-8"
                ) from None


def from_text(about: Any) -> Any:
    """Plain data that may still be JSON text; raises `ModelFileError` for a text that is not."""
    if not isinstance(about, str):
        return about
    try:
        return json.loads(about)
    except (ValueError, RecursionError) as error:
        raise damaged(f"expected JSON, got {shown(about)} ({error})") from None


def shown(value: Any) -> str:
    """A value for a message, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
