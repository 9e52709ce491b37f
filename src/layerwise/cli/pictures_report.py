"""The page of a model of pictures: at the end of its training, and later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..data.pictures import read_pictures
from ..errors import DataError
from ..model import Model

MOST = 600
"""Pictures that are looked at: what is done with all layers of so many grows with their square."""

Labelled = tuple[np.ndarray, np.ndarray]
"""Pictures and the names of their classes."""


def report_of_pictures(out: Path, model: Model, model_path: Path, data: Path | None) -> str | None:
    """The page of a saved model; says why where the pictures of the test are not at hand.

    Parameters
    ----------
    data : the folder or files of the training; where they were then when None.
    """
    from .pictures import divided

    kept = model.summary.get("division")
    if not kept:
        return "the model does not say how its pictures were divided"
    if data is None:
        named = Path(str((model.summary.get("data") or {}).get("source") or ""))
        found = [path for path in (named, model_path.parent / named.name) if path.exists()]
        if not found:
            return f"there is nothing at {named} any more; name it with --data"
        data = found[0]
    try:
        pictures = read_pictures(data)
        learn, test, _ = divided(pictures, float(kept["test_size"]), int(kept["seed"]))
    except DataError as error:
        return str(error)
    tested = model.summary.get("test") or {}
    right = 0 if test is None else int((_answers(model, test[0]) == test[1]).sum())
    # Other pictures, or another division, would show as another accuracy.
    if tested.get("rows", 0) != (0 if test is None else len(test[1])) or (
        test is not None and abs(tested["accuracy"] - right / len(test[1])) > 1e-9
    ):
        return f"{data} has other pictures than at the training"
    write_pictures_report(out, model, test, learn, str(data), None)
    return None


def _answers(model: Model, pictures: np.ndarray) -> np.ndarray:
    assert model.pictures is not None
    ready, _ = model.pictures.take(pictures)
    return np.asarray(model.predict(ready)).astype(str)


def write_pictures_report(
    out: Path,
    model: Model,
    test: Labelled | None,
    learn: Labelled,
    source: str,
    diagnosis: Any,
) -> None:
    """The page of a training on pictures."""
    from ..report import write_report

    write_report(
        out,
        model,
        None if test is None else (test[0][:MOST], test[1][:MOST]),
        training=(learn[0][:MOST], learn[1][:MOST]),
        run=None,
        diagnosis=diagnosis,
        source=source,
    )


__all__ = ["report_of_pictures", "write_pictures_report"]
