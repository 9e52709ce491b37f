"""Kinds of targets end to end: quantiles, counts, several numbers, several labels."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, mean_absolute_error, mean_pinball_loss, r2_score

import layerwise as lw

losses = lw.nn.losses


@pytest.fixture
def x(generator):
    return generator.standard_normal((400, 4)).astype(np.float32)


def small(outputs):
    with lw.nn.seed(0):
        return lw.nn.Sequential(lw.nn.Linear(4, 16), lw.nn.ReLU(), lw.nn.Linear(16, outputs))


def fit(x, y, outputs, **options):
    net = small(outputs)
    options = {"validation": (x, y), "epochs": 30, "learning_rate": 0.01} | options
    run = lw.train(net, (x, y), **options)
    return run, lw.Model(net, run)


def saved(model, tmp_path):
    model.save(tmp_path / "model.safetensors")
    return lw.load(tmp_path / "model.safetensors")


@pytest.mark.parametrize("levels", [(0.9,), (0.1, 0.5, 0.9)])
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_quantiles(backend, x, generator, levels, shape, tmp_path):
    y = (x @ [1.0, -2.0, 0.5, 0.0] + generator.standard_normal(400)).reshape(shape)
    loss = losses.quantile(*levels)
    run, model = fit(x, y, len(levels), loss=loss.name)
    assert run.loss == loss.name
    predicted = model.predict(x)
    assert predicted.shape == ((400,) if len(levels) == 1 else (400, 3))
    columns = predicted.reshape(400, -1).T
    assert [(y.ravel() < c).mean() for c in columns] == pytest.approx(levels, abs=0.06)
    pinball = [mean_pinball_loss(y, c, alpha=q) for c, q in zip(columns, levels, strict=True)]
    assert min(run.history["validation_loss"]) == pytest.approx(np.mean(pinball), rel=1e-4)
    # How far a quantile lies from the targets says nothing of how good it is.
    assert run.history[-1].validation_r2 is None
    np.testing.assert_array_equal(saved(model, tmp_path).predict(x), predicted)


def test_counts(backend, x, generator, tmp_path):
    y = generator.poisson(np.exp(x[:, 0]))
    run, model = fit(x, y, 1, loss="poisson")
    predicted = model.predict(x)
    assert model.output == "exp"
    assert (predicted > 0).all()
    assert predicted.mean() == pytest.approx(y.mean(), rel=0.1)
    best = run.history[run.best_epoch - 1]
    assert best.validation_r2 == pytest.approx(r2_score(y, predicted), rel=1e-4)
    assert best.validation_mae == pytest.approx(mean_absolute_error(y, predicted), rel=1e-4)
    np.testing.assert_array_equal(saved(model, tmp_path).predict(x), predicted)


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "quantile(0.5)"])
def test_several_numbers(backend, x, loss, generator):
    y = x @ generator.standard_normal((4, 3)) + [0.0, 1.0, -1.0]
    weight = generator.uniform(size=400)
    run, model = fit(x, y, 3, loss=loss, sample_weight=weight)
    predicted = model.predict(x)
    assert predicted.shape == (400, 3)
    best = run.history[run.best_epoch - 1]
    assert best.validation_r2 > 0.9
    r2 = r2_score(y, predicted, multioutput="variance_weighted")
    assert best.validation_r2 == pytest.approx(r2, rel=1e-4)
    assert best.validation_mae == pytest.approx(mean_absolute_error(y, predicted), rel=1e-4)


@pytest.mark.parametrize("class_weight", [None, "balanced", [1.0, 4.0]])
@pytest.mark.parametrize("weighted", [True, False])
def test_several_labels(backend, x, generator, class_weight, weighted, tmp_path):
    y = (x @ generator.standard_normal((4, 3)) > [0.0, 0.5, 1.0]).astype(int)
    weight = generator.uniform(size=400) if weighted else np.ones(400)
    options = {"sample_weight": weight, "validation": (x, y, weight)} if weighted else {}
    run, model = fit(x, y, 3, class_weight=class_weight, **options)
    assert run.loss == "bce_with_logits"
    predicted, probabilities = model.predict(x), model.predict_probabilities(x)
    assert predicted.shape == probabilities.shape == (400, 3)
    best = run.history[run.best_epoch - 1]
    assert best.validation_accuracy == pytest.approx(accuracy_score(y.ravel(), predicted.ravel()))
    assert best.validation_accuracy > 0.9
    each = {None: np.ones(2), "balanced": y.size / (2 * np.bincount(y.ravel()))}
    of_class = np.asarray(each.get(class_weight if class_weight != [1.0, 4.0] else "", [1.0, 4.0]))
    w = of_class[y] * weight[:, None]
    by_label = -np.log(np.where(y == 1, probabilities, 1 - probabilities))
    assert best.validation_loss == pytest.approx((w * by_label).sum() / w.sum(), rel=1e-4)
    np.testing.assert_array_equal(saved(model, tmp_path).predict(x), predicted)


@pytest.mark.parametrize(
    ("outputs", "options", "error", "message"),
    [
        (1, {"loss": "poisson", "y": [1, 2, -3]}, lw.DataError, "at least 0, got -3 in row 2"),
        (1, {"loss": "poisson", "validation": [0, 1, -1]}, lw.DataError, "^validation y: .*row 2"),
        (2, {"loss": "quantile(0.1, 0.5, 0.9)"}, lw.ShapeError, "give the last layer 3 outputs"),
        (
            2,
            {"loss": losses.quantile(0.1, 0.9), "y": np.ones((3, 2))},
            lw.ShapeError,
            r"one number for each row, \(n,\).*y is \(n, 2\)",
        ),
        (1, {"loss": losses.quantile}, lw.OptionError, r"such as quantile\(0.9\)"),
        (3, {"loss": "mse"}, lw.ShapeError, "let the last layer have 1 output"),
        (1, {"loss": "poisson", "class_weight": "balanced"}, lw.OptionError, "no classes"),
    ],
)
def test_targets_that_do_not_fit(outputs, options, error, message):
    x = np.ones((3, 4), np.float32)
    y, options = options.get("y", [1.0, 2.0, 3.0]), {k: options[k] for k in options if k != "y"}
    if "validation" in options:
        options["validation"] = (x, options["validation"])
    with pytest.raises(error, match=message):
        lw.train(small(outputs), (x, y), **options)


def test_the_backward_pass_of_several_quantiles():
    assert "quantile(0.1, 0.9)" in str(lw.backward(small(2), loss=losses.quantile(0.1, 0.9)))
