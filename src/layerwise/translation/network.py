"""The transformer that translates: for whole pairs in training, step by step in decoding."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .. import nn
from ..data.text import PADDING
from ..graph import (
    constant,
    dtypes,
    equal,
    exp,
    matmul,
    max,
    maximum,
    mean,
    reshape,
    sum,
    swap_last_axes,
    take,
    transpose,
    where,
)
from ..nn.initialisation import normal
from .steps import Lanes, Slots, StepResult


class Sizes(NamedTuple):
    """What makes a network: JSON values.

    Attributes
    ----------
    source_tokens, target_tokens : lengths of the vocabularies.
    features : of each position (d_model), a multiple of `heads`.
    heads : of the attention; of no use for "gru".
    layers : of the encoder, and of the decoder.
    hidden : units of the networks inside of the layers; for "gru" of the additive attention.
    dropout : probability.
    shared : whether sources and targets have one vocabulary, and one table of vectors.
    max_length : the longest sequence that may come.
    """

    source_tokens: int
    target_tokens: int
    features: int = 128
    heads: int = 4
    layers: int = 2
    hidden: int = 512
    dropout: float = 0.1
    shared: bool = True
    max_length: int = 128


def embeddings(sizes: Sizes) -> tuple[nn.Embedding, nn.Embedding]:
    """Tables of the target's and the source's vectors; one and the same if they are shared.

    Vectors are multiplied by sqrt(features) on the way in, and the target's are the output layer
    too, so they begin small.
    """
    first = partial(normal, deviation=sizes.features**-0.5)
    target = nn.Embedding(sizes.target_tokens, sizes.features, weight_init=first)
    if sizes.shared:
        return target, target
    return target, nn.Embedding(sizes.source_tokens, sizes.features, weight_init=first)


class TranslationTransformer(nn.Module):
    """Encoder and decoder of Vaswani et al. 2017, "Attention is all you need".

    Each part begins with its normalisation (Xiong et al. 2020); the table of vectors is also the
    output layer (Press & Wolf 2017, "Using the output embedding to improve language models").

    Parameters
    ----------
    sizes : see `Sizes`.

    Attributes
    ----------
    target_embedding : `Embedding`, which gives the logits too.
    source_embedding : another one, or the same where vocabularies are shared.
    encoder, decoder : `nn.TransformerEncoder` and `nn.TransformerDecoder`.
    """

    kind = "transformer"

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        d = sizes.features
        options: dict[str, Any] = {"dropout": sizes.dropout, "norm_first": True}
        self.target_embedding, self.source_embedding = embeddings(sizes)
        self.position = nn.SinusoidalPosition(d, sizes.max_length)
        self.dropout = nn.Dropout(sizes.dropout)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(d, sizes.heads, sizes.hidden, **options),
            sizes.layers,
            nn.LayerNorm(d),
        )
        self.decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(d, sizes.heads, sizes.hidden, **options),
            sizes.layers,
            nn.LayerNorm(d),
        )

    def initialise(self, generator: Any) -> None:
        """Nothing: all parameters are the parts'."""

    # -- whole pairs -------------------------------------------------------------------------------

    def encode(self, source: Any) -> tuple[Any, Any]:
        """The encoder's output (batch, length, features), and where there is padding (bool)."""
        padding = equal(source, constant(PADDING, dtypes.int32))
        x = self.source_embedding(source) * math.sqrt(self.sizes.features)
        x = self.encoder(self.dropout(self.position(x)), src_key_padding_mask=padding)
        return x, padding

    def forward(self, source: Any, before: Any) -> Any:
        """Logits of each next token.

        Parameters
        ----------
        source : int32 (batch, source length).
        before : int32 (batch, length): <bos> and the target without its last token.

        Returns
        -------
        (batch, length, tokens of the target).
        """
        memory, padding = self.encode(source)
        y = self.target_embedding(before) * math.sqrt(self.sizes.features)
        y = self.dropout(self.position(y))
        y = self.decoder(y, memory, memory_key_padding_mask=padding)
        return matmul(y, transpose(self.target_embedding.weight.tensor))

    def attention_layers(self) -> int:
        """Layers of the decoder, each of which looks at the source."""
        return self.sizes.layers

    def attended(self, source: Any, before: Any, layer: int) -> Any:
        """(batch, length, source length): how much a layer's heads looked at each token."""
        trace = nn.Trace()
        self.trace_forward(trace, source, before)
        path = f"decoder.layers.{layer}.multihead_attn.attention.weights"
        return mean(next(call.output for call in trace.calls if call.path == path), 1)

    # -- step by step ------------------------------------------------------------------------------

    def memory(self, source: Any) -> dict[str, Any]:
        """What decoding needs of the source, computed once: keys and values of each layer.

        Parameters
        ----------
        source : int32 (sentences, length), of known size.

        Returns
        -------
        By name: (sentences, heads, length, d_head) each, and ``padding``, bool.
        """
        memory, padding = self.encode(source)
        found: dict[str, Any] = {"padding": padding}
        for number, (keys, values) in enumerate(self.decoder.memories(memory)):
            found |= {f"keys{number}": keys, f"values{number}": values}
        return found

    def slots(self) -> dict[str, int]:
        """What each position keeps for those behind it: names, and the features of each."""
        each = self.sizes.features
        return {f"{n}{k}": each for k in range(self.sizes.layers) for n in ("past_k", "past_v")}

    def carried(self) -> dict[str, tuple[int, ...]]:
        """What a row takes from step to step, by name: nothing here."""
        return {}

    def begin(self, memory: Mapping[str, Any]) -> dict[str, Any]:
        """First values of what is carried."""
        return {}

    def step(
        self,
        token: Any,
        position: Any,
        memory: Mapping[str, Any],
        slots: Slots,
        carried: Mapping[str, Any],
        lanes: Lanes,
    ) -> StepResult:
        """Logits of the next token of each row; see `steps`."""
        d = self.sizes.features
        x = take(self.target_embedding.weight.tensor, token) * math.sqrt(d)
        x = x + take(constant(self.position.table(self.sizes.max_length), x.dtype), position)
        padding = memory["padding"]
        hidden = reshape(padding, (lanes.sentences, 1, 1, padding.shape[1]))
        written: dict[str, Any] = {}
        for k, layer in enumerate(self.decoder.layers):
            names = f"past_k{k}", f"past_v{k}"
            past = slots.heads(names[0]), slots.heads(names[1])
            y, new = _attend_past(layer.self_attn, layer.norm1(x), past, slots, lanes)
            written |= dict(zip(names, new, strict=True))
            x = x + y
            found = memory[f"keys{k}"], memory[f"values{k}"]
            x = x + _attend_source(layer.multihead_attn, layer.norm2(x), found, hidden, lanes)
            inner = layer.activation(layer.linear1(layer.norm3(x)))
            x = x + layer.linear2(inner)
        assert self.decoder.norm is not None
        x = self.decoder.norm(x)
        logits = matmul(x, transpose(self.target_embedding.weight.tensor))
        return StepResult(logits, written, {})


