"""What the layers of a transformer's encoder and of its decoder share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .activations import activation as activation_of
from .dropout import Dropout
from .layer_norm import LayerNorm
from .linear import Linear
from .module import Module
from .multi_head_attention import MultiHeadAttention
from .positions import RotaryPosition


class TransformerLayer(Module):
    """Attentions and then a network for each position, each with a shortcut and a normalisation.

    Base of `TransformerEncoderLayer` and `TransformerDecoderLayer`, which say what the attentions
    look at. Parameters are named, ordered and laid out as in PyTorch: the parts are numbered from
    1, and ``norm1`` and ``dropout1`` are those of the first attention.

    Parameters
    ----------
    d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, norm_first, bias, rotary,
    dtype : see `TransformerEncoderLayer`; `rotary` turns the self-attention alone.

    Raises
    ------
    OptionError : `nhead` is no divisor of `d_model`, `dropout` no probability, or another option
        that its part refuses.
    """

    attentions: tuple[str, ...] = ("self_attn",)
    """Names of the attentions, in the order in which they are applied."""

    self_attn: MultiHeadAttention
    norm1: LayerNorm
    norm2: LayerNorm

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Module | Callable[[Any], Any] = "relu",
        layer_norm_eps: float = 1e-5,
        norm_first: bool = False,
        bias: bool = True,
        rotary: RotaryPosition | None = None,
        dtype: Any = "float32",
    ) -> None:
        for name in self.attentions:
            turns = rotary if name == "self_attn" else None
            attention = MultiHeadAttention(d_model, nhead, dropout, bias, rotary=turns, dtype=dtype)
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, "xavier_uniform", dtype=dtype)
        self.linear2 = Linear(dim_feedforward, d_model, bias, "xavier_uniform", dtype=dtype)
        numbers = range(1, len(self.attentions) + 2)
        for number in numbers:
            setattr(self, f"norm{number}", LayerNorm(d_model, layer_norm_eps, dtype))
        self.dropout = Dropout(dropout)
        for number in numbers:
            setattr(self, f"dropout{number}", Dropout(dropout))
        self.activation = activation_of(activation)
        self.norm_first = bool(norm_first)

    def initialise(self, generator: Any) -> None:
        """Nothing: all parameters are the parts'."""

    def _through(self, x: Any, *attend: Callable[[Any], Any]) -> Any:
        """Each attention, then the network, with their shortcuts and normalisations.

        Parameters
        ----------
        x : (batch, length, d_model).
        attend : what each of `attentions` gives for its input, of the same shape.
        """
        for number, part in enumerate((*attend, self._feed_forward), 1):
            norm, dropout = getattr(self, f"norm{number}"), getattr(self, f"dropout{number}")
            x = x + dropout(part(norm(x))) if self.norm_first else norm(x + dropout(part(x)))
        return x

    def _feed_forward(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def extra_repr(self) -> str:
        """Sizes."""
        attention, first = self.self_attn, ", norm_first=True" if self.norm_first else ""
        return (
            f"{attention.embed_dim}, heads={attention.num_heads}, "
            f"feedforward={self.linear1.out_features}{first}"
        )


__all__ = ["TransformerLayer"]
