"""The loss for counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DataError
from ...graph import exp
from .shapes import aligned, row_mean


def poisson(prediction: Any, target: Any) -> Any:
    """Negative log-likelihood of counts whose mean is e^prediction: e^z - y z.

    log(y!) is left out, as no weight changes it; so the loss may be below 0. Half the Poisson
    deviance differs from it by what depends on y alone (McCullagh & Nelder 1989, "Generalized
    linear models", section 2.3).

    Parameters
    ----------
    prediction : logarithms of the expected counts, shape (batch,), (batch, 1) or (batch, outputs).
    target : counts, or rates, at least 0, of the same shape; (batch,) and (batch, 1) go together.

    Returns
    -------
    Shape (batch,): the mean over a row's outputs.

    Raises
    ------
    ShapeError : the shapes differ otherwise.
    DataError : arrays with a target below 0.
    """
    prediction, target = aligned("poisson", prediction, target)
    if isinstance(target, np.ndarray) and (target < 0).any():
        raise DataError(f"poisson: expected counts of at least 0, got {target.min():g}")
    return row_mean(exp(prediction) - target * prediction)
