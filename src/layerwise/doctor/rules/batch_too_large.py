"""So few steps in an epoch that nothing moves."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import at_the_end

FEW = 100
"""In a whole training."""

STEPS = 8
"""In an epoch."""


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
        if case.steps_per_epoch > STEPS or size < 128 or not at_the_end(case):
            return None
        steps = case.steps_per_epoch * len(case.history)
        return self.found(
            "warning",
            f"batches of {size:,} rows make {case.steps_per_epoch} steps in an epoch, {steps} in "
            "all; the last epochs were the best ones",
            Remedy(
                "take smaller batches",
                flag="--batch-size 32",
                python="batch_size=32",
                changes={"batch_size": 32},
                worth=0.05 if steps < FEW else 0.1,
            ),
            numbers={"batch_size": size, "steps": steps},
            sure=False,
        )
