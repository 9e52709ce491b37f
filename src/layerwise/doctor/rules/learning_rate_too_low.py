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
FALLING, LITTLE = 0.02, 0.3
"""It is on its way if the training loss falls by so much in the last third, or if it has taken so
little of a constant prediction's loss away."""

LOW, FAR = 5.0, 20.0
"""So many times below the optimiser's usual rate a rate is odd, or far off."""

WORTH = {"far": (0.05, 0.01, 0.0), "odd": (0.15, 0.02, 0.0), "usual": (0.4, 0.1, 0.25)}
"""What a higher rate must bring: `Remedy.worth`, `least` and `missing`.

The odder the rate, the less is needed: where steps are far too small, little may be all that there
is to gain; where they are only on the small side, a little gained does not make them wrong.
"""


def _raise(rate: float, kind: str, stronger: Remedy | None) -> Remedy:
    worth, least, missing = WORTH[kind]
    return Remedy(
        "raise it",
        flag=f"--lr {rate:.2g}",
        python=f"learning_rate={rate:.2g}",
        changes={"learning_rate": rate},
        stronger=stronger,
        worth=worth,
        least=least,
        missing=missing,
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
        """Small steps and a loss that has not settled, or a rate far below what is usual."""
        ratio, falling = update_ratio(case), still_falling(case)
        if blown_up(case):
            return None
        rate = case.learning_rate
        below = usual_rate(case) / rate if rate > 0 else float("inf")
        far = ratio < RATIO / 8
        on_its_way = at_the_end(case) and (falling >= FALLING or case.skill <= LITTLE)
        # At a rate that is nothing unusual, a network that does as well as simple models could be
        # better still, and nothing is wrong with it.
        slow = ratio < RATIO and on_its_way and (far or not is_as_good_as_simple(case))
        if not slow and not below > LOW:
            return None
        kind = "far" if (far and slow) or below > FAR else "odd" if below > LOW else "usual"
        return self.found(
            "warning",
            f"a step changes weights by {ratio:.2g} of their size, and the training loss still "
            f"fell by {falling:.1%} in the last third of the epochs; the rate is "
            f"{case.learning_rate:g}",
            self._remedy(case, kind),
            numbers={"update_ratio": ratio, "falling": falling},
            sure=slow and ratio < RATIO / 10,
        )

    def _remedy(self, case: Case, kind: str) -> Remedy:
        """Ten times as much; a hundred times; and what is usual, if it is more still."""
        rate, usual = case.learning_rate, usual_rate(case)
        last = _raise(usual, kind, None) if usual > 300 * rate else None
        return _raise(10 * rate, kind, _raise(100 * rate, kind, last))
