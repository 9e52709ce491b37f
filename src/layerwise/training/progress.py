"""What a training tells while it runs, several times a second."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is. Given to the `progress` function after every chunk of steps."""

    epoch: int
    """Counted from 1."""
    epochs: int
    step: int
    """Steps of this epoch that are done."""
    steps: int
    """Steps in an epoch."""
    loss: float
    """Mean training loss of this epoch's steps so far."""
    learning_rate: float
    seconds: float
    """Since training began."""
    samples_per_second: float

    @property
    def fraction(self) -> float:
        """Part of all epochs that is done, 0 to 1."""
        return (self.epoch - 1 + self.step / self.steps) / self.epochs
