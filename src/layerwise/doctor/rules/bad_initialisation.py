"""First weights that are too large, too small, or all alike."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import gains

LARGE, SMALL = 5.0, 0.1
"""Gains of a layer (size of a unit's sum for inputs of size 1) that are not usual any more.

Kaiming's initialisation gives 1.4, and a plain one 0.6.
"""

START = 4.0
"""The first minibatch's loss by that of a constant prediction."""

REMEDY = Remedy(
    "draw the first weights as the layers do by default (Kaiming for ReLU)",
    python="net.reset_parameters()",
    changes={"usual_initialisation": True, "initialise": True},
)


class BadInitialisation(Rule):
    """Signals must neither grow nor die on their way through the layers."""

    name = "bad_initialisation"
    stage = 1
    title = "the first weights are badly drawn"
    cause = (
        "weights that are too large make outputs that are far off and sure of it, weights that are "
        "too small let the signal die on its way, and units that begin alike stay alike"
    )
    guide = "vanishing-gradients"
    source = (
        'Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward '
        'networks"; He et al. 2015, "Delving deep into rectifiers"; Karpathy 2019, "A recipe for '
        'training neural networks" (loss at the start)'
    )

    def look(self, case: Case) -> Finding | None:
        """Look for equal units, then at every layer's gain before the first step."""
        if case.graph.alike:
            layer = case.graph.alike[0]
            return self.found(
                "error" if case.skill < 0.1 else "warning",
                f"all units of layer '{layer}' began with the same weights",
                REMEDY, layer=layer, epoch=1,
            )  # fmt: skip
        found = gains(case)
        if not found:
            return self._first_loss(case)
        paths, values = zip(*found, strict=True)
        # The last layer may begin small: its gradient does not depend on its own weights.
        inner = np.array(values[:-1] or values)
        numbers = {"largest_gain": float(max(values)), "smallest_gain": float(inner.min())}
        if max(values) > LARGE:
            worst = int(np.argmax(values))
            return self.found(
                "warning",
                f"the first weights of layer '{paths[worst]}' make its sums {values[worst]:.3g} "
                "times as large as its inputs; usual is 0.6 to 1.4 times",
                REMEDY, layer=paths[worst], epoch=1, numbers=numbers,
            )  # fmt: skip
        if len(values) > 1 and inner.min() < SMALL:
            worst = int(inner.argmin())
            return self.found(
                "warning",
                f"the first weights of layer '{paths[worst]}' make its sums {inner[worst]:.2g} "
                "times as large as its inputs; usual is 0.6 to 1.4 times",
                REMEDY, layer=paths[worst], epoch=1, numbers=numbers,
            )  # fmt: skip
        return self._first_loss(case)

    def _first_loss(self, case: Case) -> Finding | None:
        """A first loss far above a constant prediction's, which is log C for C even classes."""
        probes = case.probes
        comparable = case.loss in ("cross_entropy", "bce_with_logits", "bce", "nll")
        if not comparable or probes is None or len(probes) < 5 or probes.steps[0] != 0:
            return None
        first, constant = float(probes.values["loss"][0]), case.outcome.constant.loss
        if not first > START * constant:
            return None
        return self.found(
            "warning",
            f"before the first step the loss was {first:.3g}, {first / constant:.3g} times that of "
            f"a constant prediction ({constant:.3g}): the network was sure before it knew anything",
            REMEDY, epoch=1, numbers={"first_loss": first, "constant": constant}, sure=False,
            stage=2,
        )  # fmt: skip
