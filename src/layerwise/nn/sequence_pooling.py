"""From the vectors of a sequence to one: mean, maximum and attention, without what only fills up.

A mask is bool, True where there is filling and not a word, as PyTorch's ``key_padding_mask``.
"""

from __future__ import annotations

from typing import Any

from ..graph import (
    broadcast_to,
    cast,
    dtypes,
    expand_dims,
    logical_not,
    max,
    maximum,
    softmax,
    squeeze,
    sum,
    tanh,
    where,
    zeros_like,
)
from ..graph.dimension import ShapeError, show
from .linear import Linear
from .module import Module

FAR = -1e30
"""Stands for a score of minus infinity, of which differences and products are still numbers."""


def _check(name: str, x: Any, mask: Any) -> None:
    if len(x.shape) != 3:
        raise ShapeError(f"{name}: expected (batch, length, features), got {show(x.shape)}")
    if mask is not None and (mask.shape != x.shape[:2] or mask.dtype != dtypes.boolean):
        raise ShapeError(
            f"{name}: expected a mask bool {show(x.shape[:2])}, True for filling, got "
            f"{mask.dtype} {show(mask.shape)}"
        )


class MaskedMean(Module):
    """The mean over the words of a sequence.

    A sequence of nothing but filling has the mean 0.
    """

    def forward(self, x: Any, mask: Any = None) -> Any:
        """(batch, length, features) and bool (batch, length) to (batch, features)."""
        _check("MaskedMean", x, mask)
        if mask is None:
            return sum(x, 1) / float(x.shape[1])
        # As weights rather than by choosing, so that the product with them is all there is to do.
        kept = cast(logical_not(mask), x.dtype)
        count = maximum(sum(kept, 1, keepdims=True), 1.0)
        return sum(x * broadcast_to(expand_dims(kept / count, -1), x.shape), 1)


class MaskedMax(Module):
    """The largest value of each feature over the words of a sequence.

    A sequence of nothing but filling gives 0.
    """

    def forward(self, x: Any, mask: Any = None) -> Any:
        """(batch, length, features) and bool (batch, length) to (batch, features)."""
        _check("MaskedMax", x, mask)
        if mask is None:
            return max(x, 1)
        hidden = broadcast_to(expand_dims(mask, -1), x.shape)
        top = max(where(hidden, zeros_like(x) + FAR, x), 1)
        return where(top > FAR / 2, top, zeros_like(top))


class AttentionPooling(Module):
    """A mean in which the network learns how much each word counts.

    The weight of a word is softmax(v . tanh(W x + b)) over the words of its sequence: Yang, Yang,
    Dyer, He, Smola & Hovy 2016, "Hierarchical attention networks for document classification",
    equations 5 to 7. A sequence of nothing but filling is a mean over the filling.

    Parameters
    ----------
    features : length of a word's vector.
    hidden : length of W x; `features` when None.
    dtype : float32 or float64.

    Attributes
    ----------
    project : `Linear`, W and b.
    score : `Linear` without bias, v.
    """

    def __init__(self, features: int, hidden: int | None = None, dtype: Any = "float32") -> None:
        self.features, self.hidden = int(features), int(hidden or features)
        self.project = Linear(self.features, self.hidden, dtype=dtype)
        self.score = Linear(self.hidden, 1, bias=False, dtype=dtype)

    def weights(self, x: Any, mask: Any = None) -> Any:
        """How much each word counts: (batch, length), positive numbers that sum to 1."""
        _check("AttentionPooling", x, mask)
        scores = squeeze(self.score(tanh(self.project(x))), -1)
        if mask is not None:
            scores = where(mask, zeros_like(scores) + FAR, scores)
        return softmax(scores, -1)

    def forward(self, x: Any, mask: Any = None) -> Any:
        """(batch, length, features) and bool (batch, length) to (batch, features)."""
        weights = self.weights(x, mask)
        return sum(x * broadcast_to(expand_dims(weights, -1), x.shape), 1)

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.features}, hidden={self.hidden}"
