"""`Recipe`: every choice that decides how a model for a table is fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from ..errors import OptionError, unknown
from .kinds import KINDS, MemberKind

Limits = tuple[tuple[float, int], ...]
"""(rows, value) in ascending order: the value holds below so many rows; the last for any number."""

FOLDS: Limits = (
    (2_000, 10), (8_000, 8), (20_000, 5), (100_000, 3), (500_000, 2), (math.inf, 1),
)  # fmt: skip
"""Members of each kind: what one learns from many rows, another would hardly better."""

WIDTH: Limits = ((2_000, 64), (math.inf, 128))
"""Units of each hidden layer: more than this would learn few rows by heart."""

PATIENCE: Limits = ((2_000, 20), (500_000, 12), (math.inf, 6))
"""Epochs without a better one that end a training: few held-out rows measure it unsteadily."""

EPOCHS: Limits = (
    (5_000, 100), (10_000, 60), (20_000, 40), (100_000, 30), (500_000, 15), (math.inf, 7),
)  # fmt: skip
"""Epochs at most: an epoch of many rows has more steps, so that fewer epochs are enough."""

UNITS_FOR_EACH_OUTPUT = 8
WIDEST_LAYER = 512
"""Units of a hidden layer: so many for each output, up to so many in all."""


def _from_rows(rows: int, limits: Limits) -> int:
    return next(value for limit, value in limits if rows < limit)


@dataclass(frozen=True)
class Recipe:
    """Settings of a fit; None is what the number of rows suggests.

    Attributes
    ----------
    kinds : kinds of member, names in `KINDS`, each trained on every fold.
    folds : members of each kind; each trains on a part of the rows and is measured on the others.
        From 5 on every row is held out by one of them; fewer hold out `validation_fraction` each.
    repeats : how often that is done, with another division and other first weights.
    validation_fraction : of the rows, held out by each of fewer than 5 members; 0 for a single
        one that trains on every row and knows no best epoch.
    pool : "fitted" weighs the kinds by their predictions for rows held out, "equal" alike.
    calibrate : whether probabilities are sharpened or softened to fit rows held out (temperature
        scaling; Guo et al. 2017, "On calibration of modern neural networks").
    refit : whether, at the end, each kind is trained anew on all rows, for as many epochs as were
        best on the folds.
    width : units of each hidden layer, more where there are many outputs.
    pace : factor on the epochs and the patience that the number of rows suggests.
    hidden, activation, dropout, learning_rate, weight_decay : of the kinds that are networks (the
        last two of all kinds) in place of their own.
    epochs, patience : at most so many epochs; and so many without a better one end a training
        ("auto" as the number of rows suggests, None never).
    batch_size : rows in a step; "all" takes every row in each.
    optimizer, schedule, label_smoothing, clip_norm, shuffle : as `layerwise.train` takes them.
    dtype : of the weights, float32 or float64; `Rows` must have the same.
    probes : whether what the layers of one member of each kind do is recorded; it changes no
        weight.
    """

    kinds: tuple[str, ...] = ("linear", "additive", "piecewise", "rectified", "periodic")
    folds: int | None = None
    repeats: int = 1
    validation_fraction: float = 0.125
    pool: str = "fitted"
    calibrate: bool = True
    refit: bool = False
    width: int | None = None
    pace: float = 1.0
    hidden: tuple[int, ...] | None = None
    activation: Any = None
    dropout: Any = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    epochs: int | None = None
    patience: int | str | None = "auto"
    batch_size: int | str | None = None
    optimizer: Any = "adamw"
    schedule: Any = "cosine"
    label_smoothing: float = 0.0
    clip_norm: float | None = None
    shuffle: bool = True
    dtype: str = "float32"
    probes: bool = True

    def __post_init__(self) -> None:
        for name in self.kinds:
            if name not in KINDS:
                raise unknown("kind of member", name, KINDS)
        if not self.kinds:
            raise OptionError("kinds: expected at least one kind of member")
        for name in ("folds", "repeats", "epochs", "patience"):
            value = getattr(self, name)
            if isinstance(value, int) and value < 1:
                raise OptionError(f"{name}: expected at least 1, got {value!r}")
        if not 0 <= self.validation_fraction < 1:
            raise OptionError(
                f"validation_fraction: expected from 0 to below 1, got {self.validation_fraction!r}"
            )
        if self.pool not in ("fitted", "equal"):
            raise unknown("pool", self.pool, ("fitted", "equal"))

    def for_rows(self, rows: int) -> Recipe:
        """The same recipe with nothing left open, for so many rows."""
        folds = self.folds or _from_rows(rows, FOLDS)
        epochs = self.epochs or max(1, round(self.pace * _from_rows(rows, EPOCHS)))
        patience = self.patience
        if patience == "auto":
            patience = max(1, round(self.pace * _from_rows(rows, PATIENCE)))
        batch = self.batch_size
        if batch is None:
            batch = 32
            while batch < 512 and batch * 200 < rows:
                batch *= 2
        return replace(
            self,
            folds=folds,
            width=self.width or _from_rows(rows, WIDTH),
            epochs=epochs,
            patience=patience,
            batch_size=rows if batch == "all" else batch,
        )

    def members(self, outputs: int = 1) -> list[MemberKind]:
        """The kinds with this recipe's settings, for so many outputs."""
        kinds = []
        for name in self.kinds:
            kind = KINDS[name].changed(
                learning_rate=self.learning_rate, weight_decay=self.weight_decay
            )
            if kind.is_network:
                kind = kind.changed(
                    hidden=self._sizes(kind, outputs) if self.hidden is None else self.hidden,
                    activation=self.activation,
                    dropout=self.dropout,
                )
            kinds.append(kind)
        return kinds

    def _sizes(self, kind: MemberKind, outputs: int) -> tuple[int, ...]:
        # Many classes cannot be told apart by few directions.
        least = min(-(-UNITS_FOR_EACH_OUTPUT * outputs // 64) * 64, WIDEST_LAYER)
        return tuple(max(self.width or size, least) for size in kind.hidden)
