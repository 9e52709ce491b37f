"""`TextRecipe`: every choice that decides how a network for texts is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

Limits = tuple[tuple[float, int], ...]
"""(rows, value) in ascending order: the value holds below so many rows; the last for any number."""

FOLDS: Limits = ((1_000, 5), (math.inf, 1))
"""Trainings that choose the number of epochs: a part of few rows measures it unsteadily."""

EPOCHS: Limits = ((300, 60), (1_000, 40), (5_000, 20), (20_000, 12), (100_000, 8), (math.inf, 5))
"""Epochs at most: an epoch of many rows has more steps, so that fewer epochs are enough."""

PATIENCE: Limits = ((300, 12), (1_000, 8), (20_000, 4), (math.inf, 2))
"""Epochs without a better one that end a training."""

REFIT_BELOW = 20_000
"""Rows from which on what was held out is a small part, and is not trained on at the end."""


def _from_rows(rows: int, limits: Limits) -> int:
    return next(value for limit, value in limits if rows < limit)


@dataclass(frozen=True)
class TextRecipe:
    """Settings of a fit; None is what the number of rows suggests.

    Attributes
    ----------
    folds : trainings that choose the number of epochs, each validated on another part of the rows;
        one holds `validation_fraction` out.
    validation_fraction : of the rows; 0 for a single training on every row that knows no best
        epoch.
    refit : whether a last training, of as many epochs as were best, learns from all rows.
    epochs, patience, batch_size : of a training.
    learning_rate, optimizer, schedule : as `layerwise.train` takes them.
    label_smoothing, clip_norm : likewise.
    shuffle, probes : likewise.
    """

    folds: int | None = None
    validation_fraction: float = 0.125
    refit: bool | None = None
    epochs: int | None = None
    patience: int | None = None
    early_stopping: bool = True
    batch_size: int | None = None
    learning_rate: float | None = 2e-3
    optimizer: Any = "adam"
    schedule: Any = "cosine"
    label_smoothing: float = 0.0
    clip_norm: float | None = None
    shuffle: bool = True
    probes: bool = True

    def for_rows(self, rows: int) -> TextRecipe:
        """With everything decided for so many training rows."""
        batch = self.batch_size
        if batch is None:
            batch = 8 if rows < 200 else 16 if rows < 1000 else 32
            while batch < 256 and batch * 500 < rows:
                batch *= 2
        patience = self.patience or _from_rows(rows, PATIENCE)
        return replace(
            self,
            folds=min(self.folds or _from_rows(rows, FOLDS), rows),
            refit=rows < REFIT_BELOW if self.refit is None else self.refit,
            epochs=self.epochs or _from_rows(rows, EPOCHS),
            patience=patience if self.early_stopping else None,
            batch_size=batch,
        )


__all__ = ["TextRecipe"]
