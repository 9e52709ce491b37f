"""Layers: names, shapes, modes, numbers against NumPy, and errors that name the layer."""

import concurrent.futures
import contextvars
import copy
import pickle
import threading

import numpy as np
import pytest

from layerwise import backends, graph, nn
from layerwise.compiler import Feeds, Program, State
from layerwise.errors import OptionError

TOLERANCE = {"rtol": 1e-12, "atol": 1e-12}


@pytest.fixture(autouse=True)
def evaluated_by(backend, monkeypatch):
    """Modules called on arrays run on the backend under test."""
    monkeypatch.setattr(backends, "DEFAULT", backend.name)


def training_step(backend, net, x, steps=1, seed=0):
    """Outputs of training-mode steps on the rows of x, and the state afterwards by path."""
    feeds = {n: graph.input(n, (), np.uint32) for n in ("seed", "step")}
    trace = nn.Trace(training=True, **feeds)
    output = net.trace_forward(trace, graph.input("x", (graph.batch, *x.shape[1:]), x.dtype))
    state = State({h.tensor: h.value for _, h in net.named_held()})
    program = Program({"out": output}, trace.updates)
    numbers = np.arange(steps, dtype=np.uint32)
    outputs = []
    for number in numbers:
        fixed = {"seed": np.uint32(seed), "step": number}
        outputs.append(
            backend.compile(program).run(state, Feeds({"x": x}, len(x), fixed=fixed))["out"]
        )
    return outputs, {path: state[h.tensor] for path, h in net.named_held()}


# -- the dense layer and rows of modules -----------------------------------------------------------


def test_linear_is_a_matrix_and_a_bias(generator):
    layer = nn.Linear(3, 5, dtype="float64")
    x = generator.normal(size=(7, 3))
    expected = x @ layer.weight.value.T + layer.bias.value
    np.testing.assert_allclose(layer(x), expected, **TOLERANCE)
    tall = generator.normal(size=(2, 4, 3))
    np.testing.assert_allclose(layer(tall)[1], layer(tall[1]), **TOLERANCE)
    assert (layer.weight.shape, layer.bias.shape) == ((5, 3), (5,))
    plain = nn.Linear(3, 5, bias=False, weight_init="ones")
    assert [n for n, _ in plain.named_parameters()] == ["weight"]
    np.testing.assert_allclose(plain(np.ones((1, 3), "f")), np.full((1, 5), 3))


def test_sequential_names_its_parts_by_number():
    inner = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    net = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), inner, nn.BatchNorm1d(4))
    assert list(net.state_dict()) == [
        "0.weight", "0.bias", "2.0.weight", "2.0.bias", "3.weight", "3.bias", "3.running_mean",
        "3.running_var", "3.num_batches_tracked",
    ]  # fmt: skip
    assert net.parameter_count == 2 * 4 + 4 + 4 * 4 + 4 + 2 * 4
    assert len(net) == 4
    assert net[2] is inner
    assert next(iter(net)) is net[0]
    assert net[:2][0] is net[0]
    assert repr(net) == "\n".join(
        [
            "Sequential(",
            "  (0): Linear(2, 4)",
            "  (1): ReLU()",
            "  (2): Sequential(",
            "    (0): Linear(4, 4)",
            "    (1): Tanh()",
            "  )",
            "  (3): BatchNorm1d(4, epsilon=1e-05, momentum=0.1)",
            ")",
        ]
    )


def test_an_empty_sequential_is_the_identity():
    x = np.ones((2, 3), "f")
    np.testing.assert_array_equal(nn.Sequential()(x), x)


