"""The verifier finds what it is there for: graphs, schedules and plans, damaged on purpose."""

import dataclasses

import pytest

from layerwise import graph, optim
from layerwise.backends import native
from layerwise.backends.native import partition, planning, target
from layerwise.backends.native.elements import Slot
from layerwise.backends.native.verify import verify_plan
from layerwise.compiler import Program
from layerwise.compiler.schedule import Access, MapKernel, MatMulKernel, row_major
from layerwise.compiler.verify import (
    VerificationError,
    is_wanted,
    verify_graph,
    verify_pass,
    verify_schedule,
)
from layerwise.graph import batch


@pytest.fixture
def step():
    """A training step: two layers, softmax, Adam."""
    x = graph.input("x", (batch, 6))
    y = graph.input("y", (batch, 3))
    w, b, v = (graph.variable(n, s) for n, s in (("w", (6, 16)), ("b", (16,)), ("v", (16, 3))))
    logits = graph.tanh(x @ w + b) @ v
    loss = -graph.mean(graph.sum(graph.log_softmax(logits) * y, -1))
    loss, gradients = graph.value_and_gradients(loss, [w, b, v])
    updates = optim.Adam().step([w, b, v], gradients, graph.input("rate", ())).updates
    return Program({"loss": loss, "logits": logits}, updates)


@pytest.fixture
def schedule(step):
    return native._schedule(step)


@pytest.fixture
def plan(schedule):
    return planning._Planner(schedule, target.host())


def check(plan):
    verify_plan(plan.schedule, plan.records, plan.where, plan.places)


def variable(program, label):
    (found,) = [v for v in program.variables if v.primitive.label == label]
    return found


def kernels(schedule, kind):
    return [k for k in schedule.kernels if isinstance(k, kind)]


def refused(message):
    return pytest.raises(VerificationError, match=message)


def test_tests_run_with_the_verifier():
    assert is_wanted()


def test_what_the_compiler_makes_is_accepted(step, schedule, plan):
    verify_graph("step", step.roots)
    verify_schedule(schedule)
    check(plan)


# -- graphs ----------------------------------------------------------------------------------------


def forged(node, **changes):
    """A node that says something else than it should, beside the checks of `Tensor`."""
    made = object.__new__(graph.Tensor)
    for name in ("primitive", "inputs", "shape", "dtype"):
        object.__setattr__(made, name, changes.get(name, getattr(node, name)))
    return made


def test_wrong_shapes_and_types():
    x = graph.input("x", (batch, 6))
    node = graph.exp(x)
    verify_graph("test", [node])
    with refused(r"test: Tensor\(Exp.* should have shape \(batch, 6\)"):
        verify_graph("test", [forged(node, shape=(batch, 5))])
    with refused("should have dtype float32"):
        verify_graph("test", [forged(node, dtype=graph.dtypes.float64)])
    with refused("does not take its inputs"):
        verify_graph("test", [forged(x @ graph.variable("w", (6, 2)), inputs=(x, x))])
    with refused("does not take its inputs|0 inputs"):
        seed = graph.input("seed", (), "uint32")
        verify_graph("test", [forged(graph.random_bits(seed, seed, 1, (3,)), inputs=())])


def test_passes_that_lose_something(step):
    outputs, updates = dict(step.outputs), dict(step.updates)
    first = next(iter(updates))
    with refused("outputs were"):
        verify_pass("broken", step, Program({"loss": outputs["loss"]}, updates))
    with refused("updated were"):
        kept = {k: v for k, v in updates.items() if k is not first}
        verify_pass("broken", step, Program(outputs, kept))
    with refused("broken: the root"):
        wider = outputs["loss"].astype("float64")
        verify_pass("broken", step, Program({**outputs, "loss": wider}, updates))
    with refused("was not part of the program"):
        new = outputs["loss"] + graph.variable("new", ())
        verify_pass("broken", step, Program({**outputs, "loss": new}, updates))


