"""Verifying what each pass leaves behind: graphs, programs and schedules.

Tests switch it on with the environment variable ``LAYERWISE_VERIFY=1``. A mistake of a pass is then
an error that names the node and the kernel, rather than wrong numbers much later.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NoReturn

import numpy as np

from ..graph import dtypes
from ..graph.dimension import concrete, show, size
from ..graph.elementwise import StopGradient
from ..graph.indexing import PutRows
from ..graph.leaves import BatchSize, Constant, Input, Iota, Variable
from ..graph.reduction import Max, Sum
from ..graph.tensor import Tensor, topological_order
from .program import Program
from .reach import Labels, Reach
from .schedule import (
    Kernel,
    MapKernel,
    MatMulKernel,
    ReduceKernel,
    Schedule,
    StridedView,
    is_memory,
    matrix_form,
)

ROWS = 5
"""Rows of the minibatch for which reads are worked out: odd, and enough for several threads."""

_DTYPES = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.uint32, dtypes.boolean)


class VerificationError(AssertionError):
    """A pass broke a rule that later ones rely on."""


def is_wanted() -> bool:
    """Whether passes are to be verified."""
    return os.environ.get("LAYERWISE_VERIFY", "") == "1"


def fail(where: str, message: str) -> NoReturn:
    """Raise a `VerificationError`."""
    raise VerificationError(f"{where}: {message}")


# -- graphs ----------------------------------------------------------------------------------------


def verify_graph(name: str, roots: Iterable[Tensor]) -> None:
    """Every node says the shape and dtype that its inputs give, down to real leaves."""
    for node in topological_order(roots):
        try:
            shape, dtype = node.primitive.infer(*node.inputs)
        except (ValueError, TypeError) as error:
            fail(name, f"{node!r} does not take its inputs: {error}")
        if tuple(shape) != node.shape:
            fail(name, f"{node!r} should have shape {show(shape)}")
        if dtype != node.dtype or dtype not in _DTYPES:
            fail(name, f"{node!r} should have dtype {dtype}, one of those that are supported")
        is_leaf = isinstance(node.primitive, Constant | Input | Variable | Iota | BatchSize)
        if is_leaf == bool(node.inputs):
            fail(name, f"{node!r} has {len(node.inputs)} inputs, though only leaves have none")


def verify_pass(name: str, before: Program, after: Program) -> None:
    """A pass keeps what a program is: its outputs, its updates and where its numbers come from."""
    verify_graph(name, [*after.roots, *after.updates])
    if list(before.outputs) != list(after.outputs):
        fail(name, f"outputs were {list(before.outputs)} and are {list(after.outputs)}")
    if list(before.updates) != list(after.updates):
        fail(name, f"updated were {list(before.updates)} and are {list(after.updates)}")
    for old, new in zip(before.roots, after.roots, strict=True):
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            fail(name, f"the root {old!r} became {new!r}")
    for leaf in (*after.inputs.values(), *after.variables):
        if leaf not in before.variables and leaf not in before.inputs.values():
            fail(name, f"{leaf!r} was not part of the program")


# -- schedules -------------------------------------------------------------------------------------


def describe(kernel: Kernel, number: int) -> str:
    """A kernel for messages: its number, kind and what it computes."""
    names = [n.primitive.name for n in kernel.nodes]
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    return f"kernel {number} ({type(kernel).__name__}: {shown})"


def verify_schedule(schedule: Schedule) -> None:
    """Each value is computed once and before it is read, and lies where its readers look."""
    homes = _homes(schedule)
    for node in schedule.stored:
        if node not in homes:
            fail("schedule", f"{node!r} is stored, but no kernel computes it")
    for number, kernel in enumerate(schedule.kernels):
        _verify_order(schedule, kernel, number)
        _verify_form(kernel, number)
        _verify_reads(schedule, kernel, number, homes)
    for name, output in schedule.program.outputs.items():
        base = schedule.base(output)
        if not (is_memory(base) or base in schedule.stored):
            fail("schedule", f"the output '{name}', {output!r}, is not in memory")
    _verify_updates(schedule, homes)


def _homes(schedule: Schedule) -> dict[Tensor, int]:
    """Which kernel computes each node; exactly one does."""
    homes: dict[Tensor, int] = {}
    for number, kernel in enumerate(schedule.kernels):
        if not kernel.nodes:
            fail(describe(kernel, number), "it computes nothing")
        for node in kernel.nodes:
            if node in homes:
                other = describe(schedule.kernels[homes[node]], homes[node])
                fail(describe(kernel, number), f"{node!r} is also computed by {other}")
            if is_memory(node):
                fail(describe(kernel, number), f"{node!r} is a leaf, which nothing computes")
            homes[node] = number
    return homes


def _verify_order(schedule: Schedule, kernel: Kernel, number: int) -> None:
    """Within a kernel, a node comes after the reductions that it is computed from.

    Others may come later: what only asks for elements finds them, wherever they stand.
    """
    reach = Reach(schedule, kernel, ROWS)
    position = {node: k for k, node in enumerate(kernel.nodes)}
    reductions = [n for n in kernel.nodes if isinstance(n.primitive, Sum | Max)]
    for node in kernel.nodes if reductions else ():
        found: dict[Tensor, None] = {}
        stack = [node]
        while stack:
            more = [n for n in reach.needs_inside(stack.pop()) if n not in found]
            found.update(dict.fromkeys(more))
            stack.extend(more)
        for needed in reductions:
            if needed in found and position[needed] > position[node]:
                fail(describe(kernel, number), f"{node!r} comes before {needed!r}, which it needs")


def _verify_form(kernel: Kernel, number: int) -> None:
    where = describe(kernel, number)
    for node in kernel.nodes:
        if isinstance(kernel, MapKernel):
            reduces = isinstance(node.primitive, Sum | Max)
            form = matrix_form(node.inputs[0].shape if reduces else node.shape)
            if form not in ((kernel.rows, kernel.columns), (kernel.rows, 1)):
                fail(where, f"{node!r} is no row by row work on {kernel.rows} x {kernel.columns}")
            if reduces and node.primitive.axes != (node.inputs[0].rank - 1,):  # type: ignore[attr-defined]
                fail(where, f"{node!r} does not reduce along a row")
        elif isinstance(kernel, ReduceKernel):
            whole = size((kernel.outer, kernel.length, kernel.inner, kernel.columns))
            rest = size((kernel.outer, kernel.inner, kernel.columns))
            if size(node.inputs[0].shape) != whole or size(node.shape) != rest:
                fail(where, f"{node!r} is not of the kernel's form")


def _verify_reads(
    schedule: Schedule, kernel: Kernel, number: int, homes: dict[Tensor, int]
) -> None:
    where = describe(kernel, number)
    reach = Reach(schedule, kernel, ROWS)
    for base in (*kernel.reads, *reach.loads()):
        if base not in kernel.reads:
            fail(where, f"it needs {base!r} from elsewhere, but does not read it")
        if is_memory(base):
            continue
        if base not in schedule.stored:
            fail(where, f"it reads {base!r}, which is not stored")
        if homes[base] > number or (homes[base] == number and base in reach.loads()):
            fail(where, f"it reads {base!r} before kernel {homes[base]} has computed it")
    for node in kernel.nodes if isinstance(kernel, MapKernel) else ():
        # There is only one result of a reduction while a row is gone through: that of the row.
        if isinstance(node.primitive, Sum | Max):
            _verify_rows(reach, node, where)
    if isinstance(kernel, MatMulKernel):
        (product,) = kernel.nodes
        for view, node in zip((kernel.left, kernel.right), product.inputs, strict=True):
            _verify_view(reach, view, node, where)


def _verify_rows(reach: Reach, base: Tensor, where: str) -> None:
    """Each row of the kernel looks at the same row of a node only."""
    for node, span in reach.spans(base, row_numbers(base, reach.rows)).items():
        if node is base:
            continue
        own = row_numbers(node, reach.rows)
        touched = span.highest >= 0
        if np.any(touched & ((span.lowest != own) | (span.highest != own))):
            fail(where, f"a row of {node!r} looks into other rows of {base!r}")


def _verify_elements(reach: Reach, base: Tensor, where: str) -> None:
    """Each element of a node as large as the base looks at the same element only."""
    shape = concrete(base.shape, ROWS)
    numbers = np.arange(int(np.prod(shape)), dtype=np.int64)
    for node, span in reach.spans(base, numbers.reshape(shape)).items():
        if size(node.shape) != size(base.shape):
            continue
        own = numbers.reshape(span.highest.shape)
        touched = span.highest >= 0
        if np.any(touched & ((span.lowest != own) | (span.highest != own))):
            fail(where, f"an element of {node!r} looks at other elements of {base!r}")


def row_numbers(node: Tensor, rows: int) -> Labels:
    """For each element, the row that it lies in."""
    shape = concrete(node.shape, rows)
    _, columns = matrix_form(node.shape)
    numbers = np.arange(int(np.prod(shape)), dtype=np.int64)
    return (numbers // max(columns, 1)).reshape(shape)


def _verify_view(reach: Reach, view: StridedView, node: Tensor, where: str) -> None:
    """Strides lead to the elements that the graph's movements lead to."""
    rows = reach.rows
    if view.shape != node.shape or view.base not in reach.kernel.reads:
        fail(where, f"its view of {node!r} has shape {show(view.shape)} and base {view.base!r}")
    count = int(np.prod(concrete(view.base.shape, rows)))
    expected = reach.carry_to(node, view.base, np.arange(count, dtype=np.int64)) - 1
    shape, strides = concrete(view.shape, rows), concrete(view.strides, rows)
    index = np.full(shape, view.offset, np.int64)
    for axis, (length, stride) in enumerate(zip(shape, strides, strict=True)):
        along = stride * np.arange(length, dtype=np.int64)
        index += along.reshape((1,) * axis + (length,) + (1,) * (len(shape) - axis - 1))
    if not np.array_equal(index, expected):
        fail(where, f"its strides do not lead to {node!r}")


