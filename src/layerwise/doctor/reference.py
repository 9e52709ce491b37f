"""Two simple models to compare a network with: what they find, a healthy network finds too.

Both are learned from training rows in milliseconds: a linear model (ridge regression, on classes
as one-hot numbers) and nearest neighbours.
"""

from __future__ import annotations

import numpy as np

MOST_ROWS = 2000
"""Rows that nearest neighbours look at, and that the linear model is learned from beyond 10 times
as many columns."""

PERMUTED = 40
"""Shufflings that say what chance alone gives."""

RIDGE = 1e-3
"""Penalty of the linear model, as part of the columns' variance."""


def standardised(
    learned: np.ndarray, others: np.ndarray, without: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Both with columns of mean 0 and deviation 1 by the first's rows; constant ones are 0.

    Parameters
    ----------
    learned, others : (rows, columns).
    without : a column to leave out.
    """
    if without is not None:
        learned, others = (np.delete(a, without, axis=1) for a in (learned, others))
    mean, deviation = learned.mean(0, dtype=np.float64), learned.std(0, dtype=np.float64)
    scale = np.where(deviation > 1e-12 * (1 + np.abs(mean)), deviation, np.inf)
    # A value far outside what was learned from must not decide alone.
    return (learned - mean) / scale, np.clip((others - mean) / scale, -10, 10)


def linear(learned: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Ridge regression, as the weight of each learned row's target in each prediction.

    Parameters
    ----------
    learned, others : standardised, (rows, columns).

    Returns
    -------
    (other rows, learned rows); times a target of (learned rows, outputs), less its mean, it gives
    predictions less that mean.
    """
    columns = learned.shape[1]
    penalty = RIDGE * len(learned)
    if columns <= len(learned):
        inner = learned.T @ learned + penalty * np.eye(columns)
        weights: np.ndarray = others @ np.linalg.solve(inner, learned.T)
        return weights
    inner = learned @ learned.T + penalty * np.eye(len(learned))
    return np.linalg.solve(inner, learned @ others.T).T


def nearest(learned: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Nearest neighbours, weighted by nearness; arguments and result as those of `linear`."""
    count = min(len(learned), 5 if len(learned) < 200 else 10)
    squares = (learned**2).sum(1)[None] + (others**2).sum(1)[:, None] - 2 * others @ learned.T
    near = np.argpartition(squares, count - 1, axis=1)[:, :count]
    distance = np.sqrt(np.maximum(np.take_along_axis(squares, near, 1), 1e-12))
    weight = 1 / distance
    weight /= weight.sum(1, keepdims=True)
    found = np.zeros((len(others), len(learned)))
    np.put_along_axis(found, near, weight, 1)
    return found


def predict(smoother: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The predictions of one of these for a target (learned rows, outputs); one-hot for classes."""
    middle = target.mean(0)
    found: np.ndarray = smoother @ (target - middle) + middle
    return found


def score(predicted: np.ndarray, target: np.ndarray, classes: bool) -> float:
    """Accuracy for one-hot rows, else R2."""
    if classes:
        return float((predicted.argmax(1) == target.argmax(1)).mean())
    spread = ((target - target.mean(0)) ** 2).sum()
    return float(1 - ((predicted - target) ** 2).sum() / spread) if spread > 0 else float("nan")


def signal(smoother: np.ndarray, target: np.ndarray, wanted: np.ndarray) -> float:
    """How much better a model predicts than it does when the learned rows' targets are shuffled.

    In standard deviations of the latter. Source: the permutation test, Fisher 1935.

    Parameters
    ----------
    target, wanted : of the learned and of the other rows, (rows, outputs).
    """
    random = np.random.default_rng(0)
    goal = wanted - wanted.mean(0)

    def agreement(given: np.ndarray) -> float:
        found = smoother @ (given - given.mean(0))
        size = np.sqrt((found**2).sum() * (goal**2).sum())
        return float((found * goal).sum() / size) if size > 0 else 0.0

    chance = [agreement(target[random.permutation(len(target))]) for _ in range(PERMUTED)]
    spread = float(np.std(chance))
    return (agreement(target) - float(np.mean(chance))) / spread if spread > 0 else 0.0


__all__ = ["MOST_ROWS", "linear", "nearest", "predict", "score", "signal", "standardised"]
