"""The page of a model of pictures: at the end of its training, and later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..data.pictures import read_pictures
from ..errors import DataError
from ..model import Model
from .found_again import check_same, data_of

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

    try:
        data = data_of(model, model_path, data)
        kept, pictures = model.summary["division"], read_pictures(data)
        learn, test, _ = divided(pictures, float(kept["test_size"]), int(kept["seed"]))
        right = None if test is None else (_answers(model, test[0]) == test[1]).mean()
        check_same(model, data, 0 if test is None else len(test[1]), right)
    except DataError as error:
        return str(error)
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
