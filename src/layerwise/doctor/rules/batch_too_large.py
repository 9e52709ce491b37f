"""So few steps in an epoch that nothing moves."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import at_the_end, is_as_good_as_simple

FEW = 100
"""In a whole training."""

STEPS, HARDLY_ANY = 8, 2
"""In an epoch."""

LARGE, SMALL = 128, 48
"""Rows of a batch that may be too large; and where it is all rows, or half of them."""


class BatchTooLarge(Rule):
    """One step an epoch is one step, however many rows it has."""

    name = "batch_too_large"
    title = "the batches are too large"
    cause = (
        "the weights move once for each batch; with a few batches in an epoch there are few steps, "
        "and more rows in a step make it hardly better"
    )
    guide = "gradient-descent"
    source = (
        'Keskar et al. 2017, "On large-batch training for deep learning"; McCandlish et al. 2018, '
        '"An empirical model of large-batch training"'
    )

    def look(self, case: Case) -> Finding | None:
        """Few steps in an epoch, and a loss that has not settled."""
        size = int(case.options.get("batch_size", 0))
        hardly_any = case.steps_per_epoch <= HARDLY_ANY
        if case.steps_per_epoch > STEPS or size < (SMALL if hardly_any else LARGE):
            return None
        if not hardly_any and (not at_the_end(case) or is_as_good_as_simple(case)):
            return None  # it could be better still, and nothing is wrong with it
        epochs = len(case.history)
        steps = case.steps_per_epoch * epochs
        smaller = 32 if size >= LARGE else 16
        return self.found(
            "warning",
            f"batches of {size:,} rows make {case.steps_per_epoch} steps in an epoch, {steps} in "
            f"all; the best epoch was number {case.best_epoch or epochs} of {epochs}",
            Remedy(
                "take smaller batches",
                flag=f"--batch-size {smaller}",
                python=f"batch_size={smaller}",
                changes={"batch_size": smaller},
                worth=0.05 if steps < FEW else 0.1,
                # Several steps in an epoch are usual on few rows, so they must cost much.
                missing=0.0 if hardly_any else 0.25,
            ),
            numbers={"batch_size": size, "steps": steps},
            sure=False,
        )
