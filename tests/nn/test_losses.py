"""Losses: values against plain NumPy, the identities between them, extremes, weights, errors."""

import jax
import numpy as np
import pytest
import scipy.special
from sklearn.metrics import mean_pinball_loss, mean_poisson_deviance

from layerwise import graph
from layerwise.compiler import Feeds, Program, State
from layerwise.errors import DataError, OptionError
from layerwise.nn import losses

TOLERANCE = {"rtol": 1e-12, "atol": 1e-12}


def compute(backend, make, **rows):
    """The value of `make(**tensors)` for arrays whose leading axis is the batch."""
    tensors = {n: graph.input(n, (graph.batch, *a.shape[1:]), a.dtype) for n, a in rows.items()}
    program = Program({"out": make(**tensors)})
    feeds = Feeds(rows, batch_size=1000)
    out = backend.compile(program).run(State(), feeds)["out"]
    return out if graph.batch in program.outputs["out"].shape else out[0]


def with_gradient(backend, loss, z, t):
    """Loss of each row and the derivative of their sum by z."""

    def make(z, t):
        return graph.sum(loss(z, t))

    def stable(z, t):
        # As training does; it matters for losses of one's own such as log(softmax(z)).
        values = loss(z, t)
        return graph.stabilise([values])[values]

    values = compute(backend, stable, z=z, t=t)
    slope = compute(backend, lambda z, t: graph.gradients(make(z, t), [z])[0], z=z, t=t)
    return values, slope


@pytest.fixture
def logits(generator):
    return generator.normal(size=(7, 5)) * 3


@pytest.fixture
def labels(generator):
    return generator.integers(0, 5, 7).astype(np.int32)


# -- values ----------------------------------------------------------------------------------------

NUMPY = {
    "mse": lambda p, t: (p - t) ** 2,
    "mae": lambda p, t: abs(p - t),
    "huber": lambda p, t: np.where(abs(p - t) < 1, (p - t) ** 2 / 2, abs(p - t) - 0.5),
    "bce_with_logits": lambda p, t: np.logaddexp(0, p) - t * p,
}


@pytest.mark.parametrize("name", NUMPY)
@pytest.mark.parametrize("outputs", [(), (1,), (3,)])
@pytest.mark.parametrize("eager", [True, False])
def test_values_are_row_means_of_the_formula(name, outputs, eager, backend, generator):
    p, t = generator.normal(size=(2, 6, *outputs)) * 2
    function = losses.find(name).function
    values = function(p, t) if eager else compute(backend, lambda p, t: function(p, t), p=p, t=t)
    assert values.shape == (6,)
    np.testing.assert_allclose(values, NUMPY[name](p, t).reshape(6, -1).mean(1), **TOLERANCE)


@pytest.mark.parametrize("name", NUMPY)
def test_gradients_agree_with_jax(name, backend, generator):
    p, t = generator.normal(size=(2, 9)) * 2
    formula = {
        "mse": lambda p: (p - t) ** 2,
        "mae": lambda p: abs(p - t),
        "huber": lambda p: jax.numpy.where(abs(p - t) < 1, (p - t) ** 2 / 2, abs(p - t) - 0.5),
        "bce_with_logits": lambda p: jax.numpy.logaddexp(0, p) - t * p,
    }[name]
    _, slope = with_gradient(backend, losses.find(name).function, p, t)
    np.testing.assert_allclose(slope, jax.grad(lambda p: formula(p).sum())(p), **TOLERANCE)


