"""Steps that follow single rows."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import roughness

SMALL = 4


class BatchTooSmall(Rule):
    """The gradient of one or two rows points anywhere."""

    name = "batch_too_small"
    stage = 1
    title = "the batches are too small"
    cause = (
        "the gradient of a few rows points in a direction of their own; the steps wander about "
        "instead of going down"
    )
    guide = "gradient-descent"
    source = 'McCandlish et al. 2018, "An empirical model of large-batch training" (noise scale)'

    def look(self, case: Case) -> Finding | None:
        """Batches of a few rows."""
        size = int(case.options.get("batch_size", 0))
        if not 1 <= size <= SMALL or case.data.rows < 100:
            return None
        rough = roughness(case)
        return self.found(
            "warning",
            f"batches of {size} row{'s' * (size != 1)}; the loss jumps by {rough:.1%} from epoch "
            "to epoch",
            Remedy(
                "take larger batches",
                flag="--batch-size 32",
                python="batch_size=32",
                changes={"batch_size": 32},
            ),
            numbers={"batch_size": size, "roughness": rough},
            sure=False,
        )
