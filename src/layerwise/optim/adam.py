"""Adam and AdamW."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..errors import OptionError
from ..graph import Tensor, cast, dtypes, sqrt, variable
from .gradient import Gradient
from .optimizer import Optimizer, Step, check_range


@dataclass(frozen=True)
class Adam(Optimizer):
    """Steps scaled by running means of each gradient and of its square.

    Kingma & Ba 2015, "Adam: a method for stochastic optimization", algorithm 1, with epsilon
    outside the corrected root: p <- p - rate * m' / (sqrt(v') + epsilon), where m' and v' are the
    means corrected for their start at 0.

    Attributes
    ----------
    learning_rate : above 0.
    betas : how much of the mean of gradients, and of squared gradients, a step keeps; each from 0
        to below 1.
    epsilon : added to the root, above 0.
    weight_decay : at least 0; the gradient of weight_decay / 2 * |p|^2 is added to each gradient.
    """

    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: float = 0.0

    name: ClassVar[str] = "adam"
    decoupled: ClassVar[bool] = False
    """Whether weights decay beside the gradient step, not through the gradient."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.betas) != 2:
            raise OptionError(f"{self.name}: expected two betas, got {self.betas!r}")
        for i, beta in enumerate(self.betas):
            check_range(self.name, f"betas[{i}]", beta, 0.0, 1.0)
        check_range(self.name, "epsilon", self.epsilon, 0.0, np.inf, open_low=True)
        check_range(self.name, "weight_decay", self.weight_decay, 0.0, np.inf)

    def _step(
        self,
        parameters: list[Tensor],
        gradients: list[Gradient],
        learning_rate: Tensor,
        labels: list[str],
    ) -> Step:
        beta1, beta2 = self.betas
        # Powers of the betas rather than a count of steps: no power to compute in a step. In
        # float64, since 1 - 0.999 has four correct digits in float32.
        power1 = variable(f"{self.name}.beta1_power", (), dtypes.float64)
        power2 = variable(f"{self.name}.beta2_power", (), dtypes.float64)
        initial = {power1: np.ones(()), power2: np.ones(())}
        updates = {power1: power1 * beta1, power2: power2 * beta2}
        rate = cast(learning_rate, dtypes.float64)
        size = rate / (1.0 - updates[power1])
        correction = 1.0 / sqrt(1.0 - updates[power2])
        kept = 1.0 - rate * self.weight_decay
        for label, parameter, part in zip(labels, parameters, gradients, strict=True):
            p, g = part.take(parameter), part.values
            if self.weight_decay and not self.decoupled:
                g = g + self.weight_decay * p
            first = self._zeros(initial, "first_moment", label, parameter)
            second = self._zeros(initial, "second_moment", label, parameter)
            m = beta1 * part.take(first) + (1 - beta1) * g
            v = beta2 * part.take(second) + (1 - beta2) * (g * g)
            updates[first], updates[second] = part.put(first, m), part.put(second, v)
            start = p * cast(kept, p.dtype) if self.weight_decay and self.decoupled else p
            spread = sqrt(v) * cast(correction, p.dtype) + self.epsilon
            stepped = start - cast(size, p.dtype) * m / spread
            updates[parameter] = part.put(parameter, stepped)
        return Step(updates, initial)


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam whose weights shrink by rate * weight_decay each step, beside the gradient step.

    Loshchilov & Hutter 2019, "Decoupled weight decay regularization", algorithm 2: in Adam, decay
    through the gradient would be divided by the gradient's spread.
    """

    weight_decay: float = 0.01

    name: ClassVar[str] = "adamw"
    decoupled: ClassVar[bool] = True