def test_huber_joins_its_branches_smoothly(backend):
    p, t = np.array([0.0, 0.5, 2.0, 3.0, -5.0]), np.zeros(5)
    values, slope = with_gradient(backend, lambda p, t: losses.huber(p, t, delta=2.0), p, t)
    np.testing.assert_allclose(values, [0, 0.125, 2, 4, 8])
    np.testing.assert_allclose(slope, [0, 0.5, 2, 2, -2])


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "bce_with_logits"])
@pytest.mark.parametrize("shapes", [((4,), (4, 1)), ((4, 1), (4,)), ((4, 1), (4, 1))])
def test_one_column_and_none_are_the_same(name, shapes, generator):
    p, t = generator.normal(size=(2, 4))
    function = losses.find(name).function
    mixed = function(p.reshape(shapes[0]), t.reshape(shapes[1]))
    assert mixed.shape == (4,)
    np.testing.assert_array_equal(mixed, function(p, t))


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_a_quantile_is_scikit_learns_pinball_loss(backend, generator, level, eager):
    p, t = generator.normal(size=(2, 8, 2))
    loss = losses.quantile(level)
    values = loss(p, t) if eager else compute(backend, lambda p, t: loss(p, t), p=p, t=t)
    assert values.shape == (8,)
    expected = [mean_pinball_loss(t[i], p[i], alpha=level) for i in range(8)]
    np.testing.assert_allclose(values, expected, **TOLERANCE)
    _, slope = with_gradient(backend, loss, p, t)
    np.testing.assert_allclose(slope, central_differences(loss, p, t), atol=1e-8)
    assert set(np.unique(slope.round(12))) == {round(-level / 2, 12), round((1 - level) / 2, 12)}


@pytest.mark.parametrize("shape", [(7,), (7, 1)])
@pytest.mark.parametrize("eager", [True, False])
def test_several_quantiles_of_one_target(backend, generator, shape, eager):
    levels = (0.1, 0.5, 0.75)
    p, t = generator.normal(size=(7, 3)), generator.normal(size=shape)
    loss = losses.quantile(*levels)
    values = loss(p, t) if eager else compute(backend, lambda p, t: loss(p, t), p=p, t=t)
    each = [losses.quantile(q)(p[:, i], t) for i, q in enumerate(levels)]
    np.testing.assert_allclose(values, np.mean(each, axis=0), **TOLERANCE)
    _, slope = with_gradient(backend, loss, p, t)
    np.testing.assert_allclose(slope, central_differences(loss, p, t), atol=1e-8)


@pytest.mark.parametrize("outputs", [(), (1,), (3,)])
@pytest.mark.parametrize("eager", [True, False])
def test_poisson_is_half_the_deviance_but_for_what_no_weight_changes(
    backend, generator, outputs, eager
):
    z, t = generator.normal(size=(6, *outputs)), generator.poisson(2.0, (6, *outputs))
    t = t.astype(float)

    def loss(z, t):
        return losses.poisson(z, t)

    values = loss(z, t) if eager else compute(backend, loss, z=z, t=t)
    assert values.shape == (6,)
    deviance = [
        mean_poisson_deviance(t[i].reshape(-1), np.exp(z[i]).reshape(-1)) / 2 for i in range(6)
    ]
    alone = (scipy.special.xlogy(t, t) - t).reshape(6, -1).mean(1)
    np.testing.assert_allclose(values, deviance - alone, **TOLERANCE)
    _, slope = with_gradient(backend, loss, z, t)
    np.testing.assert_allclose(slope, (np.exp(z) - t) / max(1, z[0].size), **TOLERANCE)
    np.testing.assert_allclose(slope, central_differences(loss, z, t), rtol=1e-6, atol=1e-8)


def central_differences(loss, p, t, step=1e-6):
    """The derivative of the sum of a loss by each prediction."""
    slope = np.empty_like(p)
    for place in np.ndindex(p.shape):
        ends = []
        for sign in (1, -1):
            moved = p.copy()
            moved[place] += sign * step
            ends.append(loss(moved, t).sum())
        slope[place] = (ends[0] - ends[1]) / (2 * step)
    return slope


# -- identities ------------------------------------------------------------------------------------


def test_three_ways_to_say_binary_cross_entropy(backend, generator):
    z = generator.normal(size=11) * 4
    t = generator.integers(0, 2, 11).astype(np.int32)
    of_logits = with_gradient(backend, losses.bce_with_logits, z, t)
    of_probabilities = with_gradient(backend, lambda z, t: losses.bce(graph.sigmoid(z), t), z, t)
    column = graph.expand_dims

    def two_classes(z, t):
        z = column(z, 1)
        return losses.cross_entropy(graph.concatenate([graph.zeros_like(z), z]), t)

    of_two = with_gradient(backend, two_classes, z, t)
    for other in (of_probabilities, of_two):
        for a, b in zip(of_logits, other, strict=True):
            np.testing.assert_allclose(a, b, **TOLERANCE)
    # On plain arrays, without the graph's help, the probabilities themselves are used.
    p = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(losses.bce(p, t), of_logits[0], rtol=1e-9)


