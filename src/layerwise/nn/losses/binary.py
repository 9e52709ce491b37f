"""Losses for two classes with one output."""

from __future__ import annotations

from typing import Any

from ...graph import Tensor, full_like, log, log1p, not_equal, reshape, softplus, where, zeros_like
from ...graph.elementwise import Sigmoid
from ...graph.movement import Reshape
from .shapes import aligned, row_mean


def bce(prediction: Any, target: Any, weight: Any = None) -> Any:
    """Binary cross-entropy of probabilities: -(t log p + (1 - t) log(1 - p)), with 0 log 0 = 0.

    A certain and wrong prediction costs infinity. When the prediction is a `sigmoid` in the graph,
    the loss is computed from the sigmoid's argument, where nothing can underflow.

    Parameters
    ----------
    prediction : probabilities, shape (batch,), (batch, 1) or (batch, outputs).
    target : 0, 1 or a probability, of the same shape; (batch,) and (batch, 1) go together.
    weight : factor of each output's loss, in the shape of the predictions.

    Returns
    -------
    Shape (batch,): the mean over a row's outputs.

    Raises
    ------
    ShapeError : the shapes differ otherwise.
    """
    prediction, target = aligned("bce", prediction, target)
    logits = _argument_of_sigmoid(prediction)
    if logits is not None:
        return bce_with_logits(logits, target, weight)
    # The inner `where` keeps the logarithm's argument off 0 where its factor is 0, or the
    # derivative would be 0 / 0.
    one, zero = full_like(prediction, 1), zeros_like(prediction)
    of_true = target * log(where(not_equal(target, 0.0), prediction, one))
    of_false = (1.0 - target) * log1p(-where(not_equal(target, 1.0), prediction, zero))
    return -row_mean(of_true + of_false, weight)


def bce_with_logits(prediction: Any, target: Any, weight: Any = None) -> Any:
    """Binary cross-entropy of ``sigmoid(prediction)``, finite for every finite logit.

    log(1 + e^z) - t z, which is -(t log p + (1 - t) log(1 - p)) for p = 1 / (1 + e^-z). Shapes
    and errors as for `bce`.
    """
    prediction, target = aligned("bce_with_logits", prediction, target)
    return row_mean(softplus(prediction) - target * prediction, weight)


def _argument_of_sigmoid(p: Any) -> Tensor | None:
    if not isinstance(p, Tensor):
        return None
    if isinstance(p.primitive, Reshape):
        inner = _argument_of_sigmoid(p.inputs[0])
        return None if inner is None else reshape(inner, p.shape)
    return p.inputs[0] if isinstance(p.primitive, Sigmoid) else None
