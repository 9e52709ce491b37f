"""Attention by scaled dot products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import (  # fmt: skip
    ShapeError,
    Tensor,
    constant,
    equal,
    exp,
    expand_dims,
    matmul,
    reshape,
    show,
    softmax,
    sum,
    swap_last_axes,
    where,
)
from ..graph.functions import _largest
from .dropout import Dropout
from .masks import NO_MASKS, Masks, masks_for
from .module import Module


def masked_softmax(scores: Tensor, masks: Masks = NO_MASKS) -> Tensor:
    """Softmax over the last axis of what is not forbidden; 0 everywhere where all is.

    Parameters
    ----------
    scores : (batch, heads, queries, keys).
    masks : see `masks_for`.

    Notes
    -----
    A row that may see nothing has no softmax: 0 / 0. Its weights, and their gradients, are 0 here,
    where PyTorch gives NaN.
    """
    if masks.added is not None:
        scores = scores + masks.added
    if not masks.forbidden:
        return softmax(scores)
    nothing = constant(np.array(-np.inf, scores.dtype))
    for mask in masks.forbidden:
        scores = where(mask, nothing, scores)
    e = exp(scores - _largest(scores, -1))
    total = sum(e, -1, keepdims=True)
    # The largest adds e^0 = 1, so only a row that is wholly forbidden has the sum 0.
    return e / where(equal(total, 0.0), 1.0, total)


class AttentionWeights(Module):
    """How much each query attends to each key: softmax(Q K^T / sqrt(d)).

    A module of its own so that `layerwise.insight.layer_outputs` and the report find the weights
    under a path, such as ``layers.0.self_attn.attention.weights``, whoever asks for them.
    """

    def forward(self, query: Any, key: Any, masks: Masks = NO_MASKS) -> Any:
        """(batch, heads, queries, d) and (batch, heads, keys, d) to (batch, heads, queries, keys).

        Parameters
        ----------
        masks : see `masks_for`.
        """
        scores = matmul(query, swap_last_axes(key))
        # On the scores, not on the query: there it is part of the softmax's own pass.
        return masked_softmax(scores * (1 / math.sqrt(query.shape[-1])), masks)


class ScaledDotProductAttention(Module):
    """For each query, the mean of all values, weighted by softmax(Q K^T / sqrt(d)).

    Vaswani et al. 2017, "Attention is all you need", equation 1.

    Parameters
    ----------
    dropout : probability with which a weight becomes 0 in training.
    """

    fixed_options = ("attn_mask",)

    def __init__(self, dropout: float = 0.0) -> None:
        self.weights = AttentionWeights()
        self.dropout = Dropout(dropout)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        attn_mask: Any = None,
        key_padding_mask: Any = None,
        is_causal: bool = False,
        need_weights: bool = False,
    ) -> Any:
        """Queries (batch, heads, queries, d), or without heads (batch, queries, d).

        Parameters
        ----------
        query : (batch, heads, queries, d) or (batch, queries, d).
        key : (batch, heads, keys, d) or (batch, keys, d).
        value : (batch, heads, keys, e) or (batch, keys, e).
        attn_mask : bool (True: may not be seen) or float (added), (queries, keys),
            (batch, queries, keys) or (batch, heads, queries, keys).
        key_padding_mask : bool, (batch, keys): True for keys that nothing may see.
        is_causal : whether a query sees no key after its own position.
        need_weights : whether to give the weights too.

        Returns
        -------
        (batch, heads, queries, e), or without heads as the queries; with `need_weights` a pair with
        the weights (batch, heads, queries, keys). A query that may see no key gets 0.

        Raises
        ------
        ShapeError, DTypeError : inputs or masks do not fit each other.
        """
        masks = (attn_mask, key_padding_mask, is_causal)
        if len(query.shape) != 3:
            return self._attend(query, key, value, *masks, need_weights)
        query, key, value = (expand_dims(x, 1) for x in (query, key, value))
        found = self._attend(query, key, value, *masks, need_weights)
        if not need_weights:
            return _without_heads(found)
        return tuple(_without_heads(x) for x in found)

    def _attend(
        self,
        query: Any,
        key: Any,
        value: Any,
        attn_mask: Any,
        key_padding_mask: Any,
        is_causal: bool,
        need_weights: bool,
    ) -> Any:
        fits = (
            len(query.shape) == len(key.shape) == len(value.shape) == 4
            and query.shape[:2] == key.shape[:2] == value.shape[:2]
            and query.shape[3] == key.shape[3]
            and key.shape[2] == value.shape[2]
        )
        if not fits:
            raise ShapeError(
                "expected queries (batch, heads, queries, d), keys (batch, heads, keys, d) and "
                "values (batch, heads, keys, e), or all without heads, got "
                f"{show(query.shape)}, {show(key.shape)}, {show(value.shape)}"
            )
        scores_shape = (*query.shape[:3], key.shape[2])
        masks = masks_for(scores_shape, key_padding_mask, attn_mask, is_causal)
        weights = self.weights(query, key, masks)
        output = matmul(self.dropout(weights), value)
        return (output, weights) if need_weights else output

    def extra_repr(self) -> str:
        """The dropout."""
        return f"dropout={self.dropout.p:g}" if self.dropout.p else ""


def _without_heads(x: Any) -> Any:
    return reshape(x, (x.shape[0], *x.shape[2:]))


__all__ = ["AttentionWeights", "ScaledDotProductAttention", "masked_softmax"]
