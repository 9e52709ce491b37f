"""The decoder of a transformer, for whole sequences and step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .layer_norm import LayerNorm
from .module import Module
from .multi_head_attention import KeysValues, MultiHeadAttention
from .transformer_encoder import copies
from .transformer_layer import TransformerLayer


class TransformerDecoderLayer(TransformerLayer):
    """Causal self-attention, attention to an encoder's output, and a network for each position.

    Vaswani et al. 2017, "Attention is all you need", section 3.1. Parameters are named and laid out
    as in PyTorch.

    Parameters
    ----------
    d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, norm_first, bias, rotary,
    dtype : as for `TransformerEncoderLayer`; the rotary positions are those of self-attention.

    Attributes
    ----------
    self_attn, multihead_attn, linear1, linear2, norm1, norm2, norm3 : the parts that learn.
    """

    fixed_options = ("tgt_mask", "memory_mask")

    attentions = ("self_attn", "multihead_attn")

    multihead_attn: MultiHeadAttention
    norm3: LayerNorm

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = True,
    ) -> Any:
        """(batch, length, d_model) to the same shape.

        Parameters
        ----------
        tgt : (batch, length, d_model).
        memory : the encoder's output, (batch, keys, d_model).
        tgt_mask, memory_mask : see `attn_mask` of `MultiHeadAttention`.
        tgt_key_padding_mask, memory_key_padding_mask : bool, (batch, length) and (batch, keys):
            True for padding.
        tgt_is_causal : whether a position sees none after it: yes, unless said otherwise, since
            `step` decodes one position after the other. (In PyTorch: no.)
        """

        def attend(x: Any) -> Any:
            return self.self_attn(
                x,
                key_padding_mask=tgt_key_padding_mask,
                attn_mask=tgt_mask,
                is_causal=tgt_is_causal,
            )

        def look(x: Any) -> Any:
            return self.multihead_attn(
                x, memory, key_padding_mask=memory_key_padding_mask, attn_mask=memory_mask
            )

        return self._through(tgt, attend, look)

    def step(
        self,
        x: Any,
        position: Any,
        cache: KeysValues,
        memory: KeysValues,
        memory_key_padding_mask: Any = None,
    ) -> tuple[Any, KeysValues, Any]:
        """One position; see `TransformerDecoder.step`.

        Returns
        -------
        The output (batch, 1, d_model), the cache, and the weights over the memory, (batch, keys),
        the mean over the heads.
        """
        kept: list[Any] = []

        def attend(x: Any) -> Any:
            output, after = self.self_attn.step(x, position, cache)
            kept.append(after)
            return output

        def look(x: Any) -> Any:
            output, weights = self.multihead_attn.look_up(
                x, memory, memory_key_padding_mask, need_weights=True
            )
            kept.append(weights[:, 0])
            return output

        output = self._through(x, attend, look)
        after, weights = kept
        return output, after, weights


class TransformerDecoder(Module):
    """Decoder layers in a row.

    Parameters
    ----------
    decoder_layer : what all layers are like. It is copied; the copies begin with values of their
        own.
    num_layers : how many.
    norm : a normalisation behind the last, which `norm_first` layers need.

    Attributes
    ----------
    layers : the layers.
    norm : the normalisation, or None.

    Examples
    --------
    Decoding: what depends on the source is computed once, then one graph serves all positions::

        memories = decoder.memories(memory)              # in the graph of the encoder
        caches = decoder.empty_caches(rows, 64)          # arrays to begin with
        y, caches, looked = decoder.step(x, position, caches, memories)
    """

    fixed_options = ("tgt_mask", "memory_mask")

    def __init__(
        self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None
    ) -> None:
        self.layers: list[TransformerDecoderLayer] = copies(decoder_layer, num_layers)
        self.norm = norm

    def initialise(self, generator: Any) -> None:
        """Nothing: all parameters are the layers'."""

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = True,
    ) -> Any:
        """(batch, length, d_model) to the same shape; as `TransformerDecoderLayer`."""
        for layer in self.layers:
            tgt = layer(
                tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask,
                tgt_is_causal,
            )  # fmt: skip
        return tgt if self.norm is None else self.norm(tgt)

    def memories(self, memory: Any) -> tuple[KeysValues, ...]:
        """Keys and values of the encoder's output for each layer, computed once for all steps.

        Parameters
        ----------
        memory : (batch, keys, d_model).

        Returns
        -------
        For each layer (batch, heads, keys, d_head), twice.
        """
        return tuple(layer.multihead_attn.keys_and_values(memory) for layer in self.layers)

    def empty_caches(self, rows: int, length: int) -> tuple[KeysValues, ...]:
        """Arrays of zeros for `step`: for each layer (rows, heads, length, d_head), twice.

        Parameters
        ----------
        length : positions that will be decoded at most.
        """
        return tuple(layer.self_attn.empty_cache(rows, length) for layer in self.layers)

    def step(
        self,
        x: Any,
        position: Any,
        caches: Sequence[KeysValues],
        memories: Sequence[KeysValues],
        memory_key_padding_mask: Any = None,
    ) -> tuple[Any, tuple[KeysValues, ...], Any]:
        """The output at one position, given what was kept of those before it.

        What `forward` gives at that position for the sequence up to it. Every shape is fixed, so
        the graph of one step, compiled once, decodes all positions.

        Parameters
        ----------
        x : what stands at the position, (batch, 1, d_model).
        position : from 0: int32, () for all rows or (batch,) for each.
        caches : keys and values so far, of a fixed length; see `empty_caches`.
        memories : what `memories` gave.
        memory_key_padding_mask : bool, (batch, keys): True for padding.

        Returns
        -------
        The output (batch, 1, d_model); the caches with this position put in; and the last layer's
        weights over the memory, (batch, keys), the mean over the heads: where it looked.
        """
        kept: list[KeysValues] = []
        weights = None
        for layer, cache, memory in zip(self.layers, caches, memories, strict=True):
            x, after, weights = layer.step(x, position, cache, memory, memory_key_padding_mask)
            kept.append(after)
        return (x if self.norm is None else self.norm(x)), tuple(kept), weights
