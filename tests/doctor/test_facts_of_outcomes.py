"""Facts of the outcome, against scikit-learn and slow loops."""

import numpy as np
import pytest
from doctor_runs import blobs, layers, nn, not_begun
from sklearn import linear_model, metrics, neighbors

import layerwise as lw
from layerwise.doctor.case import Measures, OutcomeFacts
from layerwise.doctor.examine_graph import trace
from layerwise.doctor.examine_outcome import MOST_ROWS, examine_outcome, predictions

random = np.random.default_rng(8)
X, Y = blobs(300)
XV, YV = blobs(150, seed=1)
NUMBERS = (X @ [1.0, -1.0, 0.5, 2.0])[:, None] * [1.0, 3.0] + random.normal(size=(300, 2))
NUMBERS_V = (XV @ [1.0, -1.0, 0.5, 2.0])[:, None] * [1.0, 3.0] + random.normal(size=(150, 2))


def outcome(net, data, validation=None, **options):
    run = not_begun(net, data, validation=validation, **options)
    return examine_outcome(run, trace(run.net, run.data.inputs))


def fitted(outputs=3, **options):
    """A network that is right more often than not: its last layer is a ridge regression."""
    net = layers(4, 16, outputs, **options)
    hidden = np.maximum(X @ net[0].weight.value.T + net[0].bias.value, 0)
    goal = np.eye(3)[Y] * 4 - 2 if outputs == 3 else NUMBERS[:, :outputs]
    model = linear_model.Ridge().fit(hidden, goal)
    net[2].weight.value = model.coef_.reshape(outputs, -1)
    net[2].bias.value = np.reshape(model.intercept_, outputs)
    return net


def softmax(a):
    a = np.exp(np.asarray(a, np.float64))
    return a / a.sum(1, keepdims=True)


# -- classes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["numbers", "one-hot", "probabilities", "nll"])
def test_classes(kind):
    net, given, wanted, loss = fitted(), Y, YV, "cross_entropy"
    if kind == "one-hot":
        given, wanted = (np.eye(3, dtype=np.float32)[y] for y in (Y, YV))
    p = {"training": softmax(net(X)), "validation": softmax(net(XV))}
    if kind == "probabilities":
        net = nn.Sequential(net, nn.Softmax())
    if kind == "nll":
        net, loss = nn.Sequential(net, nn.LogSoftmax()), "nll"
    found = outcome(net, (X, given), (XV, wanted), loss=loss)
    for name, truth in (("training", Y), ("validation", YV)):
        measures = getattr(found, name)
        assert measures.score == metrics.accuracy_score(truth, p[name].argmax(1))
        assert measures.loss == pytest.approx(metrics.log_loss(truth, p[name]), rel=1e-5)
        losses = -np.log(p[name][np.arange(len(truth)), truth])
        assert measures.error == pytest.approx(losses.std(ddof=1) / len(truth) ** 0.5, rel=1e-5)
    recalls = metrics.recall_score(YV, p["validation"].argmax(1), average=None)
    np.testing.assert_allclose(found.recalls, recalls)
    frequencies = np.bincount(Y) / len(Y)
    constant = metrics.log_loss(YV, np.tile(frequencies, (len(YV), 1)))
    assert found.constant.loss == pytest.approx(constant)
    assert found.constant.score == (frequencies.argmax() == YV).mean()
    assert found.validation_rows == 150
    assert found.sums_to_one
    assert 0.5 < found.validation.score < 1


