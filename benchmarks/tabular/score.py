"""Arithmetic of the boards: scores, paired differences, and what they amount to over sets."""

import math
from dataclasses import dataclass

import numpy as np

# Every model's probabilities are kept this far from zero, the precision of those in float32.
LEAST_PROBABILITY = 1e-7

# +1 where more is better, -1 where less is.
DIRECTION = {"accuracy": 1, "r2": 1, "log_loss": -1, "rmse": -1}
BOARDS = {
    1: {"classification": "accuracy", "regression": "r2"},
    2: {"classification": "log_loss", "regression": "rmse"},
}


def score_classes(labels: np.ndarray, probabilities: np.ndarray, classes: int) -> dict[str, float]:
    """Accuracy and log loss in nats.

    Parameters
    ----------
    labels
        True classes from 0, shape ``(rows,)``.
    probabilities
        Shape ``(rows, classes)``.

    Raises
    ------
    ValueError
        If the shape is another one, or a probability is not finite or is below zero.
    """
    expected = (len(labels), classes)
    if probabilities.shape != expected:
        raise ValueError(f"expected probabilities of shape {expected}, got {probabilities.shape}")
    probabilities = probabilities.astype(np.float64)
    if not (np.isfinite(probabilities).all() and (probabilities >= 0).all()):
        raise ValueError("expected finite probabilities from zero up, got others")
    kept = np.maximum(probabilities, LEAST_PROBABILITY)
    kept /= kept.sum(axis=1, keepdims=True)
    return {
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "log_loss": float(-np.log(kept[np.arange(len(labels)), labels]).mean()),
    }


def score_numbers(values: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """R2 and root mean squared error.

    Parameters
    ----------
    values, predictions
        Shape ``(rows,)``.

    Raises
    ------
    ValueError
        If the shapes differ, or a prediction is not finite.
    """
    if predictions.shape != values.shape:
        raise ValueError(f"expected predictions of shape {values.shape}, got {predictions.shape}")
    if not np.isfinite(predictions).all():
        raise ValueError("expected finite predictions, got others")
    squared = np.square(values - predictions.astype(np.float64)).mean()
    return {
        "r2": float(1 - squared / np.square(values - values.mean()).mean()),
        "rmse": math.sqrt(squared),
    }


@dataclass(frozen=True)
class Comparison:
    """One model against another on one set and board, paired by seed; positive is better.

    Attributes
    ----------
    gains
        For each seed how much better the first model is, in the board's own unit.
    """

    gains: np.ndarray

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(self.gains.mean())

    @property
    def spread(self) -> float:
        """Standard deviation over the seeds; NaN for a single one."""
        return float(self.gains.std(ddof=1)) if len(self.gains) > 1 else math.nan

    @property
    def standard_error(self) -> float:
        """Of the mean, as if the seeds' splits were independent; NaN for a single seed."""
        return self.spread / math.sqrt(len(self.gains))

    @property
    def verdict(self) -> str:
        """``"win"`` or ``"loss"``, or ``"tie"`` within one standard error or for a single seed."""
        if math.isnan(self.standard_error) or abs(self.mean) <= self.standard_error:
            return "tie"
        return "win" if self.mean > 0 else "loss"


def compare(first: dict[int, float], second: dict[int, float], measure: str) -> Comparison | None:
    """Compare two models' scores by seed; None where no seed has both.

    Parameters
    ----------
    first, second
        Seed to score.
    measure
        A key of `DIRECTION`.
    """
    seeds = sorted(first.keys() & second.keys())
    if not seeds:
        return None
    gains = [DIRECTION[measure] * (first[seed] - second[seed]) for seed in seeds]
    return Comparison(np.array(gains, dtype=np.float64))


def unit(against_constant: Comparison | None) -> float | None:
    """One unit of a normalised difference: what the reference gains on the constant predictor.

    None where that gain is within two standard errors of zero: so small a unit would let one set
    decide the mean over all.
    """
    if against_constant is None or math.isnan(against_constant.standard_error):
        return None
    size = abs(against_constant.mean)
    return size if size > 2 * against_constant.standard_error else None


def bootstrap_interval(
    gains: list[np.ndarray], confidence: float = 0.95, resamples: int = 2000
) -> tuple[float, float]:
    """Percentile interval of the mean over sets of the mean over seeds, both drawn anew.

    Parameters
    ----------
    gains
        For each set its normalised differences by seed.
    """
    random = np.random.default_rng(0)
    means = np.empty(resamples)
    for resample in range(resamples):
        sets = random.integers(len(gains), size=len(gains))
        means[resample] = np.mean(
            [random.choice(gains[index], len(gains[index])).mean() for index in sets]
        )
    outside = (1 - confidence) / 2
    low, high = np.quantile(means, [outside, 1 - outside])
    return float(low), float(high)


def geometric_mean(ratios: list[float]) -> float:
    return math.exp(np.mean(np.log(ratios)))
