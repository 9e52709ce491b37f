"""Where a table's bytes are: a file or standard input, packed or not, and what they are.

What cannot be read from its beginning twice (standard input), or is not the text that it holds
(gzip, UTF-16), is first copied to a temporary file, because types are decided before values are
read.
"""

from __future__ import annotations

import codecs
import gzip
import os
import sys
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

from ...errors import DataError

Format = Literal["text", "parquet", "arrow file", "arrow stream"]

LONGEST_LINE = 1 << 24
"""Bytes that a line of text may have, which bounds the memory that reading takes."""

_CHUNK = 1 << 20

_GZIP = b"\x1f\x8b"

_READABLE = "CSV, TSV (also with .gz), Parquet or Arrow/Feather"

_OTHER_CONTENT = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x93NUMPY", "a NumPy file"),
    (b"BZh", "packed by bzip2"),
    (b"\xfd7zXZ", "packed by xz"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"FEA1", "a Feather file of version 1"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"%PDF", "a PDF document"),
    (b"PARE", "an encrypted Parquet file"),
)

# fmt: off
_OTHER_SUFFIXES = frozenset((
    ".arff", ".avro", ".bz2", ".db", ".h5", ".hdf5", ".htm", ".html", ".ini", ".ipynb", ".joblib",
    ".json", ".jsonl", ".mat", ".md", ".ndjson", ".npy", ".npz", ".ods", ".orc", ".pdf", ".pickle",
    ".pkl", ".py", ".rds", ".safetensors", ".sav", ".sqlite", ".toml", ".xls", ".xlsx", ".xml",
    ".xz", ".yaml", ".yml", ".zip", ".zst",
))
# fmt: on

_BINARY_SUFFIXES = {".parquet": "Parquet", ".pq": "Parquet", ".arrow": "Arrow", ".feather": "Arrow"}


class Source:
    """Bytes that can be read from the beginning as often as needed.

    Attributes
    ----------
    name : for messages: the path, or "standard input".
    format : what the bytes are.
    suffix : of the path, in lower case, without .gz.
    """

    def __init__(self, path: str | Path) -> None:
        """Open a file, or standard input for '-'.

        Raises
        ------
        DataError : there is no such file, it is a folder, empty, damaged, or neither text nor of
            a format that can be read.
        """
        self.name = "standard input" if str(path) == "-" else str(path)
        self._file = Path(path)
        self._remove: Any = None
        endings = [ending.lower() for ending in Path(path).suffixes]
        if endings and endings[-1] == ".gz":
            endings.pop()
        self.suffix = endings[-1] if endings else ""
        if str(path) == "-":
            self._keep(self._guarded(_pieces(sys.stdin.buffer)))
        else:
            _check_path(self._file)
        if self._head().startswith(_GZIP):
            self._keep(self._unpacked())
        if self._head().startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._keep(self._recoded())
        self.format = self._recognised(self._head())

    def open(self) -> BinaryIO:
        """The bytes, from their beginning; to be closed by who asked."""
        return self._file.open("rb")

    def open_arrow(self) -> Any:
        """The bytes as a file of pyarrow, which would unpack by the name if it were given that."""
        import pyarrow as pa

        return pa.OSFile(str(self._file))

    def close(self) -> None:
        """Remove the temporary file, if there is one."""
        if self._remove is not None:
            self._remove()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _head(self) -> bytes:
        with self.open() as file:
            return file.read(4096)

    def _keep(self, pieces: Iterator[bytes]) -> None:
        """Copy the bytes to a temporary file, which replaces what was read until now."""
        handle, path = tempfile.mkstemp(prefix="layerwise-")
        remove = weakref.finalize(self, Path(path).unlink, missing_ok=True)
        with os.fdopen(handle, "wb") as copy:
            copy.writelines(pieces)
        self.close()
        self._file, self._remove = Path(path), remove

    def _unpacked(self) -> Iterator[bytes]:
        try:
            with self.open() as packed, gzip.open(packed) as file:
                yield from self._guarded(_pieces(file))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(
                f"{self.name} is a damaged gzip file ({error}); expected one that `gzip -t` "
                "accepts: copy or download it again"
            ) from None

    def _recoded(self) -> Iterator[bytes]:
        """UTF-16, which some spreadsheets write, as UTF-8."""
        decoder = codecs.getincrementaldecoder("utf-16")()
        try:
            with self.open() as file:
                for piece in _pieces(file):
                    yield decoder.decode(piece).encode()
                yield decoder.decode(b"", final=True).encode()
        except UnicodeError:
            raise DataError(
                f"{self.name} begins as UTF-16 text but goes on as something else; expected text "
                "in UTF-8: save it again as 'CSV UTF-8'"
            ) from None

    def _guarded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Stop at a line that is too long, before it fills the disk."""
        lines, run, text = 1, 0, True
        for place, piece in enumerate(pieces):
            if place == 0:
                text = _magic(piece) == "text" and not piece.startswith(_GZIP)
            last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
            run = run + len(piece) if last < 0 else len(piece) - last - 1
            lines += piece.count(b"\n")
            if text and run > LONGEST_LINE + _CHUNK:
                raise too_long(self.name, lines)
            yield piece

    def _recognised(self, head: bytes) -> Format:
        if not head.strip():
            raise DataError(
                f"{self.name} is empty; expected a line of column names and rows below it"
            )
        found = _magic(head)
        if found != "text":
            return found
        for magic, what in _OTHER_CONTENT:
            if head.startswith(magic):
                raise DataError(f"{self.name} is {what}; expected {_READABLE}")
        if self.suffix in _BINARY_SUFFIXES:
            raise DataError(
                f"{self.name} is named like a {_BINARY_SUFFIXES[self.suffix]} file but does not "
                "begin like one, so it is damaged or something else; write it again"
            )
        if b"\0" in head:
            raise DataError(f"{self.name} is no text but binary data; expected {_READABLE}")
        if self.suffix in _OTHER_SUFFIXES:
            raise DataError(
                f"{self.name} is a {self.suffix} file, which is not read as a table; expected "
                f"{_READABLE}"
            )
        return "text"


def too_long(name: str, line: int) -> DataError:
    """Describe a line beyond the limit."""
    return DataError(
        f"{name}, line {line}: the line is longer than {LONGEST_LINE:,} bytes; expected a row of "
        "a table: is a quote not closed, or is it no table?"
    )


def cannot_read(name: str, error: OSError) -> DataError:
    """Describe what the system says of a file."""
    return DataError(f"cannot read {name}: {error.strerror or error}")


def _check_path(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"{path} is a folder; expected a file: name one of those in it")
    try:
        with path.open("rb"):
            return
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except OSError as error:
        raise cannot_read(str(path), error) from None


def _pieces(file: Any) -> Iterator[bytes]:
    while piece := file.read(_CHUNK):
        yield piece


def _magic(head: bytes) -> Format:
    """The format that the first bytes tell; text when they tell none."""
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"ARROW1"):
        return "arrow file"
    return "arrow stream" if head.startswith(b"\xff\xff\xff\xff") else "text"
