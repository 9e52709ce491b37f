"""Fusing a graph into kernels: which nodes are computed together, and which are kept in memory.

A node's elements are seen as a matrix: the last axis is its columns, all axes before it are its
rows. Elementwise nodes and reductions along the last axis fuse into *map kernels*, which go
through their rows one by one, whatever happens within a row. Reductions over other axes are
*reduce kernels*, products are *matmul kernels*, and what is left runs as *loop kernels*.

A node is only computed when something needs it, by the first kernel that does. A later kernel
either loads it from memory or, when it is cheap, computes it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from ..graph import elementwise as e
from ..graph.contraction import MatMul
from ..graph.convolution import Convolve, ConvolveWeights
from ..graph.dimension import Batch, Dimension, Shape, size
from ..graph.indexing import FirstOccurrence, Fold, Gather, PutRows, ScatterAdd
from ..graph.leaves import BatchSize, Constant, Input, Iota, Variable
from ..graph.movement import Broadcast, Reshape, Slice, Transpose
from ..graph.random import RandomBits
from ..graph.reduction import CumSum, Max, Sum
from ..graph.tensor import Tensor, topological_order
from .program import Program

CHEAP = 4
"""Elementwise work, in additions, that is rather repeated than loaded from memory."""

FARTHEST = 200
"""Nodes to look at for the work of one: single numbers cost nothing, and a norm of all gradients
is a chain of them that would be walked again from each of its nodes."""

LARGEST_KERNEL = 160
"""Nodes in one kernel, to bound the time that compiling it takes."""

SMALL = 64
"""Elements of known number below which calling a kernel costs more than what it does: such work
joins any kernel of the same form."""

_COSTS: dict[type, int] = {
    e.Divide: 4, e.Sqrt: 4, e.Exp: 12, e.Expm1: 16, e.Log: 14, e.Log1p: 16, e.Tanh: 16, e.Erf: 20,
    e.Sin: 20, e.Cos: 20, e.Sigmoid: 16, e.Softplus: 24, RandomBits: 60,
}  # fmt: skip


def matrix_form(shape: Shape) -> tuple[Dimension, int]:
    """Rows and columns of a shape. A batch in the last place counts as rows."""
    if not shape:
        return 1, 1
    last = shape[-1]
    if isinstance(last, Batch):
        return size(shape), 1
    return size(shape[:-1]), last


class Access(IntEnum):
    """How far a kernel that works on some rows must look to read another node."""

    ANYWHERE = 0
    SAME_BATCH = 1
    """Within the same elements of the batch."""
    SAME_ROW = 2


@dataclass(eq=False)
class Kernel:
    """Nodes computed together.

    Attributes
    ----------
    nodes : what is computed, in order.
    reads : nodes in memory that are read, with how far the kernel looks.
    """

    nodes: list[Tensor] = field(default_factory=list)
    reads: dict[Tensor, Access] = field(default_factory=dict)

    def read(self, node: Tensor, access: Access) -> None:
        """Note a read."""
        self.reads[node] = min(access, self.reads.get(node, access))


@dataclass(eq=False)
class MapKernel(Kernel):
    """Row by row: elementwise nodes, and sums and maxima along each row."""

    rows: Dimension = 1
    columns: int = 1

    @property
    def reduces(self) -> bool:
        """Whether a row is gone through more than once."""
        return any(isinstance(n.primitive, Sum | Max) for n in self.nodes)


@dataclass(eq=False)
class ReduceKernel(Kernel):
    """Sums or maxima of (outer, length, inner, columns) over length."""

    outer: Dimension = 1
    length: Dimension = 1
    inner: Dimension = 1
    columns: int = 1


@dataclass(frozen=True)
class StridedView:
    """Elements of a node in memory, reached by strides.

    `strides` are in elements, one for each axis of `shape`; 0 where the view repeats.
    """

    base: Tensor
    shape: Shape
    strides: tuple[Dimension, ...]
    offset: int = 0


@dataclass(eq=False)
class MatMulKernel(Kernel):
    """One product of matrices, or a batch of them."""

    left: StridedView = None  # type: ignore[assignment]
    right: StridedView = None  # type: ignore[assignment]


@dataclass(eq=False)
class LoopKernel(Kernel):
    """One running sum, scatter or fold, or rows put into a table."""


@dataclass(eq=False)
class ConvolutionKernel(Kernel):
    """One convolution of pictures, or the gradient of its kernel."""


class Schedule:
    """Kernels in an order in which they can run, and where values are kept.

    Attributes
    ----------
    program : the program, in canonical form.
    kernels : in order.
    stored : nodes that are written to memory by the kernel that computes them.
    in_place : stored nodes that are written over the variable they update.
    copies : variables to be overwritten after all kernels have run, with the node that has their
        new value.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.kernels: list[Kernel] = []
        self.stored: dict[Tensor, None] = {}
        self.in_place: dict[Tensor, Tensor] = {}
        self.copies: dict[Tensor, Tensor] = {}
        self._home: dict[Tensor, int] = {}
        self._uses: dict[Tensor, int] = {}
        self._depth: dict[Tensor, int] = {}
        self._build()

    def base(self, node: Tensor) -> Tensor:
        """The node whose memory holds this one's elements, in the same order."""
        while isinstance(node.primitive, Reshape) and node not in self._home:
            node = node.inputs[0]
        return node

    def in_memory(self, node: Tensor) -> bool:
        """Whether a node's elements can be loaded."""
        node = self.base(node)
        return node in self.stored or is_memory(node)

    # -- building ----------------------------------------------------------------------------------

    def _build(self) -> None:
        roots = self.program.roots
        order = topological_order(roots)
        for node in order:
            for i in node.inputs:
                self._uses[i] = self._uses.get(i, 0) + 1
        for root in roots:
            self._uses[root] = self._uses.get(root, 0) + 1
        for node in order:
            self._visit(node)
        put = {v: n for v, n in self.program.updates.items() if self._puts_at_the_end(n)}
        for root in roots:
            if root not in put.values():
                self._store(root)
        for value in put.values():
            for i in value.inputs:
                self._store(i)
        # Whatever reads the old tables has a kernel by now, so these are written over.
        for value in put.values():
            if value not in self._home:
                self._loop(value)
        for variable, value in self.program.updates.items():
            self._update(variable, value)

    def _visit(self, node: Tensor) -> None:
        operation = node.primitive
        depth = 1 + max((self._depth.get(i, 0) for i in node.inputs), default=0)
        if isinstance(operation, MatMul):
            self._matmul(node)
        elif isinstance(operation, Sum | Max):
            self._reduction(node)
        elif self._puts_at_the_end(node):
            return
        elif isinstance(operation, CumSum | ScatterAdd | Fold | FirstOccurrence | PutRows):
            self._loop(node)
        elif isinstance(operation, Convolve | ConvolveWeights):
            self._convolution(node)
        elif is_leaf(node):
            return
        elif depth > LARGEST_KERNEL // 2:
            self._store(node)
        else:
            # Computed when something needs it.
            self._depth[node] = depth

    def _puts_at_the_end(self, node: Tensor) -> bool:
        """Whether a node puts rows into a table for nobody but the program's updates."""
        if not isinstance(node.primitive, PutRows):
            return False
        updates = [v for v in self.program.updates.values() if v is node]
        return len(updates) == self._uses[node]

    def _append(self, kernel: Kernel) -> int:
        self.kernels.append(kernel)
        index = len(self.kernels) - 1
        for node in kernel.nodes:
            self._home[node] = index
        return index

    def _store(self, node: Tensor) -> Tensor:
        """Make sure that a node's elements will be in memory; gives the node that holds them."""
        if isinstance(node.primitive, Reshape) and node not in self._home:
            return self._store(node.inputs[0])
        if is_memory(node) or node in self.stored:
            return node
        if node not in self._home:
            self._place(node)
        self.stored[node] = None
        return node

    def _matmul(self, node: Tensor) -> None:
        left, right = (self._strided(i) for i in node.inputs)
        kernel = MatMulKernel([node], left=left, right=right)
        by_batch = isinstance(node.shape[0], Batch)
        for view, is_left in ((left, True), (right, False)):
            rowwise = by_batch and view.shape[0] == node.shape[0] and (is_left or node.rank > 2)
            kernel.read(view.base, Access.SAME_BATCH if rowwise else Access.ANYWHERE)
        self._append(kernel)
        self.stored[node] = None

    def _strided(self, node: Tensor) -> StridedView:
        operation = node.primitive
        if not self.in_memory(node) or isinstance(operation, Reshape):
            if isinstance(operation, Transpose):
                view = self._strided(node.inputs[0])
                strides = tuple(view.strides[a] for a in operation.axes)
                return StridedView(view.base, node.shape, strides, view.offset)
            if isinstance(operation, Broadcast):
                view = self._strided(node.inputs[0])
                strides = tuple(
                    0 if have != want else s
                    for s, have, want in zip(view.strides, view.shape, node.shape, strict=True)
                )
                return StridedView(view.base, node.shape, strides, view.offset)
            if isinstance(operation, Slice):
                view = self._strided(node.inputs[0])
                fixed = [s for s in view.strides if isinstance(s, int)]
                if len(fixed) == len(view.strides):
                    offset = view.offset + sum(
                        s * start for s, start in zip(fixed, operation.starts, strict=True)
                    )
                    strides = tuple(
                        s * step for s, step in zip(view.strides, operation.steps, strict=True)
                    )
                    return StridedView(view.base, node.shape, strides, offset)
            if isinstance(operation, Reshape) and node not in self._home:
                view = self._strided(node.inputs[0])
                if view.offset == 0 and view.strides == row_major(view.shape):
                    return StridedView(view.base, node.shape, row_major(node.shape))
                if not self.in_memory(node.inputs[0]):
                    self._place(node.inputs[0])
                    self.stored[node.inputs[0]] = None
        base = self._store(node)
        return StridedView(base, node.shape, row_major(node.shape))

    def _reduction(self, node: Tensor) -> None:
        (x,) = node.inputs
        axes: tuple[int, ...] = node.primitive.axes  # type: ignore[attr-defined]
        _, columns = matrix_form(x.shape)
        if axes == (x.rank - 1,) and not isinstance(x.shape[-1], Batch):
            self._place(node)
            return
        outer = size(x.shape[: axes[0]])
        length = size(x.shape[a] for a in axes)
        rest = x.shape[axes[-1] + 1 :]
        inner = size(rest) if columns == 1 else size(rest[:-1])
        if self._uses[x] > 1 or self._cost(x) > CHEAP:
            self._store(x)
        reads: dict[Tensor, Access] = {}
        access = Access.SAME_BATCH if isinstance(outer, Batch) else Access.ANYWHERE
        self._loads(x, access, reads, set())
        earliest = self._earliest(reads)
        for index in range(earliest + 1, len(self.kernels)):
            kernel = self.kernels[index]
            if (
                isinstance(kernel, ReduceKernel)
                and (kernel.outer, kernel.length, kernel.inner, kernel.columns)
                == (outer, length, inner, columns)
                and len(kernel.nodes) < 4
                and any(r in kernel.reads for r in reads)
            ):
                break
        else:
            kernel = ReduceKernel(outer=outer, length=length, inner=inner, columns=columns)
            index = self._append(kernel)
        kernel.nodes.append(node)
        self._home[node] = index
        for base, how in reads.items():
            kernel.read(base, how)
        self.stored[node] = None

    def _loop(self, node: Tensor) -> None:
        kernel = LoopKernel([node])
        for i in node.inputs:
            by_batch = isinstance(node.primitive, CumSum | Fold) and _batch_leads(node)
            kernel.read(self._store(i), Access.SAME_BATCH if by_batch else Access.ANYWHERE)
        self._append(kernel)
        self.stored[node] = None

    def _convolution(self, node: Tensor) -> None:
        kernel = ConvolutionKernel([node])
        for i in node.inputs:
            by_batch = isinstance(node.primitive, Convolve) and _batch_leads(i)
            kernel.read(self._store(i), Access.SAME_BATCH if by_batch else Access.ANYWHERE)
        self._append(kernel)
        self.stored[node] = None

    # -- map kernels -------------------------------------------------------------------------------

    def _place(self, node: Tensor) -> None:
        """Put a node and what it needs into a map kernel."""
        reduces = isinstance(node.primitive, Sum | Max)
        rows, columns = matrix_form(node.inputs[0].shape if reduces else node.shape)
        while True:
            new: dict[Tensor, None] = {}
            near: dict[Tensor, Access] = {}
            known = len(self._home)
            self._gather(node, rows, columns, new, near)
            if len(self._home) == known:
                break
            # What it had to store may have computed some of the new nodes, too.
        earliest = self._earliest(near)
        index = self._choose(earliest, rows, columns, new, near)
        kernel = self.kernels[index]
        assert isinstance(kernel, MapKernel)
        kernel.columns = max(kernel.columns, columns)
        for fresh in new:
            kernel.nodes.append(fresh)
            self._home[fresh] = index
        inside = set(kernel.nodes)
        for needed, access in near.items():
            if needed not in inside:
                self._loads(needed, access, kernel.reads, inside)

    def _gather(
        self,
        root: Tensor,
        rows: Dimension,
        columns: int,
        new: dict[Tensor, None],
        near: dict[Tensor, Access],
    ) -> None:
        """Find the nodes to be computed with the root, and what they need from elsewhere."""
        stack: list[tuple[Tensor, Access, bool]] = [(root, Access.SAME_ROW, False)]
        while stack:
            node, access, inputs_done = stack.pop()
            if inputs_done:
                new[node] = None
                continue
            if node in new or (is_number(node) and node is not root):
                continue
            known = is_memory(node) or node in self._home or self._is_alias(node)
            if known and node is not root:
                near[node] = min(access, near.get(node, access))
                continue
            if is_view(node) and node is not root:
                if not _inlines(node):
                    near[self._store(node)] = min(access, Access.SAME_BATCH)
                    continue
                stack.extend((i, min(access, view_access(node)), False) for i in node.inputs)
                continue
            form = matrix_form(
                node.inputs[0].shape if node is root and _is_reduction(node) else node.shape
            )
            fits = access == Access.SAME_ROW and form in ((rows, columns), (rows, 1))
            if not fits and self._cost(node) > CHEAP:
                near[self._store(node)] = access
                continue
            if fits:
                stack.append((node, access, True))
                inner = view_access(node)
            else:
                inner = min(access, view_access(node))
            stack.extend((i, min(access, inner), False) for i in reversed(node.inputs))

    def _is_alias(self, node: Tensor) -> bool:
        return (
            isinstance(node.primitive, Reshape) and node not in self._home and not _inlines(node)
            and self.in_memory(node)
        )  # fmt: skip

    def _earliest(self, near: dict[Tensor, Access]) -> int:
        """Index of the last kernel that computes something needed; -1 when none does."""
        return max((self._home.get(self.base(n), -1) for n in near), default=-1)

    def _choose(
        self,
        earliest: int,
        rows: Dimension,
        columns: int,
        new: dict[Tensor, None],
        near: dict[Tensor, Access],
    ) -> int:
        """A kernel that the new nodes can join, or a fresh one."""
        if earliest >= 0 and self._fits(earliest, rows, columns, len(new)):
            here = [a for n, a in near.items() if self._home.get(self.base(n)) == earliest]
            if min(here) == Access.SAME_ROW:
                return earliest
        bulky = {self.base(n) for n in near if size(n.shape) != 1}
        small = isinstance(rows, int) and rows * columns <= SMALL
        for index in range(earliest + 1, len(self.kernels)):
            kernel = self.kernels[index]
            if not (isinstance(kernel, MapKernel) and self._fits(index, rows, columns, len(new))):
                continue
            if any(r in bulky for r in kernel.reads) or (small and kernel.columns == columns):
                return index
        return self._append(MapKernel(rows=rows, columns=columns))

    def _fits(self, index: int, rows: Dimension, columns: int, count: int) -> bool:
        kernel = self.kernels[index]
        return (
            isinstance(kernel, MapKernel)
            and kernel.rows == rows
            and (kernel.columns == columns or 1 in (kernel.columns, columns))
            and len(kernel.nodes) + count <= LARGEST_KERNEL
        )

    def _loads(
        self, node: Tensor, access: Access, reads: dict[Tensor, Access], inside: set[Tensor]
    ) -> None:
        """Decide how a kernel gets a node from elsewhere: load it, or compute it again."""
        stack = [(node, access)]
        while stack:
            node, access = stack.pop()
            if is_number(node) or (node in inside and access == Access.SAME_ROW):
                continue
            base = self.base(node)
            if self.in_memory(node):
                # A reshaped node lies in memory in other rows than those of the reader.
                access = (
                    access if base is node or _inlines(node) else min(access, Access.SAME_BATCH)
                )
                reads[base] = min(access, reads.get(base, access))
            elif (is_view(node) and node not in self._home and _inlines(node)) or (
                not _is_reduction(node) and not is_view(node) and self._cost(node) <= CHEAP
            ):
                stack.extend((i, min(access, view_access(node))) for i in node.inputs)
            else:
                base = self._store(node)
                reads[base] = min(access, reads.get(base, access))

    def _cost(self, node: Tensor) -> int:
        """Work of computing a node from what is in memory, up to just beyond CHEAP."""
        total = looked_at = 0
        stack = [node]
        while stack and total <= CHEAP:
            node = stack.pop()
            looked_at += 1
            if looked_at > FARTHEST:
                return CHEAP + 1
            if is_number(node) or self.in_memory(node):
                continue
            if is_view(node):
                if not _inlines(node) and node not in self._home:
                    return CHEAP + 1
                stack.extend(node.inputs)
                continue
            if _is_reduction(node):
                continue
            # One number for a whole kernel is computed once, before its loops.
            work = _COSTS.get(type(node.primitive), 1)
            total += work // 5 if size(node.shape) == 1 else work
            stack.extend(node.inputs)
        return total

    # -- updates -----------------------------------------------------------------------------------

    def _update(self, variable: Tensor, value: Tensor) -> None:
        """Write over the variable where it is computed, if nothing still needs the old value."""
        if isinstance(self.base(value).primitive, Variable):
            # Another variable's old value, which may be overwritten before it is copied.
            value = Tensor(e.StopGradient(), [value])
            self._store(value)
        home = self._home.get(value)
        readers = [k for k, kernel in enumerate(self.kernels) if variable in kernel.reads]
        kernel = None if home is None else self.kernels[home]
        # Rows are put from elsewhere: this kernel takes nothing from the table but its place.
        puts = isinstance(value.primitive, PutRows) and value.inputs[0] is variable
        safe = (
            home is not None
            and kernel is not None
            and (
                (puts and not any(self.base(i) is variable for i in value.inputs[1:]))
                or (isinstance(kernel, MapKernel) and not kernel.reduces)
            )
            and value not in self.in_place
            and value not in self.program.outputs.values()
            and variable not in map(self.base, self.program.outputs.values())
            and not any(self.base(other) is variable for other in self.program.updates.values())
            and all(
                k < home or (k == home and (puts or kernel.reads[variable] == Access.SAME_ROW))
                for k in readers
            )
            # A later reader of the new value would need it to be in the row-major form of both.
            and matrix_form(variable.shape) == matrix_form(value.shape)
        )
        if safe:
            self.in_place[value] = variable
        else:
            self.copies[variable] = value