@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
@pytest.mark.parametrize("ends", ["logits", "sigmoid"])
def test_yes_or_no(shape, ends):
    y, yv = ((each == 0).astype(int) for each in (Y, YV))
    net = layers(4, 8, 1)
    p = 1 / (1 + np.exp(-net(XV)[:, 0].astype(np.float64)))
    if ends == "sigmoid":
        net = nn.Sequential(net, nn.Sigmoid())
    found = outcome(net, (X, y.reshape(shape)), (XV, yv.reshape(shape)))
    assert found.validation.loss == pytest.approx(metrics.log_loss(yv, p), rel=1e-5)
    assert found.validation.score == metrics.accuracy_score(yv, p > 0.5)
    recalls = metrics.recall_score(yv, p > 0.5, average=None)
    np.testing.assert_allclose(found.recalls, recalls)
    constant = metrics.log_loss(yv, np.full(len(yv), y.mean()))
    assert found.constant.loss == pytest.approx(constant)
    assert found.validation_rows == 150


def test_classes_that_the_rows_lack():
    """A class of one row, one that only the validation rows have, and outputs that none uses."""
    y, yv = Y.copy(), YV.copy()
    y[0], yv[:5] = 3, 4
    found = outcome(layers(4, 6), (X, y), (XV, yv), loss="cross_entropy")
    assert len(found.recalls) == 6
    assert np.isnan(found.recalls).tolist() == [False, False, False, True, False, True]
    assert np.isfinite([found.validation.loss, found.constant.loss, found.linear.score]).all()


def test_probabilities_that_are_none():
    assert not outcome(
        nn.Sequential(layers(4, 3), nn.Sigmoid()), (X, Y), (XV, YV), loss="nll"
    ).sums_to_one  # fmt: skip


# -- calibration -----------------------------------------------------------------------------------


def slow_calibration(p, truth, bins=10):
    """Guo et al. 2017, equation 5, in bins of equally many rows."""
    rows = sorted((max(row), int(np.argmax(row)) == t) for row, t in zip(p, truth, strict=True))
    total, size = 0.0, len(rows) // bins
    assert size * bins == len(rows)
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        accuracy = sum(right for _, right in part) / size
        confidence = sum(sure for sure, _ in part) / size
        total += size / len(rows) * abs(accuracy - confidence)
    return total


@pytest.mark.parametrize("sharper", [0.3, 1, 8])
def test_calibration(sharper):
    net = fitted()
    for each in (net[2].weight, net[2].bias):
        each.value = each.value * sharper
    found = outcome(net, (X, Y), (XV, YV))
    p = softmax(net(XV))
    assert found.calibration == pytest.approx(slow_calibration(p, YV), abs=1e-6)
    assert 0.003 < found.calibration_noise < 0.1
    losses = {
        t: metrics.log_loss(YV, softmax(np.log(np.clip(p, 1e-7, 1)) / t))
        for t in np.geomspace(0.25, 8, 61)
    }
    best = min(losses, key=losses.get)
    assert found.temperature == pytest.approx(best, rel=0.35)
    assert losses[best] - 0.01 < found.tempered < losses[best] + 0.05
    if sharper == 8:
        assert found.temperature > 2
        assert found.tempered < found.validation.loss / 1.5


def test_noise_is_what_a_calibrated_net_has():
    """Truths drawn from the net's own probabilities: its calibration error is chance alone."""
    net, wide = fitted(), np.repeat(XV, 4, axis=0)
    p = softmax(net(wide))
    errors, noise = [], 0.0
    for seed in range(12):
        draws = np.random.default_rng(seed).random((len(p), 1))
        truth = (p.cumsum(1) < draws).sum(1).clip(max=2)
        found = outcome(net, (X, Y), (wide, truth))
        errors.append(found.calibration)
        noise = found.calibration_noise
    assert noise / 1.5 < np.mean(errors) < noise * 1.5


def test_too_few_rows_for_calibration():
    found = outcome(fitted(), (X, Y), (XV[:39], YV[:39]))
    assert np.isnan([found.calibration, found.calibration_noise, found.tempered]).all()
    assert found.temperature == 1
    one = outcome(fitted(), (X, Y), (XV[:1], YV[:1]))
    assert one.validation_rows == 1
    assert np.isnan(one.validation.error)
    assert np.isfinite(one.validation.loss)


