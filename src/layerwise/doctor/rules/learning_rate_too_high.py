"""Steps that are too large."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import (
    blown_up,
    early_jump,
    is_as_good_as_simple,
    roughness,
    update_ratio,
    usual_rate,
)

RATIO = 0.004
"""A step's size by that of the weights; about a thousandth is usual."""

ROUGH = 0.05

SETTLED = 0.02
"""Part of a constant prediction's loss."""

JUMP = 1.5


HIGH, FAR = 10.0, 30.0
"""So many times the optimiser's usual rate a rate is odd, or far off; a schedule may hide it."""

WORTH = {"far": 0.03, "odd": 0.05, "usual": 0.1}
"""What a lower rate must bring, `Remedy.worth`: the odder the rate, the less is needed."""


def _lower(rate: float, worth: float, stronger: Remedy | None) -> Remedy:
    return Remedy(
        "lower it",
        flag=f"--lr {rate:.2g}",
        python=f"learning_rate={rate:.2g}",
        changes={"learning_rate": rate},
        stronger=stronger,
        worth=worth,
    )


class LearningRateTooHigh(Rule):
    """Steps that go past the valley, and climb its other side."""

    name = "learning_rate_too_high"
    title = "the learning rate is too high"
    cause = (
        "a step goes against the gradient of where it starts; when it is too long it lands on the "
        "other side of the valley, and the loss jumps about or rises"
    )
    guide = "learning-rate"
    source = (
        'Karpathy, CS231n, "Neural Networks Part 3" (ratio of updates to weights); AutoTrainer '
        "(ICSE 2021), oscillating loss"
    )

    def look(self, case: Case) -> Finding | None:
        """Large steps together with a rough, a rising or a poor loss."""
        ratio, rough, jump = update_ratio(case, late=True), roughness(case), early_jump(case)
        signs = []
        if ratio > RATIO:
            signs.append(f"a step changes weights by {ratio:.1%} of their size")
        if rough > ROUGH:
            signs.append(f"the loss jumps by {rough:.0%} from epoch to epoch")
        if case.divergence is not None:
            where = case.divergence
            place = "the loss" if where.layer == "loss" else f"layer '{where.layer}'"
            signs.append(
                f"{place} became NaN or infinite in epoch {where.epoch}, step {where.step} "
                "(counted from 0)"
            )
        if jump > JUMP:
            signs.append(f"in the first epoch the loss rose to {jump:.3g} times its first value")
        beyond = case.learning_rate / max(usual_rate(case), 1e-30)
        rate = f"the rate is {case.learning_rate:g}"
        if beyond > HIGH:
            rate += f", {beyond:,.0f} times what is usual for {case.optimizer}"
        blown = blown_up(case)
        odd = beyond > HIGH
        if not odd and (not signs or self._has_settled(case, ratio, rough)):
            return None
        if not odd and case.restored and not blown and is_as_good_as_simple(case):
            return None  # it could be better still, and nothing is wrong with it
        return self.found(
            "warning" if case.divergence is None else "error",
            "; ".join([*signs, rate]),
            self._remedy(case, "far" if beyond > FAR else "odd" if odd else "usual"),
            layer=case.divergence.layer if case.divergence is not None else None,
            epoch=case.divergence.epoch if case.divergence is not None else None,
            numbers={
                name: float(value)
                for name, value in (("update_ratio", ratio), ("roughness", rough), ("jump", jump))
                if np.isfinite(value)
            },
            sure=blown,
        )

    def _has_settled(self, case: Case, ratio: float, rough: float) -> bool:
        """Whether it came down to next to nothing on the training rows, in small smooth steps.

        A rate that is too high cannot do that, however its first epoch went.
        """
        outcome = case.outcome
        left = outcome.training.loss / max(outcome.constant.loss, 1e-30)
        return left < SETTLED and ratio <= RATIO and rough <= ROUGH

    def _remedy(self, case: Case, kind: str) -> Remedy:
        """A tenth; a hundredth where that is not enough; and what is usual, if it is less still."""
        rate, usual, worth = case.learning_rate, usual_rate(case), WORTH[kind]
        last = _lower(usual, worth, None) if usual < rate / 300 else None
        return _lower(rate / 10, worth, _lower(rate / 100, worth, last))