def is_number(node: Tensor) -> bool:
    """Whether a node needs no memory: a constant number, a position, the batch size."""
    if isinstance(node.primitive, Constant):
        return node.primitive.array.size == 1
    return isinstance(node.primitive, Iota | BatchSize)


def is_memory(node: Tensor) -> bool:
    """Whether a leaf lies in memory: an input, a variable, an array of constants."""
    if isinstance(node.primitive, Constant):
        return node.primitive.array.size != 1
    return isinstance(node.primitive, Input | Variable)


def is_leaf(node: Tensor) -> bool:
    """Whether a node is computed from nothing."""
    return is_number(node) or is_memory(node)


def is_view(node: Tensor) -> bool:
    """Whether a node only moves elements."""
    return not isinstance(node.primitive, e.Elementwise | RandomBits | Sum | Max) and not is_leaf(
        node
    )


def _is_reduction(node: Tensor) -> bool:
    return isinstance(node.primitive, Sum | Max)


def _batch_leads(node: Tensor) -> bool:
    return bool(node.shape) and isinstance(node.shape[0], Batch)


def _inlines(node: Tensor) -> bool:
    """Whether a view can be read through, vector by vector, from where its input lies."""
    operation = node.primitive
    if isinstance(operation, Broadcast):
        return True
    if isinstance(operation, Reshape):
        source = node.inputs[0]
        return matrix_form(source.shape) == matrix_form(node.shape) or size(source.shape) == 1
    if isinstance(operation, Transpose):
        return operation.axes[-1] == node.rank - 1 and isinstance(node.shape[-1], int)
    if isinstance(operation, Slice):
        return operation.steps[-1] == 1
    return isinstance(operation, Gather) and node.inputs[0].rank == 2


def view_access(node: Tensor) -> Access:
    """How far computing a row of a node looks into its inputs."""
    if isinstance(node.primitive, RandomBits):
        return Access.ANYWHERE
    if not is_view(node):
        return Access.SAME_ROW
    source = node.inputs[0]
    rows_in, columns_in = matrix_form(source.shape)
    rows, columns = matrix_form(node.shape)
    operation = node.primitive
    same_rows = rows_in == rows
    if isinstance(operation, Reshape):
        if same_rows and columns == columns_in:
            return Access.SAME_ROW
    elif isinstance(operation, Broadcast) and same_rows:
        return Access.SAME_ROW
    if isinstance(operation, Gather) or not (_batch_leads(node) and _batch_leads(source)):
        return Access.ANYWHERE
    if isinstance(operation, Transpose) and operation.axes[0] != 0:
        return Access.ANYWHERE
    return Access.SAME_BATCH


def row_major(shape: Shape) -> tuple[Dimension, ...]:
    """Strides, in elements, of an array without gaps."""
    return tuple(size(shape[i + 1 :]) for i in range(len(shape)))
