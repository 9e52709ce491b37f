"""The same bits: on one thread or two, in any chunks, run to run, whatever rows come along."""

import numpy as np
import pytest
from programs import EXAMPLES, ROWS, same

from layerwise.backends import native, reference
from layerwise.backends.native import team

DTYPES = ["float32", "float64"]


@pytest.fixture(params=[(n, d) for n in EXAMPLES for d in DTYPES], ids="-".join)
def example(request):
    name, dtype = request.param
    return EXAMPLES[name](dtype)


@pytest.fixture
def used(monkeypatch):
    """The numbers of threads of all native calls; calls are short, and both numbers are tried."""
    monkeypatch.setattr(team, "SMALL_WORK", 0)
    numbers = []
    run = team.Team.run

    def noted(self, work, threads, entered):
        numbers.append(threads)
        run(self, work, threads, entered)

    monkeypatch.setattr(team.Team, "run", noted)
    return numbers


def forced(monkeypatch, threads, steps=2):
    """Every native call runs this many steps on this many threads."""
    monkeypatch.setattr(team.Team, "next_call", lambda *_: (steps, threads))


def test_threads(example, monkeypatch, used):
    results = []
    for threads in (1, 2, 3):
        forced(monkeypatch, threads)
        results.append(example.train(native.compile(example.program, threads)))
        assert set(used) == {threads}
        used.clear()
    assert same(results[0], results[1])
    assert same(results[0], results[2])


def test_the_team_may_change_its_mind(example, monkeypatch, used):
    """Steps on one thread follow steps on two: nothing is left with the threads."""
    numbers = [2, 1, 1, 2, 2]
    monkeypatch.setattr(team.Team, "next_call", lambda *_: (1, numbers[len(used) % len(numbers)]))
    mixed = example.train(native.compile(example.program, 2))
    assert {1, 2} == set(used)
    assert same(mixed, example.train(native.compile(example.program, 1)))


@pytest.mark.parametrize("threads", [1, 2])
def test_chunks_and_windows(example, monkeypatch, used, threads):
    executable = native.compile(example.program, threads)
    whole = example.train(executable)
    for steps in (1, 3):
        forced(monkeypatch, threads, steps)
        assert same(whole, example.train(executable))
        assert same(whole, example.train(executable, [(0, 2), (2, 1), (3, 0), (3, None)]))
    assert set(used) >= {threads}


def test_run_to_run(example):
    first = example.train(native.compile(example.program))
    assert same(first, example.train(native.compile(example.program)))


def test_agrees_with_the_reference(example):
    """The last of three batches is shorter than the others."""
    losses, _ = example.train(native.compile(example.program), epochs=1)
    wanted, _ = example.train(reference.compile(example.program), epochs=1)
    tolerance = 1e-10 if losses.dtype == np.float64 else 1e-4
    np.testing.assert_allclose(losses, wanted, rtol=tolerance)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_row_is_predicted_alike_in_any_company(example, monkeypatch, threads):
    forced(monkeypatch, threads)
    executable = native.compile(example.prediction, threads)
    together = example.predict(executable, ROWS)
    for batch_size in (1, 7, 24):
        np.testing.assert_array_equal(example.predict(executable, batch_size), together)
    wanted = example.predict(reference.compile(example.prediction), ROWS)
    tolerance = 1e-10 if together.dtype == np.float64 else 1e-4
    np.testing.assert_allclose(together, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("rows", "inner", "columns"), [(70, 200, 90), (33, 784, 128)])
def test_large_products(monkeypatch, rows, inner, columns):
    """Large enough for packed blocks; rows alone, in batches and on two threads."""
    from layerwise import graph
    from layerwise.compiler import Feeds, Program, State

    generator = np.random.default_rng(0)
    data = generator.normal(size=(rows, inner)).astype("float32")
    weight = graph.variable("weight", (inner, columns))
    state = State({weight: generator.normal(size=(inner, columns))})
    program = Program({"y": graph.tanh(graph.input("x", (graph.batch, inner)) @ weight)})
    executable = native.compile(program, 2)
    found = []
    for threads in (1, 2):
        forced(monkeypatch, threads)
        for batch_size in (rows, 1, 7):
            found.append(executable.run(state, Feeds({"x": data}, batch_size))["y"])
    assert all(np.array_equal(y, found[0]) for y in found)
