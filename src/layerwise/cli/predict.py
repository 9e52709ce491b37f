"""`layerwise predict`: classes and probabilities, or numbers, for the rows of a file."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from .. import backends, data
from ..errors import OptionError
from ..model import GraphModule, Model
from .choices import choose
from .errors import Failure
from .files import check_writable, written_whole
from .loading import load_model


def run_predict(
    model_path: Path, files: Path | Sequence[Path], out: Path, backend: str = "native"
) -> None:
    """Do the command; only a model of pictures takes several files."""
    backend = choose("--backend", backend, backends.NAMES)
    to_screen = str(out) == "-"
    if not to_screen:
        check_writable(out)
    model = load_model(model_path)
    given = [files] if isinstance(files, Path) else list(files)
    if model.pictures is not None:
        with backends.using(backend):
            head, body = _of_pictures(model, given)
        _put(out, head, body)
        return
    if len(given) != 1:
        raise OptionError(f"expected one file, got {len(given)}; only pictures may be several")
    (file,) = given
    note = ""
    with backends.using(backend):
        if model.texts is not None:
            from .text.rows import texts_in

            rows: Any = texts_in(model, file)
        elif model.columns is not None:
            from .table.needed import read_needed, unfamiliar_note

            rows = read_needed(model.columns, str(file))
            note = unfamiliar_note(model.columns.unfamiliar(rows))
        else:
            rows = data.read_rows(file, columns=columns_of(model, model_path))
        head, body = predictions_of(model, rows)
    if note:
        print(f"layerwise: {note}", file=sys.stderr)
    _put(out, head, body)


def _put(out: Path, head: list[str], body: list[list[object]]) -> None:
    if str(out) == "-":
        _write(sys.stdout, head, body)
        return
    with written_whole(out) as written:
        _write(written, head, body)
    print(f"{len(body):,} predictions written to {out}", file=sys.stderr)


def _of_pictures(model: Model, given: list[Path]) -> tuple[list[str], list[list[object]]]:
    """A line for each picture, beginning with its path."""
    from ..data.pictures.kind import files_of

    paths = [path for each in given for path in files_of(each) or ()]
    assert model.pictures is not None
    rows, notes = model.pictures.take(paths)
    for note in notes:
        print(f"layerwise: {note}", file=sys.stderr)
    head, body = predictions_of(model, rows)
    named = [[str(path), *line] for path, line in zip(paths, body, strict=True)]
    return ["file", *head], named


def columns_of(model: Model, path: Path) -> int:
    """How many numbers a row of the model's input has."""
    shapes = model.net.row_shapes if isinstance(model.net, GraphModule) else []
    if len(shapes) != 1 or len(shapes[0]) != 1:
        raise Failure(
            f"{path} takes rows of shape {', '.join(map(str, shapes))}; a CSV file can only feed "
            "one row of numbers at a time (in Python, layerwise.load(...).predict takes arrays)"
        )
    return int(shapes[0][0])


def predictions_of(model: Model, rows: Any) -> tuple[list[str], list[list[object]]]:
    """The head and the lines of the predictions for raw rows."""
    if model.target == "numbers":
        numbers = model.predict(rows).reshape(len(rows), -1)
        head = [f"prediction_{i}" for i in range(numbers.shape[1])]
        return head if len(head) > 1 else ["prediction"], _rounded(numbers)
    probabilities = model.predict_probabilities(rows)
    classes = model.classes or tuple(range(probabilities.shape[1]))
    best = probabilities.argmax(1)
    body = [[classes[i], *cells] for i, cells in zip(best, _rounded(probabilities), strict=True)]
    return ["prediction", *(f"probability_{name}" for name in classes)], body


def _rounded(numbers: np.ndarray) -> list[list[object]]:
    # Seven digits are all that a float32 has.
    return [[f"{number:.7g}" for number in row] for row in numbers]


def _write(file: TextIO, head: list[str], body: list[list[object]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(body)
