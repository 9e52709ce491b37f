"""Losses for several classes with an output each."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import OptionError
from ...graph import (
    ShapeError,
    Tensor,
    cast,
    dtypes,
    equal,
    iota,
    log,
    log_softmax,
    mean,
    reshape,
    show,
    where,
    zeros_like,
)
from ...graph import sum as total
from ...graph.stable import is_softmax
from .shapes import row_mean, together


def cross_entropy(
    prediction: Any, target: Any, label_smoothing: Any = 0.0, weight: Any = None
) -> Any:
    """Minus the log of the probability that ``softmax(prediction)`` gives to the right class.

    Parameters
    ----------
    prediction : logits, shape (batch, classes); axes between them count as a row's outputs. In a
        graph, the output of a softmax is seen to be probabilities, and is not put through another.
    target : class numbers as integers, shape (batch,) or (batch, 1); or one-hot rows or
        probabilities, shape (batch, classes).
    label_smoothing : the part of the target that is spread over all classes (Szegedy et al. 2016,
        "Rethinking the Inception architecture", section 7); a number or a scalar tensor.
    weight : factor of each answer's loss, in the shape of the predictions without the classes.

    Returns
    -------
    Shape (batch,).

    Raises
    ------
    ShapeError, DTypeError : the target is neither kind.
    IndexError : arrays with class numbers outside 0..classes-1.
    """
    prediction, target = together(prediction, target)
    _check_classes("cross_entropy", prediction)
    # Of a softmax's output the plain logarithm is taken; the two become one stable form.
    ready = isinstance(prediction, Tensor) and is_softmax(prediction)
    scores = log(prediction) if ready else log_softmax(prediction)
    return _negative_log_likelihood("cross_entropy", scores, target, label_smoothing, weight)


def nll(prediction: Any, target: Any, label_smoothing: Any = 0.0, weight: Any = None) -> Any:
    """Negative log-likelihood: minus the log-probability of the right class.

    `prediction` holds log-probabilities, such as `log_softmax` gives; the rest is as for
    `cross_entropy`.
    """
    prediction, target = together(prediction, target)
    _check_classes("nll", prediction)
    return _negative_log_likelihood("nll", prediction, target, label_smoothing, weight)


def _negative_log_likelihood(name: str, logs: Any, target: Any, smoothing: Any, weight: Any) -> Any:
    target = class_target(name, logs, target)
    nothing = zeros_like(logs)
    if dtypes.is_float(target.dtype):
        # A class without probability must not turn a log-probability of -inf into NaN.
        likelihood = total(where(equal(target, 0.0), nothing, target * logs), -1)
    else:
        likelihood = total(where(is_class(target, logs.shape[-1]), logs, nothing), -1)
    if isinstance(smoothing, int | float):
        if not 0 <= smoothing <= 1:
            raise OptionError(f"{name}: expected label smoothing from 0 to 1, got {smoothing}")
        if smoothing == 0:
            return row_mean(-likelihood, weight)
    return row_mean(-((1.0 - smoothing) * likelihood + smoothing * mean(logs, -1)), weight)


def _check_classes(name: str, prediction: Any) -> None:
    if len(prediction.shape) < 2:
        raise ShapeError(
            f"{name}: expected predictions of shape (batch, classes), got "
            f"{show(prediction.shape)}; for two classes and one output use bce_with_logits"
        )
    if prediction.shape[-1] == 1:
        raise ShapeError(
            f"{name}: one output gives only one class, shape {show(prediction.shape)}; "
            "let the last layer give one output for each class, or use bce_with_logits"
        )


def class_target(name: str, prediction: Any, target: Any) -> Any:
    """Class numbers (int32) without the axis of classes, or floats in the predictions' shape."""
    rows, classes = tuple(prediction.shape[:-1]), prediction.shape[-1]
    shape = tuple(target.shape)
    if shape == (*rows, classes):
        return cast(target, prediction.dtype)
    if shape in (rows, (*rows, 1)):
        if dtypes.is_float(target.dtype):
            raise dtypes.DTypeError(
                f"{name}: a target of shape {show(shape)} must hold class numbers as integers, got "
                f"{target.dtype}; convert it with .astype('int32')"
            )
        numbers = reshape(cast(target, dtypes.int32), rows)
        if isinstance(numbers, np.ndarray) and numbers.size:
            low, high = int(numbers.min()), int(numbers.max())
            if low < 0 or high >= classes:
                raise IndexError(
                    f"{name}: class numbers must be from 0 to {classes - 1}, one for each of the "
                    f"{classes} outputs; got {low if low < 0 else high}"
                )
        return numbers
    raise ShapeError(
        f"{name}: for predictions of shape {show(prediction.shape)}, expected a target of shape "
        f"{show(rows)} (class numbers) or {show((*rows, classes))} (one-hot or probabilities), "
        f"got {show(shape)}"
    )


def is_class(numbers: Any, classes: int) -> Any:
    """(..., classes) booleans: whether the number is that class.

    A comparison rather than a look-up: it is elementwise, so it fuses with the softmax.
    """
    each = iota(classes) if isinstance(numbers, Tensor) else np.arange(classes, dtype=np.int32)
    rank = len(numbers.shape)
    return equal(reshape(numbers, (*numbers.shape, 1)), reshape(each, (1,) * rank + (classes,)))
