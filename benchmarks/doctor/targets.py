"""How a target is given to a training, and how its outputs are read, whatever the loss.

Each way turns the network's prediction into the same thing: probabilities, shape
``(rows, classes)``, or numbers in the unit of the training rows' standard deviation.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.doctor.split import Split


@dataclass(frozen=True)
class ClassNumbers:
    """Classes as whole numbers, an output for each, or one output for two classes."""

    single: bool = False

    def outputs(self, split: Split) -> int:
        """How many outputs the network needs."""
        return 1 if self.single else split.classes

    def given(self, split: Split, y: np.ndarray) -> np.ndarray:
        """The target as `layerwise.train` gets it, for true values ``(rows,)``."""
        return y

    def read(self, split: Split, predicted: np.ndarray) -> np.ndarray:
        """What the network's predictions mean, ``(rows, classes)`` or ``(rows,)``."""
        predicted = predicted.reshape(len(predicted), -1)
        if self.single:
            predicted = np.concatenate([1 - predicted, predicted], 1)
        return as_probabilities(predicted)


@dataclass(frozen=True)
class OneHot:
    """Classes as rows of 0 and 1: floats that a loss for numbers takes without complaint."""

    def outputs(self, split: Split) -> int:
        """How many outputs the network needs."""
        return split.classes

    def given(self, split: Split, y: np.ndarray) -> np.ndarray:
        """The target as `layerwise.train` gets it, for true values ``(rows,)``."""
        return np.eye(split.classes, dtype=np.float32)[y]

    def read(self, split: Split, predicted: np.ndarray) -> np.ndarray:
        """What the network's predictions mean, ``(rows, classes)`` or ``(rows,)``."""
        return as_probabilities(predicted)


@dataclass(frozen=True)
class CodeNumbers:
    """The number of the class as a quantity, one output: class 2 between 1 and 3."""

    def outputs(self, split: Split) -> int:
        """How many outputs the network needs."""
        return 1

    def given(self, split: Split, y: np.ndarray) -> np.ndarray:
        """The target as `layerwise.train` gets it, for true values ``(rows,)``."""
        return y.astype(np.float32)

    def read(self, split: Split, predicted: np.ndarray) -> np.ndarray:
        """Probabilities that fall with the distance, by the spread around the validation rows."""
        predicted = predicted.reshape(-1)
        variance = max(float(np.square(predicted - split.validation_y).mean()), 0.01)
        distance = np.square(predicted[:, None] - np.arange(split.classes))
        distance -= distance.min(1, keepdims=True)
        return as_probabilities(np.exp(-distance / (2 * variance)))


@dataclass(frozen=True)
class Numbers:
    """Numbers as ``y * scale + offset``."""

    scale: float = 1.0
    offset: float = 0.0

    def outputs(self, split: Split) -> int:
        """How many outputs the network needs."""
        return 1

    def given(self, split: Split, y: np.ndarray) -> np.ndarray:
        """The target as `layerwise.train` gets it, for true values ``(rows,)``."""
        return (y * self.scale + self.offset).astype(np.float32)

    def read(self, split: Split, predicted: np.ndarray) -> np.ndarray:
        """What the network's predictions mean, ``(rows, classes)`` or ``(rows,)``."""
        return (predicted.reshape(-1).astype(np.float64) - self.offset) / self.scale


@dataclass(frozen=True)
class NumbersAsClasses:
    """Numbers rounded to whole ones and taken for classes, as a target in whole units invites."""

    steps: int = 60

    def outputs(self, split: Split) -> int:
        """How many outputs the network needs."""
        return self.steps + 1

    def given(self, split: Split, y: np.ndarray) -> np.ndarray:
        """The target as `layerwise.train` gets it, for true values ``(rows,)``."""
        low, high = split.y.min(), split.y.max()
        return np.clip(np.round((y - low) / (high - low) * self.steps), 0, self.steps).astype(int)

    def read(self, split: Split, predicted: np.ndarray) -> np.ndarray:
        """The most probable number."""
        low, high = split.y.min(), split.y.max()
        return low + predicted.argmax(1) * (high - low) / self.steps


def as_probabilities(predicted: np.ndarray) -> np.ndarray:
    """Rows that are at least 0 and sum to 1; all alike where nothing is above 0."""
    positive = np.maximum(np.nan_to_num(predicted.astype(np.float64)), 0.0)
    total = positive.sum(1, keepdims=True)
    alike = np.full_like(positive, 1 / positive.shape[1])
    return np.where(total > 0, positive / np.where(total > 0, total, 1.0), alike)