# -- numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("loss", ["mse", "huber"])
def test_numbers(outputs, loss):
    net = fitted(outputs)
    y, yv = NUMBERS[:, :outputs], NUMBERS_V[:, :outputs]
    for shape in {1: [(-1,), (-1, 1)], 2: [(-1, 2)]}[outputs]:
        found = outcome(net, (X, y.reshape(shape)), (XV, yv.reshape(shape)), loss=loss)
        r2 = metrics.r2_score(yv, net(XV), multioutput="variance_weighted")
        assert found.validation.score == pytest.approx(r2, rel=1e-5)
        variance = y.var(0).mean()
        squared = metrics.mean_squared_error(yv, net(XV))
        assert found.validation.loss == pytest.approx(squared / variance, rel=1e-5)
        constant = ((yv - y.mean(0)) ** 2).mean() / variance
        assert found.constant.loss == pytest.approx(constant, rel=1e-5)
        assert found.recalls == ()
        assert np.isnan(found.calibration)
        assert 0 < found.validation.score < 1


def test_quantiles_and_counts():
    y, yv = NUMBERS[:, 0], NUMBERS_V[:, 0]
    high = outcome(fitted(1), (X, y), (XV, yv), loss="quantile(0.9)")
    assert high.validation.score == pytest.approx(metrics.r2_score(yv, fitted(1)(XV)), rel=1e-5)
    # For poisson the net gives logarithms.
    counts, wanted = (random.poisson(np.exp(0.3 * x[:, 0])) for x in (X, XV))
    net = nn.Linear(4, 1)
    net.weight.value, net.bias.value = np.array([[0.3, 0, 0, 0]]), np.zeros(1)
    found = outcome(net, (X, counts), (XV, wanted), loss="poisson")
    r2 = metrics.r2_score(wanted, np.exp(0.3 * XV[:, 0]))
    assert found.validation.score == pytest.approx(r2, rel=1e-4)


def test_a_loss_of_ones_own():
    """Several quantiles of one number: the middle one counts."""

    def pinball(prediction, target):
        error = target - prediction
        return lw.sum(lw.maximum(error * 0.9, error * -0.1), axis=-1)

    y, yv = (each[:, :1].astype(np.float32) for each in (NUMBERS, NUMBERS_V))
    net = layers(4, 3)
    found = outcome(net, (X, y), (XV, yv), loss=pinball)
    assert found.validation_rows == 150
    assert np.isnan(found.validation.score)
    middle = np.median(net(XV).astype(np.float64), axis=1)
    wanted = ((middle - yv[:, 0]) ** 2).mean() / y.astype(np.float64).var()
    assert found.validation.loss == pytest.approx(wanted, rel=1e-5)


def test_a_target_without_spread():
    found = outcome(layers(4, 1), (X, np.ones(300)), (XV, np.ones(150)), loss="mse")
    assert np.isnan(found.validation.score)
    assert found.constant.loss == 0


# -- simple models ---------------------------------------------------------------------------------


def test_simple_models_are_those_of_scikit_learn():
    found = outcome(fitted(), (X, Y), (XV, YV))
    middle, spread = X.mean(0), X.std(0)
    x, xv = (X - middle) / spread, (XV - middle) / spread
    ridge = linear_model.Ridge(alpha=1e-3 * len(x)).fit(x, np.eye(3)[Y])
    assert found.linear.score == (ridge.predict(xv).argmax(1) == YV).mean()
    near = neighbors.KNeighborsClassifier(10, weights="distance").fit(x, Y)
    assert found.nearest.score == pytest.approx(near.score(xv, YV), abs=0.011)

    found = outcome(fitted(2), (X, NUMBERS), (XV, NUMBERS_V), loss="mse")
    ridge = linear_model.Ridge(alpha=1e-3 * len(x)).fit(x, NUMBERS)
    wanted = metrics.r2_score(NUMBERS_V, ridge.predict(xv), multioutput="variance_weighted")
    assert found.linear.score == pytest.approx(wanted, rel=1e-5)
    near = neighbors.KNeighborsRegressor(10, weights="distance").fit(x, NUMBERS)
    wanted = metrics.r2_score(NUMBERS_V, near.predict(xv), multioutput="variance_weighted")
    assert found.nearest.score == pytest.approx(wanted, rel=1e-3)


