"""Gradients that grow from layer to layer or from step to step, up to NaN."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import amplification

GROWN = 8.0
"""Growth of the signal through all layers; the usual initialisation gives about 1."""

SPIKE = 100.0
"""The largest gradient norm by the usual one."""


class ExplodingGradient(Rule):
    """Derivatives above 1, multiplied over layers, grow without bound."""

    name = "exploding_gradient"
    title = "the gradients explode"
    cause = (
        "the gradient is a product over the layers; where the factors are above 1 it grows until a "
        "step throws the weights far away, or numbers become infinite"
    )
    guide = "vanishing-gradients"
    source = (
        'Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural '
        'networks"; AutoTrainer (ICSE 2021), exploding gradient'
    )

    def look(self, case: Case) -> Finding | None:
        """NaN first; then gradients that tower above the usual ones and leave a worse loss."""
        remedy = Remedy(
            "clip the norm of the gradients, and lower the learning rate",
            flag=f"--lr {case.learning_rate / 10:.2g}",
            python=f"clip_norm=1.0, learning_rate={case.learning_rate / 10:.2g}",
            changes={"clip_norm": 1.0, "learning_rate": case.learning_rate / 10},
        )
        grown = amplification(case)
        numbers = {"amplification": grown}
        if case.divergence is not None:
            where = case.divergence
            place = "the loss" if where.layer == "loss" else f"layer '{where.layer}'"
            return self.found(
                "error",
                f"{place} became NaN or infinite in epoch {where.epoch}, step {where.step} "
                "(counted from 0)",
                remedy, layer=where.layer, epoch=where.epoch, numbers=numbers,
                sure=grown > GROWN, stage=1 if grown > GROWN else 3,
            )  # fmt: skip
        if grown > GROWN:
            return self.found(
                "warning",
                f"the first weights make the signal {grown:.3g} times as large on its way through "
                "the layers as Kaiming's would",
                Remedy(
                    "draw the first weights as the layers do by default, and normalise between "
                    "many layers",
                    python="net.reset_parameters(), clip_norm=1.0",
                    changes={"usual_initialisation": True, "clip_norm": 1.0},
                ),
                epoch=1, numbers=numbers, stage=1,
            )  # fmt: skip
        probes = case.probes
        if probes is None or len(probes) < 10:
            return None
        with np.errstate(all="ignore"):
            norms = np.sqrt(np.nansum(probes.values["gradient"] ** 2, axis=1))
        usual = float(np.median(norms))
        worst = int(np.nanargmax(norms))
        ratio = float(norms[worst] / max(usual, 1e-30))
        # Large gradients at the start, and small ones once all rows are learned, are usual.
        worse = probes.values["loss"][worst] > 2 * probes.values["loss"][0]
        if ratio < SPIKE or probes.epochs[worst] < 2 or not worse:
            return None
        return self.found(
            "warning",
            f"the gradient's norm reached {norms[worst]:.3g} in epoch {probes.epochs[worst]}, "
            f"{ratio:.3g} times the usual {usual:.3g}",
            remedy, epoch=int(probes.epochs[worst]), numbers=numbers | {"ratio": ratio},
            sure=False, stage=3,
        )  # fmt: skip
