"""GRU and LSTM: gradients, steps, padding, saving, errors. Numbers: `test_torch_layers.py`."""

import numpy as np
import pytest

import layerwise as lw
from layerwise import graph, nn
from layerwise.compiler import Feeds, Program, State
from layerwise.errors import OptionError

KINDS = [nn.GRU, nn.LSTM]


@pytest.fixture
def unverified(monkeypatch):
    """The verifier compares every kernel with every other, and unrolled networks have many.

    What `test_what_stands_in_padding_does_not_matter` runs is verified.
    """
    monkeypatch.setenv("LAYERWISE_VERIFY", "0")


def gradient_program(net, x, lengths, cotangent):
    fed = [graph.input(n, (graph.batch, *a.shape[1:]), a.dtype)
           for n, a in (("x", x), ("n", lengths), ("g", cotangent))]  # fmt: skip
    output, state = net(fed[0], lengths=fed[1])
    final = state if isinstance(state, graph.Tensor) else state[0] * state[1]
    held = dict(net.named_parameters())
    loss = graph.sum(output * fed[2]) + graph.sum(graph.square(final))
    slopes = graph.gradients(loss, [fed[0], *held.values()])
    program = Program({"loss": loss, **dict(zip(["x", *held], slopes, strict=True))})
    return program, Feeds({"x": x, "n": lengths, "g": cotangent}, len(x))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_central_differences(backend, generator, kind, unverified):
    net = kind(3, 2, bidirectional=True, dtype="float64")
    x, lengths = generator.normal(size=(2, 3, 3)), np.array([3, 2], np.int32)
    cotangent = generator.normal(size=(2, 3, 4))
    program, feeds = gradient_program(net, x, lengths, cotangent)
    executable = backend.compile(program)

    def run(fed=feeds):
        return executable.run(State({h.tensor: h.value for _, h in net.named_held()}), fed)

    found = run()
    for name, parameter in net.named_parameters():
        start, direction = parameter.value, generator.normal(size=parameter.shape)
        ends = []
        for sign in (1, -1):
            parameter.value = start + sign * 1e-5 * direction
            ends.append(run()["loss"][0])
        parameter.value = start
        expected = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose((found[name][0] * direction).sum(), expected, 1e-6, 1e-7, name)
    direction = generator.normal(size=x.shape)
    ends = [
        run(Feeds({"x": x + s * 1e-5 * direction, "n": lengths, "g": cotangent}, 2))["loss"][0]
        for s in (1, -1)
    ]
    np.testing.assert_allclose((found["x"] * direction).sum(), (ends[0] - ends[1]) / 2e-5, 1e-6)
    assert not found["x"][1, 2].any()


class Step(nn.Module):
    def __init__(self, net):
        self.net = net

    def forward(self, x, state):
        return self.net.step(x, state)


@pytest.mark.parametrize("kind", KINDS)
def test_steps_give_what_the_whole_sequence_gives(backend, generator, kind, unverified):
    net = kind(4, 3, num_layers=2)
    x = generator.normal(size=(5, 4, 4)).astype("f")
    output, final = net(x)
    zero = np.zeros((5, 2, 3), "f")
    state, step = (zero if kind is nn.GRU else (zero, zero)), Step(net)
    for t in range(4):
        y, state = step(x[:, t], state)
        np.testing.assert_allclose(y, output[:, t], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.array(state), np.array(final), rtol=1e-5, atol=1e-6)
    begun, _ = net(x[:, 2:], net(x[:, :2])[1])
    np.testing.assert_allclose(begun, output[:, 2:], rtol=1e-5, atol=1e-6)


