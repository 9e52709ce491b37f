"""How good a classifier is, class by class, and how far it can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...tabular.measures import bootstrap
from ..measures import (
    Curve,
    PerClass,
    Reliability,
    average_precision,
    calibration_error,
    confusion_counts,
    fit_temperature,
    per_class,
    precision_recall_curve,
    reliability,
    roc_area,
    roc_curve,
    with_temperature,
)

WORST = 12
"""Mistakes that are shown."""

MOST_RESAMPLED = 20_000
"""Rows above which the area's interval is left out: chance has no part in it any more."""

_TINY = 1e-37  # the smallest normal float32, about: below it a probability says nothing


@dataclass(frozen=True, eq=False)
class ClassCurves:
    """Curves of one class against all others.

    Attributes
    ----------
    roc_area, average_precision : the areas.
    share : of the class among the rows, what a blind precision-recall curve would reach.
    """

    name: str
    roc: Curve
    roc_area: float
    precision_recall: Curve
    average_precision: float
    share: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """How true the confidence is.

    Attributes
    ----------
    before, after : bins as the model is, and with its temperature; `after` is None without
        validation rows to fit that on.
    error_before, error_after : expected calibration error.
    temperature : that was fitted.
    edges, counts : histogram of the confidence, as the model is.
    sure : share of predictions with a confidence above 0.9.
    """

    before: Reliability
    error_before: float
    after: Reliability | None
    error_after: float | None
    temperature: float | None
    bins: int
    edges: np.ndarray
    counts: np.ndarray
    sure: float


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction.

    Attributes
    ----------
    place : of the row among the held-out ones.
    confidence : probability of the class that was predicted.
    own : probability of the true class.
    """

    place: int
    true: str
    predicted: str
    confidence: float
    own: float


@dataclass(frozen=True, eq=False)
class Classification:
    """All that is shown of a classifier on held-out rows."""

    names: tuple[str, ...]
    rows: int
    counts: np.ndarray
    per_class: PerClass
    curves: tuple[ClassCurves, ...]
    mean_area: float | None
    area_interval: tuple[float, float] | None
    calibration: Calibration
    mistakes: int
    worst: tuple[Mistake, ...]


def classification(
    probabilities: np.ndarray,
    truth: np.ndarray,
    names: tuple[str, ...],
    validation: tuple[np.ndarray, np.ndarray] | None = None,
) -> Classification:
    """Measure a classifier.

    Parameters
    ----------
    probabilities : float (n, classes), of held-out rows.
    truth : int (n,); -1 for a class that training did not know.
    names : of the classes.
    validation : (probabilities, truth) of rows that did not train, to fit the temperature on.
    """
    guessed = probabilities.argmax(1)
    right = guessed == truth
    counts = confusion_counts(truth, guessed, len(names))
    curves = _curves(probabilities, truth, names)
    areas = [each.roc_area for each in curves]
    wrong = np.flatnonzero(~right)
    confidence = probabilities.max(1)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:WORST]
    return Classification(
        names=names,
        rows=len(truth),
        counts=counts,
        per_class=per_class(counts),
        curves=curves,
        mean_area=float(np.mean(areas)) if areas else None,
        area_interval=_area_interval(probabilities, truth, curves, names),
        calibration=_calibration(probabilities, truth, validation),
        mistakes=len(wrong),
        worst=tuple(
            Mistake(
                int(row),
                names[truth[row]] if truth[row] >= 0 else "a class unknown to training",
                names[guessed[row]],
                float(confidence[row]),
                float(probabilities[row, truth[row]]) if truth[row] >= 0 else 0.0,
            )
            for row in worst
        ),
    )


def _curves(
    probabilities: np.ndarray, truth: np.ndarray, names: tuple[str, ...]
) -> tuple[ClassCurves, ...]:
    """One curve for two classes (of the second), else one for each class that occurs."""
    found = []
    for place in [1] if len(names) == 2 else range(len(names)):
        positive, scores = truth == place, probabilities[:, place]
        if not positive.any() or positive.all():
            continue
        found.append(
            ClassCurves(
                names[place],
                roc_curve(positive, scores),
                roc_area(positive, scores),
                precision_recall_curve(positive, scores),
                average_precision(positive, scores),
                float(positive.mean()),
            )
        )
    return tuple(found)


def _area_interval(
    probabilities: np.ndarray,
    truth: np.ndarray,
    curves: tuple[ClassCurves, ...],
    names: tuple[str, ...],
) -> tuple[float, float] | None:
    """Of the mean area over classes."""
    if not curves or len(truth) * len(curves) > MOST_RESAMPLED:
        return None
    sorted_ones = []
    for each in curves:
        place = names.index(each.name)
        order = np.argsort(-probabilities[:, place], kind="stable")
        scores = probabilities[order, place]
        ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)
        sorted_ones.append((order, ends, (truth == place)[order]))

    def mean_area(times: np.ndarray) -> float:
        areas = []
        for order, ends, positive in sorted_ones:
            weight = times[order]
            hits = np.append(0, np.cumsum(weight * positive)[ends])
            misses = np.append(0, np.cumsum(weight * ~positive)[ends])
            whole = hits[-1] * misses[-1]
            if not whole:
                return float("nan")
            areas.append((np.diff(misses) * (hits[1:] + hits[:-1])).sum() / (2 * whole))
        return float(np.mean(areas))

    return bootstrap(len(truth), None, mean_area)


def _calibration(
    probabilities: np.ndarray,
    truth: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray] | None,
) -> Calibration:
    # A bin of fewer rows than 20 says more of chance than of the model.
    bins = int(np.clip(len(truth) // 20, 2, 15))
    right = probabilities.argmax(1) == truth
    confidence = probabilities.max(1)
    before = reliability(confidence, right, bins)
    error = calibration_error(confidence, right, bins)
    counts, edges = np.histogram(confidence, 25, (1 / probabilities.shape[1], 1.0 + 1e-9))
    spread = edges, counts, float((confidence > 0.9).mean())
    usable = validation is not None and bool((validation[1] >= 0).any())
    if validation is None or not usable:
        return Calibration(before, error, None, None, None, bins, *spread)
    known = validation[1] >= 0
    temperature = fit_temperature(_logits(validation[0][known]), validation[1][known])
    cooled = with_temperature(_logits(probabilities), temperature).max(1)
    return Calibration(
        before,
        error,
        reliability(cooled, right, bins),
        calibration_error(cooled, right, bins),
        temperature,
        bins,
        *spread,
    )


def _logits(probabilities: np.ndarray) -> np.ndarray:
    """Logarithms of probabilities are logits up to a constant, which a softmax does not see."""
    return np.log(np.maximum(probabilities, _TINY))
