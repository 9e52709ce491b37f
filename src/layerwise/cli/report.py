"""`layerwise report`: one page about a saved model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from .. import backends, data
from ..errors import DataError
from ..model import Model, load
from ..training import Run
from .choices import choose
from .files import check_writable

WHY_NOT = (
    "The rows that were held out are not at hand ({why}). The result above is that measured at the "
    "end of the training; whatever needs the rows themselves is left out."
)


def run_report(
    model_path: Path, file: Path | None = None, out: Path | None = None, backend: str = "native"
) -> Path:
    """Do the command; gives the path of the page.

    Parameters
    ----------
    file : the table, pictures, texts or pairs of the training; where they were then when None.
    out : of the page; beside the model when None.
    """
    backend = choose("--backend", backend, backends.NAMES)
    out = out or model_path.with_suffix(".html")
    check_writable(out)
    model = load(model_path)
    if not isinstance(model, Model):
        from .translation_report import report_of_translator

        model.model_.backend = backend
        _say_why(report_of_translator(out, model.model_, model_path, file))
        print(f"report written to {out}")
        return out
    with backends.using(backend):
        if model.columns is not None:
            _of_table(out, model, model_path, file)
        elif model.texts is not None:
            from .text.report import report_of_texts

            why = report_of_texts(out, model, model_path, file)
            if why is not None:
                _without_rows(out, model, why)
        elif model.pictures is not None:
            from .pictures_report import report_of_pictures

            why = report_of_pictures(out, model, model_path, file)
            if why is not None:
                _without_rows(out, model, why)
        elif _is_of_digits(model):
            _of_digits(out, model)
        else:
            _without_rows(out, model, f"{model_path} does not say which rows it was trained on")
    print(f"report written to {out}")
    return out


def write_digits_report(
    out: Path,
    model: Model,
    images: np.ndarray,
    labels: np.ndarray,
    parts: data.Split,
    run: Run | None = None,
    diagnosis: Any = None,
) -> None:
    """The page of a training on the digits; what `layerwise train digits --report` calls.

    Parameters
    ----------
    images : (n, 64), as `data.load_digits` gives them.
    """
    from ..report import Part, write_report

    def part(rows: np.ndarray) -> Part:
        return Part(images[rows], labels[rows].astype(np.int64), numbers=rows)

    side = int(np.sqrt(data.digits.PIXELS))
    write_report(
        out,
        model,
        part(parts.test),
        training=part(parts.training),
        validation=part(parts.validation),
        run=run,
        diagnosis=diagnosis,
        picture_shape=(side, side),
        title="Handwritten digits",
        source="1,797 handwritten digits that come with scikit-learn",
    )


def write_table_report(
    out: Path, model: Model, rows: Any, part: Any, diagnosis: Any = None
) -> None:
    """The page of a training on a table; what `layerwise train FILE --report` calls.

    Parameters
    ----------
    rows, part : what `table.rows.read_rows` and `divide` gave, with a test part.
    """
    from ..report import Part, write_report
    from ..report.facts.rows import part_of

    def taken(places: np.ndarray | None) -> Part | None:
        if places is None or not len(places):
            return None
        table = rows.table.take(places)
        truth = part_of(model, (table, rows.y[places]), "rows").truth
        return Part(table, truth, numbers=table.origin)

    write_report(
        out,
        model,
        taken(part.test),
        training=taken(part.training),
        validation=taken(part.validation),
        diagnosis=diagnosis,
        source=str((model.summary.get("data") or {}).get("source") or rows.table.source),
    )


def _of_table(out: Path, model: Model, model_path: Path, file: Path | None) -> None:
    summary = model.summary
    kept = summary.get("division")
    if not kept:
        _without_rows(out, model, "the model does not say how its table was divided")
        return
    if file is None:
        named = Path(str((summary.get("data") or {}).get("source") or ""))
        found = [path for path in (named, model_path.parent / named.name) if path.is_file()]
        if not found:
            why = f"there is no file {named} here any more; name it with --data"
            _without_rows(out, model, why)
            return
        file = found[0]
    from .table.again import divided_again

    try:
        rows, part = divided_again(kept, str(file))
    except DataError as error:
        _without_rows(out, model, str(error))
        return
    write_table_report(out, model, rows, part)


def _is_of_digits(model: Model) -> bool:
    return (model.summary.get("data") or {}).get("source") == "digits"


def _of_digits(out: Path, model: Model) -> None:
    seed = (model.summary.get("config") or {}).get("seed")
    images, labels = data.load_digits()
    parts = data.split_rows(labels, int(seed or 0))
    tested = model.summary.get("test") or {}
    right = model.predict_probabilities(images[parts.test]).argmax(1) == labels[parts.test]
    # Another version of the digits, or of the split, would show as another accuracy.
    if tested.get("rows") != len(right) or abs(tested["accuracy"] - right.mean()) > 1e-9:
        _without_rows(out, model, "dividing the digits again does not give the rows of the test")
        return
    write_digits_report(out, model, images, labels, parts)


def _without_rows(out: Path, model: Model, why: str) -> None:
    from ..report import write_report

    _say_why(why)
    text = WHY_NOT.format(why=why.rstrip("."))
    write_report(out, model, notes=[text], why_not=f"The held-out rows are not at hand: {why}.")


def _say_why(why: str | None) -> None:
    """Say what is missing in the page."""
    if why is not None:
        print(f"layerwise: the report is without held-out rows: {why.rstrip('.')}", file=sys.stderr)
