"""A training that ended before the loss had settled."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import at_the_end, is_as_good_as_simple, still_falling

FALLING = 0.1

FEW = 5
SHORT, LONG = 0.05, 0.65
"""Part of the loss that more epochs must take away: after a few epochs, and after many."""


class TooFewEpochs(Rule):
    """The loss still falls steeply when training ends."""

    name = "too_few_epochs"
    title = "the training ended too early"
    cause = "the loss was still on its way down when the epochs were over"
    guide = "gradient-descent"
    source = 'Prechelt 1998, "Early stopping - but when?"'

    def look(self, case: Case) -> Finding | None:
        """Whether the last epochs were the best ones, and much better than those before."""
        epochs = len(case.history)
        if not epochs or case.divergence is not None or not at_the_end(case):
            return None
        if case.stopped not in ("epochs", "interrupted", "on_epoch"):
            return None
        falling = still_falling(case)
        steps = epochs * case.steps_per_epoch
        if falling < FALLING or (epochs < 3 and steps > 2000):
            return None
        if epochs > FEW and is_as_good_as_simple(case):
            return None  # it could be better still, and nothing is wrong with it
        more = max(20, 4 * epochs)
        return self.found(
            "warning",
            f"after {epochs} epochs ({steps:,} steps) the training loss had fallen by "
            f"{falling:.0%} in the last third of them, and the best epoch was number "
            f"{case.best_epoch or epochs}",
            Remedy(
                "train longer, and let early stopping find the end",
                flag=f"--epochs {more} --early-stopping 10",
                python=f"epochs={more}, early_stopping=10",
                changes={"epochs": more},
                # The longer a training was, the more longer training must bring to be a need.
                worth=SHORT if epochs <= FEW else LONG,
                least=0.01 if epochs <= FEW else 0.1,
            ),
            epoch=epochs,
            numbers={"falling": falling, "epochs": epochs},
            sure=False,
        )