def test_softmax_of_two_is_the_sigmoid_of_the_difference(generator):
    z = generator.normal(size=(9, 2)) * 50
    np.testing.assert_allclose(
        graph.softmax(z)[:, 1], graph.sigmoid(z[:, 1] - z[:, 0]), **TOLERANCE
    )


def test_nll_of_log_softmax_is_cross_entropy(backend, logits, labels):
    direct = with_gradient(backend, losses.cross_entropy, logits, labels)
    for write in (
        lambda z, t: losses.nll(graph.log_softmax(z), t),
        lambda z, t: losses.nll(graph.log(graph.softmax(z)), t),
    ):
        for a, b in zip(direct, with_gradient(backend, write, logits, labels), strict=True):
            np.testing.assert_allclose(a, b, **TOLERANCE)
    expected = -jax.nn.log_softmax(logits)[np.arange(7), labels]
    np.testing.assert_allclose(direct[0], expected, **TOLERANCE)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_one_hot_and_integer_targets_are_the_same(backend, logits, labels, smoothing):
    def loss(z, t):
        return losses.cross_entropy(z, t, label_smoothing=smoothing)

    first = with_gradient(backend, loss, logits, labels)
    for t in (np.eye(5)[labels], np.eye(5, dtype=np.int32)[labels], np.eye(5)[labels] > 0):
        for a, b in zip(first, with_gradient(backend, loss, logits, t), strict=True):
            np.testing.assert_allclose(a, b, **TOLERANCE)
    column = labels[:, None]
    np.testing.assert_array_equal(loss(logits, column), loss(logits, labels))


def test_label_smoothing_is_cross_entropy_with_smoothed_probabilities(logits, labels):
    smoothed = np.eye(5)[labels] * 0.8 + 0.2 / 5
    np.testing.assert_allclose(
        losses.cross_entropy(logits, labels, label_smoothing=0.2),
        losses.cross_entropy(logits, smoothed),
        **TOLERANCE,
    )


def test_label_smoothing_may_be_fed(backend, logits, labels):
    rate = graph.input("rate", (), np.float64)
    z, t = (
        graph.input("z", (graph.batch, 5), np.float64),
        graph.input("t", (graph.batch,), np.int32),
    )
    program = Program({"out": losses.cross_entropy(z, t, label_smoothing=rate)})
    feeds = Feeds({"z": logits, "t": labels}, fixed={"rate": np.array(0.3)})
    out = backend.compile(program).run(State(), feeds)["out"]
    np.testing.assert_allclose(out, losses.cross_entropy(logits, labels, 0.3), **TOLERANCE)


def test_a_sequence_of_classes_is_the_mean_over_its_places(generator):
    z, t = generator.normal(size=(3, 4, 5)), generator.integers(0, 5, (3, 4))
    each = losses.cross_entropy(z.reshape(12, 5), t.reshape(12)).reshape(3, 4)
    np.testing.assert_allclose(losses.cross_entropy(z, t), each.mean(1), **TOLERANCE)


# -- extremes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_a_thousand_are_no_problem(backend, dtype):
    z, t = np.array([1000, 1000, -1000, -1000, 0], dtype), np.array([1, 0, 1, 0, 1], np.int32)
    for loss in (losses.bce_with_logits, lambda z, t: losses.bce(graph.sigmoid(z), t)):
        values, slope = with_gradient(backend, loss, z, t)
        np.testing.assert_allclose(values, [0, 1000, 1000, 0, np.log(2)], rtol=1e-6)
        np.testing.assert_allclose(slope, [0, 1, -1, 0, -0.5], atol=1e-7)
    rows = np.array([[1000, 0, -1000]] * 3, dtype)
    for loss in (losses.cross_entropy, lambda z, t: losses.nll(graph.log(graph.softmax(z)), t)):
        values, slope = with_gradient(backend, loss, rows, np.arange(3, dtype=np.int32))
        np.testing.assert_allclose(values, [0, 1000, 2000])
        np.testing.assert_allclose(slope, np.array([[1, 0, 0]] * 3) - np.eye(3))


