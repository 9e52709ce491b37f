"""Gradients that hardly reach the first layers."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import arriving_gradients, blown_up

NARROW = 4
"""Of so few units all may be off for other reasons."""

SHARE = 0.01
"""What arrives at a unit of the first layer, by what arrives at one of the last."""


class VanishingGradient(Rule):
    """Slopes below 1, multiplied over layers, leave nothing for the first ones."""

    name = "vanishing_gradient"
    stage = 1
    title = "the gradient vanishes on its way to the first layers"
    cause = (
        "the gradient is a product over the layers, and saturating activations have slopes of a "
        "quarter (sigmoid) and less; after some layers next to nothing is left, so the first ones "
        "learn hardly at all"
    )
    guide = "vanishing-gradients"
    source = (
        'Hochreiter 1991; Glorot & Bengio 2010, "Understanding the difficulty of training deep '
        'feedforward neural networks"; AutoTrainer (ICSE 2021), ratio of norms'
    )

    def look(self, case: Case) -> Finding | None:
        """Compare the gradients that arrive at the layers, over the whole training."""
        found, early = arriving_gradients(case), arriving_gradients(case, first=2)
        narrow = any(layer.units < NARROW for layer in case.graph.of_kind("linear")[:-1])
        if len(found) < 3 or narrow or blown_up(case):
            return None
        paths, sizes = zip(*found, strict=True)
        # From the start: units that died later are another matter.
        if not early[0][1] < SHARE * early[-1][1]:
            return None
        last = sizes[-1]
        ratio = float(sizes[0] / last) if last > 0 else float("nan")
        # Where next to nothing arrived at first, the start was lost, even if it came right later.
        if not ratio < SHARE and not early[0][1] < SHARE / 10 * early[-1][1]:
            return None
        names = {layer.layer.partition("(")[0] for layer in case.graph.of_kind("activation")}
        smooth = names & {"Sigmoid", "Tanh", "sigmoid", "tanh"}
        remedy = Remedy(
            "use ReLU in the hidden layers (its slope is 0 or 1)"
            if smooth
            else "normalise between the layers, or take fewer of them",
            flag="--activation relu" if smooth else "",
            python="nn.ReLU()" if smooth else "nn.LayerNorm(units)",
            changes={"replace_activations": "relu"} if smooth else {"normalise_layers": True},
        )
        profile = ", ".join(f"{size / last:.1e}" for size in sizes)
        return self.found(
            "warning",
            f"what arrives at a unit, from the first layer to the last, by the last: {profile}",
            remedy,
            layer=paths[0],
            epoch=1,
            numbers={"ratio": ratio, "layers": len(sizes)},
            sure=bool(np.isfinite(ratio)) and ratio < SHARE / 10,
        )
