"""Optimisers against optax, step by step in double precision; clipping; errors."""

import jax
import numpy as np
import optax
import pytest

from layerwise import graph, optim
from layerwise.compiler import Feeds, Program, State
from layerwise.errors import OptionError
from layerwise.nn import Parameter

RATES = np.array([0.1, 0.1, 0.05, 0.02, 0.2, 0.2, 0.01, 0.1])
SHAPES = {"weight": (3, 4), "bias": (4,), "scale": ()}

CASES = {
    "sgd": (optim.SGD(), lambda r: optax.sgd(r)),
    "momentum": (optim.SGD(momentum=0.9), lambda r: optax.sgd(r, 0.9)),
    "nesterov": (optim.SGD(momentum=0.8, nesterov=True), lambda r: optax.sgd(r, 0.8, True)),
    "sgd with weight decay": (
        optim.SGD(momentum=0.9, weight_decay=0.1),
        lambda r: optax.chain(optax.add_decayed_weights(0.1), optax.sgd(r, 0.9)),
    ),
    "adam": (optim.Adam(), lambda r: optax.adam(r)),
    "adam with options": (
        optim.Adam(betas=(0.5, 0.9), epsilon=1e-3, weight_decay=0.1),
        lambda r: optax.chain(optax.add_decayed_weights(0.1), optax.adam(r, 0.5, 0.9, 1e-3)),
    ),
    "adamw": (optim.AdamW(), lambda r: optax.adamw(r, weight_decay=0.01)),
    "adamw with options": (
        optim.AdamW(betas=(0.8, 0.99), epsilon=1e-6, weight_decay=0.3),
        lambda r: optax.adamw(r, 0.8, 0.99, 1e-6, weight_decay=0.3),
    ),
}


def slopes(values, xp):
    """Derivative of a bowl that bends differently in every direction."""
    return {
        n: xp.sin(v * 3) + v * (1 + xp.arange(v.size).reshape(v.shape)) for n, v in values.items()
    }


def run(backend, optimizer, start, clip=None, dtype=np.float64):
    """Parameters after each step."""
    held = {n: Parameter(v.astype(dtype), n) for n, v in start.items()}
    gradients = [
        graph.sin(p * 3.0)
        + p * (1 + np.arange(p.value.size, dtype=dtype).reshape(p.shape)).astype(dtype)
        for p in held.values()
    ]
    if clip:
        gradients = optim.clip_by_norm(gradients, clip)
    rate = graph.input("rate", (), dtype)
    step = optimizer.step(list(held.values()), gradients, rate)
    state = State({**{p.tensor: p.value for p in held.values()}, **step.initial})
    executable = backend.compile(Program({}, step.updates))
    feeds = Feeds(per_step={"rate": RATES.astype(dtype)}, steps=len(RATES))
    history = []
    for i in range(len(RATES)):
        executable.run(state, feeds, first=i, steps=1)
        history.append({n: state[p.tensor].copy() for n, p in held.items()})
    return history


@pytest.fixture
def start(generator):
    return {n: generator.normal(size=s) for n, s in SHAPES.items()}