def test_certain_and_right_probabilities_cost_nothing_and_push_nothing(backend):
    p, t = np.array([0.0, 1.0, 0.25]), np.array([0.0, 1.0, 1.0])
    values, slope = with_gradient(backend, losses.bce, p, t)
    np.testing.assert_allclose(values, [0, 0, np.log(4)])
    np.testing.assert_allclose(slope, [1, -1, -4])
    assert losses.bce(np.array([0.0]), np.array([1.0]))[0] == np.inf


def test_a_class_ruled_out_by_minus_infinity_is_no_nan(backend):
    z = np.array([[0.0, 1.0, -np.inf]])
    for t in (np.array([1], np.int32), np.array([[0.0, 1.0, 0.0]])):
        values, slope = with_gradient(backend, losses.cross_entropy, z, t)
        np.testing.assert_allclose(values, np.log(1 + np.exp(-1)))
        assert np.isfinite(slope).all()


@pytest.mark.parametrize("name", losses.LOSSES)
def test_nan_predictions_stay_visible(name):
    t = np.zeros((2, 3), np.float32)
    assert np.isnan(losses.find(name)(np.full((2, 3), np.nan, np.float32), t + 0.5)).all()


# -- weights and reduction -------------------------------------------------------------------------


def test_weights_of_rows_and_classes(backend, logits, labels, generator):
    rows, classes = generator.uniform(size=7), generator.uniform(size=5) + 0.5
    each = losses.cross_entropy(logits, labels)
    weights = rows * classes[labels]
    expected = (weights * each).sum() / weights.sum()
    one_hot = np.eye(5)[labels]
    for target in (labels, labels[:, None], one_hot):
        value = losses.batch_loss("cross_entropy", logits, target, rows, classes)
        np.testing.assert_allclose(value, expected, **TOLERANCE)

    def graphed(z, t, w):
        return losses.batch_loss("cross_entropy", z, t, w, classes)

    value = compute(backend, graphed, z=logits, t=labels, w=rows[:, None])
    np.testing.assert_allclose(value, expected, **TOLERANCE)
    scaled = losses.per_row("cross_entropy", logits, labels, class_weight=classes)
    np.testing.assert_allclose(scaled, classes[labels] * each, **TOLERANCE)


@pytest.mark.parametrize("name", ["bce", "bce_with_logits"])
@pytest.mark.parametrize("shape", [(6,), (6, 1)])
def test_class_weights_of_a_binary_target(name, shape, generator):
    p, t = generator.uniform(0.1, 0.9, 6), np.array([0, 1, 1, 0, 1, 0])
    each, w = losses.find(name)(p, t), np.array([1.0, 3.0])[t]
    value = losses.batch_loss(name, p.reshape(shape), t, class_weight=[1.0, 3.0])
    np.testing.assert_allclose(value, (w * each).sum() / w.sum(), **TOLERANCE)


@pytest.mark.parametrize("name", ["bce", "bce_with_logits"])
def test_class_weights_count_label_by_label(name, backend, generator):
    p = generator.uniform(0.1, 0.9, (6, 3))
    t = generator.integers(0, 2, (6, 3)).astype(np.int32)
    rows = generator.uniform(size=6)
    function = losses.find(name).function
    each = np.stack([function(p[:, i], t[:, i]) for i in range(3)], 1)
    w = np.array([1.0, 3.0])[t]
    by_hand = (rows[:, None] * w * each).sum() / (rows[:, None] * w).sum()

    def loss(p, t, rows):
        return losses.batch_loss(name, p, t, rows, [1.0, 3.0])

    np.testing.assert_allclose(loss(p, t, rows), by_hand, **TOLERANCE)
    np.testing.assert_allclose(compute(backend, loss, p=p, t=t, rows=rows), by_hand, **TOLERANCE)
    scaled = losses.per_row(name, p, t, class_weight=[1.0, 3.0])
    np.testing.assert_allclose(scaled, (w * each).mean(1), **TOLERANCE)


def test_class_weights_count_place_by_place_of_a_sequence(generator):
    z, t = generator.normal(size=(3, 4, 5)), generator.integers(0, 5, (3, 4))
    w = generator.uniform(0.5, 2.0, 5)
    flat = losses.batch_loss("cross_entropy", z.reshape(12, 5), t.reshape(12), class_weight=w)
    value = losses.batch_loss("cross_entropy", z, t, class_weight=w)
    np.testing.assert_allclose(value, flat, **TOLERANCE)


