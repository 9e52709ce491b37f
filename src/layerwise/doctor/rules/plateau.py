"""A loss that bounces on a plateau."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import is_as_good_as_simple, roughness, still_falling, update_ratio

RATIO, FALLING = 5e-4, 0.2


class Plateau(Rule):
    """The loss goes up and down without coming further."""

    name = "plateau"
    title = "the loss is stuck on a plateau"
    cause = (
        "steps that were right at the beginning are too long near the minimum: the weights jump "
        "across it and come no closer"
    )
    guide = "learning-rate-decay"
    source = 'Smith et al. 2018, "Don\'t decay the learning rate, increase the batch size"'

    def look(self, case: Case) -> Finding | None:
        """A loss that no longer falls, at a constant rate, with large steps."""
        falling, rough, ratio = still_falling(case), roughness(case), update_ratio(case, late=True)
        constant = str(case.options.get("schedule", "")).startswith("Constant")
        if not constant or not ratio > RATIO or not falling < max(FALLING, 3 * rough):
            return None
        if case.restored and is_as_good_as_simple(case):
            return None  # it could be better still, and nothing is wrong with it
        return self.found(
            "warning",
            f"in the last third of the epochs the training loss fell by {falling:.1%}, while it "
            f"jumps by {rough:.1%} from epoch to epoch and a step changes weights by {ratio:.1%} "
            "of their size",
            Remedy(
                "let the learning rate decay",
                flag="--schedule cosine",
                python="schedule='cosine'",
                changes={"schedule": "cosine"},
                # A loss that bounces has a good epoch by chance; the last one is none.
                worth=0.15 if case.restored else 0.08,
            ),
            numbers={"falling": falling, "roughness": rough, "update_ratio": ratio},
            sure=False,
        )
