"""The printed backward pass: what it says, and that it is the true one."""

import numpy as np
import pytest

import layerwise as lw
from layerwise.graph import Batch
from layerwise.graph.leaves import Input
from layerwise.insight.formula import tidy

nn = lw.nn

MLP = """\
FORWARD, first to last
  h1 = x @ transpose(0.weight) + 0.bias                           (batch, 128)
  h2 = relu(h1)                                                   (batch, 128)
  h3 = where(kept, 1.25 * h2, 0)                                  (batch, 128)
  h4 = h3 @ transpose(3.weight) + 3.bias                          (batch, 10)
  L  = -mean(sum(where(one_hot(y), log_softmax(h4), 0), axis=1))  ()

BACKWARD, last to first

Loss: cross_entropy
  needs  h4
  t1     = where(one_hot(y), -1 / batch, 0)    (batch, 10)
  dL/dh4 = t1 - sum(t1, axis=1) * softmax(h4)  (batch, 10)

Layer 3: Linear(128, 10)
  needs  h3, 3.weight
  dL/d3.weight = transpose(dL/dh4) @ h3  (10, 128)
  dL/d3.bias   = sum(dL/dh4, over rows)  (10,)
  dL/dh3       = dL/dh4 @ 3.weight       (batch, 128)

Layer 2: Dropout(0.2)
  needs  kept
  dL/dh2 = 1.25 * where(kept, dL/dh3, 0)  (batch, 128)

Layer 1: ReLU()
  needs  h1
  dL/dh1 = where(h1 > 0, dL/dh2, 0)  (batch, 128)

Layer 0: Linear(64, 128)
  needs  x
  dL/d0.weight = transpose(dL/dh1) @ x   (128, 64)
  dL/d0.bias   = sum(dL/dh1, over rows)  (128,)"""


def test_the_text_of_a_multilayer_perceptron():
    net = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))
    text = str(lw.backward(net, loss="cross_entropy"))
    assert text.startswith("The backward pass of Sequential with the loss cross_entropy\n")
    assert text.endswith(MLP)
    assert max(map(len, text.splitlines())) < 100


@pytest.mark.parametrize(
    ("activation", "line"),
    [
        ("sigmoid", "dL/dh1 = dL/dh2 * h2 * (1 - h2)"),
        ("tanh", "dL/dh1 = dL/dh2 * (1 - h2^2)"),
        ("relu", "dL/dh1 = where(h1 > 0, dL/dh2, 0)"),
        ("softplus", "dL/dh1 = dL/dh2 * sigmoid(h1)"),
        ("log_softmax", "dL/dh1 = dL/dh2 - sum(dL/dh2, axis=1) * softmax(h1)"),
        ("softmax", "dL/dh1 = (dL/dh2 - sum(dL/dh2 * softmax(h1), axis=1)) * softmax(h1)"),
    ],
)
def test_the_derivatives_that_people_know(activation, line):
    net = nn.Sequential(nn.Linear(8, 4), nn.activation(activation), nn.Linear(4, 2))
    assert line in str(lw.backward(net, loss="mse"))


def test_mse_and_bce_and_a_column():
    net = nn.Sequential(nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 1), nn.Sigmoid())
    text = str(lw.backward(net, loss="mse"))
    assert "dL/dh4 = 2 * (h4 - y) / batch" in text
    assert "dL/d2.weight = transpose(dL/dh3) @ h2" in text
    text = str(lw.backward(net, loss="bce"))
    assert "dL/dh3 = sigmoid(h3) / batch - y / batch" in text
    assert "one stable step" in text


class Residual(nn.Module):
    def __init__(self):
        self.a, self.b, self.last = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)
        self.scale = nn.Parameter(np.full(4, 0.5, np.float32))

    def forward(self, x):
        first = lw.tanh(self.a(x))
        return self.last(first + self.b(first) * self.scale)


NETS = {
    "mlp": lambda: nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Dropout(0.3), nn.Linear(5, 3)),
    "norms": lambda: nn.Sequential(
        nn.Linear(4, 5), nn.LayerNorm(5), nn.GELU(), nn.BatchNorm1d(5), nn.Linear(5, 3)
    ),
    "every activation": lambda: nn.Sequential(
        nn.Linear(4, 3), *(nn.activation(name) for name in sorted(nn.ACTIVATIONS))
    ),
    "softmax inside": lambda: nn.Sequential(nn.Linear(4, 5), nn.Softmax(), nn.Linear(5, 3)),
    "residual": Residual,
    "one layer": lambda: nn.Linear(4, 3),
}


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
@pytest.mark.parametrize("name", NETS)
def test_it_is_the_true_gradient(name, loss):
    """The gradients of the steps, each fed with those of the steps before, end in the real ones."""
    with nn.seed(1):
        net = NETS[name]()
    read = lw.backward(net, loss=loss)
    values = fed_values(net, read)
    arrived: dict[str, np.ndarray] = {}
    for step in read.steps:
        feeds = {
            leaf: arrived[label] if label in arrived else value_of(read, label, values)
            for label, leaf in step.placeholders.items()
            if label in arrived or label in read.values
        }
        for form in (step.gradients, tidy(step.gradients) if step.gradients else {}):
            found = lw.evaluate(form.values(), {**random_values(values), **feeds}, rows=6)
            results = dict(zip(form, found, strict=True))
        for label, gradient in results.items():
            arrived[label] = arrived.get(label, 0) + gradient
    scalar = read.values["L"]
    names = [n for n in read.values if n not in ("L", "x", "y") and not n.startswith("h")]
    wanted = lw.evaluate(lw.gradients(scalar, [read.values[n] for n in names]), values, rows=6)
    assert names
    for label, want in zip(names, wanted, strict=True):
        got = arrived.get(f"dL/d{label}", np.zeros_like(want))
        np.testing.assert_allclose(got, want, rtol=2e-3, atol=2e-6)


def fed_values(net, read):
    """Numbers for every leaf of the whole graph."""
    random = np.random.default_rng(0)
    held = {h.tensor: h.value for _, h in net.named_held()}
    values = {}
    for node in lw.graph.topological_order([read.values["L"]]):
        if node in held:
            values[node] = held[node]
        elif isinstance(node.primitive, Input):
            shape = tuple(6 if isinstance(d, Batch) else d for d in node.shape)
            whole = node.dtype.kind == "i"
            values[node] = random.integers(0, 3, shape) if whole else random.standard_normal(shape)
        elif node.primitive.name == "Variable":
            values[node] = np.uint32(3)
    return values


def random_values(values):
    return {t: v for t, v in values.items() if t.dtype == np.uint32 or t.primitive.name == "Input"}


def value_of(read, label, values):
    (found,) = lw.evaluate([read.values[label]], values, rows=6)
    return found


def test_gradients_of_two_users_are_added():
    text = str(lw.backward(Residual(), loss="cross_entropy"))
    assert "  dL/dh2       += dL/dh3 @ b.weight" in text


def test_layers_that_do_nothing_and_whole_numbers():
    net = nn.Sequential(nn.Embedding(9, 2), nn.Flatten(), nn.Identity(), nn.Linear(4, 3))
    text = str(lw.backward(net, loss="cross_entropy", example=np.zeros((1, 2), int)))
    assert "Identity() passes h2 on as it is" in text
    assert "dL/d0.weight = add dL/dh1 to the rows x of zeros" in text


def test_the_kind_of_rows_must_be_known():
    with pytest.raises(lw.OptionError, match="example=X"):
        lw.backward(nn.Sequential(nn.ReLU()), loss="mse")