def test_sequential_takes_functions_of_ones_own():
    net = nn.Sequential(lambda x: graph.maximum(x, -1.0), "tanh")
    x = np.array([[-3.0, 0.5]], "f")
    np.testing.assert_allclose(net(x), np.tanh([[-1, 0.5]]), rtol=1e-6)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_independent(duplicate):
    with nn.seed(0):  # of three units, chance can make all be off everywhere
        net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU())
    other = duplicate(net)
    x = np.ones((2, 2), "f")
    np.testing.assert_array_equal(net(x), other(x))
    other[0].weight.value = np.zeros((3, 2))
    assert not np.array_equal(net(x), other(x))
    assert not {p.tensor for p in net.parameters()} & {p.tensor for p in other.parameters()}


def test_flatten_makes_a_row_of_each_image():
    x = np.arange(24, dtype="f").reshape(2, 3, 4)
    np.testing.assert_array_equal(nn.Flatten()(x), x.reshape(2, 12))
    assert nn.Flatten()(x[:, 0, 0]).shape == (2, 1)


def test_embedding_looks_rows_up():
    layer = nn.Embedding(5, 3)
    index = np.array([[0, 4], [2, 2]])
    np.testing.assert_array_equal(layer(index), layer.weight.value[index])
    with pytest.raises(graph.DTypeError, match="int32"):
        layer(np.zeros((2, 2), "f"))


# -- dropout ---------------------------------------------------------------------------------------


def test_dropout_is_off_in_evaluation_and_without_probability(backend):
    x = np.ones((4, 5), "f")
    np.testing.assert_array_equal(nn.Dropout(0.9)(x), x)
    (y,), _ = training_step(backend, nn.Dropout(0.0), x)
    np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_dropout_zeroes_a_part_and_keeps_the_mean(backend, p):
    (y,), _ = training_step(backend, nn.Dropout(p), np.ones((400, 100), "f"))
    np.testing.assert_allclose(np.unique(y), [0, 1 / (1 - p)], rtol=1e-6)
    assert abs((y == 0).mean() - p) < 4 * np.sqrt(p * (1 - p) / y.size)


def test_dropout_draws_by_seed_step_and_place(backend):
    net = nn.Sequential(nn.Dropout(0.5))
    x = np.ones((8, 16), "f")
    (first, second), _ = training_step(backend, net, x, steps=2)
    (again, _), _ = training_step(backend, net, x, steps=2)
    (other,), _ = training_step(backend, net, x, seed=1)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, other)
    # Two layers that are equal must draw different masks: together they keep a quarter.
    (both,), _ = training_step(backend, nn.Sequential(nn.Dropout(0.5), nn.Dropout(0.5)), x)
    assert set(np.unique(both)) == {0, 4}
    assert (both > 0).sum() < (first > 0).sum()


# -- normalisation ---------------------------------------------------------------------------------


def test_layer_norm_normalises_each_row(generator):
    layer = nn.LayerNorm(6, dtype="float64")
    layer.weight.value, layer.bias.value = generator.normal(size=(2, 6))
    x = generator.normal(size=(3, 6)) * 4 + 1
    normal = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    expected = normal * layer.weight.value + layer.bias.value
    np.testing.assert_allclose(layer(x), expected, **TOLERANCE)


def test_batch_norm_uses_the_batch_in_training_and_running_values_in_evaluation(backend, generator):
    layer = nn.BatchNorm1d(3, momentum=0.2, dtype="float64")
    layer.weight.value, layer.bias.value = generator.normal(size=(2, 3))
    x = generator.normal(size=(10, 3)) * 3 + 2
    outputs, state = training_step(backend, layer, x, steps=2)
    normal = (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)
    expected = normal * layer.weight.value + layer.bias.value
    np.testing.assert_allclose(outputs[0], expected, **TOLERANCE)
    # Two steps of running = 0.8 * running + 0.2 * batch, from 0 and 1; the variance is unbiased.
    np.testing.assert_allclose(state["running_mean"], x.mean(0) * 0.36, **TOLERANCE)
    np.testing.assert_allclose(state["running_var"], 0.64 + 0.36 * x.var(0, ddof=1), **TOLERANCE)
    assert state["num_batches_tracked"] == 2
    layer.load_state_dict(state)
    running = (x - state["running_mean"]) / np.sqrt(state["running_var"] + 1e-5)
    expected = running * layer.weight.value + layer.bias.value
    np.testing.assert_allclose(layer(x), expected, **TOLERANCE)
    np.testing.assert_array_equal(layer(x[:1]), layer(x)[:1])


