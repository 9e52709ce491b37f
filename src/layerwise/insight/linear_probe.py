"""How well a linear model reads a target from features: fitted to some rows, tested on others.

Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes". Ridge on
standardised features; wide features are projected on their principal components first.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

WIDEST = 256
"""Features that a probe looks at; of more, as many principal components."""

EXACT = 1024
"""Up to so many rows or columns the principal components are exact, else by random projection."""

STEPS = 200
RIDGES = tuple(10.0**power for power in range(-4, 5))


class Score(NamedTuple):
    """A probe's result on held-out rows.

    Attributes
    ----------
    value : accuracy for classes, R2 for numbers.
    error : standard error of the value, from the number of held-out rows.
    """

    value: float
    error: float


class Components(NamedTuple):
    """Principal components of standardised features.

    Attributes
    ----------
    training, held_out : float32 (n, components), uncorrelated over the training rows.
    variances : float32 (components,), of the training rows, largest first.
    """

    training: np.ndarray
    held_out: np.ndarray
    variances: np.ndarray


def components(training: np.ndarray, held_out: np.ndarray, seed: int = 0) -> Components:
    """Standardise features by the training rows and turn them to their principal components.

    Parameters
    ----------
    training, held_out : (n, features). Values that are not finite count as 0, the mean.
    seed : of the random projection that finds the components of very wide features (Halko,
        Martinsson & Tropp 2011, "Finding structure with randomness", algorithm 4.4).
    """
    values = np.asarray(training, np.float32).reshape(len(training), -1)
    others = np.asarray(held_out, np.float32).reshape(len(held_out), -1)
    bad = ~np.isfinite(values)
    if bad.any() or not np.isfinite(others).all():
        values, others = np.where(bad, 0, values), np.where(np.isfinite(others), others, 0)
    mean = values.mean(0, dtype=np.float64)
    deviation = values.std(0, dtype=np.float64)
    # Rounding leaves a constant feature a deviation of about 1e-7 of its size in float32, not 0.
    constant = deviation <= 1e-6 * np.maximum(np.abs(mean), 1e-30)
    factor = np.where(constant, 0.0, 1.0 / np.where(constant, 1.0, deviation)).astype(np.float32)
    values = (values - mean.astype(np.float32)) * factor
    others = (others - mean.astype(np.float32)) * factor
    axes = _axes(values, seed)
    projected = values @ axes
    return Components(projected, others @ axes, projected.var(0))


def _axes(values: np.ndarray, seed: int) -> np.ndarray:
    rows, width = values.shape
    if width <= EXACT:
        _, vectors = np.linalg.eigh(values.T @ values)
        return vectors[:, : -WIDEST - 1 : -1]
    if rows > EXACT:
        sketch = np.random.default_rng(seed).standard_normal((width, WIDEST + 16), np.float32)
        # Two rounds sharpen the spectrum, so that small directions do not mix in.
        for _ in range(2):
            sketch = values.T @ np.linalg.qr(values @ sketch)[0]
        found = np.linalg.qr(values @ sketch)[0].T @ values
    else:
        found = values
    return np.linalg.svd(found, full_matrices=False)[2][:WIDEST].T


def class_score(
    features: Components, training: np.ndarray, held_out: np.ndarray, classes: int
) -> Score:
    """Accuracy of multinomial logistic regression on held-out rows.

    Parameters
    ----------
    training, held_out : class numbers (n,) from 0 to below `classes`; -1 for a class that the
        training rows do not have, on which no answer is right.
    """
    weights, bias = _logistic(features, training, classes)
    right = (features.held_out @ weights + bias).argmax(1) == held_out
    # Two right and two wrong are added, else all right would have no error at all (Agresti & Coull
    # 1998, "Approximate is better than exact for interval estimation of binomial proportions").
    rows = len(right) + 4
    share = (int(right.sum()) + 2) / rows
    return Score(float(right.mean()), math.sqrt(share * (1 - share) / rows))


def _logistic(
    features: Components, labels: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Least mean cross-entropy plus |W|^2 / 2n, as `sklearn.linear_model.LogisticRegression`.

    The second derivative of cross-entropy is at most half the features' covariance (Böhning 1992,
    "Multinomial logistic regression algorithm"), which is diagonal in principal components. So
    each component has a safe step of its own, and Nesterov's momentum, begun anew where it points
    uphill (O'Donoghue & Candès 2015), does the rest.
    """
    x = features.training
    rows = len(x)
    truth = np.zeros((rows, classes), np.float32)
    truth[np.arange(rows), labels] = 1
    ridge = np.float32(1 / rows)
    step = 1 / (features.variances[:, None] / 2 + ridge)
    weights = momentum = np.zeros((x.shape[1], classes), np.float32)
    bias = bias_momentum = np.log(truth.mean(0) + np.float32(1e-6))
    age = 1.0
    for _ in range(STEPS):
        error = x @ momentum + bias_momentum
        error -= error.max(1, keepdims=True)
        np.exp(error, out=error)
        error /= error.sum(1, keepdims=True)
        error -= truth
        slope = x.T @ error / rows + ridge * momentum
        new, new_bias = momentum - step * slope, bias_momentum - 2 * error.mean(0)
        moved = new - weights
        if float((slope * moved).sum()) > 0:
            age = 1.0
        next_age = (1 + math.sqrt(1 + 4 * age * age)) / 2
        share = np.float32((age - 1) / next_age)
        momentum, bias_momentum = new + share * moved, new_bias + share * (new_bias - bias)
        # The largest change of any score by this step, in units of log-probability.
        still = float(np.sqrt((moved**2 * features.variances[:, None]).sum(0)).max())
        weights, bias, age = new, new_bias, next_age
        if still < 1e-3:
            break
    return weights, bias


def number_score(features: Components, training: np.ndarray, held_out: np.ndarray) -> Score:
    """R2 of a ridge regression on held-out rows, over all columns of the target.

    The ridge has the least error in generalised cross-validation on the training rows (Golub,
    Heath & Wahba 1979). The standard error is that of a ratio of means (the delta method).

    Parameters
    ----------
    training, held_out : numbers (n,) or (n, columns). Columns are put on one scale, so that each
        counts the same.
    """
    y = np.asarray(training, np.float64).reshape(len(training), -1)
    truth = np.asarray(held_out, np.float64).reshape(len(held_out), -1)
    mean, deviation = y.mean(0), y.std(0)
    scale = np.where(deviation > 0, deviation, 1.0)
    y, truth = (y - mean) / scale, (truth - mean) / scale
    x = features.training.astype(np.float64)
    variances = np.maximum((x * x).mean(0), 1e-30)
    along = x.T @ y / len(x)
    best, weights = math.inf, np.zeros_like(along)
    for ridge in RIDGES:
        # Components are uncorrelated, so each has its weight for itself.
        found = along / (variances + ridge)[:, None]
        freedom = 1 + float((variances / (variances + ridge)).sum())
        left = float(((y - x @ found) ** 2).mean())
        criterion = left / max(1 - freedom / len(x), 1e-6) ** 2
        if criterion < best:
            best, weights = criterion, found
    squares = ((truth - features.held_out.astype(np.float64) @ weights) ** 2).mean(1)
    spread = ((truth - truth.mean(0)) ** 2).mean(1)
    if not spread.any():
        return Score(math.nan, math.nan)
    ratio = squares.mean() / spread.mean()
    error = (squares - ratio * spread).std() / spread.mean() / math.sqrt(len(squares))
    return Score(float(1 - ratio), float(error))


__all__ = ["Components", "Score", "class_score", "components", "number_score"]
