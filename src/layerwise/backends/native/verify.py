"""Verifying a plan: what lies where and when, and that no two threads meet without a barrier.

Worked out element by element, from the graph and the partitions, for a few threads and a small
minibatch; what the planner noted about reads and writes is not believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...compiler.reach import Labels, Reach
from ...compiler.schedule import Schedule, is_memory, matrix_form
from ...compiler.verify import ROWS, describe, fail
from ...graph.dimension import Batch, concrete, size
from ...graph.leaves import Constant, Variable
from ...graph.tensor import Tensor
from .elements import memory_bytes
from .partition import BATCH, SERIAL

if TYPE_CHECKING:
    from ...compiler.memory import Place
    from .planning import Record

THREADS = (2, 3)
"""Numbers of threads for which meetings are looked for."""

Location = tuple[str, object]
"""A part of memory: a place of the arena by number, a variable or a constant."""


class Touch(NamedTuple):
    """A node that a record reads or writes."""

    node: Tensor
    location: Location


class _Work(NamedTuple):
    """A record as the verifier sees it."""

    name: str
    record: Record
    reach: Reach | None
    """None for records that copy."""
    reads: list[Touch]
    writes: list[Touch]
    met: dict[tuple[Tensor, bytes], bool]
    """What was found out already: whether a node's elements are touched by others than their
    owners. Of the many writers of a reused place, most divide it alike."""


def verify_plan(
    schedule: Schedule,
    records: Sequence[Record],
    where: Mapping[Tensor, int],
    places: Sequence[Place],
) -> None:
    """Every record finds what it reads, and no thread meets another between two barriers."""
    works = [_work(schedule, record, number, where) for number, record in enumerate(records)]
    _verify_sizes(where, places)
    _verify_contents(schedule, works)
    if works and not records[0].barrier:
        fail(works[0].name, "a step begins without a barrier")
    for interval in _intervals(works):
        for earlier, later in _neighbours(interval):
            for threads in THREADS:
                _verify_pair(earlier, later, threads)


# -- what records touch ----------------------------------------------------------------------------


def _work(schedule: Schedule, record: Record, number: int, where: Mapping[Tensor, int]) -> _Work:
    def touch(node: Tensor) -> Touch:
        owner = schedule.in_place.get(node, node)
        if owner in where:
            return Touch(node, ("place", where[owner]))
        if isinstance(owner.primitive, Variable):
            return Touch(node, ("variable", owner))
        if isinstance(owner.primitive, Constant) and is_memory(owner):
            return Touch(node, ("constant", owner))
        return fail(f"record {number}", f"{node!r} has no place")

    memory = [slot.what for slot in record.slots if slot.kind == "memory"]
    kernel = record.kernel
    if kernel is None:
        name = f"record {number} ({record.function})"
        if record.function.startswith("feed"):
            return _Work(name, record, None, [], [touch(memory[0])], {})
        source = _content(schedule, memory[-1])
        if record.function != "copy":
            return _Work(name, record, None, [touch(source)], [], {})
        copied = schedule.base(schedule.copies[memory[0]])
        return _Work(name, record, None, [touch(copied)], [touch(memory[0])], {})
    name = f"record {number}, {describe(kernel, schedule.kernels.index(kernel))}"
    reach = Reach(schedule, kernel, ROWS)
    reads = [touch(n) for n in reach.loads()]
    writes = [touch(n) for n in kernel.nodes if n in schedule.stored]
    known = {t.location for t in (*reads, *writes)}
    for node in memory:
        if touch(node).location not in known:
            fail(name, f"its code has the address of {node!r}, which the kernel has no use for")
    addressed = {touch(n).location for n in memory}
    for node, location in writes:
        if location not in addressed:
            fail(name, f"its code has no address to store {node!r}")
    return _Work(name, record, reach, reads, writes, {})


def _content(schedule: Schedule, owner: Tensor) -> Tensor:
    """The node that an output is copied from, given what its memory is called."""
    for value, variable in schedule.in_place.items():
        if variable is owner:
            return value
    return owner


# -- what lies where -------------------------------------------------------------------------------


def _verify_sizes(where: Mapping[Tensor, int], places: Sequence[Place]) -> None:
    for node, number in where.items():
        count = size(node.shape)
        width = memory_bytes(node.dtype)
        fixed, per_row = (0, count.multiple) if isinstance(count, Batch) else (count, 0)
        place = places[number]
        if (place.fixed, place.per_row) != (fixed * width, per_row * width):
            fail("memory", f"{node!r} does not have the size of place {number}, {place}")


def _verify_contents(schedule: Schedule, works: Sequence[_Work]) -> None:
    """Run the records in thought: each location holds the node that a reader expects."""
    program = schedule.program
    held: dict[Location, Tensor] = {("variable", v): v for v in program.variables}
    computed: set[Tensor] = set()
    emitted: list[str] = []
    for work in works:
        for node, location in work.reads:
            if location[0] == "constant":
                continue
            if held.get(location) is not node:
                other = held.get(location)
                holds = "nothing yet" if other is None else f"{other!r}"
                fail(work.name, f"it reads {node!r} from {location}, which holds {holds}")
        for node, location in work.writes:
            others = [n for n, spot in work.reads if spot == location and location[0] == "place"]
            if others:
                fail(work.name, f"{node!r} is written to {location}, where it reads {others[0]!r}")
            if node in computed:
                fail(work.name, f"{node!r} is computed twice")
            computed.add(node)
            held[location] = node
        if work.record.function == "copy":
            (copied,) = work.writes
            held[copied.location] = program.updates[copied.node]
        emitted.extend(slot.what for slot in work.record.slots if slot.kind == "target")
    if sorted(emitted) != sorted(program.outputs):
        fail("plan", f"outputs should be {list(program.outputs)}, but are {emitted}")
    for variable, value in program.updates.items():
        if held["variable", variable] is not value:
            fail("plan", f"{variable!r} does not become {value!r} in a step")
    for name, tensor in program.inputs.items():
        if tensor not in computed:
            fail("plan", f"the input '{name}' is not fed")
    for kernel in schedule.kernels:
        for node in kernel.nodes:
            if node in schedule.stored and node not in computed:
                fail("plan", f"no record computes {node!r}")


# -- who meets whom --------------------------------------------------------------------------------


def _intervals(works: Sequence[_Work]) -> Iterator[list[_Work]]:
    """Records between one barrier and the next."""
    interval: list[_Work] = []
    for work in works:
        if work.record.barrier and interval:
            yield interval
            interval = []
        interval.append(work)
    yield interval


def _neighbours(interval: Sequence[_Work]) -> Iterator[tuple[_Work, _Work]]:
    """Pairs of records, the earlier first, that touch one location, which one of them writes."""
    touching: dict[Location, list[tuple[int, bool]]] = {}
    for number, work in enumerate(interval):
        written = {t.location for t in work.writes}
        before: dict[int, None] = {}
        for location in dict.fromkeys(t.location for t in (*work.reads, *work.writes)):
            known = touching.setdefault(location, [])
            writes = location in written
            before |= dict.fromkeys(n for n, wrote in known if wrote or writes)
            known.append((number, writes))
        yield from ((interval[n], work) for n in before)


def _verify_pair(earlier: _Work, later: _Work, threads: int) -> None:
    if earlier.record.partition.kind == later.record.partition.kind == SERIAL:
        return
    for first, second in ((earlier, later), (later, earlier)):
        for written in first.writes:
            for touched in (*second.reads, *second.writes):
                if written.location == touched.location and _meet(
                    first, written.node, second, touched.node, threads
                ):
                    fail(later.name, f"a thread's part of {touched.node!r} in {touched.location} "
                         f"is touched by another thread in {earlier.name}, and no barrier is "
                         "between")  # fmt: skip


def _meet(writer: _Work, written: Tensor, other: _Work, touched: Tensor, threads: int) -> bool:
    """Whether an element written by one thread is touched by another one."""
    owners = _owners(writer, written, threads)
    if owners is None:
        return True
    owners = _as_elements_of(touched, written, owners)
    if owners is None:
        return True
    key = touched, owners.tobytes() + bytes([threads])
    if key not in other.met:
        other.met[key] = _touched_by_others(other, touched, owners, threads)
    return other.met[key]


def _touched_by_others(other: _Work, touched: Tensor, owners: Labels, threads: int) -> bool:
    """Whether a thread goes over elements of which another one is the owner."""
    if other.reach is None or touched not in (t.node for t in other.reads):
        mine = _owners(other, touched, threads)
        return mine is None or not np.array_equal(mine, owners)
    for node, span in other.reach.spans(touched, owners).items():
        mine = _owners(other, node, threads)
        seen = span.highest >= 0
        if not seen.any():
            continue
        if mine is None or np.any(seen & ((span.lowest != mine) | (span.highest != mine))):
            return True
    return False


def _as_elements_of(touched: Tensor, written: Tensor, owners: Labels) -> Labels | None:
    """Owners of the elements of another node in the same memory; None if one has several."""
    width, other = memory_bytes(touched.dtype), memory_bytes(written.dtype)
    owned = np.repeat(owners.reshape(-1), other).reshape(-1, width)
    if owned.size and np.any(owned.min(1) != owned.max(1)):
        return None
    return owned[:, 0].reshape(concrete(touched.shape, ROWS))


def _owners(work: _Work, node: Tensor, threads: int) -> Labels | None:
    """Which thread goes over each element of a node; None when that is not by rows."""
    partition = work.record.partition
    shape = concrete(node.shape, ROWS)
    count = int(np.prod(shape))
    if partition.kind == SERIAL:
        return np.zeros(shape, np.int64)
    if partition.kind == BATCH:
        if count % ROWS or not isinstance(size(node.shape), Batch):
            return None
        units, each = ROWS, count // ROWS
        starts = [units * t // threads for t in range(threads + 1)]
    else:
        units = partition.total
        if not partition.rows or not units or count % units:
            return None
        if matrix_form(node.shape)[0] != units:
            return None
        each = count // units
        pieces = -(-units // partition.granularity)
        starts = [
            min(pieces * t // threads * partition.granularity, units) for t in range(threads + 1)
        ]
    owner_of_unit = np.repeat(np.arange(threads, dtype=np.int64), np.diff(starts))
    return np.repeat(owner_of_unit, each).reshape(shape)


__all__ = ["verify_plan"]
