"""Numbers to predict that are far from 0 or from 1 in size."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule

APART = 10.0


class UnscaledTarget(Rule):
    """A last layer gives numbers of about 1 at first, and has a long way to go to others."""

    name = "unscaled_target"
    stage = 0
    title = "the target is not on the scale of the network's outputs"
    cause = (
        "a new network gives numbers of about 1; to reach large ones it must move far at its small "
        "steps, and the squared error's gradients are as much too large"
    )
    guide = "normalisation"
    source = 'LeCun, Bottou, Orr & Müller 1998, "Efficient BackProp", section 4.5'

    def look(self, case: Case) -> Finding | None:
        """Compare the target's mean and deviation with 1."""
        target = case.target
        if target.kind != "numbers" or case.output != "identity" or target.looks_like:
            return None
        deviation, mean = target.deviation, abs(target.mean)
        if 1 / APART <= deviation <= APART and mean <= APART * max(deviation, 1.0):
            return None
        return self.found(
            "warning",
            f"the target has mean {target.mean:.4g} and standard deviation {deviation:.3g}",
            Remedy(
                "bring the target to mean 0 and deviation 1, and its predictions back "
                "(lw.Regressor and the command line do)",
                python="y = (y - y.mean()) / y.std()",
                changes={"scale_target": True},
            ),
            numbers={"mean": target.mean, "deviation": deviation},
        )
