"""A training that ended before the loss had settled."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import at_the_end, is_as_good_as_simple, still_falling

FALLING = 0.1

FEW, STEPS = 5, 2000
"""A training of so few epochs and steps may be too short whatever its curve looks like."""

WORTH = {"short": (0.03, 0.01, 0.0), "long": (0.4, 0.1, 0.25)}
"""What more epochs must bring: `Remedy.worth`, `least` and `missing`.

The longer a training was, the more longer training must bring to be a need.
"""


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
        if not epochs or case.divergence is not None:
            return None
        if case.stopped not in ("epochs", "interrupted", "on_epoch"):
            return None
        falling = still_falling(case)
        steps = epochs * case.steps_per_epoch
        short = epochs <= FEW and steps <= STEPS
        if not short and (epochs < 3 or falling < FALLING or not at_the_end(case)):
            return None
        if not short and is_as_good_as_simple(case):
            return None  # it could be better still, and nothing is wrong with it
        worth, least, missing = WORTH["short" if short else "long"]
        more = max(20, 4 * epochs)
        return self.found(
            "warning",
            f"the training had {epochs} epochs ({steps:,} steps)"
            + (f"; its loss fell by {falling:.0%} in the last third of them" if epochs > 2 else "")
            + f"; the best epoch was number {case.best_epoch or epochs}",
            Remedy(
                "train longer, and let early stopping find the end",
                flag=f"--epochs {more} --early-stopping 10",
                python=f"epochs={more}, early_stopping=10",
                changes={"epochs": more},
                worth=worth,
                least=least,
                missing=missing,
            ),
            epoch=epochs,
            numbers={"falling": falling, "epochs": epochs},
            sure=False,
        )
