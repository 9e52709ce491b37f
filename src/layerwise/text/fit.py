"""`fit`: how many epochs are best, by rows held out; then a training on all rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import backends
from ..data.splits import fold_rows, split_rows
from ..model.raw_texts import Encoded
from ..training import Buckets, Epoch, History, Run, train
from .network import TextNetwork
from .recipe import TextRecipe

Watch = Callable[[int, Epoch], Any]
"""Called with the number of the training and each epoch that ended; False ends the fit."""


@dataclass
class TextRows:
    """Encoded texts with their classes.

    Attributes
    ----------
    parts : the texts, by length.
    classes : int32 (n,), by the number of the text.
    weights : float (n,) or None.
    """

    parts: Sequence[Encoded]
    classes: np.ndarray
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.classes)

    def buckets(self, chosen: np.ndarray | None = None) -> Buckets:
        """For `layerwise.train`: all rows, or those where bool (n,) `chosen` is true."""
        found = []
        for part in self.parts:
            inputs, rows = part.inputs, part.rows
            if chosen is not None:
                here = chosen[rows]
                if not here.any():
                    continue
                if not here.all():
                    inputs, rows = tuple(a[here] for a in inputs), rows[here]
            weights = () if self.weights is None else (self.weights[rows],)
            found.append((inputs, self.classes[rows], *weights))
        return Buckets(found)


@dataclass
class FittedText:
    """What a fit gave.

    Attributes
    ----------
    net : the trained network.
    runs : of the trainings that chose, then of the last one on all rows if there was one.
    kept : the number of the run whose weights the network has.
    best_epoch : epochs of the training that the network comes from.
    first : weights of the first training's best epoch, by name, for who looks at it again.
    held_out : validation loss and accuracy of the best epoch, means over the rows; None each.
    ended : whether somebody ended it early.
    """

    net: TextNetwork
    runs: list[Run] = field(default_factory=list)
    kept: int = 0
    best_epoch: int = 0
    first: dict[str, np.ndarray] = field(default_factory=dict)
    held_out: tuple[float | None, float | None] = (None, None)
    ended: bool = False

    @property
    def histories(self) -> list[History]:
        """Of each training its epochs."""
        return [run.history for run in self.runs]


def fit(
    net: TextNetwork,
    rows: TextRows,
    recipe: TextRecipe,
    *,
    validation: TextRows | None = None,
    seed: int = 0,
    threads: int | None = None,
    backend: str | None = None,
    watch: Watch | None = None,
    progress: Any = None,
) -> FittedText:
    """Train a network on texts; see `TextRecipe` for how.

    Parameters
    ----------
    net : drawn anew for each training.
    rows : to learn from.
    validation : to measure on, in place of rows held out; all rows are then learned from at once.
    seed : decides parts, first weights, order and dropout.
    watch, progress : called after each epoch, and within; see `Watch` and `layerwise.train`.

    Returns
    -------
    FittedText : with the network and what each training did.
    """
    recipe = recipe.for_rows(len(rows))
    fitted = FittedText(net)
    trainer = _Trainer(fitted, recipe, seed, threads, backend, watch, progress)
    if validation is not None:
        trainer.run(rows.buckets(), validation.buckets())
        fitted.best_epoch = fitted.runs[0].best_epoch or len(fitted.runs[0].history)
        fitted.held_out = _measures([fitted.runs[0]], [1], fitted.best_epoch)
        return fitted
    parts = _parts(rows, recipe, seed)
    if not parts:
        trainer.run(rows.buckets(), None)
        fitted.best_epoch = len(fitted.runs[0].history)
        return fitted
    counts = [int(held.sum()) for held in parts]
    try:
        for held in parts:
            trainer.run(rows.buckets(~held), rows.buckets(held))
            if fitted.ended:
                return _ended(fitted, counts)
        fitted.best_epoch = _best_epoch(fitted.runs, counts)
        fitted.held_out = _measures(fitted.runs, counts, fitted.best_epoch)
        if recipe.refit or len(parts) > 1:
            trainer.run(rows.buckets(), None, fitted.best_epoch)
    except KeyboardInterrupt:  # between two trainings
        if not fitted.runs:
            raise
        fitted.ended = True
    if fitted.ended:
        return _ended(fitted, counts)
    fitted.kept = len(fitted.runs) - 1
    return fitted


def _ended(fitted: FittedText, counts: Sequence[int]) -> FittedText:
    """Keep the first training, which went on longest, where a later one was broken off.

    The others learned from a part of the rows too, so none of them is better by more than chance,
    and the last one, on all rows, is good only when it had all of its epochs.
    """
    if len(fitted.runs) > 1:
        fitted.net.load_state_dict(fitted.first)
    first = fitted.runs[0]
    fitted.best_epoch = first.best_epoch or len(first.history)
    if fitted.best_epoch:
        fitted.held_out = _measures([first], counts[:1], fitted.best_epoch)
    return fitted


def _parts(rows: TextRows, recipe: TextRecipe, seed: int) -> list[np.ndarray]:
    """Which rows each training holds out, bool (n,) each."""
    assert recipe.folds is not None
    count = len(rows)
    if not recipe.validation_fraction or count < 5:
        return []
    if recipe.folds > 1:
        numbers = fold_rows(count, recipe.folds, seed, rows.classes)
        return [numbers == fold for fold in range(int(numbers.max()) + 1)]
    held = np.zeros(count, np.bool_)
    held[split_rows(rows.classes, seed, 0, recipe.validation_fraction).validation] = True
    return [held] if held.any() and not held.all() else []


class _Trainer:
    """One training after another of the same network, so that it is compiled once."""

    def __init__(
        self,
        fitted: FittedText,
        recipe: TextRecipe,
        seed: int,
        threads: int | None,
        backend: str | None,
        watch: Watch | None,
        progress: Any,
    ) -> None:
        self.fitted, self.recipe, self.seed = fitted, recipe, seed
        self.threads, self.watch, self.progress = threads, watch, progress
        self.backend = backend or backends.get().name

    def run(self, data: Buckets, validation: Buckets | None, epochs: int | None = None) -> None:
        """Train; with `epochs`, break off after so many of those that the schedule is made for."""
        recipe, fitted = self.recipe, self.fitted
        number = len(fitted.runs)
        assert recipe.epochs is not None
        assert recipe.batch_size is not None

        def ended(epoch: Epoch) -> bool | None:
            if self.watch is not None and self.watch(number, epoch) is False:
                fitted.ended = True
                return False
            return False if epoch.epoch == epochs else None

        fitted.net.reset_parameters(self.seed)
        run = train(
            fitted.net,
            data,
            validation=validation,
            loss="cross_entropy",
            optimizer=recipe.optimizer,
            learning_rate=recipe.learning_rate,
            schedule=recipe.schedule,
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            seed=self.seed,
            label_smoothing=recipe.label_smoothing,
            clip_norm=recipe.clip_norm,
            early_stopping=None if validation is None else recipe.patience,
            shuffle=recipe.shuffle,
            threads=self.threads,
            backend=self.backend,
            on_epoch=ended,
            progress=self.progress,
            # The doctor looks at the first training only.
            probes=recipe.probes and number == 0,
        )
        fitted.runs.append(run)
        if run.stopped == "interrupted":
            fitted.ended = True
        if number == 0:
            fitted.first = fitted.net.state_dict()


def _best_epoch(runs: Sequence[Run], counts: Sequence[int]) -> int:
    """The epoch of the lowest validation loss over all rows, counted from 1."""
    longest = max(len(run.history) for run in runs)
    total = np.zeros(longest)
    for run, count in zip(runs, counts, strict=True):
        losses = [_number(loss) for loss in run.history["validation_loss"]]
        # What was broken off had not become better for a while, and counts as staying so.
        losses += [losses[-1]] * (longest - len(losses))
        total += count * np.array(losses)
    return int(np.argmin(total)) + 1


def _measures(
    runs: Sequence[Run], counts: Sequence[int], epoch: int
) -> tuple[float | None, float | None]:
    found = []
    for name in ("validation_loss", "validation_accuracy"):
        values = [run.history[min(epoch, len(run.history)) - 1][name] for run in runs]
        if any(value is None for value in values):
            return None, None
        found.append(float(np.average(values, weights=counts)))
    return found[0], found[1]


def _number(value: float | None) -> float:
    return np.inf if value is None or not np.isfinite(value) else float(value)


__all__ = ["FittedText", "TextRows", "fit"]