# -- activations -----------------------------------------------------------------------------------


def softplus(x):
    return np.logaddexp(0, x)


def stable_sigmoid(x):
    return np.exp(-softplus(-x))


FORMULAS = {
    "sigmoid": stable_sigmoid,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.maximum(x, 0) + 0.01 * np.minimum(x, 0),
    "elu": lambda x: np.maximum(x, 0) + np.expm1(np.minimum(x, 0)),
    "selu": lambda x: (
        1.0507009873554805 * (np.maximum(x, 0) + 1.6732632423543772 * np.expm1(np.minimum(x, 0)))
    ),
    "silu": lambda x: x * stable_sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "softplus": softplus,
    "identity": lambda x: x,
    "softmax": lambda x: np.exp(x - np.logaddexp.reduce(x, -1, keepdims=True)),
    "log_softmax": lambda x: x - np.logaddexp.reduce(x, -1, keepdims=True),
}


def evaluated(backend, module, x):
    """In double precision; called on arrays, a module without parameters works in float32."""
    program = Program({"y": module(graph.input("x", (graph.batch, *x.shape[1:]), x.dtype))})
    return backend.compile(program).run(State(), Feeds({"x": x}))["y"]


@pytest.mark.parametrize("name", nn.ACTIVATIONS)
def test_activations_are_their_formulas_and_stay_finite(name, backend, generator):
    x = np.concatenate([generator.normal(size=(4, 6)) * 3, [[-1000, -1, 0, 1, 20, 1000]]])
    y = evaluated(backend, nn.activation(name), x)
    assert np.isfinite(y).all()
    if name in FORMULAS:
        np.testing.assert_allclose(y, FORMULAS[name](x), rtol=1e-10, atol=1e-12)
    else:
        assert name == "gelu"
        jax = pytest.importorskip("jax")
        np.testing.assert_allclose(y, jax.nn.gelu(x, approximate=False), atol=1e-12)
        np.testing.assert_allclose(
            evaluated(backend, nn.GELU(approximate=True), x),
            jax.nn.gelu(x, approximate=True),
            atol=1e-12,
        )


def test_activations_by_name_class_and_function():
    assert isinstance(nn.activation("leaky-relu"), nn.LeakyReLU)
    assert isinstance(nn.activation(nn.GELU), nn.GELU)
    mine = nn.activation(graph.sin)
    assert repr(mine) == "Function(sin)"
    assert nn.activation(mine) is mine
    with pytest.raises(OptionError, match="did you mean 'sigmoid'"):
        nn.activation("sigmoyd")


# -- initial values --------------------------------------------------------------------------------


def build():
    return nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Embedding(3, 2))


def same(a, b):
    return all(np.array_equal(a[n], b[n]) for n in a)


def test_seed_makes_construction_repeatable():
    nets = []
    for _ in range(2):
        with nn.seed(3):
            nets.append(build())
    assert same(nets[0].state_dict(), nets[1].state_dict())
    assert not same(build().state_dict(), build().state_dict())
    with nn.seed(3):
        assert not np.array_equal(nn.Linear(4, 4).weight.value, nn.Linear(4, 4).weight.value)


def drawn():
    return nn.Linear(2, 2).weight.value


