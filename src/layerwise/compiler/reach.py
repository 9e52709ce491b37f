"""What a kernel looks at, element by element: worked out with NumPy, for the verifier.

Each element of a node in memory gets a label: the row it lies in, or the thread that owns it. The
labels are carried through the kernel's primitives, and every element that the kernel computes
arrives with the lowest and the highest label among all that it was computed from. It is slow and
knows nothing of how schedules are made: that is its use.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..graph.contraction import MatMul
from ..graph.convolution import Convolve, ConvolveWeights
from ..graph.dimension import concrete
from ..graph.elementwise import Elementwise
from ..graph.indexing import FirstOccurrence, Fold, Gather, PutRows, ScatterAdd
from ..graph.movement import Broadcast
from ..graph.primitive import Concrete
from ..graph.random import RandomBits
from ..graph.reduction import CumSum, Max, Sum
from ..graph.tensor import Tensor
from .schedule import Kernel, MapKernel, ReduceKernel, Schedule, is_number

Labels = npt.NDArray[np.int64]

_TOP = np.int64(1) << 40


class Span(NamedTuple):
    """For each element of a node: the lowest and highest label seen; -1 where nothing was."""

    lowest: Labels
    highest: Labels


class Reach:
    """How far a kernel of a finished schedule looks, when a minibatch has `rows` rows."""

    def __init__(self, schedule: Schedule, kernel: Kernel, rows: int) -> None:
        self.schedule = schedule
        self.kernel = kernel
        self.rows = rows
        self.inside = set(kernel.nodes)

    def is_loaded(self, node: Tensor) -> bool:
        """Whether the kernel takes a node from memory instead of computing it."""
        computed = node in self.inside and isinstance(self.kernel, MapKernel)
        return not computed and self.schedule.base(node) in self.kernel.reads

    def is_number(self, node: Tensor) -> bool:
        """Whether the kernel makes up a number; products and loops find it in memory."""
        makes_up = isinstance(self.kernel, MapKernel | ReduceKernel)
        return is_number(node) and (makes_up or not self.is_loaded(node))

    def loads(self) -> dict[Tensor, None]:
        """Every node that the kernel takes from memory, in the order of first use.

        Leaves and results of other kernels are given even if the kernel does not say that it reads
        them: the verifier wants to know.
        """
        return self._needs(self.kernel.nodes)[0]

    def needs_inside(self, node: Tensor) -> dict[Tensor, None]:
        """Nodes of the kernel that one of them is computed from, with nothing of it between."""
        return self._needs([node])[1]

    def _needs(self, nodes: list[Tensor]) -> tuple[dict[Tensor, None], dict[Tensor, None]]:
        found: dict[Tensor, None] = {}
        inside: dict[Tensor, None] = {}
        seen: set[Tensor] = set()
        stack = [i for n in reversed(nodes) for i in reversed(n.inputs)]
        while stack:
            node = stack.pop()
            if node in seen or self.is_number(node):
                continue
            seen.add(node)
            if node in self.inside and not self.is_loaded(node):
                inside[node] = None
            elif self.is_loaded(node) or not self._can_repeat(node):
                found[self.schedule.base(node)] = None
            else:
                stack.extend(reversed(node.inputs))
        return found, inside

    def _can_repeat(self, node: Tensor) -> bool:
        """Whether code for an element of a node can be emitted anywhere."""
        return bool(node.inputs) and not isinstance(
            node.primitive,
            MatMul | Sum | Max | CumSum | Fold | ScatterAdd | FirstOccurrence | PutRows
            | Convolve | ConvolveWeights,
        )  # fmt: skip

    def spans(self, base: Tensor, labels: Labels) -> dict[Tensor, Span]:
        """The labels of one node's elements that each node of the kernel is computed from."""
        # Both are carried as largest numbers, with 0 for nothing: what padding adds is 0 too.
        highest = self._carry(base, labels + 1)
        lowest = self._carry(base, _TOP - labels)
        return {
            node: Span(np.where(lowest[node] > 0, _TOP - lowest[node], -1), highest[node] - 1)
            for node in self.kernel.nodes
        }

    def carry_to(self, node: Tensor, base: Tensor, labels: Labels) -> Labels:
        """The largest label, plus 1, that each element of any node is computed from; 0 for none."""
        return self._value(node, base, labels + 1, {})

    def _carry(self, base: Tensor, labels: Labels) -> dict[Tensor, Labels]:
        known: dict[Tensor, Labels] = {}
        for node in self.kernel.nodes:
            # The kernel's own nodes are computed, even one that begins the reach as the base.
            inputs = [self._value(i, base, labels, known) for i in node.inputs]
            known.setdefault(node, through(node, self.rows, inputs))
        return {node: known[node] for node in self.kernel.nodes}

    def _value(
        self, node: Tensor, base: Tensor, labels: Labels, known: dict[Tensor, Labels]
    ) -> Labels:
        shape = concrete(node.shape, self.rows)
        if self.is_number(node):
            return np.zeros(shape, np.int64)
        if node is base or (self.is_loaded(node) and self.schedule.base(node) is base):
            return labels.reshape(shape)
        if node not in known:
            if self.is_loaded(node) or not node.inputs:
                known[node] = np.zeros(shape, np.int64)
            else:
                inputs = [self._value(i, base, labels, known) for i in node.inputs]
                known[node] = through(node, self.rows, inputs)
        return known[node]


def through(node: Tensor, rows: int, arrays: list[Labels]) -> Labels:
    """The largest label among the elements of the inputs that each element of a node depends on."""
    operation = node.primitive
    shape = concrete(node.shape, rows)
    if not arrays:
        return np.zeros(shape, np.int64)
    if isinstance(operation, Elementwise | RandomBits):
        largest = functools.reduce(np.maximum, arrays)
    elif isinstance(operation, Sum | Max):
        largest = arrays[0].max(operation.axes, keepdims=True, initial=0)
    elif isinstance(operation, MatMul):
        left, right = arrays
        by_row = left.max(-1, keepdims=True, initial=0)
        largest = np.maximum(by_row, right.max(-2, keepdims=True, initial=0))
    elif isinstance(operation, CumSum):
        largest = arrays[0].max(operation.axis, keepdims=True, initial=0)
    elif isinstance(operation, Fold):
        largest = arrays[0].max((operation.axis, -1), keepdims=True, initial=0)[..., 0]
    elif isinstance(operation, ScatterAdd | FirstOccurrence | ConvolveWeights):
        largest = np.asarray(max(a.max(initial=0) for a in arrays))
    elif isinstance(operation, Convolve):
        # More than its windows, but no more than its picture: that is what threads share out.
        pictures, weight = arrays
        by_picture = pictures.max((1, 2, 3), keepdims=True, initial=0)
        largest = np.maximum(by_picture, weight.max(initial=0))
    elif isinstance(operation, PutRows):
        table, *others = arrays
        largest = np.maximum(table, max(a.max(initial=0) for a in others))
    elif isinstance(operation, Gather):
        table, index = arrays
        index = index.reshape(index.shape + (1,) * (len(shape) - index.ndim))
        largest = np.maximum(index, table.max(initial=0))
    elif isinstance(operation, Broadcast):
        (largest,) = arrays
    else:
        # What only moves elements moves labels alike.
        out = Concrete(shape, np.dtype(np.int64), rows)
        largest = operation.evaluate(out, *arrays)
    return np.array(np.broadcast_to(largest, shape), np.int64)
