"""The loss of a sequence: cross-entropy of its tokens, without padding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..data.text import PADDING
from ..graph import (
    cast,
    constant,
    dtypes,
    equal,
    expand_dims,
    iota,
    log_softmax,
    mean,
    not_equal,
    reshape,
    sum,
    where,
    zeros_like,
)
from ..nn import Loss


@dataclass(frozen=True)
class TokenLoss:
    """Mean cross-entropy over the tokens of each row; padding has no part in it.

    With a row's number of tokens as its weight, the loss of a minibatch is the mean over tokens.

    Attributes
    ----------
    smoothing : part of the target that is spread over all tokens (Szegedy et al. 2016, section 7).
    """

    smoothing: float = 0.0

    def __call__(self, prediction: Any, target: Any) -> Any:
        """Logits (batch, length, tokens) and numbers of tokens (batch, length) to (batch,).

        Targets may be floats: whole numbers below 2**24 are exact.
        """
        target = cast(target, dtypes.int32)
        tokens = prediction.shape[-1]
        logs = log_softmax(prediction)
        # A comparison rather than a look-up: it fuses with the softmax.
        right = equal(expand_dims(target, -1), reshape(iota(tokens), (1, 1, tokens)))
        found = sum(where(right, logs, zeros_like(logs)), -1)
        if self.smoothing:
            found = (1 - self.smoothing) * found + self.smoothing * mean(logs, -1)
        real = cast(not_equal(target, constant(PADDING, dtypes.int32)), prediction.dtype)
        return -sum(found * real, 1) / sum(real, 1)


def token_loss(smoothing: float) -> Loss:
    """`TokenLoss` as `layerwise.train` takes it."""
    return Loss("token_cross_entropy", TokenLoss(smoothing))
