"""Weights of rows and of classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..data.tables import Table
from ..errors import DataError, OptionError


def row_weights(sample_weight: Any, rows: int) -> np.ndarray | None:
    """Weights of rows, float64 (rows,); None when all count alike.

    Raises
    ------
    DataError : not one finite number of at least 0 for each row, or none above 0.
    """
    if sample_weight is None:
        return None
    try:
        weight = np.asarray(sample_weight, np.float64)
    except (TypeError, ValueError):
        raise DataError(
            "sample_weight: expected a number for each row; correct what is none"
        ) from None
    if weight.ndim == 0:
        weight = np.full(rows, float(weight))
    if weight.ndim != 1:
        raise DataError(
            f"sample_weight: expected one dimension, shape ({rows},), got {weight.shape}; "
            "sample_weights must be 1D array or scalar"
        )
    if len(weight) != rows:
        raise DataError(
            f"sample_weight: expected a weight for each of {rows} rows, got {len(weight)}"
        )
    if not np.isfinite(weight).all():
        row = int((~np.isfinite(weight)).argmax())
        raise DataError(
            f"Input sample_weight contains NaN or infinity, first in row {row}; give rows that "
            "shall not count the weight 0"
        )
    if weight.min() < 0:
        row = int((weight < 0).argmax())
        raise DataError(
            f"Negative values in data passed to `sample_weight`: {weight[row]:g} in row {row}; "
            "give rows that shall not count the weight 0"
        )
    if not weight.any():
        raise DataError(
            "Sample weights must contain at least one non-zero number; rows of weight 0 count as "
            "absent"
        )
    return None if weight.min() == weight.max() else weight


def on_scale(weight: np.ndarray | None) -> np.ndarray | None:
    """Weights divided by the power of 2 nearest to their mean, so that float32 holds them."""
    if weight is None or weight.min() == weight.max():
        return None
    return weight / 2.0 ** np.round(np.log2(weight.mean()))


def class_weights(
    class_weight: Any, classes: np.ndarray, codes: np.ndarray, weight: np.ndarray | None
) -> np.ndarray | None:
    """The weight of each row by its class; None without class weights.

    Parameters
    ----------
    class_weight : None, "balanced", or a dict from labels to weights, 1 for those that it lacks.
        "balanced" gives all classes the same sum of weights.
    classes : the labels.
    codes : int (n,): the place in `classes` of each row's label.
    weight : float (n,), of rows, or None.

    Raises
    ------
    OptionError : something else, a label that does not exist, or a weight below 0.
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str) and class_weight == "balanced":
        sums = np.bincount(codes, weight, len(classes)).astype(np.float64)
        return (sums.sum() / (len(classes) * np.maximum(sums, 1e-300)))[codes]
    if not isinstance(class_weight, Mapping):
        raise OptionError(
            f"class_weight: expected None, 'balanced' or a dict from labels to weights, got "
            f"{class_weight!r}"
        )
    known = classes.tolist()
    unknown = [label for label in class_weight if label not in known]
    if unknown:
        shown = ", ".join(map(repr, known[:10]))
        raise OptionError(
            f"class_weight: there is no class {unknown[0]!r}; expected labels among {shown}"
        )
    weights = np.array([class_weight.get(label, 1.0) for label in known], np.float64)
    if not np.isfinite(weights).all() or weights.min() < 0:
        raise OptionError("class_weight: expected finite weights of at least 0")
    return weights[codes]


def with_class_weights(
    class_weight: Any, classes: np.ndarray, codes: np.ndarray, weight: np.ndarray | None
) -> np.ndarray | None:
    """Weights of rows times those of their classes; see `class_weights`."""
    by_class = class_weights(class_weight, classes, codes, weight)
    if by_class is None:
        return weight
    return by_class if weight is None else weight * by_class


def counted(
    rows: Any, labels: np.ndarray, weight: np.ndarray | None
) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """Without the rows of weight 0.

    Parameters
    ----------
    rows : a `Table`, an array (n, ...) or a list of n.
    labels : (n, ...).
    weight : (n,) at least 0, or None.
    """
    if weight is None or weight.all():
        return rows, labels, weight
    kept = weight > 0
    if isinstance(rows, Table):
        rows = rows.take(kept)
    elif isinstance(rows, np.ndarray):
        rows = rows[kept]
    else:
        rows = [row for row, keep in zip(rows, kept, strict=True) if keep]
    return rows, labels[kept], weight[kept]
