"""From the losses of rows to the loss of a batch: weights and reduction."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import OptionError
from ...graph import (
    ShapeError,
    Tensor,
    as_tensor,
    cast,
    dtypes,
    equal,
    full_like,
    mean,
    reshape,
    show,
    where,
    zeros_like,
)
from ...graph import sum as total
from .classes import class_target, cross_entropy, is_class, nll
from .registry import Loss, LossFunction, find
from .shapes import aligned, row_mean, together


def per_row(
    loss: str | Loss | LossFunction,
    prediction: Any,
    target: Any,
    class_weight: Any = None,
    label_smoothing: Any = 0.0,
) -> Any:
    """The loss of each row, times the weight of its class.

    Where a row has several answers, each counts with the weight of its own class.

    Returns
    -------
    Shape (batch,); or a scalar when the user's own function gives one and there are no weights.

    Raises
    ------
    OptionError : class weights or label smoothing with a loss that has no classes; class weights
        with a function that gives one number for the whole batch.
    """
    return _weighted(find(loss), prediction, target, class_weight, label_smoothing)[0]


def weighted_mean(values: Any, weights: Any = None) -> Any:
    """sum(w l) / sum(w): the mean of losses (batch,) when there are no weights (batch,).

    A batch whose weights are all 0 has loss 0, and so has no gradient.
    """
    values, weights = (values, None) if weights is None else together(values, weights)
    if weights is None:
        return mean(values)
    if weights.shape == (*values.shape, 1):
        weights = reshape(weights, values.shape)
    if weights.shape != values.shape:
        raise ShapeError(
            f"expected a weight for each row, shape {show(values.shape)}, got {show(weights.shape)}"
        )
    weights = cast(weights, values.dtype)
    return _ratio(total(weights * values), total(weights))


def _ratio(value: Any, weight: Any) -> Any:
    return value / where(equal(weight, 0.0), full_like(weight, 1), weight)


def batch_loss(
    loss: str | Loss | LossFunction,
    prediction: Any,
    target: Any,
    sample_weight: Any = None,
    class_weight: Any = None,
    label_smoothing: Any = 0.0,
) -> Any:
    """The scalar that training lowers: sum(w l) / sum(w), w the row's weight times its class's.

    The sums run over rows, and over the answers of a row where it has several, such as the labels
    of a target (batch, labels).

    Parameters
    ----------
    loss : name, `Loss`, or a function (prediction, target) that gives (batch,) or a scalar.
    prediction, target : as the loss takes them.
    sample_weight : shape (batch,) or (batch, 1).
    class_weight : shape (classes,); (2,) for a binary target: of 0, then of 1. Where targets are
        probabilities, a row weighs the mean of the weights by them.
    label_smoothing : see `cross_entropy`.

    Raises
    ------
    OptionError : weights for a loss that gives one number for the whole batch, class weights or
        label smoothing for one without classes.
    """
    loss = find(loss)
    values, weights = _weighted(loss, prediction, target, class_weight, label_smoothing)
    if sample_weight is not None:
        _check_weighable(loss, values, "sample weights")
        _, sample_weight = together(values, sample_weight)
        if tuple(sample_weight.shape) not in (tuple(values.shape), (*values.shape, 1)):
            raise ShapeError(
                f"sample weights: expected one for each row, shape {show(values.shape)}, got "
                f"{show(sample_weight.shape)}"
            )
        sample_weight = cast(reshape(sample_weight, values.shape), values.dtype)
        values = values * sample_weight
        weights = sample_weight if weights is None else sample_weight * weights
    if values.shape == ():
        return values
    return mean(values) if weights is None else _ratio(total(values), total(weights))


def class_weights(
    loss: Loss, prediction: Any, target: Any, class_weight: Any, dtype: object = "float32"
) -> Any:
    """Shape (batch,): the weight of each row's class, for `class_weight` of shape (classes,).

    Where a row has several answers, the mean of their weights.
    """
    return row_mean(_weights_of_answers(loss, prediction, target, class_weight, dtype))


def _weights_of_answers(
    loss: Loss, prediction: Any, target: Any, class_weight: Any, dtype: object
) -> Any:
    """(batch, ...) without the axis of classes."""
    prediction, target = together(prediction, target)
    if not isinstance(class_weight, Tensor):
        class_weight = np.asarray(class_weight, dtypes.as_dtype(dtype))
    if isinstance(prediction, Tensor):
        class_weight = as_tensor(class_weight)
    class_weight = cast(class_weight, dtype)
    if loss.target == "classes":
        target = class_target(loss.name, prediction, target)
        classes = prediction.shape[-1]
    elif loss.target == "binary":
        _, target = aligned(loss.name, prediction, target)
        classes = 2
    else:
        raise OptionError(
            f"class weights need a loss on classes (cross_entropy, nll, bce, bce_with_logits), "
            f"'{loss.name}' has none; use sample weights"
        )
    if class_weight.shape != (classes,):
        raise ShapeError(
            f"class weights: expected one for each of {classes} classes, got shape "
            f"{show(class_weight.shape)}"
        )
    if loss.target == "binary":
        target = cast(target, dtype)
        return class_weight[0] + (class_weight[1] - class_weight[0]) * target
    each = reshape(class_weight, (1,) * (len(prediction.shape) - 1) + (classes,))
    if dtypes.is_float(target.dtype):
        return total(cast(target, dtype) * each, -1)
    return total(where(is_class(target, each.shape[-1]), each, zeros_like(each)), -1)


def _weighted(
    loss: Loss, prediction: Any, target: Any, class_weight: Any, label_smoothing: Any
) -> tuple[Any, Any]:
    """(batch,) losses with the weights of classes in them, and those weights, or None."""
    if class_weight is None:
        return _values(loss, prediction, target, label_smoothing), None
    prediction, target = together(prediction, target)
    dtype = prediction.dtype if dtypes.is_float(prediction.dtype) else dtypes.float32
    answers = _weights_of_answers(loss, prediction, target, class_weight, dtype)
    weights = row_mean(answers)
    if loss.builtin:
        return _values(loss, prediction, target, label_smoothing, answers), weights
    values = _values(loss, prediction, target, label_smoothing)
    _check_weighable(loss, values, "class weights")
    return values * cast(weights, values.dtype), cast(weights, values.dtype)


def _values(
    loss: Loss, prediction: Any, target: Any, label_smoothing: Any, weight: Any = None
) -> Any:
    options: dict[str, Any] = {}
    if not isinstance(label_smoothing, int | float) or label_smoothing != 0:
        if loss.function not in (cross_entropy, nll):
            raise OptionError(
                f"label smoothing goes with cross_entropy and nll, not with '{loss.name}'"
            )
        options["label_smoothing"] = label_smoothing
    if weight is not None:
        options["weight"] = weight
    prediction, target = together(prediction, target)
    have, want = tuple(target.shape), tuple(prediction.shape)
    if have == (*want, 1) or (*have, 1) == want:
        # A function of the user's must not meet (n,) with (n, 1) and broadcast them to (n, n).
        target = reshape(target, want)
    values = loss.function(prediction, target, **options)
    values = as_tensor(values) if isinstance(prediction, Tensor) else dtypes.as_array(values)
    rows = tuple(prediction.shape[:1])
    if tuple(values.shape) == (*rows, 1):
        values = reshape(values, rows)
    if tuple(values.shape) not in ((), rows):
        raise ShapeError(
            f"the loss '{loss.name}' gave shape {show(values.shape)}; expected one number for each "
            f"row, shape {show(rows)}, or a scalar"
        )
    if not dtypes.is_float(values.dtype):
        raise dtypes.DTypeError(f"the loss '{loss.name}' gave {values.dtype}, expected a float")
    return values


def _check_weighable(loss: Loss, values: Any, weights: str) -> None:
    if values.shape == ():
        raise OptionError(
            f"{weights} need a loss for each row, but '{loss.name}' gives one number for the whole "
            "batch; let it return shape (batch,), without the final mean"
        )
