"""Known answers beside predictions: which class each row has, and how good predictions are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DataError, unknown
from ..model import Model

LEAST = 1e-7
"""No probability counts as less, so that one row cannot make the log loss infinite."""

HIGHER_IS_BETTER = {"accuracy": True, "log_loss": False, "r2": True, "rmse": False}

LABELS = {"accuracy": "accuracy", "log_loss": "log loss", "r2": "R2", "rmse": "RMSE"}


def measure_for(model: Model, measure: str | None) -> str:
    """The name of a measure that fits the model: the first that does when None.

    Raises
    ------
    OptionError : there is none of this name for this kind of prediction.
    """
    known = ("r2", "rmse") if model.target == "numbers" else ("accuracy", "log_loss")
    if measure is None:
        return known[0]
    name = measure.strip().lower().replace(" ", "_").replace("-", "_")
    if name not in known:
        raise unknown("measure of this model", measure, known)
    return name


def truth_of(model: Model, y: Any, outputs: int) -> np.ndarray:
    """Known answers, as `quality` takes them.

    Parameters
    ----------
    y : (n,) labels or numbers, or (n, outputs). Labels are those of the model by value or, as text,
        by name; whole numbers are class numbers where the model's names are none of them.
    outputs : numbers that the network gives for a row.

    Returns
    -------
    int64 (n,) class numbers, -1 for a class that the model does not know; of numbers and of several
    yes-or-no answers float64 (n, outputs).

    Raises
    ------
    DataError : values that are missing or of another shape, or no known class at all.
    """
    values = np.asarray(y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    several = model.target == "binary" and outputs > 1
    if model.target == "numbers" or several:
        return _numbers(values, outputs)
    if values.ndim != 1:
        raise DataError(f"expected one class for each row, shape (n,), got {values.shape}")
    return _classes(model, values, max(outputs, 2))


def _numbers(values: np.ndarray, outputs: int) -> np.ndarray:
    try:
        found = values.astype(np.float64).reshape(len(values), -1)
    except (TypeError, ValueError):
        raise DataError(f"expected numbers as answers, got {values.dtype}") from None
    if found.shape[1] not in (1, outputs):
        raise DataError(f"expected {outputs} numbers for each row, got {found.shape[1]}")
    if not np.isfinite(found).all():
        row = int((~np.isfinite(found)).any(1).argmax())
        raise DataError(f"the answer of row {row} (counted from 0) is {found[row].tolist()}")
    return np.broadcast_to(found, (len(found), outputs))


def _classes(model: Model, values: np.ndarray, count: int) -> np.ndarray:
    from ..data.tables import table_of

    names = model.classes or tuple(range(count))
    words = table_of({"y": values})["y"].words()
    if (words == None).any():  # noqa: E711 - elementwise
        row = int((words == None).argmax())  # noqa: E711
        raise DataError(f"the answer of row {row} (counted from 0) is missing; leave the row out")
    by_value = {name: place for place, name in enumerate(names)}
    by_word = {str(name): place for place, name in enumerate(names)}
    keys = [(_plain(value), word) for value, word in zip(values, words, strict=True)]
    places = {(v, word): by_value.get(v, by_word.get(word, -1)) for v, word in set(keys)}
    found = np.array([places[key] for key in keys], np.int64)
    if (found >= 0).any():
        return found
    if values.dtype.kind in "iu" and values.min() >= 0 and values.max() < count:
        return values.astype(np.int64)
    raise DataError(
        f"none of the answers, such as '{words[0]}', is a class of the model: "
        f"{', '.join(map(str, names[:8]))}{', ...' if len(names) > 8 else ''}"
    )


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def quality(measure: str, truth: np.ndarray) -> Callable[[np.ndarray], float]:
    """How good predictions are by a measure.

    Parameters
    ----------
    measure : accuracy, log_loss (nats), r2 or rmse.
    truth : what `truth_of` gave.

    Returns
    -------
    A function of predictions, float (n, outputs): probabilities (of two classes that of the second
    may stand alone), or numbers. Of several outputs it is the mean over all.

    Raises
    ------
    DataError : r2 of answers that are all the same.
    """
    if measure in ("accuracy", "log_loss"):
        return _of_labels(measure, truth) if truth.ndim == 2 else _of_classes(measure, truth)
    spread = np.square(truth - truth.mean(0)).mean(0)
    if measure == "r2" and not spread.all():
        raise DataError("R2 needs answers that differ, and all are the same; use measure='rmse'")

    def of_numbers(predicted: np.ndarray) -> float:
        squares = np.square(predicted - truth).mean(0)
        return float(np.mean(1 - squares / spread) if measure == "r2" else np.sqrt(squares.mean()))

    return of_numbers


def _of_classes(measure: str, truth: np.ndarray) -> Callable[[np.ndarray], float]:
    def of_classes(predicted: np.ndarray) -> float:
        if predicted.shape[1] == 1:
            predicted = np.concatenate([1 - predicted, predicted], 1)
        if measure == "accuracy":
            return float((predicted.argmax(1) == truth).mean())
        own = predicted[np.arange(len(truth)), np.maximum(truth, 0)]
        return float(-np.log(np.clip(np.where(truth < 0, 0.0, own), LEAST, 1.0)).mean())

    return of_classes


def _of_labels(measure: str, truth: np.ndarray) -> Callable[[np.ndarray], float]:
    def of_labels(predicted: np.ndarray) -> float:
        if measure == "accuracy":
            return float(((predicted > 0.5) == (truth > 0.5)).mean())
        own = np.where(truth > 0.5, predicted, 1 - predicted)
        return float(-np.log(np.clip(own, LEAST, 1.0)).mean())

    return of_labels
