"""Changes that remedies make to networks: always in copies, and only where they can be made."""

import numpy as np
import pytest
from doctor_runs import layers, nn

import layerwise as lw
from layerwise.doctor.surgery import REDRAWN, CannotChangeError, changed

X = np.random.default_rng(0).standard_normal((20, 6)).astype(np.float32)


def kinds(net):
    """The modules as text, without what is in brackets for linear layers."""
    return [
        f"{each.in_features}-{each.out_features}" if isinstance(each, nn.Linear) else str(each)
        for each in net
    ]


def nested():
    with nn.seed(3):
        inner = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Sequential(nn.Linear(8, 8)))
        return nn.Sequential(nn.Flatten(), inner, nn.Sequential(nn.ReLU(), nn.Linear(8, 2)))


class Own(nn.Module):
    """A forward function that nobody else may change."""

    def __init__(self):
        self.a, self.b = nn.Linear(6, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.b(self.a(x))


class Skipping(nn.Sequential):
    """A `Sequential` only by name."""

    def forward(self, x):
        return x + super().forward(x)


ALL = {
    "insert_activations": "relu", "replace_activations": "elu", "remove_last_activation": True,
    "dropout": 0.2, "normalise_layers": True, "width": 64, "outputs": 3,
    "usual_initialisation": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("net", "changes", "wanted"),
    [
        (lambda: layers(6, 5, 5, 2, activation=None), {"insert_activations": "tanh"},
         ["6-5", "Tanh()", "5-5", "Tanh()", "5-2"]),
        (lambda: nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Dropout(0.5), nn.Identity(),
                               nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2)),
         {"insert_activations": "relu"},
         ["6-5", "BatchNorm1d(5, epsilon=1e-05, momentum=0.1)", "Dropout(0.5)", "Identity()",
          "ReLU()", "5-4", "ReLU()", "4-2"]),
        (nested, {"replace_activations": "elu"},
         ["Flatten()", "6-8", "ELU(1)", "8-8", "ELU(1)", "8-2"]),
        (lambda: nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1), nn.Dropout(0.1),
                               nn.ReLU(), nn.Softmax()), {"remove_last_activation": True},
         ["6-4", "ReLU()", "4-1", "Dropout(0.1)"]),
        (nested, {"dropout": 0.3},
         ["Flatten()", "6-8", "Tanh()", "Dropout(0.3)", "8-8", "ReLU()", "Dropout(0.3)", "8-2"]),
        (lambda: nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Dropout(0.9), nn.Linear(4, 1)),
         {"dropout": 0.2}, ["6-4", "ReLU()", "Dropout(0.2)", "4-1"]),
        (nested, {"normalise_layers": True},
         ["Flatten()", "6-8", "LayerNorm(8, epsilon=1e-05)", "Tanh()", "8-8",
          "LayerNorm(8, epsilon=1e-05)", "ReLU()", "8-2"]),
        (nested, {"width": 64}, ["Flatten()", "6-64", "Tanh()", "64-64", "ReLU()", "64-2"]),
        (lambda: nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 100),
                               nn.LayerNorm(100), nn.ReLU(), nn.Linear(100, 2)), {"width": 80},
         ["6-80", "BatchNorm1d(80, epsilon=1e-05, momentum=0.1)", "ReLU()", "80-100",
          "LayerNorm(100, epsilon=1e-05)", "ReLU()", "100-2"]),
        (lambda: nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 1), nn.Sigmoid()),
         {"outputs": 7}, ["6-4", "ReLU()", "4-7"]),
        (lambda: layers(6, 4, 1), {"replace_activations": "leaky_relu",
                                   "usual_initialisation": True, "learning_rate": 0.1},
         ["6-4", "LeakyReLU(0.01)", "4-1"]),
    ],
)  # fmt: skip
def test_changes(net, changes, wanted):
    net = net()
    before, weights = repr(net), net.state_dict()
    made = changed(net, changes)
    assert kinds(made) == wanted
    assert made(X).shape[0] == 20
    assert repr(net) == before
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, weights[name])
    mine = {id(p) for p in net.parameters()}
    assert not any(id(p) in mine for p in made.parameters())


