"""Facts of the network as a graph: layers, pairs with nothing between them, how it ends."""

import numpy as np
import pytest
from doctor_runs import layers, nn, not_begun

import layerwise as lw
from layerwise.doctor.case import GraphFacts
from layerwise.doctor.examine_graph import examine_graph, trace

random = np.random.default_rng(3)
X = random.standard_normal((90, 6)).astype(np.float32)


def facts(net, *inputs, y=None, **options):
    """What is found of a net before its first step."""
    inputs = inputs or (X,)
    if y is None:
        y = np.zeros((len(inputs[0]), *net(*inputs).shape[1:]), np.float32)
    given = inputs[0] if len(inputs) == 1 else inputs
    run = not_begun(net, (given, y), **{"loss": "mse"} | options)
    return examine_graph(run, trace(run.net, run.data.inputs))


class Net(nn.Module):
    """Layers for a forward function that each test writes."""

    def __init__(self, forward):
        with nn.seed(2):
            self.a, self.b, self.c = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 6)
        self.norm, self.batch, self.drop = nn.LayerNorm(6), nn.BatchNorm1d(6), nn.Dropout(0.3)
        self._call = forward

    def forward(self, *given):
        return self._call(self, *given)


# -- stacked ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("between", "stacked"),
    [
        ((), True), ((nn.Dropout(0.5),), True), ((nn.BatchNorm1d(6),), True),
        ((nn.Identity(), nn.Dropout(0.1), nn.Flatten()), True), ((nn.LayerNorm(6),), False),
        ((nn.ReLU(),), False), ((nn.BatchNorm1d(6), nn.Tanh()), False), ((nn.Softmax(),), False),
        ((lambda x: x * 2.0 - 1.0,), True), ((lambda x: x * x,), False),
        ((lambda x: lw.maximum(x, 0.1),), False), ((lambda x: 1.0 / (x * x + 1.0),), False),
        ((lambda x: x / (lw.absolute(x) + 1.0),), False), ((lambda x: -(3.0 - x) / 2.0,), True),
        ((lambda x: x - lw.mean(x, axis=-1, keepdims=True),), False),
    ],
)  # fmt: skip
def test_what_stands_between_two_linear_layers(between, stacked):
    net = nn.Sequential(nn.Linear(6, 6), *between, nn.Linear(6, 2))
    assert facts(net).stacked == ((("0", str(1 + len(between))),) if stacked else ())


@pytest.mark.parametrize(
    ("forward", "stacked"),
    [
        (lambda m, x: m.c(m.b(m.a(x))), (("a", "b"), ("b", "c"))),
        (lambda m, x: x + m.b(m.a(x)), (("a", "b"),)),
        (lambda m, x: x + m.b(lw.relu(m.a(x))), ()),
        (lambda m, x: m.c(x + m.b(lw.relu(m.a(x)))), ()),
        (lambda m, x: m.c(m.a(x) * lw.sigmoid(m.b(x))), ()),
        (lambda m, x: m.c(m.a(x) * m.b(x)), ()),
        (lambda m, x: m.c(lw.softmax(m.a(x) @ lw.swap_last_axes(m.b(m.a(x))))), (("a", "b"),)),
        (lambda m, x: m.c(lw.concatenate([lw.relu(m.a(x))[:, :3], x[:, :3]], 1)), ()),
        (lambda m, x: m.b(m.b(m.a(x))), (("a", "b"), ("b", "b"))),
        (lambda m, x: m.b(m.a(x)[:, ::1]) + m.c(x), (("a", "b"),)),
        (lambda m, x: m.c(lw.relu(m.norm(m.b(m.drop(m.batch(m.a(x))))))), (("a", "b"),)),
    ],
)  # fmt: skip
def test_stacked_in_forward_functions_of_ones_own(forward, stacked):
    pictures = "swap_last_axes" in forward.__code__.co_names
    x = random.standard_normal((12, 6, 6)).astype(np.float32) if pictures else X
    assert facts(Net(forward), x).stacked == stacked


