"""The encoder of a transformer."""

from __future__ import annotations

import copy
from typing import Any

from ..errors import OptionError
from .initialisation import current_generator
from .module import Module
from .transformer_layer import TransformerLayer


class TransformerEncoderLayer(TransformerLayer):
    """Self-attention and a network for each position, each with a shortcut beside it.

    Vaswani et al. 2017, "Attention is all you need", section 3.1. Parameters are named and laid out
    as in PyTorch.

    Parameters
    ----------
    d_model : features.
    nhead : heads of the attention, a divisor of `d_model`.
    dim_feedforward : hidden units of the network.
    dropout : probability, for attention weights, hidden units and what each part adds.
    activation : of the hidden units: ``"relu"``, ``"gelu"``, or any other that `nn.activation`
        takes.
    layer_norm_eps : added to the variance.
    norm_first : whether each part normalises what it is given, rather than the sum behind it
        (Xiong et al. 2020, "On layer normalization in the transformer architecture"): deep ones
        then train without warm-up.
    bias : whether the linear parts have biases.
    rotary : see `MultiHeadAttention`.
    dtype : float32 or float64.

    Attributes
    ----------
    self_attn, linear1, linear2, norm1, norm2 : the parts that learn.
    """

    fixed_options = ("src_mask",)

    def forward(
        self,
        src: Any,
        src_mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Any:
        """(batch, length, d_model) to the same shape.

        Parameters
        ----------
        src_mask : see `attn_mask` of `MultiHeadAttention`.
        src_key_padding_mask : bool, (batch, length): True for padding.
        is_causal : whether a position sees none after it.
        """

        def attend(x: Any) -> Any:
            return self.self_attn(
                x,
                key_padding_mask=src_key_padding_mask,
                attn_mask=src_mask,
                is_causal=is_causal,
            )

        return self._through(src, attend)


class TransformerEncoder(Module):
    """Encoder layers in a row.

    Parameters
    ----------
    encoder_layer : what all layers are like. It is copied; the copies begin with values of their
        own.
    num_layers : how many.
    norm : a normalisation behind the last, which `norm_first` layers need.

    Attributes
    ----------
    layers : the layers.
    norm : the normalisation, or None.
    """

    fixed_options = ("mask",)

    def __init__(
        self, encoder_layer: TransformerEncoderLayer, num_layers: int, norm: Module | None = None
    ) -> None:
        self.layers: list[TransformerEncoderLayer] = copies(encoder_layer, num_layers)
        self.norm = norm

    def initialise(self, generator: Any) -> None:
        """Nothing: all parameters are the layers'."""

    def forward(
        self,
        src: Any,
        mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Any:
        """(batch, length, d_model) to the same shape; masks as in `TransformerEncoderLayer`."""
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, is_causal)
        return src if self.norm is None else self.norm(src)


def copies(layer: Any, count: int) -> list[Any]:
    """Layers like the given one, the first with its values, the others with new ones."""
    if count < 1:
        raise OptionError(f"expected at least 1 layer, got {count}")
    made = [copy.deepcopy(layer) for _ in range(count)]
    for other in made[1:]:
        for _, module in other.named_modules():
            module.initialise(current_generator())
    return made
