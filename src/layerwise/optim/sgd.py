"""Stochastic gradient descent, plain, with momentum or with Nesterov's momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..errors import OptionError
from ..graph import Tensor, cast
from .gradient import Gradient
from .optimizer import Optimizer, Step, check_range


@dataclass(frozen=True)
class SGD(Optimizer):
    """A step against the gradient: p <- p - rate * v.

    v <- momentum * v + g, where g is the gradient plus ``weight_decay * p``; with `nesterov`, the
    step is along g + momentum * v (Sutskever, Martens, Dahl & Hinton 2013, "On the importance of
    initialization and momentum in deep learning", in the form that PyTorch uses: the rate scales
    the step, not what v collects).

    Attributes
    ----------
    learning_rate : above 0.
    momentum : from 0 (plain gradient descent) to below 1.
    nesterov : whether to look ahead; needs momentum.
    weight_decay : at least 0; the gradient of weight_decay / 2 * |p|^2 is added to each gradient.
    """

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    name: ClassVar[str] = "sgd"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_range("sgd", "momentum", self.momentum, 0.0, 1.0)
        check_range("sgd", "weight_decay", self.weight_decay, 0.0, np.inf)
        if self.nesterov and self.momentum == 0:
            raise OptionError("sgd: nesterov needs momentum; set momentum=0.9, for example")

    def _step(
        self,
        parameters: list[Tensor],
        gradients: list[Gradient],
        learning_rate: Tensor,
        labels: list[str],
    ) -> Step:
        updates: dict[Tensor, Tensor] = {}
        initial: dict[Tensor, np.ndarray] = {}
        for label, parameter, part in zip(labels, parameters, gradients, strict=True):
            p, g = part.take(parameter), part.values
            if self.weight_decay:
                g = g + self.weight_decay * p
            if self.momentum:
                velocity = self._zeros(initial, "momentum", label, parameter)
                moved = self.momentum * part.take(velocity) + g
                updates[velocity] = part.put(velocity, moved)
                g = g + self.momentum * moved if self.nesterov else moved
            updates[parameter] = part.put(parameter, p - cast(learning_rate, p.dtype) * g)
        return Step(updates, initial)
