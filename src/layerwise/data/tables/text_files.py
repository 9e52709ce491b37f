"""Reading text files: Arrow divides the lines into cells, we say what the cells are.

Arrow reads fast and from all cores, but its errors do not name lines. So when it stops, or a cell
is wrong, the file is read again line by line to find the place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from ...errors import DataError
from . import sources
from .naming import no_column
from .sources import Source
from .table import Table
from .text_columns import MISSING, Cells, Kind, Survey
from .text_layout import Layout, explain, layout_of, line_of

_BLOCK = 1 << 20


class TextFile:
    """A text file with a header.

    Attributes
    ----------
    source : where its bytes are.
    layout : its separator and its header.
    names : of the columns to be read, in order.
    """

    def __init__(self, source: Source, columns: Sequence[str] | None = None) -> None:
        self.source = source
        self.layout: Layout = layout_of(source)
        self.names = self.layout.names if columns is None else tuple(columns)
        for name in self.names:
            if name not in self.layout.names:
                raise no_column(name, self.layout.names, source.name)

    def cells(self) -> Any:
        """All cells as an Arrow table of strings, null where missing and not in quotes."""
        import pyarrow as pa
        from pyarrow import csv

        for size in self._sizes():
            try:
                with self.source.open_arrow() as file:
                    found = csv.read_csv(file, **self._options(size))
            except (pa.ArrowException, OSError) as error:
                if size == sources.LONGEST_LINE or not _needs_larger_blocks(error):
                    raise self._wrong(error) from None
            else:
                self._check_end(found)
                return found
        raise AssertionError("the last size is LONGEST_LINE")

    def blocks(self) -> Iterator[Any]:
        """The cells as Arrow record batches, each of about a megabyte of the file."""
        import pyarrow as pa
        from pyarrow import csv

        done = 0
        for size in self._sizes():
            seen, last = 0, None
            try:
                with self.source.open_arrow() as file:
                    for block in csv.open_csv(file, **self._options(size)):
                        seen += len(block)
                        if seen > done:  # else it was passed on before the size was changed
                            last = block.slice(max(0, len(block) - (seen - done)))
                            done = seen
                            yield last
            except (pa.ArrowException, OSError) as error:
                if size == sources.LONGEST_LINE or not _needs_larger_blocks(error):
                    raise self._wrong(error) from None
            else:
                if last is not None:
                    self._check_end(last)
                return

    def kind(self, name: str, found: Survey) -> Kind:
        """The kind of a column, from the survey of all of its cells.

        Raises
        ------
        DataError : it is a column of numbers with an infinite one among them.
        """
        if found.has_infinities:
            place = self.layout.names.index(name) + 1
            raise DataError(
                f"{self.source.name}{self._line(found.odd_row)}, column {place} ('{name}'): "
                f"expected a finite number, got '{found.odd}'; replace it by a number, or leave "
                "the cell empty"
            )
        return found.kind

    def warning(self, found: Survey) -> str:
        """What people should know of a column, from the survey of all of its cells."""
        odd = found.warning("")
        return odd and found.warning(self._line(found.odd_row).replace(",", " in", 1))

    def no_rows(self) -> DataError:
        """Describe a file with nothing below its header."""
        return DataError(f"{self.source.name} has a header but no rows below it; expected some")

    def _line(self, row: int) -> str:
        line = line_of(self.source, self.layout, row)
        return "" if line is None else f", line {line}"

    def _sizes(self) -> Iterator[int]:
        """Sizes of the blocks to try: larger ones, which take more memory, hold longer lines."""
        if sources.LONGEST_LINE > _BLOCK:
            yield _BLOCK
        yield sources.LONGEST_LINE

    def _options(self, block_size: int) -> dict[str, Any]:
        import pyarrow as pa
        from pyarrow import csv

        # With the last one, in which an open quote shows.
        included = dict.fromkeys([*self.names, self.layout.names[-1]])
        return {
            "read_options": csv.ReadOptions(
                column_names=list(self.layout.names),
                skip_rows=self.layout.header_lines,
                block_size=block_size,
            ),
            "parse_options": csv.ParseOptions(
                delimiter=self.layout.separator,
                newlines_in_values=True,
                invalid_row_handler=_skip_blank,
            ),
            "convert_options": csv.ConvertOptions(
                column_types={name: pa.string() for name in included},
                include_columns=list(included),
                null_values=list(MISSING),
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        }

    def _check_end(self, cells: Any) -> None:
        """Refuse a quote that is open at the end, which Arrow takes for a long last cell."""
        last = cells.column(self.layout.names[-1])
        if len(last) and "\n" in (last[-1].as_py() or ""):
            wrong = explain(self.source, self.layout)
            if wrong is not None:
                raise wrong

    def _wrong(self, error: Exception) -> DataError:
        found = explain(self.source, self.layout)
        if found is not None:
            return found
        return DataError(f"{self.source.name} cannot be read as a table: {error}")


def read_text(
    source: Source, columns: Sequence[str] | None = None, words: Collection[str] = ()
) -> Table:
    """Read a text file; see `read_table`."""
    file = TextFile(source, columns)
    cells = file.cells()
    if not len(cells):
        raise file.no_rows()
    found = []
    for name in file.names:
        column = Cells(cells.column(name))
        if name in words:
            found.append(column.column(name, "words"))
            continue
        seen = column.survey()
        kind = file.kind(name, seen)
        found.append(column.column(name, kind, file.warning(seen)))
    return Table(tuple(found), len(cells), source.name)


def _skip_blank(row: Any) -> str:
    # A line of spaces is a blank line.
    return "skip" if row.text is not None and not row.text.strip() else "error"


def _needs_larger_blocks(error: Exception) -> bool:
    return "straddl" in str(error) or "block size" in str(error).lower()
