"""The bytes of a file of vectors: unpacked if they are packed, read once from front to back."""

from __future__ import annotations

import codecs
import gzip
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import DataError

Report = Callable[[int, int], None]
"""Called with the bytes that were read until now and those there are, both as the file has them."""

HEAD = 1 << 16
"""Bytes that are looked at to find out the format."""

_GZIP = b"\x1f\x8b"

_NO_VECTORS = (
    (b"PK\x03\x04", "a zip archive: unpack it and name the file inside"),
    (b"BZh", "packed by bzip2: unpack it first"),
    (b"\xfd7zXZ", "packed by xz: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd: unpack it first"),
    (b"\x93NUMPY", "a NumPy file, which has no words"),
    (b"\xba\x16O/", "a whole model of fastText (.bin): take its .vec file"),
    (b"\x80\x04", "a Python pickle, which is not read as it may run code: open it where it was "
     "made and save it as word2vec (in gensim: save_word2vec_format)"),
    (b"\x89HDF", "an HDF5 file"),
)  # fmt: skip


class Opened:
    """A file that is read once, from its beginning.

    Attributes
    ----------
    name : the path, for messages.
    head : the first `HEAD` bytes, unpacked; they are read again by `read`.
    whole : whether `head` is all there is.
    packed : whether it is a gzip file.
    """

    def __init__(self, path: str | Path, report: Report | None = None) -> None:
        """Open a file.

        Raises
        ------
        DataError : there is no such file, it is a folder, empty, damaged or of a format that holds
            no word vectors.
        """
        self.name = str(path)
        self._report = report
        self._raw: Any = self._open(Path(path).expanduser())
        try:
            self._size = os.fstat(self._raw.fileno()).st_size
            self.packed = self._raw.peek(2)[:2] == _GZIP
            self._file: Any = gzip.GzipFile(fileobj=self._raw) if self.packed else self._raw
            head = self._read(HEAD)
            self.whole = len(head) < HEAD
            self.head = self._waiting = head.removeprefix(codecs.BOM_UTF8)
            self._check_content()
        except BaseException:
            self.close()
            raise

    def read(self, size: int) -> bytes:
        """The next bytes: as many as asked for, fewer only at the end.

        Raises
        ------
        DataError : the file is a damaged gzip file, or the disk cannot read it.
        """
        found, self._waiting = self._waiting[:size], self._waiting[size:]
        if len(found) < size:
            found += self._read(size - len(found))
        if self._report is not None:
            self._report(self._raw.tell(), self._size)
        return found

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, path: Path) -> Any:
        if path.is_dir():
            raise DataError(f"{self.name} is a folder; expected a file of word vectors")
        try:
            return path.open("rb")
        except FileNotFoundError:
            raise DataError(f"there is no file {self.name}") from None
        except OSError as error:
            raise DataError(f"cannot read {self.name}: {error.strerror or error}") from None

    def _read(self, size: int) -> bytes:
        pieces = []
        try:
            while size and (piece := self._file.read(size)):
                pieces.append(piece)
                size -= len(piece)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(
                f"{self.name} is a damaged gzip file ({error}); expected one that `gzip -t` "
                "accepts: copy or download it again"
            ) from None
        except OSError as error:
            raise DataError(f"cannot read {self.name}: {error.strerror or error}") from None
        return b"".join(pieces)

    def _check_content(self) -> None:
        if not self.head.strip():
            raise DataError(f"{self.name} is empty; expected words, each with its numbers")
        for magic, what in _NO_VECTORS:
            if self.head.startswith(magic):
                raise DataError(f"{self.name} is {what}; expected word vectors as {READABLE}")


READABLE = "GloVe text, word2vec text or binary, or fastText .vec, also with gzip"
