"""`trial`: train once more with a remedy, and see whether it helps.

A remedy that was not tried is a guess. The trial trains on the same rows, from the same first
weights where they still fit, for as many epochs as there is time for, and compares the two networks
row by row on the validation rows, so that what is hard in those rows counts for both.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import DataError, OptionError, ShapeError, TrainingDiverged, unknown
from ..nn.module import Module
from ..training import Epoch
from ..training.run import Rows, Run
from ..training.trainer import train
from . import reference
from .examine_graph import trace
from .examine_outcome import predictions as raw_predictions
from .examine_outcome import row_losses, some_rows
from .finding import Finding
from .surgery import OF_NETWORKS, REDRAWN, CannotChangeError, changed

NOISE = 2.0
"""Standard errors that a trial must be better by."""

WORST = 1e30
"""A loss that is NaN or infinite is taken for this."""

SEED = 1
"""Of first weights that are drawn anew."""

FEWEST_EPOCHS = 3

CHANGES = (
    "as_classes", "as_numbers", "batch_size", "class_weight", "clip_norm", "early_stopping",
    "epochs", "initialise", "label_smoothing", "learning_rate", "loss", "optimizer",
    "restore_best", "scale_inputs", "scale_target", "schedule", "without_columns", *OF_NETWORKS,
)  # fmt: skip
"""What a remedy may change."""

SECONDS = 5.0
"""A trial may always take so long."""


@dataclass(frozen=True)
class Trial:
    """What one trial showed.

    Attributes
    ----------
    before, after : mean loss (of classes: cross-entropy; of numbers: squared error by the variance)
        of the validation rows.
    score_before, score_after : accuracy, or R2.
    gain : mean difference of the rows' losses, before - after.
    error : its standard error.
    epochs : of the trial.
    run : the trial's training, its network trained.
    where : of which rows that is true, if it is not of the validation rows as they are.
    """

    before: float
    after: float
    score_before: float
    score_after: float
    gain: float
    error: float
    epochs: int
    run: Run
    where: str = ""

    @property
    def improves(self) -> bool:
        """Whether the gain is more than its noise."""
        return self.gain > NOISE * self.error and self.after < self.before

    @property
    def share(self) -> float:
        """Part of the loss that is gone."""
        return self.gain / self.before if self.before > 0 else 0.0

    @property
    def text(self) -> str:
        """What it showed, in a sentence."""
        measure = "accuracy" if self.run.target != "numbers" else "R2"
        scores = (
            f"{self.score_before:.1%} to {self.score_after:.1%}"
            if measure == "accuracy"
            else f"{max(self.score_before, -99):.3f} to {max(self.score_after, -99):.3f}"
        )
        what = "better" if self.improves else "no better than chance"
        return (
            f"tried for {self.epochs} epochs: {self.where}validation loss {self.before:.4g} to "
            f"{self.after:.4g} (gain {self.gain:.3g} ± {self.error:.2g}), {measure} {scores}: "
            f"{what}"
        )


def trial(
    run: Run,
    remedy: Finding | Mapping[str, Any],
    seconds: float | None = None,
    probes: bool = False,
) -> Trial | None:
    """Train once more with a remedy, and compare on the validation rows.

    Parameters
    ----------
    run : the training to better, with validation rows.
    remedy : a finding, or its remedy's `changes`.
    seconds : for the trial; by default as long as the training took, at least 5.
    probes : whether the trial is recorded, to be examined in its turn.

    Returns
    -------
    None where nothing can be tried: no validation rows, or a change that only the network's author
    can make.

    Raises
    ------
    OptionError : a change that does not exist.
    """
    if isinstance(remedy, Finding):
        remedy = remedy.remedy.changes if remedy.remedy is not None else {}
    for name in remedy:
        if name not in CHANGES:
            raise unknown("change", name, CHANGES)
    if not remedy or run.validation is None or run.settings is None:
        return None
    try:
        made = _Attempt(run, dict(remedy), seconds, probes).make()
    except (CannotChangeError, DataError, OptionError, ShapeError):
        return None
    except TrainingDiverged as error:
        made = _Made(error.run, None)
    balanced = "class_weight" in remedy
    if "without_columns" not in remedy:
        return compare(run, made.run, made.restore, balanced)
    # What the columns are worth when they are there is known; the question is what is left when
    # they are not.
    asked = replace(run, validation=without(run, run.validation, remedy["without_columns"]))
    shown = compare(asked, made.run, made.restore, balanced)
    return replace(shown, where="with the column not known, ")


def without(run: Run, rows: Rows, columns: Sequence[int]) -> Rows:
    """Rows in which some columns of the first input hold their training mean, and say nothing."""
    first, known = rows.inputs[0].copy(), run.data.inputs[0]
    flat = first.reshape(len(first), -1)
    for column in columns:
        flat[:, column] = known.reshape(len(known), -1)[:, column].mean(dtype=np.float64)
    return replace(rows, inputs=(flat.reshape(first.shape), *rows.inputs[1:]))


@dataclass(frozen=True)
class _Made:
    run: Run
    restore: Any
    """What takes the new predictions back to the units of the old target."""


class _Attempt:
    """One training with changes."""

    def __init__(
        self, run: Run, changes: dict[str, Any], seconds: float | None, probes: bool
    ) -> None:
        self.run, self.changes, self.probes = run, changes, probes
        self.seconds = max(SECONDS, run.seconds) if seconds is None else seconds

    def make(self) -> _Made:
        run, changes = self.run, self.changes
        settings = run.settings
        assert settings is not None
        if "as_classes" in changes:
            changes["outputs"] = changes["as_classes"]
        if "as_numbers" in changes:
            changes["outputs"] = 1
        net = self._network()
        optimizer = settings.optimizer
        if "optimizer" in changes:
            optimizer = changes["optimizer"]
        elif "learning_rate" in changes:
            optimizer = replace(optimizer, learning_rate=float(changes["learning_rate"]))
        inputs, held_out = self._inputs()
        target, held_target, restore = self._targets()
        loss: Any = changes.get("loss", settings.loss)
        if "as_classes" in changes:
            loss = "cross_entropy"
        if "as_numbers" in changes:
            loss = "mse"
        epochs = int(changes.get("epochs", settings.epochs))
        weight = () if run.validation is None or run.validation.weight is None else (
            run.validation.weight,
        )  # fmt: skip
        began = time.monotonic()

        def in_time(epoch: Epoch) -> bool:
            spent = time.monotonic() - began
            return epoch.epoch < FEWEST_EPOCHS or spent < self.seconds

        made = train(
            net,
            (inputs, target),
            validation=(held_out, held_target, *weight),
            loss=loss,
            optimizer=optimizer,
            schedule=changes.get("schedule", settings.schedule),
            epochs=epochs,
            batch_size=int(changes.get("batch_size", settings.batch_size)),
            seed=settings.seed,
            sample_weight=run.data.weight,
            class_weight=changes.get("class_weight", settings.class_weight),
            label_smoothing=changes.get("label_smoothing", settings.label_smoothing),
            clip_norm=changes.get("clip_norm", settings.clip_norm),
            early_stopping=changes.get("early_stopping", settings.early_stopping),
            restore_best=bool(changes.get("restore_best", settings.restore_best)),
            shuffle=settings.shuffle,
            threads=settings.threads,
            on_epoch=in_time,
            probes=self.probes,
        )
        return _Made(made, restore)

    def _network(self) -> Module:
        run, changes = self.run, self.changes
        net = changed(run.net, changes)
        if "initialise" in changes or any(name in changes for name in REDRAWN):
            net.reset_parameters(SEED)
        else:
            # A change keeps the layers' order but not their paths.
            values = list(run.initial.values())
            for (_, held), value in zip(net.named_held(), values, strict=True):
                held.value = value
        return net

    def _inputs(self) -> tuple[Any, Any]:
        run = self.run
        assert run.validation is not None
        first, other = run.data.inputs, run.validation.inputs
        if "without_columns" in self.changes:
            columns = self.changes["without_columns"]
            first, other = (
                without(run, rows, columns).inputs for rows in (run.data, run.validation)
            )
        if "scale_inputs" in self.changes:
            mean = first[0].mean(0, dtype=np.float64)
            deviation = first[0].std(0, dtype=np.float64)
            # A constant column stays out, instead of being blown up to noise.
            scale = np.where(deviation > 1e-7 * np.maximum(np.abs(mean), 1e-30), deviation, np.inf)
            first, other = (
                (((parts[0] - mean) / scale).astype(parts[0].dtype), *parts[1:])
                for parts in (first, other)
            )
        return (first[0] if len(first) == 1 else first), (other[0] if len(other) == 1 else other)

    def _targets(self) -> tuple[Any, Any, Any]:
        run, changes = self.run, self.changes
        assert run.validation is not None
        first, other = run.data.target, run.validation.target
        if "scale_target" in changes:
            mean = first.mean(0, dtype=np.float64)
            deviation = np.maximum(first.std(0, dtype=np.float64), 1e-30)
            scaled = (((a - mean) / deviation).astype(a.dtype) for a in (first, other))
            return *scaled, lambda found: found * deviation + mean
        if "as_numbers" in changes:
            numbers = (a.astype(np.float64) for a in (first, other))
            mean, deviation = first.mean(dtype=np.float64), max(first.std(dtype=np.float64), 1e-30)
            return *(
                (a - mean) / deviation for a in numbers
            ), lambda found: found * deviation + mean
        if "as_classes" in changes:
            low = first.min()
            numbered = ((a.reshape(len(a)) - low).astype(np.int64) for a in (first, other))
            return *numbered, None
        return first, other, None


def compare(before: Run, after: Run, restore: Any = None, balanced: bool = False) -> Trial:
    """Two trainings' networks on the validation rows of the first, row by row.

    Where one gives probabilities and the other numbers for classes, it is by the Brier score of
    what both say of the classes; for classes that were numbers, by how far off they are. With
    `balanced`, every class counts alike, however few rows it has.
    """
    assert before.validation is not None
    assert after.validation is not None
    old, target = _predictions(before, before.validation)
    new, new_target = _predictions(after, after.validation)
    if restore is not None:
        new, new_target = restore(new), target
    if balanced:
        counts = target.sum(0)
        weight = (target / np.maximum(counts, 1)).sum(1) * len(target) / (counts > 0).sum()
    else:
        weight = np.ones(len(target))
    if before.target == "classes" and after.target == "numbers":
        # By how much of the classes' spread each is off, squared.
        spread = max(float(before.data.target.var()), 1e-30)
        truth = target.argmax(1)
        guesses = [old.argmax(1), new.reshape(len(truth))]
        losses = [(guess - truth) ** 2 / spread for guess in guesses]
        scores = [1 - float(each.mean()) for each in losses]
    elif before.target == after.target:
        losses = [row_losses(before, predicted, target) for predicted in (old, new)]
        scores = [_score(before, predicted, target) for predicted in (old, new)]
    else:
        right = [_right(before, old, target), _right(after, new, new_target)]
        scores = [float(each.mean()) for each in right]
        truth = new_target if new_target.shape[1] > 1 else target
        losses = [
            np.square(_as_probabilities(before, predicted, truth) - truth).sum(1) / 2
            for predicted in (old, new)
        ]
    with np.errstate(invalid="ignore"):
        # A network that gives NaN for any row is worse than any other, in all of them.
        kept = [
            each * weight if np.isfinite(each).all() else np.full(len(each), WORST)
            for each in losses
        ]
        difference = kept[0] - kept[1]
        # Of one row nobody knows how much is chance.
        several = len(difference) > 1
        error = float(difference.std(ddof=1) / np.sqrt(len(difference))) if several else np.nan
    return Trial(
        before=float(kept[0].mean()),
        after=float(kept[1].mean()),
        score_before=scores[0],
        score_after=scores[1],
        gain=float(difference.mean()),
        error=error,
        epochs=len(after.history),
        run=after,
    )


def _predictions(run: Run, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    return raw_predictions(run, trace(run.net, run.data.inputs), some_rows(rows))


def _score(run: Run, predicted: np.ndarray, target: np.ndarray) -> float:
    return reference.score(predicted, target, run.target != "numbers")


def _as_probabilities(run: Run, predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """What a prediction says of the classes: it has them, or numbers for each, or class numbers.

    Class numbers are taken for the middle of a normal distribution, as wide as they are off.

    Parameters
    ----------
    run : the training with numbers.
    truth : one-hot rows, (rows, classes).
    """
    if not np.isfinite(predicted).all():
        return np.full(truth.shape, np.nan)
    if predicted.shape[1] == 1:
        codes = run.data.target.min() + np.arange(truth.shape[1])
        squares = np.square(predicted - codes)
        wide = max(float((squares * truth).sum(1).mean()), 0.01)
        predicted = np.exp(-(squares - squares.min(1, keepdims=True)) / (2 * wide))
    # Numbers for each class are estimates of probabilities, but may be below 0.
    positive = np.maximum(predicted, 0.0)
    total = positive.sum(1, keepdims=True)
    even = np.full_like(positive, 1 / positive.shape[1])
    return np.where(total > 0, positive / np.where(total > 0, total, 1.0), even)


def _right(run: Run, predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Whether each row's class is found, from probabilities, one-hot numbers or class numbers."""
    if target.shape[1] > 1:
        return (predicted.argmax(1) == target.argmax(1)).astype(np.float64)
    low, high = run.data.target.min(), run.data.target.max()
    nearest = np.clip(np.round(predicted), low, high)
    return (nearest == target).all(1).astype(np.float64)


__all__ = ["Trial", "compare", "trial"]