@pytest.mark.parametrize("clip", [None, 0.7])
@pytest.mark.parametrize("case", CASES)
def test_agrees_with_optax_at_every_step(case, clip, backend, start):
    ours, theirs = CASES[case]
    transform = theirs(lambda count: jax.numpy.asarray(RATES)[count])
    if clip:
        transform = optax.chain(optax.clip_by_global_norm(clip), transform)
    values = {n: jax.numpy.asarray(v) for n, v in start.items()}
    state = transform.init(values)
    for got in run(backend, ours, start, clip):
        changes, state = transform.update(slopes(values, jax.numpy), state, values)
        values = optax.apply_updates(values, changes)
        for name in SHAPES:
            np.testing.assert_allclose(got[name], values[name], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("case", ["nesterov", "adamw"])
def test_float32_stays_close_to_float64(case, backend, start):
    # The bias correction is done in double precision whatever the parameters are.
    exact = run(backend, CASES[case][0], start)[-1]
    for name, value in run(backend, CASES[case][0], start, dtype=np.float32)[-1].items():
        assert value.dtype == np.float32
        np.testing.assert_allclose(value, exact[name], rtol=2e-4, atol=2e-5)


def test_variables_have_telling_and_different_names():
    a, b = Parameter(np.zeros(2), "weight"), Parameter(np.zeros(3), "weight")
    gradients = [graph.zeros_like(p.tensor) for p in (a, b)]
    rate = graph.input("rate", ())
    step = optim.Adam().step([a, b], gradients, rate)
    labels = [v.primitive.label for v in step.initial]
    assert len(set(labels)) == len(labels)
    assert "adam.first_moment.weight#1" in labels
    step = optim.SGD(momentum=0.9).step([a, b], gradients, rate, names=["0.weight", "2.weight"])
    assert [v.primitive.label for v in step.initial] == [
        "sgd.momentum.0.weight",
        "sgd.momentum.2.weight",
    ]
    assert set(step.updates) == {a.tensor, b.tensor, *step.initial}


# -- clipping --------------------------------------------------------------------------------------


def clipped(backend, gradients, limit):
    tensors = [graph.input(f"g{i}", g.shape, g.dtype) for i, g in enumerate(gradients)]
    results = optim.clip_by_norm(tensors, limit)
    program = Program({f"c{i}": r for i, r in enumerate(results)})
    feeds = Feeds(fixed={f"g{i}": g for i, g in enumerate(gradients)}, steps=1)
    out = backend.compile(program).run(State(), feeds)
    return [out[f"c{i}"][0] for i in range(len(gradients))]


def test_clipping_scales_all_gradients_together(backend, generator):
    gradients = [generator.normal(size=(4, 5)).astype("f"), generator.normal(size=3).astype("f")]
    norm = np.sqrt(sum((g.astype(float) ** 2).sum() for g in gradients))
    for got, g in zip(clipped(backend, gradients, norm / 4), gradients, strict=True):
        np.testing.assert_allclose(got, g / 4, rtol=1e-6)
    for got, g in zip(clipped(backend, gradients, norm * 1.01), gradients, strict=True):
        np.testing.assert_array_equal(got, g)
    zero = [np.zeros((2, 2), "f")]
    np.testing.assert_array_equal(clipped(backend, zero, 1.0)[0], zero[0])


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_clipping_does_not_hide_that_training_diverged(bad, backend):
    # 1e30 squared is infinite in float32: its norm is not known, so nothing may look well.
    first, second = clipped(backend, [np.array([bad, 1], "f"), np.array([2, 3], "f")], 1.0)
    assert not np.isfinite(first).any()
    assert not np.isfinite(second).any()


def test_clipping_nothing_gives_nothing():
    assert optim.clip_by_norm([], 1.0) == []


# -- names, options, errors ------------------------------------------------------------------------


def test_optimizers_are_found_by_name():
    assert optim.optimizer("adamw") == optim.AdamW()
    assert optim.optimizer(None, 0.5) == optim.Adam(0.5)
    assert optim.optimizer(optim.SGD(0.1, momentum=0.9), 0.2) == optim.SGD(0.2, momentum=0.9)
    with pytest.raises(OptionError, match="did you mean 'adam'"):
        optim.optimizer("adma")
    with pytest.raises(TypeError, match="expected an optimiser"):
        optim.optimizer(1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.SGD(-1), "learning_rate above 0"),
        (lambda: optim.Adam(float("nan")), "learning_rate above 0"),
        (lambda: optim.SGD(momentum=1.0), "momentum at least 0 and below 1"),
        (lambda: optim.SGD(nesterov=True), "nesterov needs momentum"),
        (lambda: optim.Adam(betas=(0.9, 1.0)), r"betas\[1\]"),
        (lambda: optim.Adam(epsilon=0), "epsilon above 0"),
        (lambda: optim.AdamW(weight_decay=-0.1), "weight_decay at least 0"),
        (lambda: optim.clip_by_norm([graph.constant(1.0)], 0), "max_norm above 0"),
    ],
)
def test_options_out_of_range_are_named(make, message):
    with pytest.raises(OptionError, match=message):
        make()


def test_gradients_must_fit_their_parameters():
    p, rate = Parameter(np.zeros(3), "bias"), graph.input("rate", ())
    with pytest.raises(graph.ShapeError, match=r"gradient of 'bias' must be \(3,\)"):
        optim.SGD().step([p], [graph.constant(np.zeros(4))], rate)
    with pytest.raises(graph.ShapeError, match="1 parameters, 0 gradients"):
        optim.SGD().step([p], [], rate)
