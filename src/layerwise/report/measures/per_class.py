"""Confusions, and precision and recall of each class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class PerClass(NamedTuple):
    """Measures of each class.

    Attributes
    ----------
    precision : float64 (classes,): of the rows predicted as the class, the share that has it; NaN
        where none was predicted.
    recall : of the rows that have the class, the share predicted as it; NaN where none has it.
    f1 : their harmonic mean, 2 TP / (2 TP + FP + FN); NaN for a class that does not occur at all.
    support : int64, rows that have the class.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    support: np.ndarray


def confusion_counts(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Rows by true (axis 0) and predicted (axis 1) class: int64 (classes, classes).

    Rows whose true class is negative, as training did not know it, are left out.
    """
    known = truth >= 0
    places = truth[known].astype(np.int64) * classes + predicted[known]
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


def per_class(counts: np.ndarray) -> PerClass:
    """The measures of each class, of a matrix of confusions."""
    right = np.diag(counts).astype(np.float64)
    has, called = counts.sum(1), counts.sum(0)
    with np.errstate(invalid="ignore"):
        return PerClass(right / called, right / has, 2 * right / (has + called), has)
