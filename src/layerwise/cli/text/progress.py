"""Progress of the trainings of a fit on texts, one after the other."""

from __future__ import annotations

from typing import Any

from ...training import Epoch
from ..progress import LINES, Progress
from ..screen import Screen

FEWER_LINES = 4
"""About as many lines of epochs stay of each training, where there are several."""


class Follow:
    """Shows the trainings, each as a table of epochs under a line that says what it is for.

    Parameters
    ----------
    screen : where to.
    classifier : a `layerwise.TextClassifier`, not fitted yet.
    rows : that it will learn from.
    """

    def __init__(self, screen: Screen, classifier: Any, rows: int) -> None:
        from ...estimators.text_options import recipe_of

        recipe = recipe_of(classifier).for_rows(rows)
        self.screen, self.rows = screen, rows
        self.epochs, self.folds = int(recipe.epochs or 1), int(recipe.folds or 1)
        self.several = self.folds > 1 or bool(recipe.refit)
        self.training = -1
        self.shown: Progress | None = None

    def begin(self) -> None:
        """Show the head of the first table."""
        self._next(0, None)

    def __call__(self, training: int, epoch: Epoch) -> None:
        """Follow an epoch of a training; these have numbers from 0."""
        self._next(training, epoch)
        assert self.shown is not None
        self.shown.epoch_ended(epoch)

    def steps(self, now: Any) -> None:
        """Within an epoch."""
        assert self.shown is not None
        self.shown.steps_done(now)

    def end(self) -> None:
        """No more epochs."""
        if self.shown is not None:
            self.shown.end()

    def _next(self, training: int, epoch: Epoch | None) -> None:
        if training == self.training:
            return
        self.end()
        self.training = training
        self.shown = Progress(self.screen, self.epochs, FEWER_LINES if self.several else LINES)
        if training == 0:
            self.shown.begin()
        if self.several:
            self.screen.say(self._purpose(training, epoch), "cyan")

    def _purpose(self, training: int, epoch: Epoch | None) -> str:
        if training and epoch is not None and epoch.validation_loss is None:
            return f"  on all {self.rows:,} rows, for as many epochs as were best"
        if self.folds > 1:
            return f"  part {training + 1} of {self.folds} held out, to find the best epoch"
        return "  a part held out, to find the best epoch"


__all__ = ["Follow"]
