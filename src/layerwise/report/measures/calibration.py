"""Whether a confidence of 80% is right 80% of the time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Reliability(NamedTuple):
    """Rows in bins of equal size, ordered by confidence.

    Attributes
    ----------
    confidence, accuracy : float64 (bins,): means in each bin.
    rows : int64 (bins,).
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    rows: np.ndarray


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> Reliability:
    """Mean confidence and accuracy, bin by bin.

    Bins hold equally many rows, within one: bins of equal width would leave most rows of a good
    classifier in one bin and others nearly empty (Nixon et al. 2019, "Measuring calibration in deep
    learning").

    Parameters
    ----------
    confidence : float (n,), the probability of the predicted class.
    right : bool (n,), whether it is the true one.
    bins : as many, or fewer where there are fewer rows.
    """
    confidence = np.asarray(confidence, np.float64)
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, max(1, min(bins, len(order))))
    right = np.asarray(right, np.float64)
    return Reliability(
        np.array([confidence[part].mean() for part in parts]),
        np.array([right[part].mean() for part in parts]),
        np.array([len(part) for part in parts], np.int64),
    )


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error: the distance of accuracy and confidence, averaged over bins.

    Naeini, Cooper and Hauskrecht 2015, with bins as in `reliability`. 0 is perfect; the value that
    a perfectly calibrated model has on few rows is above 0, as chance moves each bin.
    """
    found = reliability(confidence, right, bins)
    return float(np.average(np.abs(found.accuracy - found.confidence), weights=found.rows))