def test_a_sum_of_two_layers_is_seen_by_the_third():
    ((first, second),) = facts(Net(lambda m, x: m.c(m.a(x) + m.b(x)))).stacked
    assert first in ("a", "b")
    assert second == "c"


def test_attention_is_not_linear():
    def forward(m, x):
        scores = m.a(x) @ lw.swap_last_axes(m.b(x))
        return m.c(scores @ x)

    assert facts(Net(forward), random.standard_normal((12, 6, 6)).astype(np.float32)).stacked == ()


def test_bottlenecks_have_their_sizes():
    found = facts(nn.Sequential(nn.Linear(6, 1), nn.Linear(1, 6)))
    assert found.stacked == (("0", "1"),)
    assert [(layer.inputs, layer.units) for layer in found.layers] == [(6, 1), (1, 6)]


def test_nested_paths():
    inner = nn.Sequential(nn.Linear(6, 4), nn.Dropout(0.2))
    found = facts(nn.Sequential(inner, nn.Sequential(nn.Linear(4, 4), nn.ReLU()), nn.Linear(4, 1)))
    assert found.stacked == (("0.0", "1.0"),)
    assert [layer.path for layer in found.layers] == ["0.0", "0.1", "1.0", "1.1", "2"]


# -- how it ends -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "ends_in"),
    [
        (nn.Identity(), ""), (nn.ReLU(), "relu"), (nn.Sigmoid(), "sigmoid"), (nn.Tanh(), "tanh"),
        (nn.Softmax(), "softmax"), (nn.GELU(), "other"), (nn.LogSoftmax(), ""), (lw.relu, "relu"),
        (lambda x: lw.reshape(lw.sigmoid(x), (-1, 3, 1)), "sigmoid"), (lambda x: x * 3.0, ""),
        (nn.Dropout(0.2), ""), (nn.Softplus(), "other"), (lambda x: lw.clip(x, 0.0, 1.0), "other"),
        (lambda x: lw.exp(x), "other"),
    ],
)  # fmt: skip
def test_ends(last, ends_in):
    assert facts(nn.Sequential(nn.Linear(6, 3), last)).ends_in == ends_in


def test_functions_behind_the_last_layer():
    assert facts(Net(lambda m, x: lw.relu(m.b(lw.tanh(m.a(x)))))).ends_in == "relu"
    assert facts(Net(lambda m, x: lw.sigmoid(m.b(lw.tanh(m.a(x)))))).ends_in == "sigmoid"
    assert facts(Net(lambda m, x: m.b(lw.tanh(m.a(x))))).ends_in == ""
    # The sum has values of either sign.
    assert facts(Net(lambda m, x: x + lw.relu(m.a(x)))).ends_in == ""


# -- weights that began alike ----------------------------------------------------------------------


def test_layers_whose_units_began_alike():
    net = layers(6, 5, 5, 4, 1)
    net[0].weight.value = np.tile(np.arange(6), (5, 1)) * 0.1
    net[4].weight.value = np.zeros((4, 5))
    net[6].weight.value = np.zeros((1, 4))
    assert facts(net).alike == ("0", "4")
    assert facts(layers(6, 5, 1)).alike == ()


def test_one_unit_and_the_last_layer_may_be_as_they_like():
    net = layers(6, 1, 3)
    for each in (net[0], net[2]):
        each.weight.value = np.zeros(each.weight.shape)
    assert facts(net).alike == ()
    alone = nn.Linear(6, 2)
    alone.weight.value = np.zeros((2, 6))
    assert facts(alone).alike == ()


# -- layers ----------------------------------------------------------------------------------------


