"""Sampling: another program with more outputs takes a program's place every so many steps."""

import _thread
import threading
import time

import numpy as np
import pytest

from layerwise import graph
from layerwise.backends import native
from layerwise.backends.native import team
from layerwise.compiler import Feeds, Program, Sampling, State
from layerwise.graph import batch

ROWS, WIDTH = 23, 5


class Descent:
    """A small training step, and the same step with a look inside."""

    def __init__(self) -> None:
        x = graph.input("x", (batch, WIDTH), "float64")
        y = graph.input("y", (batch,), "float64")
        rate, decay = graph.input("rate", (), "float64"), graph.input("decay", (3,), "float64")
        self.weight = graph.variable("weight", (WIDTH, 3), "float64")
        self.count = graph.variable("count", (), "int32")
        hidden = graph.tanh(x @ self.weight)
        wrong = graph.square(graph.sum(hidden, 1) - y)
        loss, (gradient,) = graph.value_and_gradients(graph.mean(wrong), [self.weight])
        kept = self.weight * graph.broadcast_to(decay, (WIDTH, 3))
        updates = {
            self.weight: kept - gradient * rate,
            self.count: self.count + graph.constant(1, "int32"),
        }
        outputs = {"loss": loss, "rows": graph.batch_size("int32"), "hidden": hidden}
        seen = {
            "norm": graph.sum(graph.square(gradient)),
            "columns": graph.sum(hidden, 0),
            "matrix": gradient * 2.0,
            "any": graph.max(hidden) > 0.5,
            "signs": graph.max(hidden, 0) > 0.5,
            "counted": self.count * graph.constant(3, "int32"),
            "single": graph.cast(loss, "float32"),
            "single matrix": graph.cast(gradient, "float32"),
        }
        self.usual = Program(outputs, updates)
        self.other = Program(outputs | seen, updates)
        self.seen = tuple(seen)

    def state(self) -> State:
        random = np.random.default_rng(3)
        return State({self.weight: random.standard_normal((WIDTH, 3)), self.count: np.int32(7)})

    def feeds(self, batch_size: int = 4, rows: int = ROWS) -> Feeds:
        random = np.random.default_rng(5)
        return Feeds(
            {"x": random.standard_normal((rows, WIDTH)), "y": random.standard_normal(rows)},
            batch_size,
            random.permutation(rows),
            per_step={"rate": np.linspace(0.1, 0.01, max(1, -(-rows // batch_size)))},
            fixed={"decay": np.array([0.9, 0.8, 1.0])},
        )


@pytest.fixture(scope="module")
def descent() -> Descent:
    return Descent()


@pytest.fixture(scope="module")
def pair(backend, descent):
    return backend.compile(descent.usual), backend.compile(descent.other)


def in_turns(descent, pair, feeds, every, windows):
    """What the two give when each is run for its steps, one by one."""
    usual, other = pair
    state = descent.state()
    parts = {name: [] for name in other.program.outputs}
    for first, steps in windows:
        for step in range(first, feeds.steps if steps is None else first + steps):
            runs = other if step % every == 0 else usual
            for name, value in runs.run(state, feeds, step, 1).items():
                parts[name].append(value)
    return {name: np.concatenate(p) for name, p in parts.items() if p}, state


def sampled(descent, pair, feeds, every, windows):
    usual, other = pair
    state = descent.state()
    runs = [usual.run(state, feeds, *window, Sampling(other, every)) for window in windows]
    return {name: np.concatenate([r[name] for r in runs]) for name in runs[0]}, state


def assert_same(found, wanted, outputs):
    assert set(found) == set(outputs)
    for name, output in outputs.items():
        assert found[name].dtype == output.dtype, name
        if name in wanted:
            np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)
        else:
            assert len(found[name]) == 0, name


@pytest.mark.parametrize("every", [1, 2, 3, 5, 6, 100])
@pytest.mark.parametrize(
    "windows", [[(0, None)], [(0, 1), (1, 3), (4, None)], [(1, 2), (4, 2)], [(5, 1)]], ids=str
)
def test_a_sampled_run_is_two_programs_in_turns(descent, pair, every, windows):
    feeds = descent.feeds()
    wanted, ended = in_turns(descent, pair, feeds, every, windows)
    found, state = sampled(descent, pair, feeds, every, windows)
    assert_same(found, wanted, descent.other.outputs)
    for variable in descent.usual.variables:
        np.testing.assert_array_equal(state[variable], ended[variable])


def test_what_only_the_other_gives_is_stacked_for_its_steps(descent, pair):
    feeds = descent.feeds()
    assert feeds.steps == 6
    found, _ = sampled(descent, pair, feeds, 4, [(0, None)])
    assert found["loss"].shape == (6,)
    assert found["hidden"].shape == (ROWS, 3)
    assert [found[name].shape for name in descent.seen] == [
        (2,), (2, 3), (2, WIDTH, 3), (2,), (2, 3), (2,), (2,), (2, WIDTH, 3),
    ]  # fmt: skip
    # Steps 0 and 4: the counter stood at 7 before the first.
    np.testing.assert_array_equal(found["counted"], [21, 33])
    np.testing.assert_array_equal(found["single"], found["loss"][[0, 4]].astype(np.float32))


@pytest.mark.parametrize(
    ("first", "stop", "every", "steps"),
    [
        (0, 7, 3, [0, 3, 6]), (1, 7, 3, [3, 6]), (3, 4, 3, [3]), (4, 6, 3, []), (0, 0, 3, []),
        (0, 3, 100, [0]), (5, 9, 1, [5, 6, 7, 8]), (100, 101, 100, [100]),
    ],
)  # fmt: skip
def test_the_steps_of_the_other_program(first, stop, every, steps):
    assert Sampling(None, every).steps(first, stop).tolist() == steps


@pytest.mark.parametrize("every", [0, -3])
def test_every_must_be_one_or_more(descent, pair, every):
    with pytest.raises(ValueError, match="every at least 1"):
        sampled(descent, pair, descent.feeds(), every, [(0, None)])


def test_steps_that_are_not_there_are_refused(descent, pair):
    with pytest.raises(IndexError):
        pair[0].run(descent.state(), descent.feeds(), 3, 9, Sampling(pair[1], 2))


def test_no_steps_at_all(descent, pair):
    feeds = descent.feeds()
    for first in (0, 2, 6):
        state = descent.state()
        found = pair[0].run(state, feeds, first, 0, Sampling(pair[1], 2))
        assert_same(found, {}, descent.other.outputs)
        assert found["hidden"].shape == (0, 3)
        assert found["matrix"].shape == (0, WIDTH, 3)
        assert state[descent.count] == 7
    nothing = pair[0].run(descent.state(), descent.feeds(4, rows=0), sampling=Sampling(pair[1], 2))
    assert_same(nothing, {}, descent.other.outputs)


def test_both_may_be_used_alone_afterwards(descent, pair):
    small, large = descent.feeds(3), descent.feeds(11)

    def alone(executable, feeds):
        state = descent.state()
        found = executable.run(state, feeds)
        return [*found.values(), *(state[v] for v in descent.usual.variables)]

    kept = {(e, f): alone(e, f) for e in pair for f in (small, large)}
    sampled(descent, pair, large, 2, [(0, None)])
    sampled(descent, pair, small, 2, [(1, 3)])
    for (executable, feeds), wanted in kept.items():
        for found, value in zip(alone(executable, feeds), wanted, strict=True):
            np.testing.assert_array_equal(found, value)


def test_results_are_the_callers_own(descent, pair):
    feeds = descent.feeds()
    first, _ = sampled(descent, pair, feeds, 2, [(0, None)])
    kept = {name: values.copy() for name, values in first.items()}
    for values in pair[0].run(descent.state(), feeds, 0, None, Sampling(pair[1], 2)).values():
        values[...] = 0
    for name, values in first.items():
        np.testing.assert_array_equal(values, kept[name])


def test_a_program_may_sample_itself(descent, pair):
    feeds = descent.feeds()
    plain = pair[0].run(descent.state(), feeds)
    found = pair[0].run(descent.state(), feeds, sampling=Sampling(pair[0], 2))
    assert_same(found, plain, descent.usual.outputs)


def test_what_the_other_needs_is_asked_for(backend, descent):
    extra = graph.input("extra", (), "float64")
    outputs = {"loss": descent.usual.outputs["loss"]}
    usual = backend.compile(Program(outputs, descent.usual.updates))
    other = backend.compile(Program(outputs | {"extra": extra * 1.0}, descent.usual.updates))
    with pytest.raises(KeyError, match="'extra' of shape"):
        usual.run(descent.state(), descent.feeds(), sampling=Sampling(other, 2))
    feeds = descent.feeds()
    feeds.per_step["extra"] = np.arange(6.0)
    found = usual.run(descent.state(), feeds, 1, None, Sampling(other, 2))
    np.testing.assert_array_equal(found["extra"], [2, 4])


# -- several threads -------------------------------------------------------------------------------


def wide(rows=700, columns=64):
    """A step large enough for several threads, with sums over rows."""
    x = graph.input("x", (batch, columns))
    weight = graph.variable("weight", (columns, columns))
    hidden = graph.tanh(x @ weight)
    loss, (gradient,) = graph.value_and_gradients(graph.mean(graph.square(hidden - x)), [weight])
    updates = {weight: weight - gradient * 0.5}
    usual = Program({"loss": loss}, updates)
    seen = {
        "norm": graph.sum(graph.square(gradient)),
        "columns": graph.sum(hidden, 0),
        "large": graph.max(hidden) > 0.9,
    }
    other = Program({"loss": loss, **seen}, updates)
    random = np.random.default_rng(0)
    rows = random.standard_normal((rows, columns)).astype(np.float32)
    start = (0.1 * random.standard_normal((columns, columns))).astype(np.float32)
    return usual, other, weight, start, rows


def test_threads_change_no_bit(backend, monkeypatch):
    usual, other, weight, start, rows = wide()
    results = []
    for threads in (1, 2, 3):
        # Every native call, of 2 steps, runs on so many.
        monkeypatch.setattr(team.Team, "next_call", lambda *_, n=threads: (2, n))
        state = State({weight: start})
        found = backend.compile(usual, threads).run(
            state, Feeds({"x": rows}, 128), sampling=Sampling(backend.compile(other, threads), 2)
        )
        results.append((found, state[weight]))
    plain = State({weight: start})
    backend.compile(usual, 1).run(plain, Feeds({"x": rows}, 128))
    assert len(results[0][0]["norm"]) == 3
    for found, ended in results:
        np.testing.assert_array_equal(ended, plain[weight])
        for name, values in results[0][0].items():
            np.testing.assert_array_equal(found[name], values)


class SlowLock:
    """A lock after which there is time for another thread to take the next one."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __enter__(self) -> None:
        self.lock.acquire()
        time.sleep(0.01)

    def __exit__(self, *_) -> None:
        self.lock.release()


def test_two_runs_that_sample_each_other_do_not_wait_for_ever(monkeypatch):
    """Each holds both programs for a while, one as the usual and one as the other."""
    _, other, weight, start, rows = wide(columns=16)
    pair = [native.compile(Program(other.outputs, other.updates)) for _ in range(2)]
    for executable in pair:
        monkeypatch.setattr(executable, "_lock", SlowLock())
    ended = []

    def work(one, another):
        for _ in range(3):
            state = State({weight: start[:16, :16]})
            one.run(state, Feeds({"x": rows}, 64), sampling=Sampling(another, 2))
        ended.append(state[weight])

    threads = [
        threading.Thread(target=work, args=order, daemon=True) for order in (pair, pair[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(ended) == 2
    np.testing.assert_array_equal(*ended)


def test_ctrl_c_leaves_whole_steps(backend, descent):
    """The state is one that some number of steps gives, and a later run is not disturbed."""
    usual, other = backend.compile(descent.usual), backend.compile(descent.other)
    x = np.random.default_rng(0).standard_normal((1, WIDTH))
    endless = 3_000_000 if backend.name == "native" else 100_000
    order = np.zeros(endless, np.int64)
    feeds = Feeds({"x": x, "y": np.ones(1)}, 1, order,
                  per_step={"rate": np.full(endless, 1e-3)},
                  fixed={"decay": np.ones(3)})  # fmt: skip
    state = descent.state()
    timer = threading.Timer(0.15, _thread.interrupt_main)
    timer.start()
    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        usual.run(state, feeds, sampling=Sampling(other, 7))
    assert time.perf_counter() - began < 5
    timer.join()
    done = int(state[descent.count]) - 7
    assert 0 < done < endless
    again = descent.state()
    usual.run(again, feeds, 0, done)
    for variable in descent.usual.variables:
        np.testing.assert_array_equal(state[variable], again[variable])
    ended, _ = sampled(descent, (usual, other), descent.feeds(), 2, [(0, None)])
    wanted, _ = in_turns(descent, (usual, other), descent.feeds(), 2, [(0, None)])
    assert_same(ended, wanted, descent.other.outputs)
