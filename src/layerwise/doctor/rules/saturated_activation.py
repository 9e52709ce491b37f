"""Sigmoid and tanh units far out where they are flat."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule

FLAT = 0.5
"""Part of a layer's values."""


class SaturatedActivation(Rule):
    """Where an activation is flat, no gradient gets through."""

    name = "saturated_activation"
    title = "activations are saturated"
    cause = (
        "far from 0 a sigmoid or tanh is flat, so its slope is next to 0 and hardly any gradient "
        "gets through; large inputs or large first weights put it there"
    )
    guide = "vanishing-gradients"
    source = (
        "Glorot & Bengio 2010, section 3, saturation; DeepDiagnosis (arXiv 2112.04036), "
        "saturated activation"
    )

    def look(self, case: Case) -> Finding | None:
        """The part of hidden values where the slope is below 2% of the steepest, all along."""
        probes = case.probes
        if probes is None or not len(probes):
            return None
        hidden = case.graph.of_kind("activation")
        if case.graph.ends_in and hidden:
            hidden = hidden[:-1]
        worst, share = None, 0.0
        for layer in hidden:
            numbers = [
                i for i, p in enumerate(probes.layers)
                if p.path == layer.path and not p.closes_at_zero
            ]  # fmt: skip
            if not numbers:
                continue
            usual = float(np.nanmedian(probes.values["saturated"][:, numbers[0]]))
            if usual > share:
                worst, share = layer, usual
        if worst is None or share < FLAT:
            return None
        return self.found(
            "warning",
            f"{share:.0%} of the values of layer '{worst.path}' ({worst.layer}) lie where its "
            "slope is below 2% of the steepest, in the median of all probes",
            Remedy(
                "draw the first weights as the layers do by default, or use ReLU",
                flag="--activation relu",
                python="net.reset_parameters(), nn.ReLU()",
                changes={"replace_activations": "relu", "usual_initialisation": True},
            ),
            layer=worst.path,
            epoch=1,
            numbers={"share": share},
            sure=share > 0.8,
        )
