"""Steps that are too large."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import blown_up, early_jump, roughness, update_ratio, usual_rate

RATIO = 0.004
"""A step's size by that of the weights; about a thousandth is usual."""

ROUGH = 0.05
JUMP = 1.5


def _lower(rate: float, stronger: Remedy | None) -> Remedy:
    return Remedy(
        "lower it",
        flag=f"--lr {rate:.2g}",
        python=f"learning_rate={rate:.2g}",
        changes={"learning_rate": rate},
        stronger=stronger,
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
        if not signs:
            return None
        blown = blown_up(case)
        return self.found(
            "warning" if case.divergence is None else "error",
            "; ".join(signs) + f"; the rate is {case.learning_rate:g}",
            self._remedy(case),
            layer=case.divergence.layer if case.divergence is not None else None,
            epoch=case.divergence.epoch if case.divergence is not None else None,
            numbers={
                name: float(value)
                for name, value in (("update_ratio", ratio), ("roughness", rough), ("jump", jump))
                if np.isfinite(value)
            },
            sure=blown,
        )

    def _remedy(self, case: Case) -> Remedy:
        """A tenth; a hundredth where that is not enough; and what is usual, if it is less still."""
        rate, usual = case.learning_rate, usual_rate(case)
        last = _lower(usual, None) if usual < rate / 300 else None
        return _lower(rate / 10, _lower(rate / 100, last))
