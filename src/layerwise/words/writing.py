"""Writing word vectors to files that other programs read."""

from __future__ import annotations

import gzip
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from ..errors import DataError, unknown
from .recognise import is_number

if TYPE_CHECKING:
    from .vectors import WordVectors

SaveFormat = Literal["word2vec", "word2vec-binary", "glove", "fasttext"]

_BLOCK = 1 << 13
# With the bytes that `bytes.split` and other readers divide words at.
_DIVIDES = re.compile("[ \t\n\r\x0b\x0c]")
_ENDS_LINE = re.compile("[\t\n\r]")


def save(found: WordVectors, path: str | Path, format: SaveFormat) -> None:
    """See `WordVectors.save`."""
    if format not in get_args(SaveFormat):
        raise unknown("format", format, get_args(SaveFormat))
    for row, word in enumerate(found.words):
        wrong = _obstacle(word, format)
        if wrong:
            raise DataError(
                f"the format '{format}' cannot hold word {row + 1:,}, {word!r:.60}: {wrong}; leave "
                "it out with take([...]), or write it in another way, such as with _"
            )
    with _written_whole(Path(path).expanduser()) as file:
        if format != "glove":
            file.write(f"{len(found)} {found.dimension}\n".encode())
        for start in range(0, len(found), _BLOCK):
            words = list(found.words[start : start + _BLOCK])
            vectors = np.ascontiguousarray(found.vectors[start : start + _BLOCK], "<f4")
            if format == "word2vec-binary":
                for word, vector in zip(words, vectors, strict=True):
                    file.write(word.encode() + b" " + vector.tobytes() + b"\n")
            else:
                end = " \n" if format == "fasttext" else "\n"
                file.write((end.join(_lines(words, vectors)) + end).encode())


def _obstacle(word: str, format: SaveFormat) -> str:
    """Why a format cannot hold a word; "" if it can."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return "half of a surrogate pair is no text in UTF-8"
    if format != "glove":
        return "it has a space or the end of a line inside" if _DIVIDES.search(word) else ""
    if _ENDS_LINE.search(word):
        return "it has a tab or the end of a line inside"
    if word.startswith(" ") or not word.strip(" "):
        return "it begins with a space"
    _, space, last = word.rpartition(" ")
    return (
        "what follows its space would be read as a number"
        if space and is_number(last.encode())
        else ""
    )


def _lines(words: list[str], vectors: np.ndarray) -> list[str]:
    """A line for each word; numbers have the fewest digits that give the same float32 back."""
    import pyarrow as pa
    from pyarrow import compute

    columns = [pa.array(column).cast(pa.string()) for column in vectors.T.copy()]
    joined: Any = compute.binary_join_element_wise(pa.array(words, pa.string()), *columns, " ")
    return joined.to_pylist()


@contextmanager
def _written_whole(path: Path) -> Iterator[Any]:
    """A file that appears under its name only when it is complete; packed if its name says so."""
    name = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with open(descriptor, "wb") as raw:
            if path.suffix.lower() == ".gz":
                # No time in the file: equal vectors give equal files.
                with gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as file:
                    yield file
            else:
                yield raw
        # mkstemp makes files that only their owner can read.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise DataError(f"cannot write {path}: {error.strerror or error}") from None
        raise
