"""Losses: how far predictions are from the truth, one number for each row.

Every loss takes ``(prediction, target)`` as tensors (giving a graph) or as arrays (giving numbers
at once), and returns shape (batch,). `batch_loss` makes of them the scalar that training lowers.
"""

from .batch import batch_loss, class_weights, per_row, weighted_mean
from .binary import bce, bce_with_logits
from .classes import cross_entropy, nll
from .counts import poisson
from .numbers import huber, mae, mse
from .registry import LOSSES, OUTPUTS, Loss, LossFunction, find, quantile
from .usual import output_kind, usual_loss

__all__ = [
    "LOSSES",
    "OUTPUTS",
    "Loss",
    "LossFunction",
    "batch_loss",
    "bce",
    "bce_with_logits",
    "class_weights",
    "cross_entropy",
    "find",
    "huber",
    "mae",
    "mse",
    "nll",
    "output_kind",
    "per_row",
    "poisson",
    "quantile",
    "usual_loss",
    "weighted_mean",
]
