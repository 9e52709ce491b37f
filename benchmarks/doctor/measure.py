"""Losses of rows that mean the same for every training loss, and paired differences of them."""

import math
from typing import NamedTuple

import numpy as np

LEAST_PROBABILITY = 1e-7
LIMIT = 2.0
"""Standard errors by which a run must be worse than its pair to count as harmful."""


class Paired(NamedTuple):
    """How much larger a loss is in one run than in its pair, over the same rows."""

    difference: float
    standard_error: float

    @property
    def is_worse(self) -> bool:
        """Whether by more than `LIMIT` standard errors."""
        return self.difference > LIMIT * self.standard_error


def losses(predicted: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """The losses of each row.

    Parameters
    ----------
    predicted
        Probabilities ``(rows, classes)``, or numbers ``(rows,)``.
    truth
        Class numbers, or numbers; ``(rows,)``.

    Returns
    -------
    ``log_loss`` in nats and ``error`` (0 or 1); or ``squared``, by the variance of `truth`, so that
    its mean is 1 - R2. Shape ``(rows,)``. Numbers that are not finite count as 1e6.
    """
    if predicted.ndim == 2:
        chosen = predicted[np.arange(len(truth)), truth]
        return {
            "log_loss": -np.log(np.maximum(chosen, LEAST_PROBABILITY)),
            "error": (predicted.argmax(1) != truth).astype(np.float64),
        }
    with np.errstate(all="ignore"):
        squared = np.square(predicted.astype(np.float64) - truth) / truth.var()
    return {"squared": np.minimum(np.nan_to_num(squared, nan=1e6, posinf=1e6), 1e6)}


def paired(first: np.ndarray, second: np.ndarray) -> Paired:
    """The mean difference of two runs' losses of rows, and its standard error."""
    difference = first - second
    return Paired(
        float(difference.mean()), float(difference.std(ddof=1) / math.sqrt(len(difference)))
    )


def compare(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> dict[str, Paired]:
    """`paired` for each loss."""
    return {name: paired(first[name], second[name]) for name in first}
