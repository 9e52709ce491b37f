"""Rare classes that are not found."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule

RATIO, EXTREME = 10.0, 15.0
"""Rows of the most frequent class by those of the rarest: where weights may help, and where they
mostly do."""

HALF, FOUND, SUSPECT = 0.5, 0.8, 0.98
"""Recall of the rare classes by that of the frequent ones: surely too low; surely too low where
they are very rare; and perhaps."""


class ClassImbalance(Rule):
    """To call everything frequent is right most of the time."""

    name = "class_imbalance"
    stage = 1
    title = "rare classes are not found"
    cause = (
        "every row counts alike, so the loss is smallest when rare classes are mostly passed over"
    )
    guide = "losses"
    source = (
        'King & Zeng 2001, "Logistic regression in rare events data"; SageMaker Debugger, class '
        "imbalance"
    )

    def look(self, case: Case) -> Finding | None:
        """Rare classes of the training rows, and how many of their validation rows are found."""
        counts, recalls = np.array(case.target.counts), np.array(case.outcome.recalls)
        if len(counts) < 2 or len(recalls) < len(counts) or not (counts > 0).all():
            return None
        if case.options.get("class_weight") is not None or counts.max() < RATIO * counts.min():
            return None
        recalls = recalls[: len(counts)]
        # Of a class that no validation row has, nothing is known.
        measured = np.isfinite(recalls)
        rare = (counts * RATIO <= counts.max()) & measured
        others = ~rare & measured
        rare_recall = float(recalls[rare].mean()) if rare.any() else float("nan")
        other_recall = float(recalls[others].mean()) if others.any() else float("nan")
        if not rare_recall < SUSPECT * other_recall:
            return None
        rarest = int(counts.argmin())
        ratio = float(counts.max() / counts.min())
        sure = rare_recall < (FOUND if ratio >= EXTREME else HALF) * other_recall
        return self.found(
            "warning",
            f"class {case.target.name(rarest)} has {counts[rarest]} of {counts.sum():,} training "
            f"rows; of the rare classes' validation rows {rare_recall:.0%} are found, of the "
            f"others' {other_recall:.0%}",
            Remedy(
                "let every class count alike",
                flag="--class-weight balanced",
                python="class_weight='balanced'",
                changes={"class_weight": "balanced"},
                # With every class counting alike, weights help a little almost always.
                worth=0.1 if ratio >= EXTREME else 0.25,
            ),
            numbers={"ratio": ratio, "recall": rare_recall},
            sure=sure,
        )
