"""Which loss fits a target, when nobody named one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...graph import Tensor
from ...graph.elementwise import Sigmoid
from ...graph.movement import Reshape
from ...graph.stable import is_softmax
from .registry import Loss


def usual_loss(prediction: Tensor, target: Any = None) -> str:
    """The name of the loss for a net's output and a target.

    Parameters
    ----------
    prediction : the net's output in a graph, (batch, ...).
    target : y as it was given. Without it, a net with several outputs is taken to tell classes
        apart, and one with a single output to give a number.

    Returns
    -------
    - one output, whole numbers or booleans that are all 0 or 1: ``bce_with_logits``;
    - several outputs, class numbers or one-hot rows of any dtype: ``cross_entropy``;
    - several outputs, rows of 0 and 1 that are no floats and not one-hot: ``bce_with_logits``,
      for several answers of yes or no;
    - everything else: ``mse``.

    Where the net ends in a sigmoid, its outputs are probabilities, so ``bce`` takes the place of
    ``bce_with_logits``.
    """
    several = prediction.rank > 1 and prediction.shape[-1] != 1
    if target is None:
        return "cross_entropy" if several else "mse"
    y = np.asarray(target)
    whole, binary = y.dtype.kind in "iub", _is_binary(y)
    if not several:
        return _binary_loss(prediction) if whole and binary else "mse"
    if y.shape[1:] != prediction.shape[1:]:
        return "cross_entropy" if whole else "mse"
    if binary and bool((y.sum(-1) == 1).all()):
        return "cross_entropy"
    return _binary_loss(prediction) if whole and binary else "mse"


def output_kind(loss: Loss, prediction: Tensor) -> str:
    """What turns a net's output into predictions: that of the loss, unless the net does it."""
    return "identity" if loss.output == "softmax" and is_softmax(prediction) else loss.output


def _is_binary(y: np.ndarray) -> bool:
    return y.dtype.kind in "iubf" and bool(((y == 0) | (y == 1)).all())


def _binary_loss(prediction: Tensor) -> str:
    while isinstance(prediction.primitive, Reshape):
        (prediction,) = prediction.inputs
    return "bce" if isinstance(prediction.primitive, Sigmoid) else "bce_with_logits"