def _projected(attention: nn.MultiHeadAttention, x: Any, first: int, last: int) -> Any:
    """Projections `first` to below `last` of queries, keys and values, side by side.

    One product for all: for the few rows of a step, that is quicker than one for each.
    """
    rows = slice(first * attention.embed_dim, last * attention.embed_dim)
    assert attention.in_proj_bias is not None
    whole = first == 0 and last == 3
    weight = attention.in_proj_weight.tensor
    y = matmul(x, transpose(weight if whole else weight[rows]))
    return y + attention.in_proj_bias.tensor[rows]


def _attend_past(
    attention: nn.MultiHeadAttention, x: Any, past: tuple[Any, Any], slots: Slots, lanes: Lanes
) -> tuple[Any, tuple[Any, Any]]:
    """Self-attention of (rows, features) over what is kept and over itself; what it keeps.

    The keys of this step are beside the kept ones rather than among them, so nothing is copied.
    """
    d, heads = attention.embed_dim, attention.num_heads
    y = _projected(attention, x, 0, 3)
    q, k, v = (lanes.split(y[:, i * d : (i + 1) * d], heads) for i in range(3))
    scale = 1 / math.sqrt(d // heads)
    scores = matmul(q, swap_last_axes(past[0])) * scale
    nothing = constant(np.array(-1e30, scores.dtype))
    scores = where(slots.hidden, nothing, scores)
    own = sum(q * k, -1, keepdims=True) * scale
    top = maximum(max(scores, -1, keepdims=True), own)
    weights, mine = exp(scores - top), exp(own - top)
    total = sum(weights, -1, keepdims=True) + mine
    found = (matmul(weights, past[1]) + mine * v) / total
    return attention.out_proj(lanes.join(found)), (k, v)


def _attend_source(
    attention: nn.MultiHeadAttention, x: Any, found: tuple[Any, Any], hidden: Any, lanes: Lanes
) -> Any:
    """Attention of (rows, features) over the source."""
    q = lanes.split(_projected(attention, x, 0, 1), attention.num_heads)
    scores = matmul(q, swap_last_axes(found[0]))
    scores = scores * (1 / math.sqrt(attention.embed_dim // attention.num_heads))
    scores = where(hidden, constant(np.array(-1e30, scores.dtype)), scores)
    weights = exp(scores - max(scores, -1, keepdims=True))
    output = matmul(weights, found[1]) / sum(weights, -1, keepdims=True)
    return attention.out_proj(lanes.join(output))


__all__ = ["Sizes", "TranslationTransformer"]
