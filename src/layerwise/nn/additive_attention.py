"""Attention by a small network of query and key."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import OptionError
from ..graph import ShapeError, expand_dims, matmul, reshape, show, sum, tanh
from .initialisation import current_generator, xavier_uniform
from .linear import Linear
from .masks import masks_for
from .module import Module
from .parameter import Parameter
from .scaled_attention import masked_softmax


class AdditiveAttention(Module):
    """The mean of all values, weighted by softmax(v . tanh(W q + U k)).

    Bahdanau, Cho & Bengio 2015, "Neural machine translation by jointly learning to align and
    translate", section 3.1 and appendix A.1.2.

    Parameters
    ----------
    query_dim, key_dim : features of queries (the decoder's state) and of keys.
    hidden_dim : units of the small network.
    dtype : float32 or float64.

    Attributes
    ----------
    query_proj : W, a `Linear` layer without bias.
    key_proj : U, a `Linear` layer with one.
    energy : v, (hidden_dim,).
    """

    def __init__(
        self, query_dim: int, key_dim: int, hidden_dim: int, dtype: Any = "float32"
    ) -> None:
        if min(query_dim, key_dim, hidden_dim) < 1:
            raise OptionError(
                "AdditiveAttention: expected sizes of at least 1, got "
                f"{query_dim}, {key_dim}, {hidden_dim}"
            )
        self.query_proj = Linear(query_dim, hidden_dim, False, "xavier_uniform", dtype=dtype)
        self.key_proj = Linear(key_dim, hidden_dim, True, "xavier_uniform", "zeros", dtype)
        self.energy = Parameter(np.zeros(hidden_dim, dtype), "energy")
        self.initialise(current_generator())

    def initialise(self, generator: np.random.Generator) -> None:
        """Draw v."""
        self.energy.value = xavier_uniform((1, *self.energy.shape), generator)[0]

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any = None,
        key_padding_mask: Any = None,
        need_weights: bool = False,
        projected_key: Any = None,
    ) -> Any:
        """What each query finds among the values.

        Parameters
        ----------
        query : (batch, query_dim), or (batch, queries, query_dim).
        key : (batch, keys, key_dim).
        value : (batch, keys, features); the keys when None.
        key_padding_mask : bool, (batch, keys): True for keys that no query may see.
        need_weights : whether to give the weights too.
        projected_key : ``key_proj(key)``, where it was computed once for many queries.

        Returns
        -------
        (batch, features), or (batch, queries, features); with `need_weights` a pair with the
        weights (batch, keys), or (batch, queries, keys). A query that may see no key finds 0.

        Raises
        ------
        ShapeError : inputs or mask do not fit each other.
        """
        value = key if value is None else value
        single = len(query.shape) == 2
        queries = expand_dims(query, 1) if single else query
        if len(queries.shape) != 3 or len(key.shape) != 3 or value.shape[:2] != key.shape[:2]:
            raise ShapeError(
                "expected queries (batch, query_dim) or (batch, queries, query_dim) and keys and "
                f"values (batch, keys, ...), got {show(query.shape)}, {show(key.shape)}, "
                f"{show(value.shape)}"
            )
        projected = self.key_proj(key) if projected_key is None else projected_key
        hidden = tanh(expand_dims(self.query_proj(queries), 2) + expand_dims(projected, 1))
        scores = expand_dims(sum(hidden * self.energy, -1), 1)
        weights = masked_softmax(scores, masks_for(scores.shape, key_padding_mask))
        weights = reshape(weights, (scores.shape[0], *scores.shape[2:]))
        output = matmul(weights, value)
        if single:
            output, weights = (reshape(x, (x.shape[0], x.shape[2])) for x in (output, weights))
        return (output, weights) if need_weights else output

    def extra_repr(self) -> str:
        """Sizes."""
        query, key = self.query_proj.in_features, self.key_proj.in_features
        return f"{query}, {key}, {self.energy.shape[0]}"
