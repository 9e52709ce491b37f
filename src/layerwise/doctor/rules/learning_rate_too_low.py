"""Steps that are too small to get anywhere."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import at_the_end, still_falling, update_ratio

RATIO = 1e-3
FALLING = 0.02


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
        if not ratio < RATIO or not at_the_end(case):
            return None
        if falling < FALLING and case.skill > 0.3:
            return None
        higher = case.learning_rate * 10
        return self.found(
            "warning",
            f"a step changes weights by {ratio:.2g} of their size, and the training loss still "
            f"fell by {falling:.1%} in the last third of the epochs; the rate is "
            f"{case.learning_rate:g}",
            Remedy(
                "raise it",
                flag=f"--lr {higher:.2g}",
                python=f"learning_rate={higher:.2g}",
                changes={"learning_rate": higher},
            ),
            numbers={"update_ratio": ratio, "falling": falling},
            sure=ratio < RATIO / 10,
        )
