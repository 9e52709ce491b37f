"""Simplifying a graph: the same values from fewer and cheaper nodes.

Only rewrites that hold for every IEEE number are made (no x * 0 -> 0, no x - x -> 0): NaN and
infinity must survive, because a diagnosis depends on them.
"""

from __future__ import annotations

import numpy as np

from ..graph import elementwise as e
from ..graph.contraction import MatMul
from ..graph.dimension import Batch, size
from ..graph.leaves import BatchSize, Constant, constant
from ..graph.movement import Broadcast, Reshape, Slice, Transpose, broadcast_to, reshape, transpose
from ..graph.primitive import Concrete
from ..graph.reduction import Max, Sum
from ..graph.rewriting import rewrite
from ..graph.stable import stabilise
from ..graph.tensor import Tensor
from .program import Program


def simplify(program: Program) -> Program:
    """The program in stable and simple form."""
    roots = program.roots
    stable = stabilise(roots)
    roots = [stable[r] for r in roots]
    simple = rewrite(roots, _rule)
    return program.with_roots([simple[r] for r in roots])


def _rule(node: Tensor) -> Tensor | None:
    rule = _RULES.get(type(node.primitive))
    result = rule(node) if rule else None
    if result is None and isinstance(node.primitive, e.Elementwise):
        return _elementwise(node)
    return result


def _is(node: Tensor, kind: type) -> bool:
    return isinstance(node.primitive, kind)


def scalar_value(node: Tensor) -> float | None:
    """The number that every element of a constant node is; None for other nodes."""
    while isinstance(node.primitive, Broadcast | Reshape):
        node = node.inputs[0]
    if isinstance(node.primitive, Constant) and node.primitive.array.size == 1:
        return node.primitive.array.reshape(-1)[0]
    return None


def _elementwise(node: Tensor) -> Tensor | None:
    """Work on what is stretched instead of on the stretched: fold constants, hoist broadcasts."""
    numbers = [scalar_value(i) for i in node.inputs]
    if all(n is not None for n in numbers):
        arrays = [np.asarray(n) for n in numbers]
        with np.errstate(all="ignore"):
            out = Concrete((), node.dtype, 0)
            value = np.asarray(node.primitive.evaluate(out, *arrays), node.dtype)
        return broadcast_to(constant(value, node.dtype), node.shape)
    sources = [i.inputs[0] if _is(i, Broadcast) else None for i in node.inputs]
    shapes = {s.shape for s in sources if s is not None and scalar_value(s) is None}
    if len(shapes) != 1:
        return _before_transpose(node, numbers)
    (shape,) = shapes
    narrow: list[Tensor] = []
    for original, source, number in zip(node.inputs, sources, numbers, strict=True):
        if number is not None:
            narrow.append(broadcast_to(constant(number, original.dtype), shape))
        elif source is not None:
            narrow.append(source)
        else:
            return None
    return broadcast_to(Tensor(node.primitive, narrow), node.shape)


def _before_transpose(node: Tensor, numbers: list[float | None]) -> Tensor | None:
    """Work on what is transposed, before it is: so that transposes meet, and cancel.

    The layers of pictures compute with the channels last and show them first. Without this rule
    each activation between two of them would move all elements twice. Only for rows of the batch
    whose last axis moves: other transposes cost nothing, or are read in place by a product.
    """
    found = [i for i, number in zip(node.inputs, numbers, strict=True) if number is None]
    axes = {x.primitive.axes if isinstance(x.primitive, Transpose) else None for x in found}
    if len(axes) != 1:
        return None
    (order,) = axes
    leads = isinstance(node.shape[0], Batch) if node.shape else False
    if order is None or not leads or order[0] != 0 or order[-1] == node.rank - 1:
        return None
    shape = found[0].inputs[0].shape
    inside = [
        x.inputs[0] if number is None else broadcast_to(constant(number, x.dtype), shape)
        for x, number in zip(node.inputs, numbers, strict=True)
    ]
    return transpose(Tensor(node.primitive, inside), order)


def _multiply(node: Tensor) -> Tensor | None:
    x, y = node.inputs
    if scalar_value(y) == 1:
        return x
    return y if scalar_value(x) == 1 else None


def _divide(node: Tensor) -> Tensor | None:
    x, y = node.inputs
    return x if scalar_value(y) == 1 else None


