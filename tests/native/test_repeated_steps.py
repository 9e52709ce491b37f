"""Networks that do the same many times: steps share their code, and what they gave is joined."""

import itertools
from collections import OrderedDict

import numpy as np
import pytest

import layerwise as lw
from layerwise import graph, nn
from layerwise.backends import native, reference
from layerwise.compiler import Feeds, Program, State
from layerwise.graph import batch

ROWS = 19


def both(outputs, rows):
    """What native and reference code make of the same rows."""
    program = Program(outputs)
    return [
        backend.compile(program).run(State(), Feeds(rows, ROWS, np.arange(ROWS)))
        for backend in (native, reference)
    ]


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize(("parts", "length"), [(3, 1), (5, 1), (4, 3), (40, 1)])
@pytest.mark.parametrize("dtype", ["float32", "int32", "bool"])
def test_many_parts_of_one_length_are_joined(axis, parts, length, dtype):
    draw = np.random.default_rng(parts)
    shape = [ROWS, 6, 6]
    shape[axis] = length
    arrays = [draw.integers(0, 2 if dtype == "bool" else 90, shape) for _ in range(parts)]
    rows = {f"x{k}": a.astype(dtype) for k, a in enumerate(arrays)}
    inputs = [graph.input(n, (batch, *shape[1:]), dtype) for n in rows]
    # One part twice: its address is wanted at two places of the table.
    joined = graph.concatenate([*inputs, inputs[0]], axis)
    moved = graph.transpose(joined, (0, 2, 1))
    compared = graph.equal(graph.cast(joined, "int32"), graph.cast(inputs[0][:, :1, :1], "int32"))
    ours, theirs = both({"joined": joined, "moved": moved, "compared": compared}, rows)
    expected = np.concatenate([*rows.values(), rows["x0"]], axis)
    np.testing.assert_array_equal(ours["joined"].reshape(expected.shape), expected)
    for name in ours:
        np.testing.assert_array_equal(ours[name], theirs[name])


@pytest.mark.parametrize(("start", "step"), list(itertools.product((0, 1, 4), (1, 2))))
def test_slices_and_the_zeros_around_them(start, step):
    values = np.random.default_rng(0).normal(size=(ROWS, 9, 20)).astype("float32")
    x = graph.input("x", (batch, 9, 20), "float32")
    chosen = x[:, start::step, start : start + 16]
    (slope,) = graph.gradients(graph.sum(graph.square(chosen)), [x])
    ours, theirs = both({"chosen": graph.exp(chosen), "slope": slope}, {"x": values})
    expected = np.zeros_like(values)
    expected[:, start::step, start : start + 16] = 2 * values[:, start::step, start : start + 16]
    np.testing.assert_allclose(ours["slope"].reshape(values.shape), expected, rtol=1e-6)
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5)


@pytest.mark.parametrize("layer", [nn.GRU, nn.LSTM])
def test_the_steps_of_a_recurrent_layer_share_their_code(layer, monkeypatch):
    counts = {}
    for steps in (6, 18):
        made = []
        plan = native.make_plan
        monkeypatch.setattr(native, "_plans", OrderedDict())
        monkeypatch.setattr(
            native, "make_plan", lambda *g, p=plan, m=made: m.append(p(*g)) or m[-1]
        )
        monkeypatch.setenv("LAYERWISE_CACHE", "off")
        with nn.seed(0):
            net = nn.Sequential(layer(5, 16), Last(), nn.Linear(16, 2))
        data = np.ones((40, steps, 5), "float32"), np.arange(40) % 2
        lw.train(net, data, epochs=1, batch_size=20, probes=False, backend="native")
        monkeypatch.undo()
        counts[steps] = max(len(p.functions) for p in made), max(len(p.steps) for p in made)
    (few, short), (many, long) = counts.values()
    assert long - short > 12 * 4
    # The sum over the steps of the gradients of what they share is one kernel for some of them.
    assert many - few < 12


class Last(nn.Module):
    """The output of a recurrent layer at its last step."""

    def forward(self, given):
        return given[0][:, -1]
