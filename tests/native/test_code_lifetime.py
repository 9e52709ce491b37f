"""Machine code and memory go with the executables that use them."""

import gc
import os
import sys

import numpy as np
import pytest

from layerwise import graph
from layerwise.backends import native
from layerwise.backends.native import library
from layerwise.compiler import Feeds, Program, State


def program(number):
    """A program whose kernels no other number has, with its state and feeds."""
    columns = 3 + number % 61
    x = graph.input("x", (graph.batch, columns))
    w = graph.variable("w", (columns, 2 + number % 7))
    y = x @ w
    for k in range(1 + number % 5):
        y = graph.tanh(y) if number >> k & 1 else graph.sigmoid(y) * (number + 2)
    loss, (g,) = graph.value_and_gradients(graph.mean(graph.square(y)), [w])
    state = State({w: np.ones(w.shape)})
    return Program({"loss": loss}, {w: w - g * 0.1}), state, Feeds({"x": np.ones((5, columns))}, 2)


def fit(number):
    made, state, feeds = program(number)
    executable = native.compile(made)
    assert np.isfinite(executable.run(state, feeds)["loss"]).all()
    return executable


def forget():
    """Drop the plans that are kept for programs to come."""
    native._plans.clear()
    gc.collect()


def test_code_goes_with_the_last_executable():
    forget()
    before = set(library._kernels)
    first, second = fit(3), fit(3)
    own = set(library._kernels) - before
    assert own
    assert {second._code[name] for name, _ in own} == {first._code[name] for name, _ in own}
    del first
    forget()
    assert own <= set(library._kernels)
    del second
    forget()
    assert not own & set(library._kernels)


def test_a_part_that_two_programs_share_stays():
    """A kernel is known by what it does, so equal layers of different nets have one."""
    forget()
    x = graph.input("x", (graph.batch, 19))
    shared = {"y": graph.exp(graph.tanh(x) * 3.0)}
    small = native.compile(Program(shared))
    large = native.compile(Program({**shared, "z": graph.cumsum(x, 1)}))
    common = set(small._code) & set(large._code)
    assert any(name in small.plan.functions for name in common)
    del small
    forget()
    feeds = Feeds({"x": np.zeros((2, 19))})
    np.testing.assert_array_equal(large.run(State(), feeds)["y"], np.ones((2, 19)))


def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    "count", [300, pytest.param(5000, marks=pytest.mark.slow)], ids=["quick", "slow"]
)
def test_memory_does_not_grow(count, monkeypatch):
    """Neither code nor plans nor graphs pile up over many fits of different programs."""
    # The growth that is looked for is the compiler's, not that of the verifier's helpers.
    monkeypatch.setenv("LAYERWISE_VERIFY", "0")
    monkeypatch.setenv("LAYERWISE_CACHE", "off")
    for number in range(100):
        fit(number)
    forget()
    kernels, before = len(library._kernels), resident()
    for number in range(100, 100 + count):
        fit(number)
    forget()
    assert len(library._kernels) <= kernels
    assert len(native._plans) == 0
    grown = resident() - before
    # Heaps that earlier tests left in pieces take some megabytes to settle.
    assert grown < 8e6 + 1000 * count, f"{grown / count:.0f} bytes a fit"


def test_few_plans_are_kept(monkeypatch):
    monkeypatch.setattr(native, "_PLANS_KEPT", 3)
    for number in range(6):
        fit(number)
    assert len(native._plans) == 3
