"""Attention of several heads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..errors import OptionError
from ..graph import (  # fmt: skip
    DTypeError,
    ShapeError,
    Tensor,
    broadcast_to,
    equal,
    greater,
    iota,
    matmul,
    mean,
    reshape,
    show,
    transpose,
    where,
)
from .initialisation import current_generator, xavier_uniform
from .linear import Linear
from .module import Module
from .parameter import Parameter
from .positions import RotaryPosition
from .scaled_attention import ScaledDotProductAttention


class KeysValues(NamedTuple):
    """Keys and values of one attention, (batch, heads, length, d_head) each.

    As a cache for decoding they have a fixed length, and only the positions decoded so far count.
    """

    keys: Any
    values: Any


class MultiHeadAttention(Module):
    """Attention by several heads, each to its own part of the features.

    Vaswani et al. 2017, "Attention is all you need", section 3.2.2. Parameters are named and laid
    out as those of PyTorch's ``MultiheadAttention``; batches come first, always.

    Parameters
    ----------
    embed_dim : features of queries and of the output.
    num_heads : a divisor of `embed_dim`.
    dropout : probability with which an attention weight becomes 0 in training.
    bias : whether the projections have biases.
    kdim, vdim : features of keys and of values; `embed_dim` when None.
    rotary : turns queries and keys by their positions; see `RotaryPosition`. For self-attention.
    dtype : float32 or float64.

    Attributes
    ----------
    in_proj_weight, in_proj_bias : (3 * embed_dim, embed_dim) and (3 * embed_dim,): the projections
        of queries, keys and values, one below the other.
    q_proj_weight, k_proj_weight, v_proj_weight : in place of `in_proj_weight` where `kdim` or
        `vdim` is another: (embed_dim, embed_dim), (embed_dim, kdim), (embed_dim, vdim).
    out_proj : the `Linear` layer that mixes the heads.
    attention : the `ScaledDotProductAttention` within; the weights of all heads are the output of
        ``attention.weights``.

    Raises
    ------
    OptionError : sizes below 1, or heads that do not divide the features.
    """

    fixed_options = ("attn_mask",)

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        kdim: int | None = None,
        vdim: int | None = None,
        rotary: RotaryPosition | None = None,
        dtype: Any = "float32",
    ) -> None:
        self.embed_dim, self.num_heads = int(embed_dim), int(num_heads)
        self.kdim, self.vdim = int(kdim or embed_dim), int(vdim or embed_dim)
        if min(self.embed_dim, self.num_heads, self.kdim, self.vdim) < 1:
            raise OptionError(
                f"MultiHeadAttention: expected sizes of at least 1, got {embed_dim} features and "
                f"{num_heads} heads"
            )
        if self.embed_dim % self.num_heads:
            raise OptionError(
                f"MultiHeadAttention: {num_heads} heads do not divide {embed_dim} features; choose "
                "a multiple of the heads"
            )
        d = self.embed_dim
        self._packed = self.kdim == self.vdim == d
        if self._packed:
            self.in_proj_weight = Parameter(np.zeros((3 * d, d), dtype), "in_proj_weight")
        else:
            self.q_proj_weight = Parameter(np.zeros((d, d), dtype), "q_proj_weight")
            self.k_proj_weight = Parameter(np.zeros((d, self.kdim), dtype), "k_proj_weight")
            self.v_proj_weight = Parameter(np.zeros((d, self.vdim), dtype), "v_proj_weight")
        self.in_proj_bias = Parameter(np.zeros(3 * d, dtype), "in_proj_bias") if bias else None
        self.out_proj = Linear(d, d, bias, "xavier_uniform", "zeros", dtype)
        self.attention = ScaledDotProductAttention(dropout)
        self.rotary = rotary
        if rotary is not None and rotary.dim != d // self.num_heads:
            raise OptionError(
                f"MultiHeadAttention: each head has {d // self.num_heads} features, the rotary "
                f"positions are for {rotary.dim}"
            )
        self.initialise(current_generator())

    def initialise(self, generator: np.random.Generator) -> None:
        """Draw the projections (Glorot & Bengio 2010); biases begin as 0."""
        weights = (
            [self.in_proj_weight]
            if self._packed
            else [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        )
        for weight in weights:
            weight.value = xavier_uniform(weight.shape, generator)
        if self.in_proj_bias is not None:
            self.in_proj_bias.value = np.zeros(self.in_proj_bias.shape)

    def forward(
        self,
        query: Any,
        key: Any = None,
        value: Any = None,
        key_padding_mask: Any = None,
        attn_mask: Any = None,
        is_causal: bool = False,
        need_weights: bool = False,
        average_attn_weights: bool = True,
    ) -> Any:
        """What each query finds among the values.

        Parameters
        ----------
        query : (batch, queries, embed_dim).
        key : (batch, keys, kdim); the queries themselves when None: self-attention.
        value : (batch, keys, vdim); the keys when None.
        key_padding_mask : bool, (batch, keys): True for keys that no query may see.
        attn_mask : bool (True: may not be seen) or float (added to the scores), (queries, keys),
            (batch, queries, keys) or (batch, heads, queries, keys).
        is_causal : whether a query sees no key after its own position.
        need_weights : whether to give the weights too.
        average_attn_weights : their mean over the heads, or those of each head.

        Returns
        -------
        (batch, queries, embed_dim). With `need_weights` a pair with the weights before dropout,
        (batch, queries, keys), or (batch, heads, queries, keys) for each head.

        Notes
        -----
        A query that may see no key finds 0, so its output is the bias of `out_proj`; PyTorch gives
        NaN.

        Raises
        ------
        ShapeError, DTypeError : inputs or masks do not fit each other.
        """
        queries = self._queries(query)
        found = self.keys_and_values(query if key is None else key, value)
        if self.rotary is not None:
            queries = self.rotary(queries)
        return self._look_up(
            queries, found, key_padding_mask, attn_mask, is_causal, need_weights,
            average_attn_weights,
        )  # fmt: skip

    # -- parts, for decoding -----------------------------------------------------------------------

    def keys_and_values(self, key: Any, value: Any = None) -> KeysValues:
        """Projected keys and values, computed once for many queries.

        Parameters
        ----------
        key, value : (batch, keys, kdim) and (batch, keys, vdim); the keys when None.
        """
        value = key if value is None else value
        keys = self._heads(self._project("keys", key, 1, self.kdim))
        values = self._heads(self._project("values", value, 2, self.vdim))
        return KeysValues(keys if self.rotary is None else self.rotary(keys), values)

    def look_up(
        self,
        query: Any,
        found: KeysValues,
        key_padding_mask: Any = None,
        need_weights: bool = False,
        average_attn_weights: bool = True,
    ) -> Any:
        """`forward` with the keys and values of `keys_and_values`; for cross-attention."""
        return self._look_up(
            self._queries(query), KeysValues(*found), key_padding_mask, None, False, need_weights,
            average_attn_weights,
        )  # fmt: skip

    def empty_cache(self, rows: int, length: int) -> KeysValues:
        """Arrays of zeros for `step`: (rows, heads, length, d_head) each."""
        shape = (rows, self.num_heads, length, self.embed_dim // self.num_heads)
        return KeysValues(np.zeros(shape, self.dtype), np.zeros(shape, self.dtype))

    def step(self, x: Any, position: Any, cache: KeysValues) -> tuple[Any, KeysValues]:
        """Causal self-attention at one position, given the keys and values of those before it.

        All shapes are the same at each position, so one graph decodes a whole sequence.

        Parameters
        ----------
        x : (batch, 1, embed_dim).
        position : of x in the sequence, from 0: int32, () for all rows or (batch,) for each.
        cache : keys and values of a fixed length, (batch, heads, length, d_head) each; what lies at
            `position` and beyond is not looked at. See `empty_cache`.

        Returns
        -------
        The output (batch, 1, embed_dim), and the cache with the keys and values of x put in.

        Raises
        ------
        ShapeError : shapes that do not fit.
        """
        cache = KeysValues(*cache)
        length = cache.keys.shape[2]
        if len(x.shape) != 3 or x.shape[1] != 1:
            raise ShapeError(f"step: expected x of shape (batch, 1, features), got {show(x.shape)}")
        queries = self._queries(x)
        keys = self._heads(self._project("keys", x, 1, self.kdim))
        values = self._heads(self._project("values", x, 2, self.vdim))
        if self.rotary is not None:
            queries, keys = (self.rotary(t, position) for t in (queries, keys))
        cache = KeysValues(
            *(
                where(_compared(equal, old.shape, position), new, old)
                for new, old in ((keys, cache.keys), (values, cache.values))
            )
        )
        scores_shape = (*queries.shape[:3], length)
        later = _compared(greater, scores_shape, position, axis=3)
        return self._look_up(queries, cache, None, later, False, False, False), cache

    def _queries(self, query: Any) -> Any:
        return self._heads(self._project("queries", query, 0, self.embed_dim))

    def _look_up(
        self,
        queries: Any,
        found: KeysValues,
        key_padding_mask: Any,
        attn_mask: Any,
        is_causal: bool,
        need_weights: bool,
        average: bool,
    ) -> Any:
        got = self.attention(
            queries, found.keys, found.values, attn_mask, key_padding_mask, is_causal, need_weights
        )
        output, weights = got if need_weights else (got, None)
        rows, _, length, _ = output.shape
        joined = reshape(transpose(output, (0, 2, 1, 3)), (rows, length, self.embed_dim))
        output = self.out_proj(joined)
        if not need_weights:
            return output
        return output, (mean(weights, 1) if average else weights)

    def _project(self, name: str, x: Any, number: int, features: int) -> Any:
        if len(x.shape) != 3 or x.shape[-1] != features:
            raise ShapeError(
                f"expected {name} of shape (batch, length, {features}), got {show(x.shape)}"
            )
        if x.dtype != self.out_proj.weight.dtype:
            raise DTypeError(
                f"MultiHeadAttention: expected {self.out_proj.weight.dtype} {name}, got {x.dtype}"
            )
        # Three products of parts of the weight rather than one of all: the native product is as
        # fast, and what follows reads three whole arrays instead of parts of one.
        d = self.embed_dim
        rows = slice(number * d, (number + 1) * d)
        if self._packed:
            weight: Tensor = self.in_proj_weight.tensor[rows]
        else:
            held = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)[number]
            weight = held.tensor
        y = matmul(x, transpose(weight))
        return y if self.in_proj_bias is None else y + self.in_proj_bias.tensor[rows]

    def _heads(self, x: Any) -> Any:
        """(batch, length, embed_dim) to (batch, heads, length, d_head)."""
        rows, length, features = x.shape
        split = reshape(x, (rows, length, self.num_heads, features // self.num_heads))
        return transpose(split, (0, 2, 1, 3))

    def extra_repr(self) -> str:
        """Sizes."""
        dropout = self.attention.dropout.p
        return f"{self.embed_dim}, heads={self.num_heads}" + (
            f", dropout={dropout:g}" if dropout else ""
        )


def _compared(
    compare: Callable[[Any, Any], Any], shape: Any, position: Any, axis: int = 2
) -> Tensor:
    """Bool, of a shape with a batch in front: places along an axis compared with the position."""
    places = reshape(iota(shape[axis]), tuple(d if i == axis else 1 for i, d in enumerate(shape)))
    rows = shape[0] if len(position.shape) else 1
    at = reshape(position, (rows, *(1 for _ in shape[1:])))
    return compare(broadcast_to(places, shape), broadcast_to(at, shape))


__all__ = ["KeysValues", "MultiHeadAttention"]
