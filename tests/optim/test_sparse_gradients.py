"""Gradients of tables held by rows: the same numbers as whole ones, at the cost of the rows."""

import copy

import numpy as np
import pytest

import layerwise as lw
from layerwise import graph, nn, optim
from layerwise.backends import native
from layerwise.backends.native import team
from layerwise.compiler import Feeds, Program, State
from layerwise.compiler.canonical import canonicalise
from layerwise.compiler.schedule import Schedule
from layerwise.compiler.simplify import simplify
from layerwise.graph.indexing import PutRows

ROWS, LENGTH, BATCH = 40, 5, 6
STEPS = 7


class Once(nn.Module):
    """One lookup of several words in a row."""

    def __init__(self, sparse):
        self.table = nn.Embedding(ROWS, LENGTH, sparse=sparse)
        self.out = nn.Linear(LENGTH, 2)

    def forward(self, words):
        return self.out(lw.mean(lw.tanh(self.table(words)), axis=1))


class Thrice(Once):
    """Three lookups of different shapes in one table."""

    def forward(self, words):
        first, rest = self.table(words[:, 0]), self.table(words[:, 1:])
        return self.out(first + lw.mean(rest, axis=1) * self.table(words[:, 2]))


class Tied(Once):
    """A table that is used as weights too."""

    def forward(self, words):
        found = lw.mean(self.table(words), axis=1)
        return (found @ self.table.weight.T)[:, :2]


class Mixed(Once):
    """Looked up for each row, and once for all rows."""

    def forward(self, words):
        always = self.table(graph.constant(np.array([1, 3, 3], np.int32)))
        return self.out(lw.mean(self.table(words), axis=1) + lw.sum(always, axis=0))


