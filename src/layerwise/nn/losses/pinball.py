"""The pinball loss: what makes a network predict quantiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import OptionError
from ...graph import ShapeError, dtypes, maximum, show
from .shapes import aligned, row_mean, together


@dataclass(frozen=True)
class Pinball:
    """max(q e, (q - 1) e) for e = target - prediction; its minimum is the conditional q-quantile.

    Koenker & Bassett 1978, "Regression quantiles", equation 3.1. For q = 0.9 a prediction that is
    too low costs nine times as much as one that is too high by the same amount, so that one in ten
    targets is left above it. For q = 0.5 it is half the absolute error.

    Attributes
    ----------
    levels : each q, above 0 and below 1. One level goes with predictions and targets as for `mse`.
        Several go with predictions (batch, levels) and one target for all, (batch,) or (batch, 1).

    Raises
    ------
    OptionError : no level, or one that is not between 0 and 1.
    ShapeError : the predictions are not as many as the levels, or the target does not fit.
    """

    levels: tuple[float, ...]

    def __post_init__(self) -> None:
        wrong = [q for q in self.levels if not isinstance(q, int | float | np.number)]
        wrong = wrong or [q for q in self.levels if not 0 < q < 1]
        if wrong or not self.levels:
            raise OptionError(
                "quantile: expected levels above 0 and below 1, such as quantile(0.9) or "
                f"quantile(0.1, 0.5, 0.9), got {f'{wrong[0]!r}' if wrong else 'none'}"
            )
        object.__setattr__(self, "levels", tuple(map(float, self.levels)))

    @property
    def name(self) -> str:
        """As `find` reads it: ``quantile(0.1, 0.9)``."""
        return f"quantile({', '.join(map(str, self.levels))})"

    def __call__(self, prediction: Any, target: Any) -> Any:
        """The loss of each row, the mean over its outputs: shape (batch,)."""
        if len(self.levels) == 1:
            prediction, target = aligned(self.name, prediction, target)
            (level,) = self.levels
            error = target - prediction
            return row_mean(maximum(level * error, (level - 1.0) * error))
        prediction, target = together(prediction, target)
        count, shape = len(self.levels), tuple(prediction.shape)
        if len(shape) < 2 or shape[-1] != count:
            raise ShapeError(
                f"{self.name}: expected an output for each of {count} levels, got predictions of "
                f"shape {show(shape)}; give the last layer {count} outputs"
            )
        one = (*shape[:-1], 1)
        if tuple(target.shape) not in (shape[:-1], one):
            raise ShapeError(
                f"{self.name}: expected one target for all levels, shape {show(shape[:-1])}, got "
                f"{show(target.shape)}"
            )
        _, target = aligned(self.name, prediction[..., :1], target)
        error = target - prediction
        each = np.asarray(self.levels, dtypes.as_dtype(prediction.dtype))
        return row_mean(maximum(each * error, (each - 1) * error))
