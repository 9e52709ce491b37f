"""Sigmoid and tanh units far out where they are flat."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import blown_up

FLAT, SURE = 0.4, 0.6
"""Part of a layer's values: suspicious, and certain."""


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
        if probes is None or not len(probes) or blown_up(case):
            return None
        hidden = case.graph.of_kind("activation")
        if case.graph.ends_in and hidden:
            hidden = hidden[:-1]
        worst, share, first = None, 0.0, 0.0
        for layer in hidden:
            numbers = [
                i for i, p in enumerate(probes.layers)
                if p.path == layer.path and p.flat_ends == 2
            ]  # fmt: skip
            if not numbers:
                continue
            values = probes.values["saturated"][:, numbers[0]]
            values = values[np.isfinite(values)]
            usual = float(np.median(values)) if len(values) else 0.0
            if usual > share:
                worst, share, first = layer, usual, float(values[0])
        if worst is None or share < FLAT:
            return None
        return self.found(
            "warning",
            f"{share:.0%} of the values of layer '{worst.path}' ({worst.layer}) lie where its "
            "slope is below 2% of the steepest, in the median of all probes; before the first "
            f"step it was {first:.0%}",
            Remedy(
                "draw the first weights as the layers do by default, or use ReLU",
                flag="--activation relu",
                python="net.reset_parameters(), nn.ReLU()",
                changes={"replace_activations": "relu", "usual_initialisation": True},
            ),
            layer=worst.path,
            epoch=1,
            numbers={"share": share, "at_start": first},
            sure=min(share, first) > SURE,
            stage=1 if first > FLAT else 3,
        )
