"""Layer normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import OptionError
from ..graph import ShapeError, layer_norm, show
from .module import Module
from .parameter import Parameter


class LayerNorm(Module):
    """Each row of the last axis to mean 0 and variance 1, then times a weight plus a bias.

    Ba, Kiros & Hinton 2016, "Layer normalization".

    Parameters
    ----------
    features : length of the last axis.
    epsilon : added to the variance.
    dtype : float32 or float64.

    Attributes
    ----------
    weight, bias : (features,); they begin as 1 and 0.
    """

    def __init__(self, features: int, epsilon: float = 1e-5, dtype: Any = "float32") -> None:
        if features < 1:
            raise OptionError(f"LayerNorm: expected features of at least 1, got {features}")
        self.features, self.epsilon = int(features), float(epsilon)
        self.weight = Parameter(np.ones(self.features, dtype), "weight")
        self.bias = Parameter(np.zeros(self.features, dtype), "bias")

    def initialise(self, generator: np.random.Generator) -> None:
        """Set weight to 1 and bias to 0."""
        self.weight.value = np.ones(self.features)
        self.bias.value = np.zeros(self.features)

    def forward(self, x: Any) -> Any:
        """(batch, ..., features) to the same shape."""
        if x.shape[-1:] != (self.features,):
            raise ShapeError(
                f"expected {self.features} features on the last axis, got shape {show(x.shape)}; "
                "give LayerNorm the size of the layer before it"
            )
        return layer_norm(x, self.weight, self.bias, self.epsilon)

    def extra_repr(self) -> str:
        """Size and epsilon."""
        return f"{self.features}, epsilon={self.epsilon:g}"
