"""Where a network of pictures looked, and whether that means anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import DataError, OptionError
from ...model import Model
from .rows import Part

if TYPE_CHECKING:
    from ...insight.looked import Looked, MaskingCheck

SHOWN = 12
"""Pictures with maps."""

CHECKED = 200
"""Pictures of the check: enough for a standard error of a few percent."""


@dataclass(frozen=True, eq=False)
class LookedAt:
    """What is known of it.

    Attributes
    ----------
    looked : maps by each method, of the same pictures.
    checks : of the methods, in the same order.
    answers, truth : numbers of classes of the pictures, (n,).
    sure : probability of each answer, (n,).
    numbers : of the rows.
    """

    looked: tuple[Looked, ...]
    checks: tuple[MaskingCheck, ...]
    answers: np.ndarray
    truth: np.ndarray
    sure: np.ndarray
    numbers: tuple[int, ...]


def looked_at(model: Model, part: Part) -> LookedAt | None:
    """Look at some held-out pictures; None for a model of something else.

    Parameters
    ----------
    part : rows as the model takes them, not encoded.
    """
    from ...insight.looked import masking_check, where_it_looked

    if model.pictures is None or part.encoded or model.target != "classes":
        return None
    # Spread over all rows, as files are often sorted by class.
    checked = np.unique(np.linspace(0, len(part) - 1, min(CHECKED, len(part))).astype(int))
    shown = np.unique(np.linspace(0, len(checked) - 1, min(SHOWN, len(checked))).astype(int))
    pictures = model.pictures.take(_rows(part, checked))[0]
    looked, checks = [], []
    for method in ("attention", "gradient"):
        try:
            found = where_it_looked(model, pictures, method)
            checks.append(masking_check(model, pictures, looked=found))
        except (OptionError, DataError):
            # No attention, or a single picture.
            continue
        looked.append(_some(found, shown))
    if not looked:
        return None
    probabilities = model.predict_probabilities(pictures[shown])
    answers = probabilities.argmax(1)
    rows = checked[shown]
    return LookedAt(
        tuple(looked),
        tuple(checks),
        answers,
        part.truth[rows],
        probabilities[np.arange(len(answers)), answers].astype(np.float64),
        tuple(part.number(int(row)) for row in rows),
    )


def _rows(part: Part, rows: np.ndarray) -> object:
    given = part.inputs[0] if isinstance(part.inputs, tuple) else part.inputs
    if isinstance(given, np.ndarray):
        return given[rows]
    return [given[int(row)] for row in rows]


def _some(found: Looked, rows: np.ndarray) -> Looked:
    from dataclasses import replace

    return replace(found, maps=found.maps[rows], pictures=found.pictures[rows])