def test_seed_alone_acts_from_there_on():
    def elsewhere():
        made = []
        thread = threading.Thread(target=lambda: made.append(drawn()))
        thread.start()
        thread.join()
        return made[0]

    def check():
        with nn.seed(0):
            first, second = drawn(), drawn()
        nn.seed(0)
        np.testing.assert_array_equal(drawn(), first)
        with nn.seed(1):  # restores at its end what was before
            inside = drawn()
            nn.seed(0)  # until the end of the block
            np.testing.assert_array_equal(drawn(), first)
        np.testing.assert_array_equal(drawn(), second)
        with nn.seed(1):
            np.testing.assert_array_equal(drawn(), inside)
        kept = nn.seed(0)
        for _ in range(2):
            with kept:
                np.testing.assert_array_equal(drawn(), first)
        # A notebook's cell may run in a context of its own; another thread is not seeded.
        contextvars.copy_context().run(nn.seed, 0)
        assert not np.array_equal(elsewhere(), first)
        np.testing.assert_array_equal(contextvars.Context().run(drawn), first)

    # In a thread of its own, so that other tests stay unseeded.
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(check).result()


def test_reset_parameters_begins_again():
    net = build()
    net[1].running_mean.value = np.ones(4)
    net.reset_parameters(5)
    first = net.state_dict()
    assert (first["1.running_mean"] == 0).all()
    assert not np.array_equal(first["0.weight"], build()[0].weight.value)
    net.reset_parameters(5)
    assert same(first, net.state_dict())
    # A layer begins by its path, whatever the other layers are.
    longer = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    longer.reset_parameters(5)
    np.testing.assert_array_equal(longer[0].weight.value, first["0.weight"])
    assert not np.array_equal(longer[1].weight.value, first["0.weight"])


def test_a_module_that_does_not_say_how_it_begins_is_not_half_reset():
    class Scale(nn.Module):
        def __init__(self):
            self.linear = nn.Linear(2, 2)
            self.scale = nn.Parameter(np.full(2, 7.0, "f"))

    net = nn.Sequential(nn.Linear(2, 2), Scale())
    before = net.state_dict()
    with pytest.raises(NotImplementedError, match=r"Scale holds 'scale'.*initialise"):
        net.reset_parameters(0)
    assert same(before, net.state_dict())


# -- errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (nn.Linear(20, 3), (2, 21), r"layer '1' \(Linear\(20, 3\)\): expected 20 features.*got 21"),
        (nn.Linear(20, 3), (20,), "reshape one column"),
        (nn.Linear(20, 3), (2, 4, 5), r"put a Flatten\(\) before"),
        (nn.LayerNorm(4), (2, 5), r"layer '1' \(LayerNorm.*expected 4 features"),
        (nn.BatchNorm1d(4), (2, 5), r"layer '1'.*expected shape \(batch, 4\), got \(batch, 5\)"),
        (nn.BatchNorm1d(4), (2, 3, 4), "two axes"),
        (nn.Softmax(axis=0), (2, 4), "rows cannot be mixed"),
        (nn.Softmax(axis=2), (2, 4), "expected axis 2"),
    ],
)
def test_shape_errors_name_the_layer_and_say_what_to_do(layer, shape, message):
    with pytest.raises(graph.ShapeError, match=message):
        nn.Sequential(nn.Identity(), layer)(np.zeros(shape, "f"))


def test_whole_numbers_into_a_linear_layer_are_explained():
    with pytest.raises(graph.DTypeError, match="astype"):
        nn.Linear(2, 2)(graph.input("x", (graph.batch, 2), np.int32))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.Dropout(1.0), "p from 0 to below 1"),
        (lambda: nn.Dropout(-0.1), "p from 0 to below 1"),
        (lambda: nn.Linear(0, 3), "in_features of at least 1"),
        (lambda: nn.Linear(3, 0), "out_features of at least 1"),
        (lambda: nn.LayerNorm(0), "features of at least 1"),
        (lambda: nn.BatchNorm1d(0), "features of at least 1"),
        (lambda: nn.BatchNorm1d(2, momentum=2), "momentum from 0 to 1"),
        (lambda: nn.Embedding(0, 1), "at least 1"),
        (lambda: nn.Linear(2, 2, weight_init="xavier"), "did you mean 'xavier_"),
    ],
)
def test_options_out_of_range_are_named(make, message):
    with pytest.raises(OptionError, match=message):
        make()
