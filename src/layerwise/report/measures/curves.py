"""ROC and precision-recall curves of a score, and the areas under them.

Every different score is a threshold: rows that score at least as much count as positive. Fawcett
2006, "An introduction to ROC analysis", algorithms 1 and 2; Davis and Goadrich 2006, "The
relationship between precision-recall and ROC curves", for why the second is not interpolated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...errors import DataError


class Curve(NamedTuple):
    """A curve of thresholds from the highest to the lowest.

    Attributes
    ----------
    x, y : float64 (points,), from 0 to 1: false and true positive rate, or recall and precision.
    thresholds : float64 (points,); the first is infinite, where no row counts as positive.
    """

    x: np.ndarray
    y: np.ndarray
    thresholds: np.ndarray


def roc_curve(positive: np.ndarray, scores: np.ndarray) -> Curve:
    """The share of negatives (x) and of positives (y) above each threshold.

    Parameters
    ----------
    positive : bool (n,).
    scores : float (n,); higher means more likely positive.

    Raises
    ------
    DataError : all rows are positive, or none is.
    """
    hits, misses, thresholds = _counts(positive, scores)
    if not hits[-1] or not misses[-1]:
        raise DataError("a ROC curve needs rows of both kinds, got one kind only")
    return Curve(misses / misses[-1], hits / hits[-1], thresholds)


def roc_area(positive: np.ndarray, scores: np.ndarray) -> float:
    """The chance that a positive row scores higher than a negative one, ties counted half.

    Parameters, errors : as for `roc_curve`.
    """
    curve = roc_curve(positive, scores)
    return float((np.diff(curve.x) * (curve.y[1:] + curve.y[:-1]) / 2).sum())


def precision_recall_curve(positive: np.ndarray, scores: np.ndarray) -> Curve:
    """Recall (x) and precision (y) at each threshold; it begins at recall 0 and precision 1.

    Parameters, errors : as for `roc_curve`, but negatives may be absent.
    """
    hits, misses, thresholds = _counts(positive, scores)
    if not hits[-1]:
        raise DataError("a precision-recall curve needs positive rows, got none")
    precision = hits / np.maximum(hits + misses, 1)
    precision[0] = 1.0
    return Curve(hits / hits[-1], precision, thresholds)


def average_precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """Precision at each threshold, weighted by the recall that it adds."""
    curve = precision_recall_curve(positive, scores)
    return float((np.diff(curve.x) * curve.y[1:]).sum())


def _counts(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positives and negatives at or above each threshold."""
    positive = np.asarray(positive, bool)
    scores = np.asarray(scores, np.float64)
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    hits = np.cumsum(positive[order])[ends].astype(np.float64)
    misses = ends + 1 - hits
    return (
        np.concatenate([[0.0], hits]),
        np.concatenate([[0.0], misses]),
        np.concatenate([[np.inf], ordered[ends]]),
    )
