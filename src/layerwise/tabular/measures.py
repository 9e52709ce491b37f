"""How good predictions are, beside what a constant guess would reach, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LEAST = 1e-7
"""No probability counts as less, so that one row cannot make the log loss infinite."""

RESAMPLES = 1000
"""Samples of the rows that an interval is drawn from."""

_WORK = 20_000_000
"""Rows in all samples together, at most: of many rows few samples say the same."""

_Z = 1.959964  # 97.5% of a normal distribution lie below it


@dataclass(frozen=True)
class Measured:
    """Measures on rows that the model has not seen.

    Attributes
    ----------
    rows : how many.
    main : the name of the measure that counts first: accuracy or r2.
    values : of each measure: accuracy and log_loss, or r2, rmse and mae.
    constant : the same for the guess that is always the same: of classes their shares among the
        training rows, of numbers the mean.
    interval : 95% interval of the main measure; None where it cannot be told.
    """

    rows: int
    main: str
    values: dict[str, float]
    constant: dict[str, float]
    interval: tuple[float, float] | None


def measure_classes(
    truth: np.ndarray,
    probabilities: np.ndarray,
    shares: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> Measured:
    """Accuracy and log loss (nats).

    Parameters
    ----------
    truth : int (n,), class numbers; -1 for a class that training did not know, which nobody can
        predict.
    probabilities : float (n, classes).
    shares : float (classes,): of each class among the training rows.
    weight : (n,), how much each row counts.
    groups : (n,), rows of one group are not independent of each other; for the interval.
    """
    right = (probabilities.argmax(1) == truth).astype(np.float64)
    guessed = (truth == int(shares.argmax())).astype(np.float64)
    guess = np.broadcast_to(shares, probabilities.shape)
    values = {
        "accuracy": _mean(right, weight),
        "log_loss": _mean(_surprise(truth, probabilities), weight),
    }
    constant = {
        "accuracy": _mean(guessed, weight),
        "log_loss": _mean(_surprise(truth, guess), weight),
    }

    def accuracy(times: np.ndarray) -> float:
        return _mean(right, times if weight is None else times * weight)

    interval: tuple[float, float] | None = wilson(values["accuracy"], len(truth))
    if weight is not None or groups is not None:
        interval = bootstrap(len(truth), groups, accuracy)
    return Measured(len(truth), "accuracy", values, constant, interval)


def measure_numbers(
    truth: np.ndarray,
    predicted: np.ndarray,
    mean: float,
    *,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> Measured:
    """R2, root mean squared error and mean absolute error, in the target's own units.

    Parameters
    ----------
    truth, predicted : float (n,).
    mean : of the target among the training rows.
    weight, groups : as for `measure_classes`.
    """
    truth = np.asarray(truth, np.float64)
    errors = np.asarray(predicted, np.float64) - truth

    def fit(times: np.ndarray | None) -> float:
        centred = truth - _mean(truth, times)
        whole = _mean(np.square(centred), times)
        return 1 - _mean(np.square(errors), times) / whole if whole > 0 else np.nan

    def numbers(distances: np.ndarray, r2: float) -> dict[str, float]:
        return {
            "r2": r2,
            "rmse": float(np.sqrt(_mean(np.square(distances), weight))),
            "mae": _mean(np.abs(distances), weight),
        }

    centre = _mean(truth, weight)
    spread = _mean(np.square(truth - centre), weight)
    guess = 1 - _mean(np.square(truth - mean), weight) / spread if spread > 0 else np.nan
    interval = bootstrap(
        len(truth), groups, lambda times: fit(times if weight is None else times * weight)
    )
    values, constant = numbers(errors, fit(weight)), numbers(truth - mean, guess)
    return Measured(len(truth), "r2", values, constant, interval)


def _surprise(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Minus the logarithm of the probability of the truth, for each row."""
    found = probabilities[np.arange(len(truth)), np.maximum(truth, 0)].astype(np.float64)
    return -np.log(np.clip(np.where(truth < 0, 0.0, found), LEAST, 1.0))


def _mean(values: np.ndarray, weight: np.ndarray | None) -> float:
    if weight is None:
        return float(values.mean())
    total = float(weight.sum())
    return float((values * weight).sum() / total) if total > 0 else np.nan


def wilson(share: float, rows: int) -> tuple[float, float]:
    """95% interval of a share: the shares whose own spread would reach it (Wilson 1927).

    Parameters
    ----------
    share : that was seen, 0 to 1.
    rows : in which it was seen, at least 1.
    """
    middle = (share + _Z**2 / (2 * rows)) / (1 + _Z**2 / rows)
    half = _Z * np.sqrt(share * (1 - share) / rows + _Z**2 / (4 * rows**2)) / (1 + _Z**2 / rows)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def bootstrap(
    rows: int, groups: np.ndarray | None, measure: Callable[[np.ndarray], float]
) -> tuple[float, float] | None:
    """95% interval of a measure: percentiles over samples with replacement (Efron 1979).

    Parameters
    ----------
    rows : how many there are.
    groups : (rows,); whole groups are drawn then, since their rows are not independent.
    measure : of how many times each row was drawn, int (rows,).

    Returns
    -------
    Its 2.5 and 97.5 percentiles; None with fewer than two groups, or where half of the samples have
    no finite measure. The same rows give the same interval.
    """
    places = np.arange(rows) if groups is None else np.unique(groups, return_inverse=True)[1]
    count = int(places.max()) + 1
    if count < 2:
        return None
    random = np.random.default_rng(0)
    even = np.full(count, 1 / count)
    samples = int(np.clip(_WORK // rows, 100, RESAMPLES))
    found = np.array([measure(random.multinomial(count, even)[places]) for _ in range(samples)])
    found = found[np.isfinite(found)]
    if len(found) < samples // 2:
        return None
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)