# -- schedules -------------------------------------------------------------------------------------


def test_a_value_that_is_read_but_not_stored(schedule):
    product = kernels(schedule, MatMulKernel)[0].nodes[0]
    del schedule.stored[product]
    with refused(r"kernel 1 \(MapKernel.*reads Tensor\(MatMul.*not stored"):
        verify_schedule(schedule)


def test_a_value_that_is_read_too_early(schedule):
    schedule.kernels[0], schedule.kernels[1] = schedule.kernels[1], schedule.kernels[0]
    with refused("before kernel 1 has computed it"):
        verify_schedule(schedule)


def test_a_kernel_that_is_gone(schedule):
    del schedule.kernels[1]
    with refused("stored, but no kernel computes it"):
        verify_schedule(schedule)


def test_a_value_that_two_kernels_compute(schedule):
    first, second = kernels(schedule, MapKernel)[:2]
    second.nodes.append(first.nodes[0])
    with refused("is also computed by kernel 1"):
        verify_schedule(schedule)


def test_a_read_that_is_not_noted(schedule):
    first = kernels(schedule, MapKernel)[0]
    bias = variable(schedule.program, "b")
    del first.reads[bias]
    with refused(r"needs Tensor\(b, .* from elsewhere"):
        verify_schedule(schedule)


def test_work_of_another_form(schedule):
    kernels(schedule, MapKernel)[0].columns += 1
    with refused("no row by row work"):
        verify_schedule(schedule)


def test_reductions_out_of_order():
    made = native._schedule(Program({"y": graph.softmax(graph.input("x", (batch, 6)))}))
    (kernel,) = made.kernels
    kernel.nodes.reverse()
    with refused("comes before"):
        verify_schedule(made)


def test_a_reduction_that_another_row_looks_at():
    """A kernel has only the sum of the row that it is in."""
    x = graph.input("x", (4, 6))
    total = graph.sum(x, 1, keepdims=True)
    y = x * graph.concatenate([total[1:], total[:1]], 0)
    made = native._schedule(Program({"y": y, "total": total}))
    (kernel,) = [k for k in made.kernels if y in k.nodes]
    (other,) = [k for k in made.kernels if total in k.nodes]
    assert kernel is not other
    other.nodes.extend(kernel.nodes)
    other.reads.update({n: a for n, a in kernel.reads.items() if n is not total})
    made.kernels.remove(kernel)
    other.columns = kernel.columns
    with refused("looks into other rows"):
        verify_schedule(made)


def test_strides_that_lead_elsewhere(schedule):
    for kernel in kernels(schedule, MatMulKernel):
        kernel.left = dataclasses.replace(kernel.left, strides=row_major(kernel.left.shape)[::-1])
    with refused("strides do not lead"):
        verify_schedule(schedule)


def test_an_update_that_is_forgotten(schedule):
    schedule.in_place.popitem()
    with refused("updated should be"):
        verify_schedule(schedule)


def test_an_output_that_is_not_kept(schedule):
    logits = schedule.base(schedule.program.outputs["logits"])
    for kernel in schedule.kernels:
        kernel.reads.pop(logits, None)
    made = native._schedule(Program({"y": graph.exp(graph.input("x", (batch, 6)))}))
    made.stored.clear()
    with refused("output 'y'"):
        verify_schedule(made)


def in_place(updates, outputs=None):
    """The schedule of updates that need a copy, made to work in place all the same."""
    made = native._schedule(Program(outputs or {}, updates))
    for target_, value in list(made.copies.items()):
        made.in_place[value] = target_
        del made.copies[target_]
    return made


def test_an_old_value_that_is_read_after_its_update():
    a, b = (graph.variable(n, (4, 4)) for n in "ab")
    made = in_place({a: graph.tanh(a + 1.0), b: graph.cumsum(a, 1) * 2.0})
    order = sorted(made.kernels, key=lambda k: isinstance(k, MapKernel))
    for kernels_ in (made.kernels, order, order[::-1]):
        made.kernels = list(kernels_)
        readers = [k for k, kernel in enumerate(made.kernels) if a in kernel.reads]
        if type(made.kernels[readers[-1]]) is not MapKernel:
            break
    with refused(r"reads Tensor\(a, .* has overwritten|before kernel"):
        verify_schedule(made)


