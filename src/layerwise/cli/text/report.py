"""The page of a model of texts: at the end of its training, and later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError
from ...model import Model
from .rows import Rows, divided, read_rows


def report_of_texts(out: Path, model: Model, model_path: Path, file: Path | None) -> str | None:
    """The page of a saved model of texts; says why where the test rows are not at hand."""
    summary = model.summary
    kept = summary.get("division")
    if not kept or not summary.get("text_column"):
        return "the model does not say how its texts were divided"
    if file is None:
        named = Path(str((summary.get("data") or {}).get("source") or ""))
        found = [path for path in (named, model_path.parent / named.name) if path.is_file()]
        if not found:
            return f"there is no file {named} here any more; name it with --data"
        file = found[0]
    try:
        rows = read_rows(str(file), summary["text_column"], summary["target_column"])
        learn, test = divided(rows, float(kept["test_size"]), int(kept["seed"]))
    except DataError as error:
        return str(error)
    predicted = model.predict([rows.texts[i] for i in test]) if len(test) else np.zeros(0)
    tested = summary.get("test") or {}
    right = float((predicted == rows.labels[test]).mean()) if len(test) else None
    # Another file, or another split, would show as another accuracy.
    if tested.get("rows") != len(test) or tested.get("accuracy") != right:
        return f"{file} has other rows than at the training"
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
