"""What an optimiser works on: the whole of a parameter, or only the rows that a step looked up.

A step reads a few thousand rows of a table of word vectors that may have 400,000. The gradient of
all others is zero, so it is kept as it arises, as rows with their indices, and only those rows of
the table and of the optimiser's variables are read and written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..graph import (
    Tensor,
    as_tensor,
    broadcast_to,
    cast,
    concatenate,
    equal,
    first_occurrence,
    iota,
    maximum,
    minimum,
    put_rows,
    reshape,
    scatter_add,
    take,
    where,
    zeros_like,
)
from ..graph.dimension import Batch, has_batch, size
from ..graph.elementwise import Add
from ..graph.indexing import ScatterAdd


@dataclass(frozen=True, eq=False)
class WholeGradient:
    """The gradient of every element of a parameter.

    Attributes
    ----------
    values : of the parameter's shape and dtype.
    """

    values: Tensor

    def take(self, variable: Tensor) -> Tensor:
        """The part of a variable that a step changes: all of it."""
        return variable

    def put(self, variable: Tensor, values: Tensor) -> Tensor:
        """The variable after that part has become `values`."""
        return values

    def scaled(self, factor: Tensor) -> WholeGradient:
        """The gradient times a scalar of any float dtype."""
        return WholeGradient(self.values * cast(factor, self.values.dtype))

    def touched(self, values: Tensor) -> Tensor:
        """Values of the part that a step changes, each element of the parameter once."""
        return values


@dataclass(frozen=True, eq=False)
class RowGradient:
    """The gradient of the rows of a table that a step looks up; that of all others is zero.

    A step that looks up `n` rows, some of them more than once, has the sum of a row's gradients at
    the row's first place, and zeros at its others.

    Attributes
    ----------
    index : (n,) int32, each within the table.
    values : (n, ...) of the table's dtype.
    first : (n,) bool: whether this is the first place with its index.
    """

    index: Tensor
    values: Tensor
    first: Tensor

    def take(self, variable: Tensor) -> Tensor:
        """The rows of a variable of the table's shape, (n, ...)."""
        return take(variable, self.index)

    def put(self, variable: Tensor, values: Tensor) -> Tensor:
        """The variable after each row has become what `values` (n, ...) has at its first place."""
        return put_rows(variable, self.index, values, self.first)

    def scaled(self, factor: Tensor) -> RowGradient:
        """The gradient times a scalar of any float dtype."""
        return replace(self, values=self.values * cast(factor, self.values.dtype))

    def touched(self, values: Tensor) -> Tensor:
        """Rows (n, ...), with zeros at other places than a row's first: each row once."""
        first = reshape(self.first, (*self.first.shape, *(1,) * (values.rank - 1)))
        return where(broadcast_to(first, values.shape), values, zeros_like(values))


Gradient = WholeGradient | RowGradient


def gradients_of(parameters: Sequence[Any], gradients: Sequence[Any]) -> list[Gradient]:
    """How each parameter's gradient is best held.

    Parameters
    ----------
    parameters : tensors or `layerwise.nn.Parameter`s; one whose `sparse` is true may be held by
        rows.
    gradients : tensors of the parameters' shapes, as `layerwise.graph.gradients` gives them, or
        what this function gave before.

    Returns
    -------
    A `RowGradient` where a parameter is sparse and its gradient is nothing but rows added to zeros,
    that is, where the loss depends on it through `take` alone; else a `WholeGradient`. Rows that
    are looked up for each row of the minibatch do not combine with rows that are looked up once for
    all: a table that both happen to has a `WholeGradient`.
    """
    found: list[Gradient] = []
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if isinstance(gradient, Gradient):
            found.append(gradient)
            continue
        rows = None
        if getattr(parameter, "sparse", False):
            rows = _by_rows(as_tensor(parameter), gradient)
        found.append(rows or WholeGradient(gradient))
    return found


def _by_rows(table: Tensor, gradient: Tensor) -> RowGradient | None:
    lookups = _lookups(gradient)
    if lookups is None or table.rank < 1:
        return None
    joined = _joined(lookups, table.shape[1:])
    if joined is None:
        return None
    index, values = joined
    rows = table.shape[0]
    assert isinstance(rows, int)
    # Two indices beyond the table's end mean one row.
    index = minimum(maximum(index, 0), rows - 1)
    first = first_occurrence(index)
    summed = scatter_add(first, values, index.shape[0])
    return RowGradient(index, summed, equal(first, iota(index.shape[0])))


def _lookups(gradient: Tensor) -> list[tuple[Tensor, Tensor]] | None:
    """Indices and row gradients of each lookup in a table; None where something else is added."""
    found: list[tuple[Tensor, Tensor]] = []
    stack = [gradient]
    while stack:
        node = stack.pop()
        if isinstance(node.primitive, ScatterAdd):
            index, values = node.inputs
            found.append((index, values))
        elif isinstance(node.primitive, Add):
            stack.extend(reversed(node.inputs))
        else:
            return None
    return found


def _joined(lookups: list[tuple[Tensor, Tensor]], tail: Any) -> tuple[Tensor, Tensor] | None:
    """All lookups as one, with a vector of indices; None where they do not combine."""
    if len(lookups) == 1:
        ((index, values),) = lookups
        return reshape(index, (-1,)), reshape(values, (-1, *tail))
    leads = [bool(i.shape) and isinstance(i.shape[0], Batch) for i, _ in lookups]
    if all(leads):
        # Rows of the batch stay apart, since their number is unknown.
        axis, indices, rows = 1, [], []
        for index, values in lookups:
            each = size(index.shape)
            assert isinstance(each, Batch)
            indices.append(reshape(index, (Batch(), each.multiple)))
            rows.append(reshape(values, (Batch(), each.multiple, *tail)))
    elif not any(has_batch(i.shape) for i, _ in lookups):
        axis = 0
        indices = [reshape(i, (-1,)) for i, _ in lookups]
        rows = [reshape(v, (-1, *tail)) for _, v in lookups]
    else:
        return None
    index, values = concatenate(indices, axis), concatenate(rows, axis)
    return reshape(index, (-1,)), reshape(values, (-1, *tail))


__all__ = ["Gradient", "RowGradient", "WholeGradient", "gradients_of"]