def test_weights_stay_where_their_shapes_do():
    net = nested()
    for name, value in (("dropout", 0.5), ("insert_activations", "relu")):
        if name == "insert_activations":
            net = layers(6, 5, 2, activation=None)
        made = changed(net, {name: value})
        for old, new in zip(net.parameters(), made.parameters(), strict=True):
            np.testing.assert_array_equal(old.value, new.value)
        assert name not in REDRAWN


def test_dtypes_and_missing_biases_stay():
    net = nn.Sequential(
        nn.Linear(6, 4, bias=False, dtype="float64"), nn.Tanh(), nn.Linear(4, 1, dtype="float64")
    )
    for name in ("width", "usual_initialisation", "outputs"):
        made = changed(net, {name: 70})
        assert [each.bias is None for each in (made[0], made[2])] == [True, False]
        assert made(X.astype(np.float64)).dtype == np.float64


def test_the_usual_initialisation_is_drawn_anew():
    net = layers(6, 5, 2)
    for each in (net[0], net[2]):
        each.weight.value = np.zeros(each.weight.shape)
    made = changed(net, {"usual_initialisation": True})
    assert made[0].weight.value.std() > 0.05
    assert not net[0].weight.value.any()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("make", [Own, lambda: Skipping(nn.Linear(6, 6)), lambda: nn.Linear(6, 2)])
def test_networks_of_other_kinds_are_left_alone(name, make):
    with pytest.raises(CannotChangeError, match="no Sequential"):
        changed(make(), {name: ALL[name]})


def test_what_does_not_touch_the_network_can_always_be_done():
    net = Own()
    made = changed(net, {"learning_rate": 0.1, "epochs": 3})
    assert isinstance(made, Own)
    assert made is not net
    np.testing.assert_array_equal(made(X), net(X))
    made.a.weight.value = made.a.weight.value * 2
    assert np.abs(made(X) - net(X)).max() > 0.01


@pytest.mark.parametrize(
    ("net", "changes"),
    [
        (lambda: layers(6, 4, 1), {"insert_activations": "relu"}),
        (lambda: layers(6, 4, 1), {"remove_last_activation": True}),
        (lambda: layers(6, 4, 1, activation=None), {"replace_activations": "relu"}),
        (lambda: nn.Sequential(nn.Linear(6, 1)), {"dropout": 0.2}),
        (lambda: nn.Sequential(nn.Linear(6, 1)), {"normalise_layers": True}),
        (lambda: nn.Sequential(nn.Linear(6, 1)), {"width": 64}),
        (lambda: nn.Sequential(nn.ReLU(), Own()), {"outputs": 2}),
        (lambda: nn.Sequential(nn.ReLU(), Own()), {"usual_initialisation": True}),
        (lambda: nn.Sequential(), {"dropout": 0.2}),
    ],
)  # fmt: skip
def test_nothing_that_the_change_is_for(net, changes):
    with pytest.raises(CannotChangeError, match=r"there is no|no layer"):
        changed(net(), changes)


def test_parts_that_skip_are_kept_whole():
    """A part with a forward function of its own stays as it is inside a `Sequential`."""
    net = nn.Sequential(
        nn.Linear(6, 6), nn.ReLU(), Skipping(nn.Linear(6, 6), nn.Tanh()), lw.relu, nn.Linear(6, 2)
    )
    made = changed(net, {"replace_activations": "gelu"})
    assert type(made[2]) is Skipping
    assert isinstance(made[1], nn.GELU)
    assert isinstance(made[2][1], nn.Tanh)
    inner = changed(net, {"usual_initialisation": True})[2]
    np.testing.assert_array_equal(inner(X), net[2](X))
