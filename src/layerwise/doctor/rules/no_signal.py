"""Columns that say nothing about the target."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding
from ..rule import Rule

NOISE = 2.5
"""Standard errors."""


class NoSignal(Rule):
    """Neither the network nor a simple model does better than chance."""

    name = "no_signal"
    title = "the columns say nothing about the target"
    cause = (
        "labels that do not belong to their rows (shuffled, or joined in another order), or "
        "columns that have nothing to do with the target; no network can learn what is not there"
    )
    guide = "losses"
    source = 'Karpathy 2019, "A recipe for training neural networks" (input-independent baseline)'

    def look(self, case: Case) -> Finding | None:
        """Compare the network, a linear model and nearest neighbours with a constant prediction."""
        outcome, noise = case.outcome, case.score_noise
        scores = [outcome.validation.score, outcome.linear.score, outcome.nearest.score]
        if case.divergence is not None or not np.isfinite([*scores, noise]).all():
            return None
        base = outcome.constant.score if case.is_classification else 0.0
        if max(scores) > base + NOISE * noise:
            return None
        what = "accuracy" if case.is_classification else "R2"
        return self.found(
            "error",
            f"validation {what}: the network {scores[0]:.3f}, a linear model {scores[1]:.3f}, "
            f"nearest neighbours {scores[2]:.3f}, a constant prediction {base:.3f} "
            f"(noise ± {noise:.3f})",
            None,
            numbers={"network": scores[0], "linear": scores[1], "nearest": scores[2]},
        )
