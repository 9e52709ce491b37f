"""How good predicted numbers are, and where they are worst."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...tabular.measures import bootstrap

MOST_POINTS = 800
"""Of a scatter plot: more would hide each other and make the page heavy."""

SEGMENTS = 5
MOST_CATEGORIES = 8


@dataclass(frozen=True)
class Segment:
    """Rows of one kind.

    Attributes
    ----------
    rmse : root mean squared error there.
    bias : mean of predicted minus true; above 0 predictions are too high.
    """

    name: str
    rows: int
    rmse: float
    bias: float


@dataclass(frozen=True, eq=False)
class Regression:
    """All that is shown of predicted numbers on held-out rows.

    Attributes
    ----------
    truth, predicted : float64 (n,), at most `MOST_POINTS` of them, drawn evenly.
    edges, counts : of the histogram of residuals, true minus predicted.
    by_prediction, by_category : errors in parts of the rows; the latter with the column's name.
    """

    rows: int
    truth: np.ndarray
    predicted: np.ndarray
    bias: float
    rmse: float
    rmse_interval: tuple[float, float] | None
    edges: np.ndarray
    counts: np.ndarray
    by_prediction: tuple[Segment, ...]
    by_category: tuple[str, tuple[Segment, ...]] | None
    worst: tuple[tuple[int, float, float], ...]
    outputs: int = 1


def regression(
    truth: np.ndarray,
    predicted: np.ndarray,
    category: tuple[str, np.ndarray] | None = None,
    outputs: int = 1,
) -> Regression:
    """Measure predicted numbers.

    Parameters
    ----------
    truth, predicted : float (n,).
    category : name and values (n,), text, of a column that may explain errors.
    outputs : that the model predicts in all; this is the first.
    """
    residuals = truth - predicted

    def root_mean_square(times: np.ndarray) -> float:
        return float(np.sqrt((np.square(residuals) * times).sum() / times.sum()))

    low, high = np.percentile(residuals, [0.5, 99.5])
    room = max(high - low, 1e-9) * 0.02
    # What lies beyond is counted in the outer bins, so that one row does not flatten the rest.
    edges = np.linspace(low - room, high + room, 31)
    counts = np.histogram(np.clip(residuals, edges[0], edges[-1]), edges)[0]
    shown = np.unique(np.linspace(0, len(truth) - 1, min(MOST_POINTS, len(truth))).astype(int))
    worst = np.argsort(-np.abs(residuals), kind="stable")[:10]
    return Regression(
        rows=len(truth),
        truth=truth[shown],
        predicted=predicted[shown],
        bias=float(-residuals.mean()),
        rmse=float(np.sqrt(np.square(residuals).mean())),
        rmse_interval=bootstrap(len(truth), None, root_mean_square),
        edges=edges,
        counts=counts,
        by_prediction=_by_prediction(residuals, predicted),
        by_category=None if category is None else _by_category(residuals, *category),
        worst=tuple((int(i), float(truth[i]), float(predicted[i])) for i in worst),
        outputs=outputs,
    )


def _segment(name: str, residuals: np.ndarray) -> Segment:
    rmse = float(np.sqrt(np.square(residuals).mean()))
    return Segment(name, len(residuals), rmse, float(-residuals.mean()))


def _by_prediction(residuals: np.ndarray, predicted: np.ndarray) -> tuple[Segment, ...]:
    from ..charts.words import number

    order = np.argsort(predicted, kind="stable")
    found = []
    for part in np.array_split(order, min(SEGMENTS, len(order))):
        low, high = predicted[part[0]], predicted[part[-1]]
        found.append(_segment(f"{number(low)} to {number(high)}", residuals[part]))
    return tuple(found)


def _by_category(
    residuals: np.ndarray, name: str, values: np.ndarray
) -> tuple[str, tuple[Segment, ...]]:
    known, places, sizes = np.unique(values, return_inverse=True, return_counts=True)
    largest = np.argsort(-sizes, kind="stable")[:MOST_CATEGORIES]
    parts = tuple(_segment(str(known[i]), residuals[places == i]) for i in largest)
    return name, parts
