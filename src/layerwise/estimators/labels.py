"""y of a classifier: labels of any kind, or a table of yes and no."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import assert_all_finite, column_or_1d

from ..errors import DataError


def read_labels(y: Any) -> np.ndarray:
    """Labels (n,), all of one kind; or int32 (n, labels) of 0 and 1 for several answers.

    A column vector is made flat, with scikit-learn's warning.

    Raises
    ------
    ValueError : numbers that are no classes, several classes for a row, missing labels.
    """
    found = y.toarray() if sparse.issparse(y) else np.asarray(y)
    if found.dtype.kind == "c":
        raise DataError("Complex data not supported: expected labels")
    if found.ndim == 2 and found.shape[1] == 1:
        found = column_or_1d(found, warn=True)
    if found.dtype.kind in "OT":
        found = _of_one_kind(found)
    if found.dtype.kind == "f":
        assert_all_finite(found, input_name="y")
    if found.ndim == 2:
        return _indicators(found)
    if found.ndim != 1:
        raise DataError(
            f"y should be a 1d array, got an array of shape {found.shape} instead; give one label "
            "for each row"
        )
    if found.dtype.kind == "f" and (found != np.rint(found)).any():
        row = int((found != np.rint(found)).argmax())
        raise DataError(
            "Unknown label type: continuous. Expected classes, got a regression target with "
            f"continuous values such as {found[row]:g}; use Regressor, or cut it into classes"
        )
    if found.dtype.kind not in "biufUO":
        raise DataError(f"Unknown label type: {found.dtype}. Expected text or whole numbers")
    return found


def _indicators(found: np.ndarray) -> np.ndarray:
    fits = found.dtype.kind in "biuf" and bool(np.isin(found, (0, 1)).all())
    if not fits or not found.shape[1]:
        raise DataError(
            "Unknown label type: multiclass-multioutput. Expected one label for each row, shape "
            f"(n,), or a table of 0 and 1, got shape {found.shape}; train a classifier for each "
            "column"
        )
    return found.astype(np.int32)


def _of_one_kind(found: np.ndarray) -> np.ndarray:
    """Objects as text, bools or numbers; texts stay objects, as their dtype is that of `classes_`.

    Raises
    ------
    DataError : a label is missing, or they are of several kinds.
    """
    for row, label in enumerate(found.flat):
        if label is None or type(label).__name__ in ("NAType", "NaTType") or label != label:
            raise DataError(
                f"Input y contains NaN: expected a label in row {row}, got {label!r}; leave the "
                "row out, or correct it"
            )
    kinds = {type(label) for label in found.flat}
    if all(issubclass(kind, str) for kind in kinds):
        return found.astype(object)
    for kind in ((bool, np.bool_), (bool, np.bool_, int, float, np.number)):
        if all(issubclass(each, kind) for each in kinds):
            return np.array(found.tolist())
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise DataError(
        f"Unknown label type: expected labels of one kind, text or numbers, got {names}; make all "
        "of them text"
    )


def labels_of_rows(y: Any, rows: int, row: str) -> np.ndarray:
    """One label for each row, (n,).

    Parameters
    ----------
    rows : how many there are.
    row : what one is called, such as "text".

    Raises
    ------
    DataError : there are none, others than `read_labels` takes, several of a row, or too few.
    """
    if y is None:
        raise DataError(
            f"expected a label for each {row}: this estimator requires y to be passed, but the "
            "target y is None"
        )
    found = read_labels(y)
    if found.ndim != 1:
        raise DataError(
            f"y: expected one label for each {row}, shape (n,), got {found.shape}; several labels "
            f"of a {row} are not possible, so train a classifier for each"
        )
    if len(found) != rows:
        raise DataError(
            f"Found input variables with inconsistent numbers of samples: {rows} {row}s, "
            f"{len(found)} labels; expected as many of both"
        )
    return found


def classes_of(labels: np.ndarray, rows: str = "rows") -> np.ndarray:
    """The different labels, sorted.

    Parameters
    ----------
    rows : what they are labels of.

    Raises
    ------
    DataError : there is one only.
    """
    found = np.unique(labels)
    if len(found) < 2:
        raise DataError(
            f"expected {rows} of at least two classes, got one class only, {found.tolist()[0]!r}; "
            "is the data sorted, and were only the first rows taken?"
        )
    return found


def codes_of(labels: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The place of each label among the sorted classes, int32 (n,).

    Raises
    ------
    DataError : a label that is not among them.
    """
    try:
        places = np.searchsorted(classes, labels)
    except TypeError:
        places = np.zeros(len(labels), np.int64)
    places = np.minimum(places, len(classes) - 1)
    wrong = classes[places] != labels
    if np.any(wrong):
        row = int(np.argmax(wrong))
        shown = ", ".join(repr(c) for c in classes[:10].tolist()) + ", ..." * (len(classes) > 10)
        raise DataError(
            f"y: expected the classes {shown}, got {labels[row : row + 1].tolist()[0]!r} in row "
            f"{row}; correct it, or name all classes at the beginning"
        )
    return places.astype(np.int32)


__all__ = ["classes_of", "codes_of", "labels_of_rows", "read_labels"]
