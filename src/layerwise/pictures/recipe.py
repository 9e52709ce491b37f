"""`PictureRecipe`: how a network of pictures is trained, and what is chosen by their number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..data.pictures import Augmentation, PictureKind


class Pace(NamedTuple):
    """How long an architecture trains.

    Attributes
    ----------
    pictures : seen in all, about.
    least, most : epochs.
    learning_rate : the highest of the one-cycle schedule.
    weight_decay : of AdamW.
    """

    pictures: int
    least: int
    most: int
    learning_rate: float
    weight_decay: float


PACES = {
    "convolution": Pace(900_000, 8, 60, 2e-3, 0.02),
    "attention": Pace(900_000, 10, 100, 2e-3, 0.05),
    "dense": Pace(900_000, 12, 80, 1e-3, 0.02),
}

AUGMENTED = ("convolution",)
"""Architectures whose pictures are shifted, if nothing else is said. Dense layers and patches have
to learn every place anew, which takes more epochs than a short training has."""

SHIFTED = 14
"""A picture is shifted by at most its shorter side divided by this."""


@dataclass(frozen=True)
class PictureRecipe:
    """How a network of pictures is trained; None stands for what follows from the pictures.

    Attributes
    ----------
    architecture : a name of `layerwise.pictures.ARCHITECTURES`, or a function that makes a network.
    augmentation : `Augmentation`; None is by the architecture.
    epochs, batch_size, learning_rate, weight_decay, dropout : numbers.
    optimizer, schedule : names or objects of `layerwise.optim`.
    label_smoothing : part of the target that is spread over all classes.
    clip_norm : all gradients together are scaled down to at most this norm; None leaves them.
    patience : stop after so many epochs without a better one; None trains to the end. The best
        epoch is kept in any case.
    probes : whether what the layers do is recorded, for `layerwise.doctor`.
    """

    architecture: Any = "convolution"
    augmentation: Augmentation | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    dropout: float | None = None
    optimizer: Any = "adamw"
    schedule: Any = "one_cycle"
    label_smoothing: float = 0.0
    clip_norm: float | None = 1.0
    patience: int | None = None
    shuffle: bool = True
    probes: bool = True

    @property
    def pace(self) -> Pace:
        """That of the architecture; a function's network is taken for convolutions."""
        return PACES.get(self.architecture if isinstance(self.architecture, str) else "",
                         PACES["convolution"])  # fmt: skip

    def epochs_for(self, rows: int) -> int:
        """Fewer for more pictures."""
        if self.epochs is not None:
            return self.epochs
        pace = self.pace
        return max(pace.least, min(pace.most, round(pace.pictures / max(rows, 1))))

    def batch_size_for(self, rows: int) -> int:
        """At least some thirty steps an epoch, and no more pictures in a step than do good."""
        if self.batch_size is not None:
            return self.batch_size
        return 64 if rows >= 2000 else 32 if rows >= 500 else 16

    def augmentation_for(self, kind: PictureKind) -> Augmentation:
        """Small shifts, unless something else is asked for."""
        if self.augmentation is not None:
            return self.augmentation
        shifted = not isinstance(self.architecture, str) or self.architecture in AUGMENTED
        return Augmentation(shift=round(min(kind.size) / SHIFTED) if shifted else 0)
