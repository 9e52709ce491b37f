"""Rows of few columns: a vector holds a column of many rows, and what is left goes row by row."""

from collections import OrderedDict

import numpy as np
import pytest

from layerwise import graph
from layerwise.backends import native, reference
from layerwise.backends.native import kernels, target, team
from layerwise.compiler import Feeds, Program, State
from layerwise.graph import batch, dtypes

ROWS = 75
"""Some vectors of rows, and some rows that fill none."""

DEPENDS_ON_COMPANY = {"noise", "noisy"}
"""Random bits belong to a place in the batch, not to a row."""


@pytest.fixture
def heights(monkeypatch):
    """How many rows go into the vectors of the kernels that are built down their columns."""
    found = []
    monkeypatch.setattr(native, "_plans", OrderedDict())
    monkeypatch.setattr(kernels, "LARGEST_DOWN", 1000)
    emit = kernels.DownMap.emit

    def noted(self):
        emit(self)
        found.append(self.height)

    monkeypatch.setattr(kernels.DownMap, "emit", noted)
    return found


def lanes(dtype):
    return target.host().lanes({"float32": "float", "float64": "double"}[dtype])


def program(columns, dtype):
    """What can be found in a kernel that reduces along its rows."""
    x = graph.input("x", (batch, columns), dtype)
    deep = graph.input("deep", (batch, 3, columns), dtype)
    label = graph.input("label", (batch,), "int32")
    keep = graph.input("keep", (batch, columns), "bool")
    bias = graph.variable("bias", (columns,), dtype)
    matrix = graph.variable("matrix", (33, columns), dtype)
    y = x + bias
    hit = graph.equal(graph.iota(columns), graph.expand_dims(label, 1))
    bits = graph.random_bits(
        graph.constant(3, "uint32"), graph.constant(4, "uint32"), "site", (batch, columns)
    )
    noisy = graph.where(graph.less(bits, graph.constant(2**31, "uint32")), y, 0.0)
    outputs = {
        "softmax": graph.softmax(y),
        "picked": graph.sum(graph.where(hit, graph.log_softmax(y), 0.0), 1),
        "best": graph.argmax(y),
        "largest": graph.max(graph.where(keep, y, -1.0), 1),
        "above": graph.greater(y, graph.mean(y, 1, keepdims=True)),
        "kept": graph.sum(graph.cast(keep, "int32"), 1),
        "length": graph.norm(y, 1),
        "deep": graph.softmax(deep),
        "noise": bits,
        "noisy": graph.softmax(noisy),
        "fixed": graph.softmax(matrix),
    }
    return Program(outputs), bias, matrix


def case(columns, dtype):
    built, bias, matrix = program(columns, dtype)
    generator = np.random.default_rng(columns)
    x = generator.normal(size=(ROWS, columns)).astype(dtype)
    # Zeros of both signs, infinities and NaN keep their ways too.
    x[3], x[40, 0], x[41, -1], x[42, 0], x[70, 0] = -0.0, np.inf, -np.inf, np.nan, np.nan
    rows = {
        "x": x,
        "deep": generator.normal(size=(ROWS, 3, columns)).astype(dtype),
        "label": generator.integers(0, columns, ROWS).astype("int32"),
        "keep": generator.integers(0, 2, (ROWS, columns)) > 0,
    }
    values = {bias: np.zeros(columns), matrix: generator.normal(size=(33, columns))}
    return built, State(values), rows


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [1, 2, 3, 5])
def test_agrees_with_the_reference(columns, dtype, heights):
    built, state, rows = case(columns, dtype)
    found = native.compile(built, 1).run(state, Feeds(rows, ROWS))
    wanted = reference.compile(built).run(state, Feeds(rows, ROWS))
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    for name, value in found.items():
        if dtypes.is_float(value.dtype):
            np.testing.assert_allclose(value, wanted[name], tolerance, tolerance, err_msg=name)
        else:
            np.testing.assert_array_equal(value, wanted[name], err_msg=name)
    assert heights or not 1 < columns <= lanes(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [2, 3, 5])
def test_same_bits_in_vectors_and_alone(columns, dtype, heights, monkeypatch):
    built, state, rows = case(columns, dtype)
    executable = native.compile(built, 3)
    found = []
    for threads, batch_size in ((1, ROWS), (1, 1), (1, 17), (3, ROWS)):
        monkeypatch.setattr(team.Team, "next_call", lambda *_, t=threads: (1, t))
        found.append((batch_size, executable.run(state, Feeds(rows, batch_size))))
    _, whole = found[0]
    for batch_size, outputs in found[1:]:
        for name, value in outputs.items():
            if name == "fixed":
                assert np.array_equal(value[0], whole[name][0])
            elif batch_size == ROWS or name not in DEPENDS_ON_COMPANY:
                assert value.tobytes() == whole[name].tobytes(), name
    assert heights or columns > lanes(dtype)
