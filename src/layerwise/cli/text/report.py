"""The page of a model of texts: at the end of its training, and later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...model import Model
from ..found_again import check_same, data_of
from .rows import Rows, divided, read_rows


def report_of_texts(out: Path, model: Model, model_path: Path, file: Path | None) -> str | None:
    """The page of a saved model of texts; says why where the test rows are not at hand."""
    summary = model.summary
    if not summary.get("text_column"):
        return "the model does not say which column its texts were in"
    try:
        file = data_of(model, model_path, file)
        kept = summary["division"]
        rows = read_rows(str(file), summary["text_column"], summary["target_column"])
        learn, test = divided(rows, float(kept["test_size"]), int(kept["seed"]))
        right = None
        if len(test):
            predicted = model.predict([rows.texts[i] for i in test])
            right = float((predicted == rows.labels[test]).mean())
        check_same(model, file, len(test), right)
    except DataError as error:
        return str(error)
    write_text_report(out, model, rows, learn, test, str(file), None)
    return None


def write_text_report(
    out: Path,
    model: Model,
    rows: Rows,
    learn: np.ndarray,
    test: np.ndarray,
    source: str,
    diagnosis: Any,
) -> None:
    """The page of a training on texts."""
    from ...report import write_report

    def taken(places: np.ndarray) -> tuple[list[str], np.ndarray] | None:
        if not len(places):
            return None
        return [rows.texts[i] for i in places], rows.labels[places]

    write_report(
        out,
        model,
        taken(test),
        training=taken(learn[:2000]),
        diagnosis=diagnosis,
        source=source,
    )
