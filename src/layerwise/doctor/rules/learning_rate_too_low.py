"""Steps that are too small to get anywhere."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import (
    at_the_end,
    blown_up,
    is_as_good_as_simple,
    still_falling,
    update_ratio,
    usual_rate,
)

RATIO = 1e-3
FALLING = 0.02


def _raise(rate: float, ratio: float, stronger: Remedy | None) -> Remedy:
    far = ratio < RATIO / 8
    return Remedy(
        "raise it",
        flag=f"--lr {rate:.2g}",
        python=f"learning_rate={rate:.2g}",
        changes={"learning_rate": rate},
        stronger=stronger,
        # Where steps are far too small, little may be all that there is to gain; where they are
        # only on the small side, a little gained does not make them wrong.
        worth=0.05 if far else 0.65,
        least=0.01 if far else 0.1,
    )


class LearningRateTooLow(Rule):
    """A loss that still falls steadily when training ends, at small steps."""

    name = "learning_rate_too_low"
    title = "the learning rate is too low"
    cause = "every step goes the right way, but so short that the epochs end before the valley"
    guide = "learning-rate"
    source = (
        'Karpathy, CS231n, "Neural Networks Part 3" (ratio of updates to weights); AutoTrainer '
        "(ICSE 2021), slow convergence"
    )

    def look(self, case: Case) -> Finding | None:
        """Small steps and a loss that has not settled."""
        ratio, falling = update_ratio(case), still_falling(case)
        if not ratio < RATIO or not at_the_end(case) or blown_up(case):
            return None
        if falling < FALLING and case.skill > 0.3:
            return None
        if ratio >= RATIO / 8 and is_as_good_as_simple(case):
            return None  # it could be better still, and nothing is wrong with it
        return self.found(
            "warning",
            f"a step changes weights by {ratio:.2g} of their size, and the training loss still "
            f"fell by {falling:.1%} in the last third of the epochs; the rate is "
            f"{case.learning_rate:g}",
            self._remedy(case, ratio),
            numbers={"update_ratio": ratio, "falling": falling},
            sure=ratio < RATIO / 10,
        )

    def _remedy(self, case: Case, ratio: float) -> Remedy:
        """Ten times as much; a hundred times; and what is usual, if it is more still."""
        rate, usual = case.learning_rate, usual_rate(case)
        last = _raise(usual, ratio, None) if usual > 300 * rate else None
        return _raise(10 * rate, ratio, _raise(100 * rate, ratio, last))