def test_what_stands_in_padding_does_not_matter(backend, generator):
    net = nn.GRU(4, 3, bidirectional=True)
    x, lengths = generator.normal(size=(2, 4, 4)).astype("f"), np.array([2, 3], np.int32)
    output, final = net(x, lengths=lengths)
    x[0, 2:] = 99
    other, same = net(x, lengths=lengths)
    np.testing.assert_array_equal(other, output)
    np.testing.assert_array_equal(same, final)
    assert not output[0, 2:].any()
    # Padding may stand anywhere: the state passes over it.
    middle = np.array([[0, 1, 1, 0], [0, 0, 1, 0]], bool)
    passed = nn.GRU(4, 3)
    joined = passed(x[:1][:, [0, 3]])[1]
    np.testing.assert_allclose(passed(x, padding_mask=middle)[1][:1], joined, rtol=1e-6)


def test_a_recurrent_network_trains_and_is_saved(tmp_path, unverified):
    class Last(nn.Module):
        """Which of three numbers came most often."""

        def __init__(self):
            self.rnn = nn.GRU(3, 12)
            self.output = nn.Linear(12, 3)

        def forward(self, x):
            return self.output(self.rnn(x)[1][:, 0])

    random = np.random.default_rng(0)
    numbers = random.integers(0, 3, (1200, 5))
    x = np.eye(3, dtype="f")[numbers]
    y = x.sum(1).argmax(1)
    with nn.seed(0):
        net = Last()
    run = lw.train(net, (x[:1000], y[:1000]), validation=(x[1000:], y[1000:]), epochs=15,
                   batch_size=32, optimizer=lw.optim.Adam(0.01), seed=0)  # fmt: skip
    assert run.history[-1].validation_accuracy > 0.95
    lw.Model(net, run).save(tmp_path / "rnn.safetensors")
    loaded = lw.load(tmp_path / "rnn.safetensors")
    np.testing.assert_array_equal(loaded(x), net(x))
    assert "GRU" in str(loaded)


def test_gradients_of_steps_lie_side_by_side():
    """The gradient of a sequence taken apart is joined in one pass, not added up from many."""
    x = graph.input("x", (graph.batch, 6, 2))
    parts = [graph.square(x[:, t]) * float(t + 1) for t in range(1, 5)]
    (slope,) = graph.gradients(sum(map(graph.sum, parts)), [x])
    kinds = [node.primitive.name for node in graph.topological_order([slope])]
    assert kinds.count("Concatenate") == 1
    assert "Pad" not in kinds
    values = np.arange(24.0, dtype="f").reshape(2, 6, 2)
    (found,) = graph.evaluate([slope], {x: values}, 2)
    np.testing.assert_array_equal(found, values * np.array([0, 4, 6, 8, 10, 0])[:, None])
    # Slices that overlap are added.
    both = graph.sum(graph.square(x[:, :4])) + graph.sum(graph.square(x[:, 2:]))
    (found,) = graph.evaluate(graph.gradients(both, [x]), {x: values}, 2)
    np.testing.assert_array_equal(found, values * np.array([2, 2, 4, 4, 2, 2])[:, None])


def test_what_does_not_fit_is_refused(generator):
    net = nn.GRU(4, 3)
    x = generator.normal(size=(2, 5, 4)).astype("f")
    with pytest.raises(lw.ShapeError, match=r"expected sequences \(batch, length, 4\)"):
        net(x[..., :2])
    with pytest.raises(lw.ShapeError, match="lengths: expected int32"):
        net(x, lengths=np.ones((2, 1), np.int32))
    with pytest.raises(lw.ShapeError, match="padding_mask: expected bool"):
        net(x, padding_mask=np.ones((2, 4), bool))
    with pytest.raises(OptionError, match="got both"):
        net(x, lengths=np.ones(2, np.int32), padding_mask=np.ones((2, 5), bool))
    with pytest.raises(lw.ShapeError, match="initial state: expected shape"):
        net(x, np.zeros((2, 3), "f"))
    with pytest.raises(OptionError, match="bidirectional"):
        nn.LSTM(4, 3, bidirectional=True).step(graph.input("x", (graph.batch, 4)), None)
    with pytest.raises(OptionError, match="at least 1"):
        nn.LSTM(4, 0)
    with pytest.raises(lw.DTypeError, match="expected float32 features, got float64"):
        net.forward(graph.input("x", (graph.batch, 5, 4), "float64"))
