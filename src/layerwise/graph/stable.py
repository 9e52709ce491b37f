"""Putting a graph into numerically stable form, before it is differentiated.

The derivative of log(p) is g / p, which is NaN once p has underflowed; so the logarithm of a
softmax or a sigmoid must be recognised in the forward graph, however the user wrote it.
"""

from __future__ import annotations

from .elementwise import (
    Divide,
    Exp,
    Log,
    Log1p,
    Negative,
    Sigmoid,
    Subtract,
    exp,
    log,
    negative,
    softplus,
)
from .functions import _largest
from .leaves import Constant
from .movement import Broadcast, Reshape, Slice, Transpose, broadcast_to, reshape
from .reduction import Sum, sum
from .rewriting import rewrite
from .tensor import Tensor


def stabilise(outputs: list[Tensor]) -> dict[Tensor, Tensor]:
    """What each node becomes in stable form."""
    return rewrite(outputs, _rule)


def _is(node: Tensor, kind: type) -> bool:
    return isinstance(node.primitive, kind)


def _rule(node: Tensor) -> Tensor | None:
    if _is(node, Log):
        return _log(node.inputs[0])
    if _is(node, Log1p) and _is(node.inputs[0], Negative):
        inner = node.inputs[0].inputs[0]
        return negative(softplus(inner.inputs[0])) if _is(inner, Sigmoid) else None
    if _is(node, Divide):
        return _softmax(*node.inputs)
    return None


def _log(x: Tensor) -> Tensor | None:
    if _is(x, Exp):
        return x.inputs[0]
    if _is(x, Sigmoid):
        return negative(softplus(negative(x.inputs[0])))
    if _is(x, Subtract) and _is_one(x.inputs[0]) and _is(x.inputs[1], Sigmoid):
        return negative(softplus(x.inputs[1].inputs[0]))
    if _is(x, Broadcast):
        return broadcast_to(log(x.inputs[0]), x.shape)
    if _is(x, Reshape):
        return reshape(log(x.inputs[0]), x.shape)
    if _is(x, Slice) or _is(x, Transpose):
        # Only where it helps: log would see elements that were not chosen, maybe zeros.
        helps = _log(_below_movement(x)) is not None
        return Tensor(x.primitive, [log(x.inputs[0])]) if helps else None
    if _is(x, Divide) and _is(_below_movement(x.inputs[0]), Exp):
        return log(x.inputs[0]) - log(x.inputs[1])
    if _is(x, Sum):
        return _log_sum_exp(x)
    return None


def _below_movement(x: Tensor) -> Tensor:
    while isinstance(x.primitive, Broadcast | Reshape | Slice | Transpose):
        x = x.inputs[0]
    return x


def _stretched(x: Tensor) -> Tensor:
    """What was stretched to x; axes may have been dropped and put back, but nothing else moved."""
    inner = x.inputs[0] if _is(x, Broadcast) else x
    source = inner
    while _is(source, Reshape):
        source = source.inputs[0]
    return source if source.shape == inner.shape else inner


def _is_one(x: Tensor) -> bool:
    x = _below_movement(x)
    return isinstance(x.primitive, Constant) and x.shape == () and x.primitive.array == 1


def _is_shifted(x: Tensor, axes: tuple[int, ...]) -> bool:
    """Whether the largest along the axes was subtracted already, so that exp(x) cannot overflow."""
    if not _is(x, Subtract):
        return False
    return _stretched(x.inputs[1]) is _largest(x.inputs[0], axes)


def _log_sum_exp(total: Tensor) -> Tensor | None:
    (e,), axes = total.inputs, total.primitive.axes  # type: ignore[attr-defined]
    if not _is(e, Exp) or _is_shifted(e.inputs[0], axes):
        return None
    (x,) = e.inputs
    top = _largest(x, axes)
    return log(sum(exp(x - top), axes, keepdims=True)) + top


def is_softmax(node: Tensor) -> bool:
    """Whether a node is e^x divided by its sum over the last axis."""
    if not _is(node, Divide):
        return False
    numerator, denominator = node.inputs
    total = _stretched(denominator)
    return (
        _is(numerator, Exp)
        and _is(total, Sum)
        and total.inputs[0] is numerator
        and total.primitive.axes == (node.rank - 1,)  # type: ignore[attr-defined]
    )


def _softmax(numerator: Tensor, denominator: Tensor) -> Tensor | None:
    """exp(x) / sum(exp(x)), written without subtracting the largest x."""
    total = _stretched(denominator)
    if not (_is(numerator, Exp) and _is(total, Sum) and total.inputs[0] is numerator):
        return None
    (x,), axes = numerator.inputs, total.primitive.axes  # type: ignore[attr-defined]
    if _is_shifted(x, axes):
        return None
    e = exp(x - _largest(x, axes))
    return e / sum(e, axes, keepdims=True)
