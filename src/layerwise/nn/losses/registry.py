"""Losses by name, with what they take and give."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ... import errors
from ...graph import exp, sigmoid, softmax
from .binary import bce, bce_with_logits
from .classes import cross_entropy, nll
from .counts import poisson
from .numbers import huber, mae, mse
from .pinball import Pinball

_QUANTILE = re.compile(r"quantiles?\s*(?:\((?P<levels>[^()]*)\))?")

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
    lowest : no target may be below it.
    levels : of `quantile`. When there are several, a row has an output for each, and one target.
    """

    name: str
    function: LossFunction
    output: Literal["identity", "softmax", "sigmoid", "exp"] = "identity"
    target: Literal["classes", "binary", "numbers"] = "numbers"
    lowest: float | None = None
    levels: tuple[float, ...] = ()

    @property
    def builtin(self) -> bool:
        """Whether it is one of this package's, of which is known what it takes."""
        return LOSSES.get(self.name) is self or isinstance(self.function, Pinball)

    @property
    def is_central(self) -> bool:
        """Whether it leads to the middle of the targets, so that the distance from them counts."""
        return self.target == "numbers" and self.levels in ((), (0.5,))

    def target_shape(self, prediction: tuple[Any, ...]) -> tuple[Any, ...]:
        """The shape of targets that are numbers, for predictions of a shape."""
        return prediction[:-1] if len(self.levels) > 1 else prediction

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
        Loss("poisson", poisson, "exp", lowest=0.0),
        Loss("bce", bce, "identity", "binary"),
        Loss("bce_with_logits", bce_with_logits, "sigmoid", "binary"),
        Loss("cross_entropy", cross_entropy, "softmax", "classes"),
        Loss("nll", nll, "exp", "classes"),
    )
}
"""The losses that have a name alone; `quantile` needs its levels too."""

_BY_FUNCTION = {loss.function: loss for loss in LOSSES.values()}


def quantile(*levels: float) -> Loss:
    """The pinball loss, for a prediction that a part of the targets lies below; see `Pinball`.

    ``quantile(0.9)`` is what nine of ten targets stay below; ``quantile(0.1, 0.5, 0.9)`` is for a
    net with three outputs. Each is trained for itself: nothing keeps a lower quantile below a
    higher one in every row. As text, ``"quantile(0.9)"``, it is a name for `find`.

    Raises
    ------
    OptionError : no level, or one that is not between 0 and 1.
    """
    pinball = Pinball(levels)
    return Loss(pinball.name, pinball, levels=pinball.levels)


def find(loss: str | Loss | LossFunction) -> Loss:
    """The `Loss` for a name, for a function of this package, or for a user's own function.

    Raises ValueError with the nearest valid name, or TypeError.
    """
    # The factory stands for no loss yet.
    if loss is quantile:
        loss = "quantile"
    if isinstance(loss, Loss):
        return loss
    if isinstance(loss, str):
        name = loss.strip().lower().replace("-", "_")
        with_levels = _QUANTILE.fullmatch(name)
        if with_levels:
            return quantile(*_levels(loss, with_levels["levels"] or ""))
        if name not in LOSSES:
            raise errors.unknown("loss", loss, [*LOSSES, "quantile(0.9)"])
        return LOSSES[name]
    if callable(loss):
        return _BY_FUNCTION.get(loss) or Loss(getattr(loss, "__name__", type(loss).__name__), loss)
    raise TypeError(f"expected a loss's name or a function(prediction, target), got {loss!r}")


def _levels(given: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")] if text.strip() else []
    except ValueError:
        raise errors.OptionError(
            f"expected levels as numbers, such as 'quantile(0.1, 0.9)', got '{given}'"
        ) from None
