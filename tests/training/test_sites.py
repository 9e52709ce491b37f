"""Where probes look: layers with weights, activations as modules, and functions between modules."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.graph import backpropagate, evaluate, full_like
from layerwise.nn.inputs import trace_rows
from layerwise.training.plan import SEED, STEP
from layerwise.training.sites import SATURATED, find_sites

nn = lw.nn
X = np.random.default_rng(0).standard_normal((20, 6)).astype(np.float32)


def sites(net, *arrays, training=True):
    make = (lambda: nn.Trace(training=True, seed=SEED, step=STEP)) if training else nn.Trace
    _, _, trace = trace_rows(net, list(arrays or (X,)), make)
    return find_sites(trace.calls)


def named(net, *arrays, training=True):
    """Path and kind of each site."""
    found = sites(net, *arrays, training=training)
    return [(s.path, "activation" if s.is_activation else "layer") for s in found]


class Net(nn.Module):
    """Layers for a forward function that each test writes."""

    def __init__(self, forward):
        self.a, self.b, self.c = nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 3)
        self.norm, self.on, self.drop = nn.LayerNorm(8), nn.ReLU(), nn.Dropout(0.3)
        self._call = forward

    def forward(self, *given):
        return self._call(self, *given)


LAYER, ACTIVATION = "layer", "activation"


@pytest.mark.parametrize("training", [True, False])
def test_modules_in_a_row(training):
    net = nn.Sequential(
        nn.Flatten(), nn.Identity(), nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.2),
        nn.Sequential(nn.Linear(8, 4), nn.Sequential(nn.GELU(), nn.LayerNorm(4))), nn.Dropout(0.5),
        nn.Linear(4, 3), nn.Softmax(),
    )  # fmt: skip
    assert named(net, training=training) == [
        ("2", LAYER), ("3", LAYER), ("4", ACTIVATION), ("6.0", LAYER), ("6.1.0", ACTIVATION),
        ("6.1.1", LAYER), ("8", LAYER), ("9", LAYER),
    ]  # fmt: skip
    found = sites(net, training=training)
    assert [s.units for s in found] == [8, 8, 8, 4, 4, 4, 3, 3]
    assert found[-1].layer == "Softmax()"


def test_pictures_are_flattened_without_a_site():
    net = nn.Sequential(nn.Flatten(), nn.Linear(24, 2), nn.Flatten(), nn.ReLU(), nn.LogSoftmax())
    pictures = np.zeros((4, 2, 3, 4), np.float32)
    assert named(net, pictures) == [("1", LAYER), ("3", ACTIVATION), ("4", LAYER)]


def test_words_and_sequences():
    net = nn.Sequential(nn.Embedding(9, 5), nn.Linear(5, 4), nn.ReLU())
    found = sites(net, np.zeros((7, 3), np.int32))
    assert [(s.path, s.units, s.output.shape[1:]) for s in found] == [
        ("0", 5, (3, 5)), ("1", 4, (3, 4)), ("2", 4, (3, 4)),
    ]  # fmt: skip


# -- functions between modules ---------------------------------------------------------------------

FORWARDS = {
    "between": (
        lambda m, x: m.c(lw.tanh(m.b(lw.relu(m.a(x))))),
        [("a", LAYER), ("a()", ACTIVATION), ("b", LAYER), ("b()", ACTIVATION), ("c", LAYER)],
    ),
    "the last": (
        lambda m, x: lw.sigmoid(m.c(m.on(m.b(m.a(x))))),
        [("a", LAYER), ("b", LAYER), ("on", ACTIVATION), ("c", LAYER), ("c()", ACTIVATION)],
    ),
    "composed": (
        lambda m, x: m.c(lw.minimum(lw.relu(m.a(x)) * 2.0, 6.0)),
        [("a", LAYER), ("a()", ACTIVATION), ("c", LAYER)],
    ),
    "with itself": (
        lambda m, x: (lambda h: m.c(h * lw.sigmoid(1.7 * h)))(m.a(x)),
        [("a", LAYER), ("a()", ACTIVATION), ("c", LAYER)],
    ),
    "of an activation": (
        lambda m, x: m.c(lw.tanh(m.on(m.a(x)))),
        [("a", LAYER), ("on", ACTIVATION), ("c", LAYER)],
    ),
    "of a norm": (
        lambda m, x: m.c(lw.relu(m.norm(m.a(x)))),
        [("a", LAYER), ("norm", LAYER), ("norm()", ACTIVATION), ("c", LAYER)],
    ),
    "scales and shifts": (
        lambda m, x: m.c(m.b(m.a(x) * 0.5 + 1.0) - 3.0) / 2.0,
        [("a", LAYER), ("b", LAYER), ("c", LAYER)],
    ),
    "of two layers": (
        lambda m, x: (lambda h: m.c(lw.tanh(h) * lw.sigmoid(m.b(h))))(m.a(x)),
        [("a", LAYER), ("b", LAYER), ("c", LAYER)],
    ),
    "of the input": (
        lambda m, x: m.c(m.on(m.a(lw.tanh(x)))),
        [("a", LAYER), ("on", ACTIVATION), ("c", LAYER)],
    ),
    "softmax": (
        lambda m, x: m.c(lw.softmax(m.a(x))),
        [("a", LAYER), ("c", LAYER)],
    ),
    "residual": (
        lambda m, x: (lambda h: m.c(m.on(h + m.b(m.on(h)))))(m.a(x)),
        [("a", LAYER), ("on", ACTIVATION), ("b", LAYER), ("on", ACTIVATION), ("c", LAYER)],
    ),
    "called twice": (
        lambda m, x: m.c(m.on(m.b(m.on(m.b(m.on(m.a(x))))))),
        [("a", LAYER), *[("on", ACTIVATION), ("b", LAYER)] * 2, ("on", ACTIVATION), ("c", LAYER)],
    ),
    "dropout": (
        lambda m, x: m.c(m.drop(m.on(m.drop(m.a(x))))),
        [("a", LAYER), ("on", ACTIVATION), ("c", LAYER)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORWARDS)
def test_forward_functions_of_ones_own(name):
    forward, wanted = FORWARDS[name]
    assert named(Net(forward)) == wanted
    assert named(Net(forward), training=False) == wanted


@pytest.mark.parametrize(
    "name",
    ["relu", "sigmoid", "tanh", "gelu", "silu", "leaky_relu", "elu", "selu", "softplus", "mish"],
)
def test_functions_have_their_usual_names(name):
    function = getattr(lw, name)
    found = sites(Net(lambda m, x: m.c(function(m.a(x)))))
    assert found[1].layer == f"{name}(...)"
    pictures = sites(Net(lambda m, x: m.c(function(m.a(x)))), np.zeros((3, 4, 6), np.float32))
    assert pictures[1].layer == f"{name}(...)"


def test_other_functions_are_named_for_what_they_do_last():
    found = sites(Net(lambda m, x: m.c(lw.exp(m.b(-lw.square(m.a(x)))))))
    assert [s.layer for s in found if s.is_activation] == ["negative(...)", "exp(...)"]


def test_several_inputs():
    def forward(m, x, other):
        return m.c(lw.relu(m.a(x)) + m.on(m.b(other)))

    other = np.zeros((20, 8), np.float32)
    assert named(Net(forward), X, other) == [
        ("a", LAYER), ("b", LAYER), ("on", ACTIVATION), ("c", LAYER),
    ]  # fmt: skip


class Bend(nn.Module):
    """An activation with a slope that is learned, as PReLU's."""

    def __init__(self):
        self.slope = nn.Parameter(np.full(8, 0.2, np.float32))

    def forward(self, x):
        return lw.where(x > 0.0, x, x * lw.broadcast_to(self.slope.tensor, x.shape))


