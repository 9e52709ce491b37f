"""Dropout that takes away too much."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule

STRONG, EXTREME = 0.55, 0.75
"""Rates beyond what helps in most networks, and beyond what any paper advises for hidden layers."""


class DropoutTooStrong(Rule):
    """With most units off, what is left cannot do the task."""

    name = "dropout_too_strong"
    stage = 1
    title = "dropout is too strong"
    cause = "when most units are off at every step, the few that are left cannot learn the task"
    guide = "dropout"
    source = 'Srivastava et al. 2014, "Dropout", section 7.3; UMLAUT (CHI 2021), dropout above 0.5'

    def look(self, case: Case) -> Finding | None:
        """A high rate, and a loss that is much better on the training rows without dropout."""
        layers = case.graph.of_kind("dropout")
        if not layers or not len(case.history):
            return None
        strongest = max(layers, key=lambda layer: layer.rate)
        if strongest.rate < STRONG:
            return None
        last = case.history[-1].training_loss
        outcome = case.outcome
        return self.found(
            "warning",
            f"layer '{strongest.path}' switches off {strongest.rate:.0%} of its units; the "
            f"training loss is {last:.3g} with dropout and {outcome.training.loss:.3g} without",
            Remedy(
                "lower the rate",
                flag="--dropout 0.2",
                python="nn.Dropout(0.2)",
                changes={"dropout": 0.2},
                worth=0.03 if strongest.rate >= EXTREME else 0.1,
            ),
            layer=strongest.path,
            numbers={"rate": strongest.rate, "loss": last},
            sure=False,
        )
