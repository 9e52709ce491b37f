"""The same rows again: what it takes to divide a file as `layerwise train` divided it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from .options import Options
from .rows import Part, Rows, divide, read_rows

KEPT = (
    "target", "task", "categorical", "weight", "stream", "test_size", "folds", "group", "time",
    "seed",
)  # fmt: skip
"""Options that decide which rows are tested."""


def division(options: Options, rows: Rows, streamed: bool) -> dict[str, Any]:
    """What a saved model keeps of how its rows were divided: JSON values.

    Parameters
    ----------
    streamed : whether the file was read in parts; then only some of its rows are in `rows`.
    """
    kept: dict[str, Any] = {name: getattr(options, name) for name in KEPT}
    kept["categorical"] = list(options.categorical)
    kept["stream"] = streamed
    kept["rows"] = len(rows)
    kept["digest"] = None if streamed else digest(rows)
    return kept


def divided_again(kept: Mapping[str, Any], file: str) -> tuple[Rows, Part]:
    """Read a file and divide it as it was.

    Parameters
    ----------
    kept : what `division` gave.
    file : the table, "-" excluded.

    Raises
    ------
    DataError : the file cannot be read, has other rows than at the training, or no row of it is
        unseen.
    """
    if kept.get("stream"):
        raise DataError("the table was read in parts, so its test rows are not at hand")
    if kept.get("folds"):
        raise DataError(
            "the result was measured by cross-validation and the saved model then learned from all "
            "rows, so none of them is unseen"
        )
    options = _options(kept, file)
    rows = read_rows(options)
    if len(rows) != kept.get("rows") or digest(rows) != kept.get("digest"):
        raise DataError(
            f"{file} has changed since the training ({kept.get('rows', 0):,} rows then, "
            f"{len(rows):,} now), so it is not known which of its rows are unseen"
        )
    return rows, divide(rows, options)[0]


def digest(rows: Rows) -> str:
    """A fingerprint of the content: names, values and target, 16 hexadecimal digits."""
    found = hashlib.blake2b(digest_size=8)
    for column in rows.table:
        found.update(f"{column.name}\0{column.storage}\0{column.levels!r}\0".encode())
        found.update(np.ascontiguousarray(column.values).tobytes())
    y = rows.y if rows.y.dtype != object else rows.y.astype(str)
    found.update(np.ascontiguousarray(y).tobytes())
    return found.hexdigest()


def _options(kept: Mapping[str, Any], file: str) -> Options:
    """The options that count here; the others are left to the recipe."""
    values: dict[str, Any] = {field.name: None for field in dataclasses.fields(Options)}
    values |= {name: kept.get(name) for name in KEPT}
    values |= {
        "data": file, "columns": (), "categorical": tuple(kept.get("categorical") or ()),
        "drop": (), "backend": "native", "out": Path(), "preset": "default", "quiet": True,
        "json": False, "doctor": False, "fix": False, "probes": False,
    }  # fmt: skip
    return Options(**values)
