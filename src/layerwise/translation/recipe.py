"""`Recipe`: every choice that decides how a translator is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from ..errors import OptionError, unknown
from .codec import KINDS

ARCHITECTURES = ("transformer", "gru")

FEWEST_STEPS, MOST_STEPS = 2_500, 12_000
"""Steps that a training has about, from few pairs to many."""


@dataclass(frozen=True)
class Recipe:
    """Settings of a training; None is what the number of pairs suggests.

    Attributes
    ----------
    architecture : "transformer", or "gru" with additive attention (Bahdanau et al. 2015).
    vocabulary : "auto", "bpe" (pieces of words), "words" or "characters".
    vocabulary_size : numbers of each vocabulary at most.
    features, heads, layers, hidden, dropout : see `network.Sizes`.
    max_length : tokens of a sentence at most, from 8 to 1024. Pairs that are longer do not train.
    epochs, batch_size, learning_rate : of the training; the rate is the highest of its schedule.
    warmup : part of the steps in which the rate rises; then it falls along a cosine.
    label_smoothing, clip_norm : see `layerwise.train`.
    patience : epochs without a lower validation loss that end the training.
    validation_fraction : of the pairs, held out to choose the best epoch; 0 for none.
    measures : how often, in all, BLEU and chrF are measured while it trains; 0 for never.
    measured_pairs : held-out pairs that are translated for that, at most.
    """

    architecture: str = "transformer"
    vocabulary: str = "auto"
    vocabulary_size: int | None = None
    features: int | None = None
    heads: int = 4
    layers: int = 2
    hidden: int | None = None
    dropout: float | None = None
    max_length: int = 128
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    warmup: float = 0.1
    label_smoothing: float = 0.1
    clip_norm: float | None = 1.0
    patience: int | None = None
    validation_fraction: float = 0.1
    measures: int = 4
    measured_pairs: int = 100

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise unknown("architecture", self.architecture, ARCHITECTURES)
        if self.vocabulary not in ("auto", *KINDS):
            raise unknown("vocabulary", self.vocabulary, ("auto", *KINDS))
        least = {
            "vocabulary_size": 5, "features": 2, "heads": 1, "layers": 1, "hidden": 1,
            "epochs": 1, "batch_size": 1, "patience": 1, "measures": 0, "measured_pairs": 1,
            "max_length": 8,
        }  # fmt: skip
        for name, low in least.items():
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < low:
                raise OptionError(f"{name}: expected a whole number from {low}, got {value!r}")
        if self.max_length > 1024:
            raise OptionError(f"max_length: expected at most 1024, got {self.max_length}")
        rates: dict[str, tuple[float, float]] = {
            "dropout": (0.0, 0.9), "warmup": (0.0, 0.9), "label_smoothing": (0.0, 0.9),
            "validation_fraction": (0.0, 0.5), "learning_rate": (1e-9, 10.0),
            "clip_norm": (1e-9, math.inf),
        }  # fmt: skip
        for name, (lowest, highest) in rates.items():
            value = getattr(self, name)
            if value is None:
                continue
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not (lowest <= value <= highest)
            ):
                raise OptionError(f"{name}: expected from {lowest:g} to {highest:g}, got {value!r}")
        if self.features is not None and (self.features % self.heads or self.features % 2):
            raise OptionError(
                f"features: expected an even multiple of the {self.heads} heads, got "
                f"{self.features}"
            )

    def for_pairs(self, pairs: int) -> Recipe:
        """The recipe with all that was None chosen for a number of pairs to train on."""
        chosen: dict[str, Any] = {}
        batch = self.batch_size or (32 if pairs < 20_000 else 64)
        steps = min(max(55 * math.sqrt(pairs), FEWEST_STEPS), MOST_STEPS)
        epochs = self.epochs or int(min(max(round(steps * batch / pairs), 8), 200))
        features = self.features or -(-128 // self.heads) * self.heads
        usual = {
            "batch_size": batch,
            "epochs": epochs,
            "features": features,
            "hidden": 4 * features if self.architecture == "transformer" else features,
            "dropout": 0.1,
            "learning_rate": 2e-3,
            "patience": max(5, epochs // 4),
        }
        for name, value in usual.items():
            if getattr(self, name) is None:
                chosen[name] = value
        return replace(self, **chosen)
