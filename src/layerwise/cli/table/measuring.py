"""The test: what the model says of rows that it has not seen, and how good that is."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...tabular.measures import Measured, measure_classes, measure_numbers
from .fitting import Fitted
from .rows import Part, Rows


def predictions(fitted: Fitted, rows: Rows, places: np.ndarray) -> np.ndarray:
    """What the model says of raw rows, as a user would give them: probabilities, or numbers."""
    given = rows.table.take(places)
    if rows.labels is None:
        return np.asarray(fitted.model.predict(given), np.float64)
    own = fitted.model.predict_probabilities(given)
    # Classes that no row to learn from had have no column of their own.
    known = {str(name): place for place, name in enumerate(rows.classes)}
    found = np.zeros((len(places), len(rows.classes)))
    found[:, [known[str(name)] for name in fitted.classes]] = own
    return found


def measure_test(fitted: Fitted, rows: Rows, part: Part, found: np.ndarray) -> Measured:
    """How good predictions for the test rows of a part are."""
    assert part.test is not None
    learned = part.training
    weight = None if rows.weight is None else rows.weight[learned]
    tested: dict[str, Any] = {
        "weight": None if rows.weight is None else rows.weight[part.test],
        "groups": None if rows.groups is None else rows.groups[part.test],
    }
    if rows.labels is None:
        mean = float(np.average(rows.y[learned], weights=weight))
        return measure_numbers(rows.y[part.test], found, mean, **tested)
    shares = np.bincount(rows.labels[learned], weight, len(rows.classes))
    return measure_classes(rows.labels[part.test], found, shares / shares.sum(), **tested)