@pytest.fixture(scope="module")
def data():
    """Words with repeats, in a row and over rows, and some outside the table; their classes."""
    generator = np.random.default_rng(3)
    words = generator.integers(0, ROWS // 2, (BATCH * STEPS, 4)).astype(np.int32)
    words[::3, 1] = words[::3, 0]
    words[5:9, 3] = [ROWS, ROWS + 7, -1, 0]
    return words, generator.integers(0, 2, len(words)).astype(np.int32)


def trained(kind, sparse, data, backend, optimizer, **options):
    """The weights after an epoch, by name, from the same first ones."""
    net = kind(sparse)
    net.reset_parameters(seed=5)
    rate = 0.5 if optimizer == "sgd" or isinstance(optimizer, optim.SGD) else 0.05
    lw.train(net, data, optimizer=optimizer, learning_rate=rate, epochs=1, batch_size=BATCH,
             backend=backend.name, **options)  # fmt: skip
    return net.state_dict()


def gradient_kind(kind, sparse):
    net = kind(sparse)
    words = graph.input("words", (graph.batch, 4), "int32")
    loss = lw.mean(graph.square(net.trace_forward(nn.Trace(), words)))
    parameters = net.parameters()
    parts = optim.gradients_of(parameters, graph.gradients(loss, parameters))
    return type(parts[0])


@pytest.mark.parametrize("kind", [Once, Thrice])
def test_lookups_alone_are_held_by_rows(kind):
    assert gradient_kind(kind, True) is optim.RowGradient
    assert gradient_kind(kind, False) is optim.WholeGradient


@pytest.mark.parametrize("kind", [Tied, Mixed])
def test_a_table_used_otherwise_too_is_held_whole(kind):
    assert gradient_kind(kind, True) is optim.WholeGradient


def test_plain_descent_on_rows_is_the_same_to_the_last_bit(backend, data):
    whole, rows = (trained(Once, sparse, data, backend, "sgd") for sparse in (False, True))
    for name, value in whole.items():
        np.testing.assert_array_equal(rows[name], value, err_msg=name)


@pytest.mark.parametrize("kind", [Thrice, Tied, Mixed])
def test_several_lookups(backend, data, kind):
    whole, rows = (trained(kind, sparse, data, backend, "sgd") for sparse in (False, True))
    for name, value in whole.items():
        np.testing.assert_allclose(rows[name], value, rtol=2e-5, atol=1e-6, err_msg=name)


def test_clipping_sees_each_row_once(backend, data):
    whole, rows, free = (
        trained(Thrice, sparse, data, backend, "sgd", clip_norm=norm)
        for sparse, norm in ((False, 0.05), (True, 0.05), (True, None))
    )
    for name, value in whole.items():
        np.testing.assert_allclose(rows[name], value, rtol=2e-5, atol=1e-6, err_msg=name)
    assert not np.allclose(free["table.weight"], rows["table.weight"], atol=1e-4)


# -- the rules, beside loops of NumPy --------------------------------------------------------------


def lazily(table, steps, rule):
    """Apply a rule to the touched rows of a table and its moments, step by step."""
    table = table.astype(np.float64)
    moments = [np.zeros_like(table), np.zeros_like(table)]
    for number, (index, rows) in enumerate(steps, 1):
        touched = np.unique(index)
        total = np.zeros_like(table)
        np.add.at(total, index, rows)
        rule(table, moments, touched, total[touched], number)
    return table


def adam(table, moments, at, g, number, decay=0.0):
    first, second = moments
    first[at] = 0.9 * first[at] + 0.1 * g
    second[at] = 0.999 * second[at] + 0.001 * g * g
    m, v = first[at] / (1 - 0.9**number), second[at] / (1 - 0.999**number)
    table[at] = table[at] * (1 - 0.1 * decay) - 0.1 * m / (np.sqrt(v) + 1e-8)


def momentum(table, moments, at, g, number):
    velocity = moments[0]
    g = g + 0.01 * table[at]
    velocity[at] = 0.8 * velocity[at] + g
    table[at] -= 0.1 * (g + 0.8 * velocity[at])


@pytest.mark.parametrize(
    ("optimizer", "rule"),
    [
        (optim.Adam(0.1), adam),
        (optim.AdamW(0.1, weight_decay=0.3), lambda *a: adam(*a, decay=0.3)),
        (optim.SGD(0.1, momentum=0.8, nesterov=True, weight_decay=0.01), momentum),
    ],
)
def test_untouched_rows_stand_still(backend, optimizer, rule):
    generator = np.random.default_rng(1)
    table = nn.Parameter(generator.normal(size=(11, 3)).astype("f"), sparse=True)
    index = graph.input("index", (4,), "int32")
    pull = graph.input("pull", (4, 3))
    loss = graph.sum(graph.take(table, index) * pull)
    step = optimizer.step([table], graph.gradients(loss, [table]), graph.constant(np.float32(0.1)))
    chosen = generator.integers(0, 8, (9, 4)).astype(np.int32)
    rows = generator.normal(size=(9, 4, 3)).astype("f")
    state = State({table.tensor: table.value, **step.initial})
    backend.compile(Program({}, step.updates)).run(
        state, Feeds(per_step={"index": chosen, "pull": rows}, steps=9)
    )
    expected = lazily(table.value, zip(chosen, rows, strict=True), rule)
    np.testing.assert_allclose(state[table.tensor], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(state[table.tensor][8:], table.value[8:])


# -- what it costs ---------------------------------------------------------------------------------


def test_no_kernel_of_a_step_goes_through_the_table(data):
    rows = 1000
    words, y = data
    net = nn.Sequential(nn.Embedding(rows, LENGTH, sparse=True), nn.Flatten(), nn.Linear(20, 2))
    run = lw.train(net, (words, y), epochs=1, batch_size=BATCH, clip_norm=1.0)
    assert len(run.probes) == STEPS
    from layerwise.training.plan import _plans

    (plan,) = _plans[net].values()
    for program in (plan.train.program, plan.sampling(1).executable.program):
        schedule = Schedule(canonicalise(simplify(program)))
        written = [v for v in schedule.in_place.values() if v.shape == (rows, LENGTH)]
        assert len(written) == 3, "the table and two moments are written in place"
        assert not any(v.shape == (rows, LENGTH) for v in schedule.copies)
        for kernel in schedule.kernels:
            for node in kernel.nodes:
                put = isinstance(node.primitive, PutRows)
                assert put or rows not in node.shape, f"{node!r} is as large as the table"


def test_a_table_that_is_read_after_it_changed_is_copied(backend):
    table = graph.variable("table", (7, 3), "float32")
    index = graph.constant(np.array([2, 5, 2], np.int32))
    keep = graph.constant(np.array([True, True, False]))
    put = graph.put_rows(table, index, graph.take(table, index) + 1.0, keep)
    start = np.arange(21, dtype="f").reshape(7, 3)
    state = State({table: start})
    program = Program({"new": graph.sum(put), "old": table * 2.0}, {table: put})
    found = backend.compile(program).run(state, Feeds(steps=2))
    np.testing.assert_array_equal(found["old"][0], start * 2)
    np.testing.assert_array_equal(found["new"], [216, 222])
    expected = start.copy()
    expected[[2, 5]] += 2
    np.testing.assert_array_equal(state[table], expected)


def test_threads_change_no_bit(monkeypatch):
    generator = np.random.default_rng(0)
    words = generator.zipf(1.3, (96, 33)).clip(0, 299).astype(np.int32)
    y = generator.integers(0, 2, 96).astype(np.int32)
    results = []
    for threads in (1, 2, 3):
        monkeypatch.setattr(team.Team, "next_call", lambda *_, t=threads: (1, t))
        net = nn.Sequential(nn.Embedding(300, 37, padding_idx=1, sparse=True), nn.Flatten())
        net = nn.Sequential(net, nn.Linear(33 * 37, 2))
        net.reset_parameters(seed=1)
        run = lw.train(net, (words, y), epochs=1, batch_size=31, threads=threads, clip_norm=1.0)
        results.append((net.state_dict(), run.probes.values))
    first, measures = results[0]
    for other, seen in results[1:]:
        for name, value in first.items():
            np.testing.assert_array_equal(other[name], value, err_msg=name)
        for name, value in measures.items():
            np.testing.assert_array_equal(seen[name], value, err_msg=name)


def test_probes_measure_the_rows_of_a_step(data):
    words, y = data
    kept = {}
    for sparse in (False, True):
        net = Once(sparse)
        net.reset_parameters(seed=2)
        start = net.table.weight.value.copy()
        run = lw.train(net, (words[:BATCH], y[:BATCH]), optimizer="sgd", learning_rate=0.5,
                       epochs=1, batch_size=BATCH)  # fmt: skip
        assert run.probes.parameters[0] == "table.weight"
        kept[sparse] = {n: run.probes.values[n][0, 0] for n in ("weight", "gradient", "update")}
    touched = np.unique(words[:BATCH].clip(0, ROWS - 1))
    np.testing.assert_allclose(kept[True]["weight"], np.linalg.norm(start[touched]), rtol=1e-5)
    np.testing.assert_allclose(kept[False]["weight"], np.linalg.norm(start), rtol=1e-5)
    for name in ("gradient", "update"):
        np.testing.assert_allclose(kept[True][name], kept[False][name], rtol=1e-5)


def test_training_goes_on_from_a_checkpoint(data, tmp_path):
    path, nets = tmp_path / "kept.safetensors", []
    options = {"epochs": 3, "batch_size": BATCH, "checkpoint": path, "clip_norm": 1.0}
    for resume in (False, True):
        net = Once(True)
        net.reset_parameters(seed=5)
        if resume:
            path.unlink()
            lw.train(copy.deepcopy(net), data, **options, on_epoch=lambda epoch: epoch.epoch < 2)
            lw.train(net, data, **options, resume=True)
        else:
            lw.train(net, data, **options)
        nets.append(net.state_dict())
    for name, value in nets[0].items():
        np.testing.assert_array_equal(nets[1][name], value, err_msg=name)


def test_first_occurrences_of_many_that_collide():
    """Multiples of a power of two meet in a hash of low bits, and here whatever is hashed."""
    index = np.concatenate([np.arange(600) << 20, np.arange(600)[::-1] << 20]).astype(np.int32)
    given = graph.input("index", (len(index),), "int32")
    program = Program({"first": graph.first_occurrence(given)})
    found = native.compile(program).run(State(), Feeds(fixed={"index": index}, steps=1))["first"]
    np.testing.assert_array_equal(found[0], graph.first_occurrence(index))
    np.testing.assert_array_equal(index[found[0]], index)
