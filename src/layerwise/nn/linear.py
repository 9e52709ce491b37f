"""The dense layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import OptionError
from ..graph import ShapeError, dtypes, matmul, show, transpose
from .initialisation import Initialiser, current_generator, initialiser, uniform
from .module import Module
from .parameter import Parameter


class Linear(Module):
    """From N values to M: y = x W^T + b.

    Parameters
    ----------
    in_features, out_features : N and M.
    bias : whether there is a b.
    weight_init : name or function of an initialiser; `kaiming_uniform` by default, which keeps the
        size of activations through ReLU layers.
    bias_init : likewise; by default uniform within 1/sqrt(N), so that the units' kinks do not all
        lie at 0.
    dtype : float32 or float64.

    Attributes
    ----------
    weight : (out_features, in_features).
    bias : (out_features,), or None.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        weight_init: str | Initialiser = "kaiming_uniform",
        bias_init: str | Initialiser | None = None,
        dtype: Any = "float32",
    ) -> None:
        for name, size in (("in_features", in_features), ("out_features", out_features)):
            if size < 1:
                raise OptionError(f"Linear: expected {name} of at least 1, got {size}")
        self.in_features, self.out_features = int(in_features), int(out_features)
        self.weight_init = initialiser(weight_init)
        self.bias_init = None if bias_init is None else initialiser(bias_init)
        self.weight = Parameter(np.zeros((self.out_features, self.in_features), dtype), "weight")
        self.bias = Parameter(np.zeros(self.out_features, dtype), "bias") if bias else None
        self.initialise(current_generator())

    def initialise(self, generator: np.random.Generator) -> None:
        """Draw weight and bias."""
        self.weight.value = self.weight_init(self.weight.shape, generator)
        if self.bias is None:
            return
        if self.bias_init is not None:
            self.bias.value = self.bias_init(self.bias.shape, generator)
        else:
            bound = 1 / math.sqrt(self.in_features)
            self.bias.value = uniform(self.bias.shape, generator, -bound, bound)

    def forward(self, x: Any) -> Any:
        """(batch, ..., in_features) to (batch, ..., out_features)."""
        if len(x.shape) < 2 or x.shape[-1] != self.in_features:
            raise ShapeError(_advice(tuple(x.shape), self.in_features))
        if x.dtype != self.weight.dtype:
            raise dtypes.DTypeError(
                f"Linear: expected {self.weight.dtype} features, got {x.dtype}; convert them with "
                f".astype('{self.weight.dtype}')"
            )
        y = matmul(x, transpose(self.weight.tensor))
        return y if self.bias is None else y + self.bias

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.in_features}, {self.out_features}" + ("" if self.bias else ", bias=False")


def _advice(shape: tuple, expected: int) -> str:
    message = f"expected {expected} features, shape (batch, {expected}), got "
    if len(shape) < 2:
        return message + f"{show(shape)}; reshape one column of values to (batch, 1)"
    message += f"{shape[-1]} features, shape {show(shape)}"
    sizes = shape[1:]
    if len(sizes) > 1 and all(isinstance(d, int) for d in sizes) and math.prod(sizes) == expected:
        return message + "; put a Flatten() before this layer"
    return message + f"; make the layer Linear({shape[-1]}, ...) or feed {expected} columns"
