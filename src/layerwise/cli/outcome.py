"""What a training of texts or pictures says of its rows before, and of itself after Ctrl-C."""

from __future__ import annotations

from typing import Any

import numpy as np

SHOWN = 12
"""Classes that are named; the others are counted only."""

LONGEST = 20
"""Characters of a class's name that are shown."""


def classes_in_words(labels: np.ndarray) -> str:
    """How many classes there are, and the rows of each: "2 classes: bad (193), good (207)"."""
    names, counts = np.unique(labels.astype(str), return_counts=True)
    shown = [f"{_short(n)} ({c:,})" for n, c in zip(names[:SHOWN], counts[:SHOWN], strict=True)]
    more = ", ..." if len(names) > SHOWN else ""
    return f"{len(names):,} classes: {', '.join(shown)}{more}"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 3].rstrip()}..."


def what_is_kept(run: Any) -> str:
    """What Ctrl-C left of a `layerwise.Run`, in its course or after it."""
    if run.stopped != "interrupted":
        return "stopped after the training, which is complete"
    if not len(run.history):
        return "stopped in the first epoch: its weights are kept"
    if not run.best_epoch:
        return f"stopped: the weights of epoch {len(run.history)} are kept"
    return f"stopped: the best weights so far are kept, those of epoch {run.best_epoch}"


__all__ = ["classes_in_words", "what_is_kept"]