def _verify_updates(schedule: Schedule, homes: dict[Tensor, int]) -> None:
    updates = schedule.program.updates
    written = [*schedule.in_place.values(), *schedule.copies]
    if len(set(written)) != len(written) or set(written) != set(updates):
        fail("schedule", f"updated should be {list(updates)}, but are {written}")
    for value, variable in schedule.in_place.items():
        if updates[variable] is not value:
            fail("schedule", f"{variable!r} should become {updates[variable]!r}, not {value!r}")
        puts = isinstance(value.primitive, PutRows)
        row_by_row = puts or isinstance(schedule.kernels[homes[value]], MapKernel)
        if value not in schedule.stored or not row_by_row:
            fail("schedule", f"{value!r}, the new value of {variable!r}, is not stored row by row")
        if puts and variable in map(schedule.base, value.inputs[1:]):
            fail("schedule", f"{value!r} is put into {variable!r}, which it is made of")
        if puts and value.inputs[0] is not variable:
            fail("schedule", f"{value!r} leaves rows as in another table, not as in {variable!r}")
        _verify_in_place(schedule, variable, homes[value])
    for variable, value in schedule.copies.items():
        wanted = updates[variable]
        # A variable's old value goes by way of a node of its own.
        if isinstance(value.primitive, StopGradient) and value is not wanted:
            (source,) = value.inputs
        else:
            source = value
        if source is not wanted:
            fail("schedule", f"{variable!r} should become {wanted!r}, not {value!r}")
        base = schedule.base(value)
        if isinstance(base.primitive, Variable):
            fail("schedule", f"{variable!r} is to be copied from {base!r}, which may have changed")
        if not is_memory(base) and base not in schedule.stored:
            fail("schedule", f"{value!r}, the new value of {variable!r}, is not in memory")


def _verify_in_place(schedule: Schedule, variable: Tensor, home: int) -> None:
    """Nobody reads a variable after it was overwritten."""
    for number, kernel in enumerate(schedule.kernels):
        reach = Reach(schedule, kernel, ROWS)
        if number < home or variable not in reach.loads():
            continue
        if number > home:
            fail(
                describe(kernel, number),
                f"it reads {variable!r}, which kernel {home} has overwritten",
            )
        if any(isinstance(n.primitive, Sum | Max) for n in kernel.nodes):
            fail(describe(kernel, number), f"a later pass over a row may read {variable!r} anew")
        if not isinstance(kernel.nodes[0].primitive, PutRows):
            _verify_rows(reach, variable, describe(kernel, number))
        _verify_elements(reach, variable, describe(kernel, number))
    for name, output in schedule.program.outputs.items():
        if schedule.base(output) is variable:
            fail("schedule", f"the output '{name}' is the old value of {variable!r}, overwritten")
