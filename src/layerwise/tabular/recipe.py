"""`Recipe`: every choice that decides how a model for a table is fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..errors import OptionError, unknown
from .kinds import KINDS, MemberKind


@dataclass(frozen=True)
class Recipe:
    """Settings of a fit; None is what the number of rows suggests.

    Attributes
    ----------
    kinds : kinds of member, names in `KINDS`, each trained on every fold.
    folds : parts that the rows are divided into; each member trains on all but one of them and is
        measured on that one. 1 holds out `validation_fraction` of the rows once.
    repeats : how often that is done, with another division and other first weights.
    validation_fraction : of the rows, held out when `folds` is 1; 0 trains on every row and knows
        no best epoch.
    pool : "fitted" weighs the kinds by their predictions for rows held out, "equal" alike.
    calibrate : whether probabilities are sharpened or softened to fit rows held out (temperature
        scaling; Guo et al. 2017, "On calibration of modern neural networks").
    refit : whether, at the end, each kind is trained anew on all rows, for as many epochs as were
        best on the folds.
    hidden, activation, dropout, learning_rate, weight_decay : of the kinds that are networks (the
        last two of all kinds) in place of their own.
    epochs, patience : at most so many epochs; and so many without a better one end a training.
    batch_size : rows in a step; "all" takes every row in each.
    optimizer, schedule, label_smoothing, clip_norm, shuffle : as `layerwise.train` takes them.
    dtype : of the weights, float32 or float64; `Rows` must have the same.
    """

    kinds: tuple[str, ...] = ("linear", "additive", "piecewise", "periodic")
    folds: int | None = None
    repeats: int = 1
    validation_fraction: float = 0.2
    pool: str = "fitted"
    calibrate: bool = True
    refit: bool = False
    hidden: tuple[int, ...] | None = None
    activation: Any = None
    dropout: Any = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    epochs: int | None = None
    patience: int | None = 12
    batch_size: int | str | None = None
    optimizer: Any = "adamw"
    schedule: Any = "cosine"
    label_smoothing: float = 0.0
    clip_norm: float | None = None
    shuffle: bool = True
    dtype: str = "float32"

    def __post_init__(self) -> None:
        for name in self.kinds:
            if name not in KINDS:
                raise unknown("kind of member", name, KINDS)
        if not self.kinds:
            raise OptionError("kinds: expected at least one kind of member")
        for name in ("folds", "repeats", "epochs", "patience"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionError(f"{name}: expected at least 1, got {value!r}")
        if not 0 <= self.validation_fraction < 1:
            raise OptionError(
                f"validation_fraction: expected from 0 to below 1, got {self.validation_fraction!r}"
            )
        if self.pool not in ("fitted", "equal"):
            raise unknown("pool", self.pool, ("fitted", "equal"))

    def for_rows(self, rows: int) -> Recipe:
        """The same recipe with nothing left open, for so many rows."""
        folds = self.folds or (8 if rows < 5_000 else 5 if rows < 15_000 else 3)
        epochs = self.epochs or (100 if rows < 5_000 else 50 if rows < 15_000 else 25)
        batch = self.batch_size
        if batch is None:
            batch = 32
            while batch < 512 and batch * 60 < rows:
                batch *= 2
        return replace(
            self, folds=folds, epochs=epochs, batch_size=rows if batch == "all" else batch
        )

    def members(self) -> list[MemberKind]:
        """The kinds with this recipe's settings."""
        kinds = []
        for name in self.kinds:
            kind = KINDS[name].changed(
                learning_rate=self.learning_rate, weight_decay=self.weight_decay
            )
            if kind.is_network:
                kind = kind.changed(
                    hidden=self.hidden, activation=self.activation, dropout=self.dropout
                )
            kinds.append(kind)
        return kinds