@pytest.mark.parametrize(
    "value",
    [
        lambda a: graph.transpose(a) + 1.0,
        lambda a: a + graph.broadcast_to(a[:, :1], (4, 4)),
        lambda a: graph.concatenate([a[1:], a[:1]], 0) * 0.5,
        lambda a: a + graph.broadcast_to(a[:1], (4, 4)),
    ],
)
def test_an_update_that_reads_other_rows_of_its_variable(value):
    a = graph.variable("a", (4, 4))
    with refused("looks into other rows|looks at other elements"):
        verify_schedule(in_place({a: value(a)}))


def test_an_output_that_was_overwritten():
    a = graph.variable("a", (4, 4))
    with refused("the output 'old' is the old value"):
        verify_schedule(in_place({a: a + 1.0}, {"old": a}))


# -- plans -----------------------------------------------------------------------------------------


def test_every_barrier_is_needed(plan):
    """Taking any one away is noticed, and the message names the kernels that meet."""
    barriers = [r for r in plan.records if r.barrier]
    assert len(barriers) > 2
    for record in barriers[1:]:
        record.barrier = False
        with refused("no barrier is between"):
            check(plan)
        record.barrier = True
    plan.records[0].barrier = False
    with refused("begins without a barrier"):
        check(plan)


def test_records_in_another_order(plan):
    plan.records.reverse()
    with refused("which holds nothing yet"):
        check(plan)


def test_a_record_that_is_gone(plan):
    (emit,) = [r for r in plan.records if r.function == "emit_rows"]
    plan.records.remove(emit)
    with refused(r"outputs should be \['loss', 'logits'\]"):
        check(plan)


def test_two_living_values_in_one_place(plan):
    by_size = {}
    for node, place in plan.where.items():
        by_size.setdefault(plan.places[place], []).append(node)
    crowd = max(by_size.values(), key=len)
    for node in crowd:
        plan.where[node] = plan.where[crowd[0]]
    with refused("which holds|where it reads"):
        check(plan)


def test_a_value_that_does_not_fit_its_place(plan):
    (node, *_), sizes = plan.where, set(plan.places)
    other = next(s for s in sizes if s != plan.places[plan.where[node]])
    plan.where[node] = plan.places.index(other)
    with refused("does not have the size"):
        check(plan)


def test_threads_with_other_parts(plan):
    """Rows of one kernel go to other threads than rows of the next."""
    record = next(r for r in plan.records if r.kernel and r.partition.kind == partition.BATCH)
    record.partition = partition.serial(1)
    with refused("touched by another thread"):
        check(plan)


def test_an_address_that_no_one_asked_for(plan):
    record = next(r for r in plan.records if r.kernel)
    record.slots.append(Slot("memory", variable(plan.program, "b")))
    with refused("has the address of"):
        check(plan)


def test_an_update_that_ends_elsewhere(plan):
    values = plan.schedule.in_place.keys()
    record = next(r for r in plan.records if r.kernel and values & set(r.kernel.nodes))
    plan.records.remove(record)
    with refused("does not become|no record computes|which holds"):
        check(plan)


def test_access_that_was_noted_too_kindly():
    """A planner that believes in a wrong note leaves out a barrier; the verifier does not."""
    h = graph.exp(graph.sin(graph.variable("a", (16, 16))))
    schedule = native._schedule(Program({"h": h, "y": graph.tanh(graph.transpose(h))}))
    for kernel in schedule.kernels:
        for node in kernel.reads:
            kernel.reads[node] = Access.SAME_ROW
    verify_schedule(schedule)
    with refused("no barrier is between"):
        check(planning._Planner(schedule, target.host()))
