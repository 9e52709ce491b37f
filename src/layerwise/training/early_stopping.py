"""Watching the validation loss: which epoch was best, and when to stop waiting for a better one."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class EarlyStopping:
    """Remember the best epoch; stop after `patience` epochs without a better one.

    Prechelt 1998, "Early stopping, but when?". With `patience` None it only remembers.
    """

    patience: int | None = None
    best: float = math.inf
    best_epoch: int = 0
    """Counted from 1; 0 when no epoch was observed."""
    waited: int = 0

    def observe(self, epoch: int, loss: float) -> bool:
        """Take in an epoch's validation loss; True when it is the best so far."""
        if loss < self.best:
            self.best, self.best_epoch, self.waited = loss, epoch, 0
            return True
        self.waited += 1
        return False

    @property
    def should_stop(self) -> bool:
        """Whether the patience is used up."""
        return self.patience is not None and self.waited >= self.patience

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps; the patience is an option of the run that resumes."""
        kept = asdict(self)
        del kept["patience"]
        return kept

    def restore(self, kept: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        self.best, self.best_epoch = float(kept["best"]), int(kept["best_epoch"])
        self.waited = int(kept["waited"])
