"""Losses for numbers: regression."""

from __future__ import annotations

from typing import Any

from ...errors import OptionError
from ...graph import absolute, minimum, square
from .shapes import aligned, row_mean


def mse(prediction: Any, target: Any) -> Any:
    """Squared error, the mean over a row's outputs; its minimum is the conditional mean.

    Parameters
    ----------
    prediction, target : shape (batch,), (batch, 1) or (batch, outputs); (batch,) and (batch, 1)
        go together.

    Returns
    -------
    Shape (batch,).

    Raises
    ------
    ShapeError : the shapes differ otherwise.
    """
    prediction, target = aligned("mse", prediction, target)
    return row_mean(square(prediction - target))


def mae(prediction: Any, target: Any) -> Any:
    """Absolute error, the mean over a row's outputs; its minimum is the conditional median.

    Shapes and errors as for `mse`. The derivative where prediction and target are equal is 0.
    """
    prediction, target = aligned("mae", prediction, target)
    return row_mean(absolute(prediction - target))


def huber(prediction: Any, target: Any, delta: float = 1.0) -> Any:
    """Half the squared error up to `delta`, beyond it linear, so that outliers pull less.

    Huber 1964, "Robust estimation of a location parameter". Shapes and errors as for `mse`.
    """
    if not delta > 0:
        raise OptionError(f"huber: expected delta above 0, got {delta}")
    prediction, target = aligned("huber", prediction, target)
    distance = absolute(prediction - target)
    # One form for both branches: the quadratic part ends where the distance passes delta.
    quadratic = minimum(distance, delta)
    return row_mean(quadratic * (distance - quadratic * 0.5))
