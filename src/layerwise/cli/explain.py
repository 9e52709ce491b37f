"""`layerwise explain`: why a model predicts what it predicts for one row of a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from .. import backends, data
from ..errors import OptionError
from ..insight import Explanation, explain
from ..insight.drawing.files import check_suffix, saved
from ..model import Model
from .choices import choose
from .files import check_writable
from .loading import load_model
from .plain_json import print_json
from .predict import columns_of
from .screen import Screen, can_show

NARROWEST = 60


def run_explain(
    model_path: Path,
    file: Path,
    row: int,
    *,
    class_name: str | None = None,
    background: Path | None = None,
    method: str | None = None,
    samples: int | None = None,
    seed: int = 0,
    as_json: bool = False,
    out: Path | None = None,
    backend: str = "native",
) -> None:
    """Do the command; `row` is counted from 1."""
    backend = choose("--backend", backend, backends.NAMES)
    if row < 1:
        raise OptionError(f"--row: expected 1 for the first row of data, or more; got {row}")
    if samples is not None and samples < 2:
        raise OptionError(f"--samples: expected at least 2, got {samples}")
    if out is not None:
        out = check_suffix(out)
        check_writable(out)
    model = load_model(model_path)
    if model.pictures is not None:
        raise OptionError(f"--row: {model_path} takes pictures, which have no rows; leave it out")
    if model.texts is not None:
        from .text.explain import explain_row

        if background is not None or method is not None or out is not None:
            raise OptionError("--background, --method and --out are not for models of texts")
        explain_row(model, model_path, file, row, class_name, as_json, backend)
        return
    with backends.using(backend):
        rows = _read(model, model_path, file)
        if row > len(rows):
            raise OptionError(
                f"--row: expected 1 to {len(rows):,}, as {file} has {len(rows):,} rows of data; "
                f"got {row:,}"
            )
        behind = None if background is None else _read(model, model_path, background)
        if behind is None and len(rows) < 2:
            raise OptionError(
                f"{file} has one row only, and nothing to compare it with; name a file of other "
                "rows with --background, such as that of the training"
            )
        found = explain(
            model, rows, row - 1, method, behind, class_name=class_name, samples=samples, seed=seed
        )
    note = _note(model, rows, row)
    if note:
        print(f"layerwise: {note}", file=sys.stderr)
    name = f"row {row:,} of {'standard input' if str(file) == '-' else file.name}"
    if out is not None:
        from ..insight import draw_explanation

        saved(lambda: draw_explanation(found, name), out)
    if as_json:
        print_json(_as_dict(found, model_path, file, row, background, out))
        return
    with Screen() as screen:
        _show(screen, found, name)
        if out is not None:
            screen.line(f"picture: {out}")


def _read(model: Model, path: Path, file: Path) -> Any:
    """The rows of a file, as the model takes them."""
    if model.columns is None:
        return data.read_rows(file, columns=columns_of(model, path))
    from .table.needed import read_needed

    return read_needed(model.columns, str(file))


def _note(model: Model, rows: Any, row: int) -> str:
    """What in the row training did not know."""
    if model.columns is None:
        return ""
    from .table.needed import unfamiliar_note

    return unfamiliar_note(model.columns.unfamiliar(rows.take(np.array([row - 1]))))


def _show(screen: Screen, found: Explanation, name: str) -> None:
    width = min(max(screen.width, NARROWEST), 100)
    text = found.text(width, row=name)
    if not can_show(text):
        text = found.text(width, bars=False, row=name)
    first, *others = text.splitlines()
    screen.line(first, "bold")
    for line in others:
        screen.line(line)


def _as_dict(
    found: Explanation, model: Path, file: Path, row: int, background: Path | None, out: Path | None
) -> dict[str, Any]:
    return {
        "model": str(model),
        "file": str(file),
        **found.as_dict(),
        "row": row,  # as it was asked for: from 1
        "background": str(background or file),
        "picture": None if out is None else str(out),
    }
