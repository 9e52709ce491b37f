"""Columns that say nothing about the target."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding
from ..rule import Rule

NOISE = 3.0
"""Standard deviations from what shuffled targets give."""

SKILL = 0.25
"""Part of a constant prediction's loss that the network must take away."""

ERRORS = 5.0
"""Standard errors by which its score must be better than a constant prediction's."""

FEWEST = 30
"""Validation rows, and training rows of all classes but the most frequent; of fewer nothing can be
said."""


class NoSignal(Rule):
    """Neither the network nor a simple model does better than chance."""

    name = "no_signal"
    stage = 0
    title = "the columns say nothing about the target"
    cause = (
        "labels that do not belong to their rows (shuffled, or joined in another order), or "
        "columns that have nothing to do with the target; no network can learn what is not there"
    )
    guide = "losses"
    source = 'Karpathy 2019, "A recipe for training neural networks" (input-independent baseline)'

    def look(self, case: Case) -> Finding | None:
        """Compare the network, a linear model and nearest neighbours with a constant prediction."""
        outcome = case.outcome
        scores = [outcome.validation.score, outcome.linear.score, outcome.nearest.score]
        signals = [outcome.linear.signal, outcome.nearest.signal]
        small = outcome.validation_rows < FEWEST
        counts = case.target.counts
        small |= bool(counts) and sum(counts) - max(counts) < FEWEST
        if case.divergence is not None or small or not np.isfinite(signals).all():
            return None
        # The network may find what simple models cannot; a little it finds by chance, as its best
        # epoch is chosen on these rows.
        if max(signals) > NOISE or case.skill > SKILL:
            return None
        base = outcome.constant.score if case.is_classification else 0.0
        if outcome.validation.score > base + ERRORS * case.score_noise:
            return None
        noise = case.score_noise
        what = "accuracy" if case.is_classification else "R2"
        return self.found(
            "error",
            f"validation {what}: the network {scores[0]:.3f}, a linear model {scores[1]:.3f}, "
            f"nearest neighbours {scores[2]:.3f}, a constant prediction {base:.3f} "
            f"(noise ± {noise:.3f}); learning shuffled targets, the simple models do as well",
            None,
            numbers={"network": scores[0], "linear": scores[1], "nearest": scores[2]},
        )