def test_layers_are_listed_in_order():
    net = nn.Sequential(
        nn.Linear(6, 9), nn.BatchNorm1d(9), nn.Tanh(), nn.Dropout(0.25), nn.Linear(9, 7),
        nn.LayerNorm(7), lw.relu, nn.Dropout(0.0), nn.Linear(7, 2), nn.Softmax(),
    )  # fmt: skip
    found = facts(net, loss="mae")
    assert [(layer.path, layer.kind, layer.inputs, layer.units) for layer in found.layers] == [
        ("0", "linear", 6, 9), ("1", "norm", 9, 9), ("2", "activation", 9, 9),
        ("3", "dropout", 0, 0), ("4", "linear", 9, 7), ("5", "norm", 7, 7),
        ("6", "activation", 7, 7), ("7", "dropout", 0, 0), ("8", "linear", 7, 2),
        ("9", "other", 2, 2),
    ]  # fmt: skip
    assert [layer.rate for layer in found.of_kind("dropout")] == [0.25, 0]
    assert [layer.flat_ends for layer in found.of_kind("activation")] == [2, 1]
    assert found.parameters == sum(p.value.size for p in net.parameters())


def test_words_and_functions_have_layers_too():
    words = random.integers(0, 9, (30, 4)).astype(np.int32)
    found = facts(nn.Sequential(nn.Embedding(9, 5), nn.Flatten(), nn.Linear(20, 1)), words)
    assert [(layer.kind, layer.units) for layer in found.layers] == [("other", 5), ("linear", 1)]
    found = facts(Net(lambda m, x: lw.gelu(m.b(lw.relu(m.a(x))))))
    assert [layer.path for layer in found.layers] == ["a", "a()", "b", "b()"]


def test_several_inputs():
    found = facts(Net(lambda m, x, other: m.c(m.a(x) + lw.relu(m.b(other)))), X, X[:, ::-1])
    assert [layer.path for layer in found.layers] == ["a", "b", "c"]
    assert found.stacked == ()


def test_units_that_open_and_values_that_are_flat():
    net = layers(6, 8, 5, 1)
    net[0].weight.value = net[0].weight.value * np.linspace(0.1, 8, 8)[:, None]
    net[0].bias.value = np.where(np.arange(8) < 2, -1e4, 0)
    hidden = np.maximum(X @ net[0].weight.value.T + net[0].bias.value, 0)
    found = facts(net)
    first = found.of_kind("activation")[0]
    assert first.open_units == (hidden > 0).any(0).mean() == 6 / 8
    assert first.saturated == pytest.approx((hidden <= 0).mean())
    assert first.spread == pytest.approx(hidden.std(), rel=1e-5)
    linear = found.of_kind("linear")[0]
    assert np.isnan([linear.open_units, linear.saturated]).all()

    curved = layers(6, 8, 1, activation="tanh")
    curved[0].weight.value = curved[0].weight.value * np.linspace(0, 30, 8)[:, None]
    values = np.tanh(X.astype(np.float64) @ curved[0].weight.value.T + curved[0].bias.value)
    (layer,) = facts(curved).of_kind("activation")
    flat = 1 - values**2 < 0.02
    assert layer.saturated == pytest.approx(flat.mean(), abs=1e-3)
    assert layer.open_units == (~flat).any(0).mean()


def test_leaky_units_are_never_closed_for_good():
    net = layers(6, 8, 1, activation="leaky_relu")
    (layer,) = facts(net).of_kind("activation")
    assert layer.flat_ends == 0


def test_no_more_rows_than_needed_are_looked_at():
    many = np.repeat(X, 20, axis=0)
    many[1000:] = 1e9
    assert facts(layers(6, 3, 1), many).layers[0].spread < 100


def test_a_net_of_nothing_but_functions():
    class Plane(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter(np.ones((6, 1), np.float32))

        def forward(self, x):
            return x @ self.weight

    found = facts(Plane())
    assert isinstance(found, GraphFacts)
    assert (found.stacked, found.alike, found.ends_in, found.parameters) == ((), (), "", 6)