class Doubled(nn.Module):
    """No activation: the same slope everywhere."""

    def forward(self, x):
        return x * 2.0


class Gate(nn.Module):
    """Two inputs, so no function of one."""

    def forward(self, x, y):
        return lw.sigmoid(x) * y


class Centred(nn.Module):
    """Looks at a whole row."""

    def forward(self, x):
        return x - lw.mean(x, axis=-1, keepdims=True)


def test_modules_of_ones_own():
    net = nn.Sequential(
        nn.Linear(6, 8), Bend(), nn.Linear(8, 8), Doubled(), lambda x: lw.exp(-x * x),
        nn.Linear(8, 8), Centred(), nn.Linear(8, 1),
    )  # fmt: skip
    assert named(net) == [
        ("0", LAYER), ("1", LAYER), ("2", LAYER), ("4", ACTIVATION), ("5", LAYER), ("6", LAYER),
        ("7", LAYER),
    ]  # fmt: skip


def test_a_gate_is_no_activation():
    class Gated(nn.Module):
        def __init__(self):
            self.a, self.b, self.gate = nn.Linear(6, 4), nn.Linear(6, 4), Gate()

        def forward(self, x):
            return self.gate(self.a(x), self.b(x))

    assert named(Gated()) == [("a", LAYER), ("b", LAYER)]


def test_functions_that_are_not_defined_everywhere():
    """Slopes that are NaN or infinite on the way are no reason to warn, or to stop."""
    for function in (lw.log, lw.sqrt, lambda x: 1.0 / x, lambda x: lw.exp(lw.exp(lw.exp(x)))):
        found = sites(nn.Sequential(nn.Linear(6, 4), function, nn.Linear(4, 1)))
        assert [s.is_activation for s in found] == [False, True, False]
        assert found[1].steepest == 1 or np.isfinite(found[1].steepest)


# -- slopes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "steepest", "closes", "flat_ends"),
    [
        ("relu", 1, True, 1), ("tanh", 1, False, 2), ("sigmoid", 0.25, False, 2),
        ("leaky_relu", 1, False, 0), ("elu", 1, False, 1), ("softplus", 1, False, 1),
        ("gelu", 1.129, False, 1), ("silu", 1.1, False, 1), ("mish", 1.09, False, 1),
        ("selu", 1.758, False, 1),
    ],
)  # fmt: skip
def test_the_shape_of_an_activation(name, steepest, closes, flat_ends):
    site = sites(nn.Sequential(nn.Linear(6, 3), nn.activation(name)))[1]
    assert site.is_activation
    assert site.steepest == pytest.approx(steepest, abs=2e-3)
    assert site.closes_at_zero == closes
    assert site.flat_ends == flat_ends


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu", "selu"])
def test_slopes_are_derivatives(name):
    """By central differences, at points away from kinks."""
    net = nn.Sequential(nn.Linear(1, 1, dtype="float64"), nn.activation(name))
    _inputs, output, trace = trace_rows(net, [np.zeros((2, 1))])
    layer, site = find_sites(trace.calls)
    points = np.array([[-3.1], [-0.7], [0.3], [2.2]])
    found, values = evaluate([site.slope, site.output], {layer.output: points}, 4)
    ends = [evaluate([output], {layer.output: points + e}, 4)[0] for e in (1e-6, -1e-6)]
    np.testing.assert_allclose(found, (ends[0] - ends[1]) / 2e-6, atol=1e-8)
    assert values.shape == (4, 1)
    assert (np.abs(found) < SATURATED).any() == (name in ("relu", "tanh", "gelu"))
    seeds = {site.output: full_like(site.output, 1.0)}
    assert backpropagate(seeds, [layer.output])[layer.output] is site.slope
