"""Numbers as waves: a smooth embedding of each column, with a few learned directions.

Gorishniy et al. 2022, section 3.2, in the form of RealMLP (Holzmueller et al. 2024, arXiv
2407.04491): cos(2 pi w x + b) with learned frequencies, mixed into a few numbers for each column,
beside the column itself.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import concatenate, cos, expand_dims, reshape
from ..graph import sum as total
from ..nn import Module, Parameter
from ..nn.initialisation import current_generator


class Periodic(Module):
    """(batch, columns) to (batch, columns * (size + 1)).

    Parameters
    ----------
    columns : how many numbers.
    waves : frequencies of each column.
    size : numbers that its waves are mixed into.
    frequency : deviation of the first frequencies, in waves over one unit of x.

    Attributes
    ----------
    frequency, phase : (columns, waves).
    mix : (columns, size, waves).
    bias : (columns, size).
    """

    def __init__(
        self, columns: int, waves: int = 16, size: int = 3, frequency: float = 0.1
    ) -> None:
        self.columns, self.size, self.deviation = columns, size, frequency
        self.frequency = Parameter(np.zeros((columns, waves), np.float32), "frequency")
        self.phase = Parameter(np.zeros((columns, waves), np.float32), "phase")
        self.mix = Parameter(np.zeros((columns, size, waves), np.float32), "mix")
        self.bias = Parameter(np.zeros((columns, size), np.float32), "bias")
        self.initialise(current_generator())

    def initialise(self, generator: np.random.Generator) -> None:
        """Draw frequencies, phases and the mix."""
        shape = self.frequency.shape
        self.frequency.value = generator.normal(0, self.deviation, shape)
        self.phase.value = generator.uniform(-math.pi, math.pi, shape)
        bound = 1 / math.sqrt(shape[1])
        self.mix.value = generator.uniform(-bound, bound, self.mix.shape)
        self.bias.value = generator.uniform(-bound, bound, self.bias.shape)

    def forward(self, x: Any) -> Any:
        """(batch, columns) to (batch, columns * (size + 1))."""
        waves = cos(expand_dims(x, -1) * (2 * math.pi * self.frequency.tensor) + self.phase)
        mixed = total(expand_dims(waves, 2) * self.mix, -1) + self.bias
        both = concatenate([mixed, expand_dims(x, -1)], -1)
        return reshape(both, (x.shape[0], self.columns * (self.size + 1)))