def test_the_mean_of_a_batch_counts_its_rows(backend, generator):
    p, t = generator.normal(size=(2, 5))
    value = compute(backend, lambda p, t: losses.batch_loss("mse", p, t), p=p, t=t)
    np.testing.assert_allclose(value, ((p - t) ** 2).mean(), **TOLERANCE)


def test_a_batch_without_weight_has_loss_zero_and_no_gradient(backend, generator):
    p, t = generator.normal(size=(2, 5))

    def loss(p, t, w):
        return losses.batch_loss("mse", p, t, w)

    def slope(p, t, w):
        return graph.gradients(loss(p, t, w), [p])[0]

    w = np.zeros(5)
    assert compute(backend, loss, p=p, t=t, w=w) == 0
    assert (compute(backend, slope, p=p, t=t, w=w) == 0).all()


def test_a_loss_of_ones_own_may_give_rows_or_a_scalar(backend, generator):
    p, t = generator.normal(size=(2, 5))
    for own in (lambda p, t: graph.square(p - t), lambda p, t: graph.mean(graph.square(p - t))):
        for target in (t, t[:, None]):
            value = compute(
                backend, lambda p, t, own=own: losses.batch_loss(own, p, t), p=p, t=target
            )
            np.testing.assert_allclose(value, ((p - t) ** 2).mean(), **TOLERANCE)
    weighted = losses.batch_loss(lambda p, t: (p - t) ** 2, p, t, sample_weight=np.arange(5.0))
    np.testing.assert_allclose(weighted, np.average((p - t) ** 2, weights=np.arange(5)))


# -- names and errors ------------------------------------------------------------------------------


def test_losses_are_found_by_name_and_by_function():
    assert losses.find("cross-entropy").function is losses.cross_entropy
    assert losses.find(losses.mse) is losses.LOSSES["mse"]
    assert losses.find(losses.find("nll")).prediction(np.zeros(1)) == 1
    outputs = {n: (loss.output, loss.target) for n, loss in losses.LOSSES.items()}
    assert outputs["cross_entropy"] == ("softmax", "classes")
    assert outputs["bce_with_logits"] == ("sigmoid", "binary")
    assert outputs["mae"] == ("identity", "numbers")
    assert outputs["poisson"] == ("exp", "numbers")
    assert losses.find("quantile(0.9)") == losses.quantile(0.9)
    assert losses.find("Quantile(0.1,0.9)").name == "quantile(0.1, 0.9)"
    assert losses.find(losses.quantile(0.1, 0.9).name) == losses.quantile(0.1, 0.9)
    with pytest.raises(OptionError, match="did you mean 'cross_entropy'"):
        losses.find("cros_entropy")
    with pytest.raises(TypeError, match="expected a loss's name"):
        losses.find(3)


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: losses.mse(zeros(3), zeros(3, 2)), graph.ShapeError, r"\(3,\), got \(3, 2\)"),
        (lambda: losses.mse(zeros(3, 2), zeros(3)), graph.ShapeError, r"\(3, 2\), got \(3,\)"),
        (lambda: losses.mse(zeros(3), zeros(4)), graph.ShapeError, r"\(3,\), got \(4,\)"),
        (lambda: losses.cross_entropy(zeros(3), zeros(3)), graph.ShapeError, "bce_with_logits"),
        (lambda: losses.cross_entropy(zeros(3, 1), zeros(3)), graph.ShapeError, "one output"),
        (lambda: losses.cross_entropy(zeros(3, 2), zeros(3)), graph.DTypeError, "astype"),
        (lambda: losses.cross_entropy(zeros(3, 2), zeros(3, 4)), graph.ShapeError, "one-hot"),
        (lambda: losses.cross_entropy(zeros(2, 2), np.array([0, 2])), IndexError, "0 to 1.*got 2"),
        (lambda: losses.cross_entropy(zeros(2, 2), np.array([0, -1])), IndexError, "got -1"),
        (
            lambda: losses.cross_entropy(zeros(2, 2), np.array([0, 1]), 1.5),
            OptionError,
            "from 0 to 1",
        ),
        (lambda: losses.huber(zeros(2), zeros(2), delta=0), OptionError, "above 0"),
        (lambda: losses.poisson(zeros(2), zeros(2) - 3), DataError, "at least 0, got -3"),
        (lambda: losses.quantile(0.5, 1), OptionError, "below 1, .* got 1"),
        (lambda: losses.quantile(zeros(2), zeros(2)), OptionError, "got array"),
        (lambda: losses.find("quantile"), OptionError, r"such as quantile\(0.9\).* got none"),
        (lambda: losses.find(losses.quantile), OptionError, "got none"),
        (lambda: losses.find("quantile(high)"), OptionError, r"'quantile\(high\)'"),
        (lambda: losses.find("quantil"), OptionError, r"did you mean 'quantile\(0.9\)'"),
        (
            lambda: losses.quantile(0.1, 0.9)(zeros(3, 3), zeros(3)),
            graph.ShapeError,
            r"each of 2 levels, got .* \(3, 3\); give the last layer 2",
        ),
        (
            lambda: losses.quantile(0.1, 0.9)(zeros(3, 2), zeros(3, 2)),
            graph.ShapeError,
            r"shape \(3,\), got \(3, 2\)",
        ),
        (
            lambda: losses.batch_loss("mse", zeros(2), zeros(2), label_smoothing=0.1),
            OptionError,
            "label smoothing goes with",
        ),
        (
            lambda: losses.batch_loss("mse", zeros(2), zeros(2), class_weight=[1, 2]),
            OptionError,
            "use sample weights",
        ),
        (
            lambda: losses.batch_loss("nll", zeros(2, 3), np.zeros(2, int), class_weight=[1, 2]),
            graph.ShapeError,
            "each of 3 classes",
        ),
        (
            lambda: losses.batch_loss("mse", zeros(2), zeros(2), sample_weight=zeros(3)),
            graph.ShapeError,
            r"shape \(2,\), got \(3,\)",
        ),
        (
            lambda: losses.batch_loss(lambda p, t: graph.mean(p), zeros(2), zeros(2), zeros(2)),
            OptionError,
            "one number for the whole batch",
        ),
        (
            lambda: losses.batch_loss(lambda p, t: p, zeros(2, 3), zeros(2, 3)),
            graph.ShapeError,
            r"gave shape \(2, 3\)",
        ),
    ],
)
def test_mistakes_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


