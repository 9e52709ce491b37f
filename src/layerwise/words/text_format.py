"""Text formats: a word and its numbers on each line, divided by spaces.

Blocks of lines are divided into words and numbers with the methods of `bytes`, and Arrow reads the
numbers, from all cores. Where it cannot, the lines are read one by one, which finds the mistake.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import numpy as np

from ..errors import DataError
from .found import Found
from .opening import Opened
from .recognise import Layout, is_number

Errors = Literal["strict", "replace", "skip"]

_BLOCK = 1 << 23
_LONGEST_LINE = 1 << 26
_LARGEST = float(np.finfo(np.float32).max)


def read_text(
    file: Opened, layout: Layout, wanted: Collection[str] | None, limit: int | None, errors: Errors
) -> Found:
    """Read the words and vectors of a text file; see `load`."""
    return _Reader(file, layout, wanted, limit, errors).read()


class _Reader:
    """One reading of one file."""

    def __init__(
        self,
        file: Opened,
        layout: Layout,
        wanted: Collection[str] | None,
        limit: int | None,
        errors: Errors,
    ) -> None:
        self.file, self.layout, self.errors = file, layout, errors
        self.wanted = None if wanted is None else {word.encode() for word in wanted}
        self.limit = limit
        self.lines = 1 if layout.count is not None else 0  # that were divided until now
        self.seen = 0  # words among them
        self.blank: int | None = None
        self.found = Found(layout.dimension)

    def read(self) -> Found:
        self.file.read(self.layout.start)
        tail = b""
        while piece := self.file.read(_BLOCK):
            block = tail + piece
            end = block.rfind(b"\n") + 1
            tail = block[end:]
            if len(tail) > _LONGEST_LINE:
                raise self._wrong(
                    self.lines + block.count(b"\n") + 1,
                    f"expected a word and its numbers, got a line of more than {len(tail):,} bytes",
                )
            if end and self._take(block[: end - 1]):
                return self.found
        if tail and self._take(tail, cut_off=True):
            return self.found
        self._check_count()
        return self.found

    def _take(self, block: bytes, cut_off: bool = False) -> bool:
        """Take whole lines in; gives whether no more are needed."""
        # Tabs, carriage returns and the space that fastText puts at the end of lines are rare,
        # so looking for them costs less than allowing for them.
        if b"\t" in block:
            block = block.replace(b"\t", b" ")
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n").removesuffix(b"\r")
        if b" \n" in block or block.endswith(b" "):
            block = b"\n".join([line.rstrip(b" ") for line in block.split(b"\n")])
        spaces = self.layout.dimension - 1
        wanted, words, rests, places = self.wanted, [], [], []
        lines = block.split(b"\n")
        room = None if self.limit is None else self.limit - self.seen
        for place, line in enumerate(lines):
            word, _, rest = line.partition(b" ")
            if rest.count(b" ") != spaces or not word or self.blank is not None or not rest:
                if place == room:
                    break
                last = cut_off and place == len(lines) - 1
                divided = self._divide(line, self.lines + place + 1, last)
                if divided is None:
                    if room is not None:
                        room += 1
                    continue
                word, rest = divided
            if place == room:
                break
            self.seen += 1
            if wanted is None or word in wanted:
                words.append(word)
                rests.append(rest)
                places.append(place)
        if words:
            numbers = self._numbers(rests, places)
            self._keep(words, numbers, places)
        self.lines += len(lines)
        enough = self.limit is not None and self.seen >= self.limit
        return enough or (wanted is not None and len(self.found) == len(wanted))

    def _divide(self, line: bytes, number: int, last: bool) -> tuple[bytes, bytes] | None:
        """Divide a line that has not one space for each number; None for a blank one."""
        dimension = self.layout.dimension
        if not line.strip():
            self.blank = self.blank or number
            return None
        if self.blank is not None:
            raise self._wrong(self.blank, "expected a word and its numbers, got an empty line")
        # What stands before the numbers is the word: some of GloVe 840B have spaces inside.
        fields = line.rsplit(b" ", dimension)
        got = 0
        for field in reversed(line.split(b" ")[1:]):
            if not is_number(field):
                break
            got += 1
        if len(fields) == dimension + 1 and got == dimension and fields[0]:
            return fields[0], line[len(fields[0]) + 1 :]
        what = f"expected a word and {dimension} numbers"
        if fields[0] == b"" and len(fields) == dimension + 1:
            raise self._wrong(number, f"{what}, got no word")
        all_fields = line.split(b" ")
        odd = next((f for f in all_fields[1:] if not is_number(f)), None)
        if odd == b"" or (odd is not None and len(all_fields) == dimension + 1):
            raise self._wrong(number, f"{what}, got {_shown(odd)} among them")
        cut = "; the file ends in this line, so it was probably cut off: copy or download it again"
        raise self._wrong(number, f"{what}, got {got}{cut if last and got < dimension else ''}")

    def _numbers(self, rests: list[bytes], places: list[int]) -> np.ndarray:
        numbers = _parsed(rests, self.layout.dimension)
        if numbers is not None and np.isfinite(numbers).all():
            return numbers
        rows = []
        for rest, place in zip(rests, places, strict=True):
            row = []
            for field in rest.split(b" "):
                value = float(field) if is_number(field) else np.nan
                if not abs(value) <= _LARGEST:
                    raise self._wrong(
                        self.lines + place + 1, f"expected a finite number, got {_shown(field)}"
                    )
                row.append(value)
            rows.append(row)
        return np.array(rows, np.float32)

    def _keep(self, words: list[bytes], numbers: np.ndarray, places: list[int]) -> None:
        try:
            self.found.add(b"\n".join(words).decode().split("\n"), numbers)
            return
        except UnicodeDecodeError:
            pass
        decoded, rows = [], []
        for row, (word, place) in enumerate(zip(words, places, strict=True)):
            try:
                decoded.append(word.decode())
            except UnicodeDecodeError as error:
                if self.errors == "strict":
                    raise self._wrong(
                        self.lines + place + 1,
                        f"expected a word in UTF-8, got the byte 0x{word[error.start]:02x} in "
                        f"{word[:40]!r}; load with errors='replace' or 'skip', or save the file "
                        "again as UTF-8",
                    ) from None
                self.found.not_utf8 += 1
                if self.errors == "skip":
                    continue
                decoded.append(word.decode(errors="replace"))
            rows.append(row)
        self.found.add(decoded, numbers[rows])

    def _check_count(self) -> None:
        count = self.layout.count
        if self.seen == 0:
            raise DataError(f"{self.file.name} has a header but no words below it")
        if count is not None and self.seen != count:
            fewer = "the file was probably cut off: copy or download it again"
            more = "correct the header, or load it with limit="
            raise self._wrong(
                self.lines,
                f"expected {count:,} words, as the header says, got {self.seen:,}; "
                f"{fewer if self.seen < count else more}",
            )

    def _wrong(self, line: int, what: str) -> DataError:
        return DataError(f"{self.file.name}, line {line}: {what}")


def _parsed(rests: list[bytes], dimension: int) -> np.ndarray | None:
    """The numbers as float32 of shape (rows, dimension); None where there is something else."""
    import pyarrow as pa
    from pyarrow import csv

    names = [str(column) for column in range(dimension)]
    options: dict[str, Any] = {
        "read_options": csv.ReadOptions(
            column_names=names, block_size=max(1 << 20, 2 * max(map(len, rests)))
        ),
        "parse_options": csv.ParseOptions(
            delimiter=" ", quote_char=False, ignore_empty_lines=False
        ),
        "convert_options": csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.float32()), null_values=[]
        ),
    }
    try:
        table = csv.read_csv(pa.BufferReader(b"\n".join(rests)), **options)
    except pa.ArrowException:
        return None
    numbers = np.empty((table.num_rows, dimension), np.float32)
    for column in range(dimension):
        numbers[:, column] = table.column(column).to_numpy()
    return numbers if len(numbers) == len(rests) else None


def _shown(field: bytes) -> str:
    return f"'{field[:40].decode('utf-8', 'replace')}'" if field else "nothing between two spaces"
