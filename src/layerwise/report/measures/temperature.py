"""One number that makes a classifier as sure as it should be.

Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks": logits are divided
by a temperature T that is fitted on rows which did not train. No prediction changes, as the largest
logit stays the largest.
"""

from __future__ import annotations

import math

import numpy as np

LOWEST, HIGHEST = 0.05, 20.0

_GOLDEN = (math.sqrt(5) - 1) / 2


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The temperature with the least log loss, from 0.05 to 20.

    Parameters
    ----------
    logits : float (n, classes): logarithms of probabilities, up to a constant in each row.
    truth : int (n,), class numbers.

    Notes
    -----
    The loss is convex in 1 / T, so a golden-section search finds its one minimum; 60 steps narrow
    it beyond float64's digits of interest (about 1e-12 of the range).
    """
    logits = np.asarray(logits, np.float64)
    own = logits[np.arange(len(truth)), truth]

    def loss(inverse: float) -> float:
        scaled = logits * inverse
        peak = scaled.max(1)
        return float((np.log(np.exp(scaled - peak[:, None]).sum(1)) + peak - own * inverse).mean())

    low, high = 1 / HIGHEST, 1 / LOWEST
    for _ in range(60):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if loss(left) <= loss(right):
            high = right
        else:
            low = left
    return 2 / (low + high)


def with_temperature(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities of logits that are divided by a temperature: float64 (n, classes)."""
    scaled = np.asarray(logits, np.float64) / temperature
    raised = np.exp(scaled - scaled.max(1, keepdims=True))
    found: np.ndarray = raised / raised.sum(1, keepdims=True)
    return found