# -- the loss that nobody named --------------------------------------------------------------------


ONE_HOT = np.eye(3)[[0, 1, 2, 0]]


@pytest.mark.parametrize(
    ("outputs", "end", "target", "name"),
    [
        (1, None, np.array([0, 1, 1, 0]), "bce_with_logits"),
        (1, None, np.array([[True], [False]]), "bce_with_logits"),
        (1, graph.sigmoid, np.array([0, 1]), "bce"),
        (1, lambda x: graph.reshape(graph.sigmoid(x), (-1,)), [False, True], "bce"),
        (1, None, np.array([0.0, 1.0]), "mse"),
        (1, None, np.array([0, 1, 2]), "mse"),
        (1, None, np.array([0.3, -1.5]), "mse"),
        (3, None, np.array([0, 1, 2]), "cross_entropy"),
        (3, None, np.array([[0], [2]]), "cross_entropy"),
        (2, None, np.array([True, False]), "cross_entropy"),
        (3, None, ONE_HOT, "cross_entropy"),
        (3, None, ONE_HOT.astype(np.int64), "cross_entropy"),
        (3, None, ONE_HOT.astype(np.float32) * 0.9, "mse"),
        (3, None, np.array([[1.0, 1.0, 0.0]]), "mse"),
        (3, None, np.array([[1, 1, 0], [0, 0, 0]]), "bce_with_logits"),
        (3, graph.sigmoid, np.array([[1, 1, 0], [0, 0, 0]]), "bce"),
        (3, None, np.array([[5, 1, 0]]), "mse"),
        (3, None, None, "cross_entropy"),
        (1, None, None, "mse"),
    ],
)
def test_the_usual_loss_follows_from_the_target(outputs, end, target, name):
    raw = graph.input("x", (graph.batch, outputs), np.float32)
    assert losses.usual_loss(raw if end is None else end(raw), target) == name