def test_more_columns_than_rows():
    x, xv = random.normal(size=(2, 40, 90)).astype(np.float32)
    y, yv = (each[:, :3].sum(1) for each in (x, xv))
    found = outcome(layers(90, 1), (x, y), (xv, yv))
    a, b = (x - x.mean(0)) / x.std(0), np.clip((xv - x.mean(0)) / x.std(0), -10, 10)
    ridge = linear_model.Ridge(alpha=1e-3 * 40).fit(a, y)
    assert found.linear.score == pytest.approx(metrics.r2_score(yv, ridge.predict(b)), rel=1e-3)


def test_a_constant_column_and_few_rows():
    x, xv = X.copy(), XV.copy()
    x[:, 1] = 5
    found = outcome(layers(4, 3), (x[:3], np.arange(3)), (xv, YV))
    assert np.isfinite([found.linear.score, found.nearest.score]).all()


# -- what does not fit -----------------------------------------------------------------------------


def test_no_validation_rows():
    found = outcome(fitted(), (X, Y))
    assert found.training.score > 0.5
    assert found == OutcomeFacts(training=found.training)
    assert np.isnan(found.validation.loss)


def test_many_rows_are_thinned():
    wide, truth = np.tile(X, (30, 1)), np.tile(Y, 30)
    found = outcome(fitted(), (X, Y), (wide, truth))
    assert found.validation_rows == MOST_ROWS
    assert found.validation.score == pytest.approx((fitted()(X).argmax(1) == Y).mean(), abs=0.02)


def test_sequences():
    words = random.integers(0, 9, (50, 4)).astype(np.int32)
    net = nn.Sequential(nn.Embedding(9, 5), nn.Linear(5, 3))
    for y in (words % 3, np.eye(3, dtype=np.float32)[words % 3]):
        assert outcome(net, (words, y), (words, y), loss="cross_entropy") == OutcomeFacts()
    # Numbers at each place are several numbers.
    net = nn.Sequential(nn.Embedding(9, 5), nn.Linear(5, 1))
    y = words[:, :, None].astype(np.float32)
    found = outcome(net, (words, y), (words, y), loss="mse")
    r2 = metrics.r2_score(y[:, :, 0], net(words)[:, :, 0], multioutput="variance_weighted")
    assert found.validation.score == pytest.approx(r2, rel=1e-5)
    assert np.isnan(found.linear.score)


def test_several_labels_in_a_row():
    y = (X[:, :3] > 0).astype(int)
    found = outcome(layers(4, 3), (X, y), (X, y), loss="bce_with_logits")
    assert found == OutcomeFacts()


def test_a_net_that_gives_nan():
    net = layers(4, 3)
    net[0].weight.value = np.full((3, 4), np.nan)
    found = outcome(net, (X, Y), (XV, YV))
    assert np.isnan(found.validation.loss)
    assert found.constant.loss > 0
    net = layers(4, 1)
    net[0].weight.value = np.full((1, 4), 3e38)
    found = outcome(net, (X, NUMBERS[:, 0]), (XV, NUMBERS_V[:, 0]))
    assert isinstance(found.validation, Measures)
    assert not found.validation.score > 0


def test_predictions_are_rows_by_outputs():
    y = (Y == 0).astype(int)
    run = not_begun(layers(4, 1), (X, y))
    found, target = predictions(run, trace(run.net, run.data.inputs), run.data)
    assert found.shape == target.shape == (300, 2)
    np.testing.assert_allclose(found.sum(1), 1)
    np.testing.assert_array_equal(target.argmax(1), y)
