"""Units that are never on."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import blown_up

DEAD = 0.4
"""Part of a layer's units; a few dead ones are usual and cost little."""


class DeadReLU(Rule):
    """A unit that is 0 for every row gets no gradient, and stays 0."""

    name = "dead_relu"
    title = "many units are never on"
    cause = (
        "where a ReLU's input is negative its slope is 0; a unit whose input is negative for every "
        "row gets no gradient and cannot come back"
    )
    guide = "relu-against-vanishing"
    source = (
        'Maas, Hannun & Ng 2013, "Rectifier nonlinearities improve neural network acoustic '
        'models"; Lu et al. 2019, "Dying ReLU and initialization"'
    )

    def look(self, case: Case) -> Finding | None:
        """Count units that no training row opens, with the weights that were kept."""
        if blown_up(case):
            return None
        worst, share = None, 0.0
        for layer in case.graph.of_kind("activation"):
            if not np.isfinite(layer.open_units) or layer.units < 4 or layer.flat_ends != 1:
                continue
            if 1 - layer.open_units > share:
                worst, share = layer, 1 - layer.open_units
        if worst is None or share < DEAD:
            return None
        first = self._first(case, worst.path)
        from_start = first is not None and first >= DEAD
        when = "since the first step" if from_start else "they died during the training"
        return self.found(
            "warning",
            f"{share:.0%} of the {worst.units} units of layer '{worst.path}' ({worst.layer}) are "
            f"off for every training row; {when}",
            Remedy(
                "draw new weights, with biases near 0; a lower learning rate or LeakyReLU keeps "
                "units alive",
                flag="--activation leaky_relu",
                python="net.reset_parameters(), nn.LeakyReLU()",
                changes={"replace_activations": "leaky_relu", "usual_initialisation": True},
            ),
            layer=worst.path,
            epoch=1 if from_start else None,
            numbers={"share": share, "at_start": first if first is not None else float("nan")},
            sure=from_start,
            stage=1 if from_start else 3,
        )

    def _first(self, case: Case, path: str) -> float | None:
        """The part of the units that were off for the first minibatch."""
        probes = case.probes
        if probes is None or not len(probes) or probes.steps[0] != 0:
            return None
        numbers = [i for i, layer in enumerate(probes.layers) if layer.path == path]
        return float(probes.values["silent"][0, numbers[0]]) if numbers else None
