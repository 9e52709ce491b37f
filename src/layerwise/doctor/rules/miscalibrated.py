"""Probabilities that do not mean what they say."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule

EXCESS = 0.06
"""Calibration error beyond what chance gives."""

GAIN = 0.15
"""Part of the validation loss that a temperature takes away."""

SMOOTH, A_LITTLE = 0.25, 0.02
"""Label smoothing beyond what is usual (0.1 to 0.2); there so much of the loss is a suspicion."""

TOO_MODEST = (
    "a network that was not trained to the end, or whose labels were smoothed, stays less sure "
    "than it could be"
)


class Miscalibrated(Rule):
    """Of what it is 90% sure, 90% should be right."""

    name = "miscalibrated"
    title = "the probabilities are not calibrated"
    cause = (
        "cross-entropy goes on rewarding surer answers after all training rows are right, so the "
        "network becomes surer than it is right"
    )
    guide = "softmax"
    source = 'Guo et al. 2017, "On calibration of modern neural networks"'

    def look(self, case: Case) -> Finding | None:
        """Compare how sure it is with how often it is right, and with a better temperature."""
        outcome = case.outcome
        excess = outcome.calibration - outcome.calibration_noise
        gain = 1 - outcome.tempered / outcome.validation.loss if outcome.validation.loss else 0.0
        knows = outcome.validation.score > outcome.constant.score
        smoothing = float(case.options.get("label_smoothing", 0))
        modest = smoothing > SMOOTH and outcome.temperature < 1 and gain > A_LITTLE
        if not knows or not (modest or (excess > EXCESS and gain > GAIN)):
            return None
        side = "surer than it is right" if outcome.temperature > 1 else "less sure than right"
        return self.found(
            "warning",
            f"expected calibration error {outcome.calibration:.1%} (chance gives "
            f"{outcome.calibration_noise:.1%}): it is {side}; a temperature of "
            f"{outcome.temperature:.2g} takes {gain:.0%} off the validation loss",
            self._remedy(case),
            cause=self.cause if outcome.temperature > 1 else TOO_MODEST,
            numbers={"error": outcome.calibration, "excess": excess, "gain": gain},
            sure=excess > 2 * EXCESS and (outcome.temperature > 1 or smoothing > 0),
        )

    def _remedy(self, case: Case) -> Remedy:
        temperature = case.outcome.temperature
        if temperature < 1 and float(case.options.get("label_smoothing", 0)) > 0:
            return Remedy(
                "smooth the labels less, as that keeps it from being sure; or divide the logits by "
                "the temperature",
                flag="--label-smoothing 0",
                python=f"label_smoothing=0, or divide logits by {temperature:.2g}",
                changes={"label_smoothing": 0.0},
                worth=0.05 if float(case.options["label_smoothing"]) > SMOOTH else 0.1,
            )
        if temperature < 1:
            return Remedy(
                "train for longer, or divide the logits by the temperature",
                python=f"logits / {temperature:.2g}",
            )
        return Remedy(
            "divide the logits by the temperature, smooth the labels, or keep the weights of the "
            "best epoch",
            flag="--label-smoothing 0.1",
            python=f"label_smoothing=0.1, or divide logits by {temperature:.2g}",
            changes={"label_smoothing": 0.1},
        )
