"""Rewriting a program so that a loop compiler has fewer forms to deal with.

After this pass products have at most three axes before their matrices, every reduction covers
either the last axis alone or neighbouring axes before it,
and argmax and the maxima of windows have become maxima and comparisons.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..graph import elementwise as e
from ..graph.contraction import MatMul
from ..graph.convolution import MaxWindows, first_maximum
from ..graph.dimension import Batch
from ..graph.leaves import batch_size, constant, iota
from ..graph.movement import broadcast_to, reshape
from ..graph.primitive import Primitive
from ..graph.reduction import ArgMax, Max, Sum
from ..graph.rewriting import rewrite
from ..graph.tensor import Tensor
from .program import Program


def canonicalise(program: Program) -> Program:
    """The program with reductions in canonical form."""
    roots = program.roots
    became = rewrite(roots, _rule)
    return program.with_roots([became[r] for r in roots])


def _rule(node: Tensor) -> Tensor | None:
    if isinstance(node.primitive, ArgMax):
        return _argmax(node.inputs[0], node.primitive.axis)
    if isinstance(node.primitive, Sum | Max):
        return _split(node)
    if isinstance(node.primitive, MaxWindows):
        return first_maximum(node.inputs[0], node.primitive.size, node.primitive.stride)[0]
    if isinstance(node.primitive, MatMul) and node.rank > 5:
        a, b = (reshape(x, (-1, *x.shape[-2:])) for x in node.inputs)
        return reshape(Tensor(MatMul(), [a, b]), node.shape)
    return None


def _split(node: Tensor) -> Tensor | None:
    """One group of neighbouring axes at a time, the last axis on its own and first."""
    axes: tuple[int, ...] = node.primitive.axes  # type: ignore[attr-defined]
    kind: Callable[[tuple[int, ...]], Primitive] = type(node.primitive)
    (x,) = node.inputs
    last = x.rank - 1
    if last in axes and len(axes) > 1 and not isinstance(x.shape[last], Batch):
        return Tensor(kind(axes[:-1]), [Tensor(kind((last,)), [x])])
    group = axes[-1:]
    while group[0] - 1 in axes:
        group = (group[0] - 1, *group)
    if group != axes:
        return Tensor(kind(axes[: -len(group)]), [Tensor(kind(group), [x])])
    return None


def _argmax(x: Tensor, axis: int) -> Tensor:
    """The first position that holds the maximum, or the first NaN: the least such index."""
    top = broadcast_to(Tensor(Max((axis,)), [x]), x.shape)
    length = x.shape[axis]
    positions = reshape(iota(length), tuple(length if i == axis else 1 for i in range(x.rank)))
    positions = broadcast_to(positions, x.shape)
    chosen = e.equal(x, top)
    if x.dtype.kind == "f":
        chosen = e.logical_or(chosen, e.not_equal(x, x))
    if isinstance(length, Batch):
        count = e.multiply(batch_size("int32"), length.multiple)
    else:
        count = constant(np.int32(length))
    beyond = broadcast_to(count, x.shape)
    candidates = e.negative(e.where(chosen, positions, beyond))
    return e.negative(Tensor(Max((axis,)), [candidates]))
