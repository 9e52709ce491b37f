"""Functions composed of primitives, whose gradients are free: activations, softmax, norms."""

from __future__ import annotations

import math
from typing import Any

from . import dtypes
from .elementwise import (
    erf,
    exp,
    expm1,
    greater,
    isfinite,
    log,
    multiply,
    sigmoid,
    softplus,
    sqrt,
    square,
    stop_gradient,
    tanh,
    where,
    zeros_like,
)
from .primitive import as_tensor
from .reduction import Axes, max, mean, sum
from .tensor import Tensor


def _operand(x: Any) -> Any:
    if hasattr(x, "tensor"):
        return as_tensor(x)
    return x if isinstance(x, Tensor) else dtypes.as_array(x)


def relu(x: Any) -> Any:
    """x where it is positive, else 0; the derivative at 0 is 0."""
    x = _operand(x)
    return where(greater(x, 0.0), x, zeros_like(x))


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """x where it is positive, else x times a small slope (Maas, Hannun & Ng 2013)."""
    x = _operand(x)
    return where(greater(x, 0.0), x, multiply(x, negative_slope))


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where positive, else alpha * (e^x - 1) (Clevert, Unterthiner & Hochreiter 2015)."""
    x = _operand(x)
    positive = greater(x, 0.0)
    # The branch not taken must not overflow, or its derivative would be inf * 0; and not a
    # minimum, whose tie would halve the derivative at 0.
    return where(positive, x, multiply(expm1(where(positive, zeros_like(x), x)), alpha))


def selu(x: Any) -> Any:
    """A scaled `elu` that keeps mean 0 and variance 1 through layers (Klambauer et al. 2017)."""
    return multiply(elu(x, 1.6732632423543772), 1.0507009873554805)


def gelu(x: Any, approximate: bool = False) -> Any:
    """x times the normal distribution's cumulative probability at x (Hendrycks & Gimpel 2016).

    `approximate` uses the paper's tanh formula instead of the exact error function.
    """
    x = _operand(x)
    if approximate:
        inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
        return x * 0.5 * (tanh(inner) + 1.0)
    return x * 0.5 * (erf(x * math.sqrt(0.5)) + 1.0)


def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish."""
    x = _operand(x)
    return x * sigmoid(x)


def mish(x: Any) -> Any:
    """x * tanh(softplus(x)) (Misra 2019)."""
    x = _operand(x)
    return x * tanh(softplus(x))


def _largest(x: Any, axis: Axes) -> Any:
    # Subtracting any constant leaves softmax and log-sum-exp as they are, so it is no part of the
    # derivative; a row of -inf must not become inf - inf.
    top = stop_gradient(max(x, axis, keepdims=True))
    return where(isfinite(top), top, zeros_like(top))


def softmax(x: Any, axis: int = -1) -> Any:
    """e^x divided by its sum over an axis: positive numbers that sum to 1."""
    x = _operand(x)
    e = exp(x - _largest(x, axis))
    return e / sum(e, axis, keepdims=True)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of `softmax`, without overflow or underflow."""
    x = _operand(x)
    shifted = x - _largest(x, axis)
    return shifted - log(sum(exp(shifted), axis, keepdims=True))


def log_sum_exp(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))), without overflow."""
    x = _operand(x)
    top = _largest(x, axis)
    return sum(log(sum(exp(x - top), axis, keepdims=True)) + top, _reduced_axes(x, axis), keepdims)


def _reduced_axes(x: Any, axis: Axes) -> Axes:
    return tuple(range(len(x.shape))) if axis is None else axis


def variance(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Mean squared distance from the mean (the biased estimate)."""
    x = _operand(x)
    return mean(square(x - mean(x, axis, keepdims=True)), axis, keepdims)


def layer_norm(x: Any, weight: Any = None, bias: Any = None, epsilon: float = 1e-5) -> Any:
    """Each row of the last axis to mean 0 and variance 1, then scaled and shifted.

    Ba, Kiros & Hinton 2016, "Layer normalization".
    """
    x = _operand(x)
    centred = x - mean(x, -1, keepdims=True)
    spread = sqrt(mean(square(centred), -1, keepdims=True) + epsilon)
    result = centred / spread
    if weight is not None:
        result = result * weight
    return result if bias is None else result + bias


def norm(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """The Euclidean length over axes; the gradient at length 0 is 0."""
    total = sum(square(_operand(x)), axis, keepdims)
    positive = greater(total, 0.0)
    # The square root of 0 has an infinite derivative, which times 0 would be NaN.
    return where(positive, sqrt(where(positive, total, 1.0)), total)
