"""A network that knows its training rows by heart."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import losses

GAP = 3.0
"""Validation loss by training loss."""


class Overfitting(Rule):
    """The training loss falls on while the validation loss rises."""

    name = "overfitting"
    title = "the network overfits"
    cause = (
        "with more weights than the rows can hold in check, it learns each training row by heart, "
        "noise included, and what it learned does not hold for others"
    )
    guide = "dropout"
    source = 'Prechelt 1998, "Early stopping - but when?"; Srivastava et al. 2014, "Dropout"'

    def look(self, case: Case) -> Finding | None:
        """How far the validation loss rose past its best, and lies above the training loss."""
        outcome, found = case.outcome, losses(case)
        if not np.isfinite(outcome.validation.loss) or not len(found):
            return None
        error = max(outcome.validation.error, 1e-12)
        gap = outcome.validation.loss - outcome.training.loss
        if not case.restored:
            if not gap > 2 * error:
                return None
        elif outcome.training.loss * GAP > outcome.validation.loss or gap < 3 * error:
            return None
        best = int(found.argmin())
        rise = float((np.median(found[-3:]) - found[best]) / max(found[best], 1e-30))
        restored = case.restored
        if restored and gap < 0.2 * outcome.constant.loss:
            return None
        if not restored and rise <= 0:
            return None
        return self.found(
            "warning",
            f"loss {outcome.training.loss:.3g} on the training rows and "
            f"{outcome.validation.loss:.3g} on the validation rows; the validation loss was lowest "
            f"in epoch {best + 1} of {len(found)} and {rise:.0%} higher at the end",
            self._remedy(case, best + 1),
            epoch=best + 1,
            numbers={"gap": gap, "rise": rise, "noise": error},
            sure=False,
        )

    def _remedy(self, case: Case, best: int) -> Remedy:
        if not case.restored:
            return Remedy(
                "keep the weights of the best epoch, and stop there",
                flag="--early-stopping 10",
                python="restore_best=True, early_stopping=10",
                changes={"restore_best": True, "early_stopping": 10},
                worth=0.02,
            )
        return Remedy(
            "switch units off at random while training (or get more rows, or fewer units)",
            flag="--dropout 0.3",
            python="nn.Dropout(0.3) after each hidden activation",
            changes={"dropout": 0.3},
            worth=0.3,
            # The best epoch was kept, so what dropout can still bring is a wish, unless it is much.
            missing=0.25,
        )
