"""Two simple models to compare a network with: what they find, a healthy network finds too.

Both are learned from training rows in milliseconds: a linear model (ridge regression, on classes
as one-hot numbers) and nearest neighbours.
"""

from __future__ import annotations

import numpy as np

MOST_ROWS = 2000
"""Rows that nearest neighbours look at, and that the linear model is learned from beyond 10 times
as many columns."""

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


def linear(learned: np.ndarray, target: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Ridge regression's predictions for other rows.

    Parameters
    ----------
    learned, others : standardised, (rows, columns).
    target : (rows, outputs); one-hot for classes.
    """
    middle = target.mean(0)
    columns = learned.shape[1]
    penalty = RIDGE * len(learned)
    if columns <= len(learned):
        weights = np.linalg.solve(
            learned.T @ learned + penalty * np.eye(columns), learned.T @ (target - middle)
        )
    else:
        inner = learned @ learned.T + penalty * np.eye(len(learned))
        weights = learned.T @ np.linalg.solve(inner, target - middle)
    return others @ weights + middle


def nearest(learned: np.ndarray, target: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The mean target of the nearest learned rows, weighted by nearness; arguments as `linear`."""
    count = min(len(learned), 5 if len(learned) < 200 else 10)
    squares = (learned**2).sum(1)[None] + (others**2).sum(1)[:, None] - 2 * others @ learned.T
    near = np.argpartition(squares, count - 1, axis=1)[:, :count]
    distance = np.sqrt(np.maximum(np.take_along_axis(squares, near, 1), 1e-12))
    weight = 1 / distance
    weight /= weight.sum(1, keepdims=True)
    return (target[near] * weight[:, :, None]).sum(1)


def score(predicted: np.ndarray, target: np.ndarray, classes: bool) -> float:
    """Accuracy for one-hot rows, else R2."""
    if classes:
        return float((predicted.argmax(1) == target.argmax(1)).mean())
    spread = ((target - target.mean(0)) ** 2).sum()
    return float(1 - ((predicted - target) ** 2).sum() / spread) if spread > 0 else float("nan")


__all__ = ["MOST_ROWS", "linear", "nearest", "score", "standardised"]
