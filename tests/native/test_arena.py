"""Programs that do not run at the same time share the memory of their steps."""

import gc
import threading

import numpy as np
from programs import mlp

from layerwise import graph
from layerwise.backends import native
from layerwise.backends.native import arena
from layerwise.compiler import Feeds, Program, State
from layerwise.graph import batch


def compiled(width, chain=3):
    """A program whose values in between need some memory, and what it gives for rows."""
    x = graph.input("x", (batch, width), "float32")
    weights = graph.variable("weights", (width, width), "float32")
    y = x
    for _ in range(chain):
        y = graph.tanh(graph.matmul(y, weights))
    drawn = np.random.default_rng(width).normal(size=(width, width)).astype("float32") / width**0.5

    def expected(rows):
        for _ in range(chain):
            rows = np.tanh(rows @ drawn)
        return rows

    return native.compile(Program({"y": y})), State({weights: drawn}), expected


def run(executable, state, rows):
    return executable.run(state, Feeds({"x": rows}, len(rows), np.arange(len(rows))))["y"]


def living():
    gc.collect()
    return len(arena._arenas)


def test_one_arena_grows_to_the_largest_need_and_goes_with_the_last_program():
    before = living()
    programs = [compiled(width) for width in (16, 64, 32)]
    draw = np.random.default_rng(0)
    used = set()
    # Each of them finds memory in which others have been, at another place than the last time.
    for count in (4, 50, 9, 200, 50):
        for executable, state, expected in programs:
            rows = draw.normal(size=(count, state_width(state))).astype("float32")
            np.testing.assert_allclose(run(executable, state, rows), expected(rows), atol=1e-5)
            used.add(id(executable._arena))
    assert len(used) == 1
    assert living() <= before + 1
    del programs, executable
    assert living() <= before


def test_runs_at_the_same_time_have_arenas_of_their_own():
    kinds = [compiled(48, chain=6), compiled(48, chain=5)]
    rows = np.random.default_rng(1).normal(size=(500, 48)).astype("float32")
    wrong, seen = [], set()
    begin = threading.Barrier(2)

    def work(executable, state, expected):
        wanted = expected(rows)
        begin.wait()
        for _ in range(40):
            found = run(executable, state, rows)
            seen.add(id(executable._arena))
            if not np.allclose(found, wanted, atol=1e-5):
                wrong.append(executable)

    threads = [threading.Thread(target=work, args=kind) for kind in kinds]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong
    with arena.lent(8, None) as one, arena.lent(8, None) as other:
        assert one is not other
    assert not arena._lent


def test_training_and_prediction_of_one_network_share(monkeypatch):
    example = mlp()
    training, prediction = native.compile(example.program), native.compile(example.prediction)
    example.train(training)
    first = prediction.run(example.initial.copy(), Feeds(example.rows, 16, np.arange(64)))
    example.train(training)
    again = prediction.run(example.initial.copy(), Feeds(example.rows, 16, np.arange(64)))
    assert training._arena is prediction._arena
    for name, values in first.items():
        np.testing.assert_array_equal(again[name], values)


def state_width(state):
    (weights,) = state.values()
    return len(weights)