def _subtract(node: Tensor) -> Tensor | None:
    x, y = node.inputs
    number = scalar_value(y)
    # x - (-0.0) is x + 0.0, which is not x when x is -0.0.
    return x if number == 0 and not np.signbit(float(number)) else None


def _negative(node: Tensor) -> Tensor | None:
    (x,) = node.inputs
    return x.inputs[0] if _is(x, e.Negative) else None


def _cast(node: Tensor) -> Tensor | None:
    (x,) = node.inputs
    return x if x.dtype == node.dtype else None


def _reshape(node: Tensor) -> Tensor | None:
    (x,) = node.inputs
    if x.shape == node.shape:
        return x
    if _is(x, Reshape):
        return reshape(x.inputs[0], node.shape)
    if _is(x, Broadcast) and size(x.inputs[0].shape) == 1:
        return broadcast_to(reshape(x.inputs[0], (1,) * node.rank), node.shape)
    if _is(x, Constant) and x.inputs == ():
        array = x.primitive.array  # type: ignore[attr-defined]
        return constant(array.reshape(node.shape), x.dtype)
    return None


def _transpose(node: Tensor) -> Tensor | None:
    (x,) = node.inputs
    axes: tuple[int, ...] = node.primitive.axes  # type: ignore[attr-defined]
    if axes == tuple(range(len(axes))):
        return x
    if _is(x, Transpose):
        return transpose(x.inputs[0], tuple(x.primitive.axes[a] for a in axes))  # type: ignore[attr-defined]
    if _is(x, Broadcast) and size(x.inputs[0].shape) == 1:
        return broadcast_to(x.inputs[0], node.shape)
    swaps_matrices = axes == (*range(node.rank - 2), node.rank - 1, node.rank - 2)
    if _is(x, MatMul) and swaps_matrices:
        a, b = x.inputs
        return Tensor(MatMul(), [transpose(b, axes), transpose(a, axes)])
    if _moves_only_ones(x, axes):
        return reshape(x, node.shape)
    return None


def _moves_only_ones(x: Tensor, axes: tuple[int, ...]) -> bool:
    long = [a for a in axes if x.shape[a] != 1]
    return long == sorted(long)


def _broadcast(node: Tensor) -> Tensor | None:
    (x,) = node.inputs
    if x.shape == node.shape:
        return x
    return broadcast_to(x.inputs[0], node.shape) if _is(x, Broadcast) else None


def _slice(node: Tensor) -> Tensor | None:
    return node.inputs[0] if node.shape == node.inputs[0].shape else None


def _sum(node: Tensor) -> Tensor | None:
    (x,) = node.inputs
    axes: tuple[int, ...] = node.primitive.axes  # type: ignore[attr-defined]
    real = tuple(a for a in axes if x.shape[a] != 1)
    if real != axes:
        return Tensor(Sum(real), [x]) if real else x
    if _is(x, Broadcast):
        source = x.inputs[0]
        stretched = tuple(a for a in axes if source.shape[a] == 1)
        if stretched == axes:
            count = size(x.shape[a] for a in axes)
            kept = tuple(1 if i in axes else d for i, d in enumerate(x.shape))
            source = broadcast_to(source, kept)
            if isinstance(count, int):
                return e.multiply(source, count)
            rows = Tensor(BatchSize(x.dtype))
            return e.multiply(source, e.multiply(rows, constant(count.multiple, x.dtype)))
    return None


def _max(node: Tensor) -> Tensor | None:
    (x,) = node.inputs
    axes: tuple[int, ...] = node.primitive.axes  # type: ignore[attr-defined]
    real = tuple(a for a in axes if x.shape[a] != 1)
    if real != axes:
        return Tensor(Max(real), [x]) if real else x
    return None


def _where(node: Tensor) -> Tensor | None:
    _, x, y = node.inputs
    return x if x is y else None


def _stop_gradient(node: Tensor) -> Tensor:
    return node.inputs[0]


_RULES = {
    e.Multiply: _multiply,
    e.Divide: _divide,
    e.Subtract: _subtract,
    e.Negative: _negative,
    e.Cast: _cast,
    e.StopGradient: _stop_gradient,
    e.Where: _where,
    Reshape: _reshape,
    Transpose: _transpose,
    Broadcast: _broadcast,
    Slice: _slice,
    Sum: _sum,
    Max: _max,
}
