"""Losses by name, with what they take and give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ... import errors
from ...graph import exp, sigmoid, softmax
from .binary import bce, bce_with_logits
from .classes import cross_entropy, nll
from .numbers import huber, mae, mse

LossFunction = Callable[..., Any]
"""(prediction, target) to a loss for each row, shape (batch,), or one for the batch, shape ()."""

OUTPUTS: dict[str, Callable[[Any], Any]] = {
    "identity": lambda raw: raw,
    "softmax": softmax,
    "sigmoid": sigmoid,
    "exp": exp,
}
"""What turns a net's raw output into a prediction, by name."""


@dataclass(frozen=True)
class Loss:
    """A loss and what it takes its arguments to be.

    Attributes
    ----------
    name : as in `LOSSES`, or the name of the user's function.
    function : (prediction, target) to (batch,) or a scalar.
    output : name in `OUTPUTS`: it turns the net's raw output, which the loss takes, into a
        prediction for people, such as probabilities.
    target : ``classes`` (one of several), ``binary`` (0 or 1) or ``numbers``.
    """

    name: str
    function: LossFunction
    output: Literal["identity", "softmax", "sigmoid", "exp"] = "identity"
    target: Literal["classes", "binary", "numbers"] = "numbers"

    def prediction(self, raw: Any) -> Any:
        """The prediction for a net's raw output (batch, ...), tensor or array."""
        return OUTPUTS[self.output](raw)

    def __call__(self, prediction: Any, target: Any, **options: Any) -> Any:
        """Call `function`."""
        return self.function(prediction, target, **options)


LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss("mse", mse),
        Loss("mae", mae),
        Loss("huber", huber),
        Loss("bce", bce, "identity", "binary"),
        Loss("bce_with_logits", bce_with_logits, "sigmoid", "binary"),
        Loss("cross_entropy", cross_entropy, "softmax", "classes"),
        Loss("nll", nll, "exp", "classes"),
    )
}
_BY_FUNCTION = {loss.function: loss for loss in LOSSES.values()}


def find(loss: str | Loss | LossFunction) -> Loss:
    """The `Loss` for a name, for a function of this package, or for a user's own function.

    Raises ValueError with the nearest valid name, or TypeError.
    """
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, str):
        found = LOSSES.get(loss.lower().replace("-", "_"))
        if found is None:
            raise errors.unknown("loss", loss, LOSSES)
        return found
    if callable(loss):
        return _BY_FUNCTION.get(loss) or Loss(getattr(loss, "__name__", type(loss).__name__), loss)
    raise TypeError(f"expected a loss's name or a function(prediction, target), got {loss!r}")
