"""Reading rows of numbers from a CSV file, for prediction.

The first line may be a header. A file that ends in `.gz` is unpacked.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from pathlib import Path

import numpy as np

from ..errors import DataError

LARGEST = float(np.finfo(np.float32).max)


def read_rows(path: str | Path, columns: int | None = None) -> np.ndarray:
    """Read a CSV file of numbers as float32 of shape (rows, columns).

    Parameters
    ----------
    path : the file; UTF-8 text, cells divided by commas.
    columns : how many there must be; as many as the first line has when None.

    Raises
    ------
    DataError : the file is missing or empty, a line has too few or too many cells, or a cell is no
        finite number. The message names the line and the column.
    """
    lines = _lines(Path(path))
    if not lines:
        raise DataError(f"{path} is empty; expected rows of numbers divided by commas")
    header = _is_header(lines[0][1])
    names = lines[0][1] if header else None
    body = lines[1:] if header else lines
    if not body:
        raise DataError(f"{path} has a header but no rows")
    wanted = columns or len(lines[0][1])
    table = np.empty((len(body), wanted), np.float32)
    for row, (number, cells) in enumerate(body):
        if len(cells) != wanted:
            raise DataError(
                f"{path}, line {number}: expected {_count(wanted, 'column')}, got {len(cells)}"
            )
        try:
            values = np.array(cells, np.float64)
        except ValueError:
            raise _bad_cell(path, number, cells, names) from None
        if not (np.abs(values) <= LARGEST).all():  # not >: NaN fails every comparison
            raise _bad_cell(path, number, cells, names)
        table[row] = values
    return table


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Lines that are not blank, with their numbers in the file."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        # utf-8-sig: spreadsheets put a mark at the start of a file.
        with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            return [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text in UTF-8 ({error.reason}); expected CSV") from None
    except csv.Error as error:
        raise DataError(f"{path} is not CSV: {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {path}: {reason}") from None


def _is_header(cells: list[str]) -> bool:
    """Whether no cell is a number: one bad cell among numbers is a mistake, not a header."""
    return not any(_is_number(cell) for cell in cells)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _bad_cell(path: str | Path, line: int, cells: list[str], names: list[str] | None) -> DataError:
    for column, cell in enumerate(cells):
        if not _is_number(cell) or not abs(float(cell)) <= LARGEST:
            name = f" ('{names[column]}')" if names else ""
            shown = f"'{cell}'" if cell.strip() else "an empty cell"
            return DataError(
                f"{path}, line {line}, column {column + 1}{name}: expected a number, got {shown}"
            )
    return DataError(f"{path}, line {line}: expected numbers")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
