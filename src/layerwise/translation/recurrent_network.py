"""The recurrent network that translates: GRUs with additive attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import nn
from ..data.text import PADDING
from ..graph import (
    broadcast_to,
    concatenate,
    constant,
    dtypes,
    equal,
    expand_dims,
    matmul,
    reshape,
    stack,
    take,
    tanh,
    transpose,
)
from .network import Sizes, embeddings
from .steps import Lanes, Slots, StepResult


class TranslationGRU(nn.Module):
    """A bidirectional encoder, and a decoder that looks at its outputs before each word.

    Bahdanau, Cho & Bengio 2015, "Neural machine translation by jointly learning to align and
    translate".

    Parameters
    ----------
    sizes : see `Sizes`; `layers` is the encoder's, the decoder has one.

    Attributes
    ----------
    encoder, decoder : `nn.GRU`.
    attention : `nn.AdditiveAttention` of the decoder's state over the encoder's outputs.
    bridge : from the encoder's last state, read backwards, to the decoder's first.
    readout : from state, what was found and the last word to the features of the next word.
    """

    kind = "gru"

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        d = sizes.features
        self.target_embedding, self.source_embedding = embeddings(sizes)
        self.encoder = nn.GRU(
            d, d, sizes.layers, dropout=sizes.dropout if sizes.layers > 1 else 0.0,
            bidirectional=True,
        )  # fmt: skip
        self.decoder = nn.GRU(3 * d, d)
        self.attention = nn.AdditiveAttention(d, 2 * d, sizes.hidden)
        self.bridge = nn.Linear(d, d)
        self.readout = nn.Linear(4 * d, d)
        self.dropout = nn.Dropout(sizes.dropout)

    def initialise(self, generator: Any) -> None:
        """Nothing: all parameters are the parts'."""

    # -- whole pairs -------------------------------------------------------------------------------

    def encode(self, source: Any) -> tuple[Any, Any, Any]:
        """Outputs (batch, length, 2 features), where there is padding, and the first state."""
        padding = equal(source, constant(PADDING, dtypes.int32))
        # Vectors of deviation 1, as the units of a GRU expect them.
        x = self.dropout(self.source_embedding(source) * self.sizes.features**0.5)
        outputs, final = self.encoder(x, padding_mask=padding)
        return outputs, padding, tanh(self.bridge(final[:, -1]))

    def forward(self, source: Any, before: Any) -> Any:
        """Logits of each next token; as `TranslationTransformer.forward`."""
        return self._logits(self._unrolled(source, before)[0])

    def attention_layers(self) -> int:
        """One."""
        return 1

    def attended(self, source: Any, before: Any, layer: int) -> Any:
        """(batch, length, source length): how much each step looked at each token."""
        return self._unrolled(source, before)[1]

    def _unrolled(self, source: Any, before: Any) -> tuple[Any, Any]:
        outputs, padding, state = self.encode(source)
        projected = self.attention.key_proj(outputs)
        words = self.dropout(self.target_embedding(before) * self.sizes.features**0.5)
        features, weights = [], []
        for t in range(before.shape[1]):
            state, found, looked = self._turn(words[:, t], state, outputs, projected, padding)
            features.append(found)
            weights.append(looked)
        return stack(features, 1), stack(weights, 1)

    def _turn(
        self, word: Any, state: Any, outputs: Any, projected: Any, padding: Any
    ) -> tuple[Any, Any, Any]:
        """One step: the state after it, what the readout takes, and the weights."""
        context, weights = self.attention(
            state, outputs, key_padding_mask=padding, need_weights=True, projected_key=projected
        )
        state, _ = self.decoder.step(concatenate((word, context), -1), expand_dims(state, 1))
        return state, concatenate((state, context, word), -1), weights

    def _logits(self, features: Any) -> Any:
        x = self.dropout(tanh(self.readout(features)))
        return matmul(x, transpose(self.target_embedding.weight.tensor))

    # -- step by step ------------------------------------------------------------------------------

    def memory(self, source: Any) -> dict[str, Any]:
        """See `TranslationTransformer.memory`."""
        outputs, padding, state = self.encode(source)
        return {
            "outputs": outputs,
            "padding": padding,
            "first": state,
            "projected": self.attention.key_proj(outputs),
        }

    def slots(self) -> dict[str, int]:
        """Nothing: all that is known of earlier positions is in the state."""
        return {}

    def carried(self) -> dict[str, tuple[int, ...]]:
        """The state."""
        return {"state": (self.sizes.features,)}

    def begin(self, memory: Mapping[str, Any]) -> dict[str, Any]:
        """The state before the first token of each sentence."""
        return {"state": memory["first"]}

    def step(
        self,
        token: Any,
        position: Any,
        memory: Mapping[str, Any],
        slots: Slots,
        carried: Mapping[str, Any],
        lanes: Lanes,
    ) -> StepResult:
        """Logits of the next token of each row."""
        word = take(self.target_embedding.weight.tensor, token) * self.sizes.features**0.5

        def for_rows(x: Any) -> Any:
            if lanes.beam == 1:
                return x
            wide = (lanes.sentences, lanes.beam, *x.shape[1:])
            return reshape(broadcast_to(expand_dims(x, 1), wide), (lanes.rows, *x.shape[1:]))

        state, features, _ = self._turn(
            word,
            carried["state"],
            *(for_rows(memory[name]) for name in ("outputs", "projected", "padding")),
        )
        return StepResult(self._logits(features), {}, {"state": state})


__all__ = ["TranslationGRU"]
