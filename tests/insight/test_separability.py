"""Probes: as good as other solvers of the same problem, and higher after layers that help."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeCV
from threadpoolctl import threadpool_limits

import layerwise as lw
from layerwise.insight import linear_probe

nn, insight = lw.nn, lw.insight


@pytest.fixture(autouse=True)
def _one_thread():
    """Two processes of tests whose solvers use all cores each wait for one another."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def digits():
    images, labels = lw.data.load_digits()
    parts = lw.data.split_rows(labels, seed=0)
    return images / 16, labels, parts


@pytest.fixture(scope="module")
def trained(digits):
    x, y, parts = digits
    with nn.seed(0):
        net = nn.Sequential(
            nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
        )
    lw.train(net, (x[parts.training], y[parts.training]), epochs=20)
    return net


def pairs(digits):
    x, y, parts = digits
    return [(x[rows], y[rows]) for rows in (parts.training, parts.test)]


def test_trained_layers_tell_classes_apart_better_than_untrained_ones(digits, trained):
    found = insight.separability(trained, *pairs(digits))
    assert [row.path for row in found] == ["input", *"01234"]
    assert found[0].trained == found[0].untrained
    assert max(row.trained for row in found[1:]) > found[0].trained + found[0].error
    assert found[-1].trained > found[-1].untrained + 0.1
    assert all(row.trained >= row.untrained for row in found[2:])
    assert found.best.trained > 0.96
    assert (found.classes, found.held_out_rows) == (10, len(digits[2].test))
    text = str(found)
    assert "Linear(128, 64)" in text
    assert f"{found[1].trained:.1%}" in text
    assert len({len(line) for line in text.splitlines()}) == 1
    assert json.loads(json.dumps(found.to_json()))["rows"][0]["path"] == "input"


def test_a_loaded_model_and_names_of_classes(digits, trained, tmp_path):
    training, held_out = pairs(digits)
    want = insight.separability(trained, training, held_out, untrained=False)
    lw.Model(trained).save(tmp_path / "m")
    names = np.array([f"digit {i}" for i in range(10)])
    named = [(x, names[y]) for x, y in (training, held_out)]
    found = insight.separability(lw.load(tmp_path / "m"), *named)
    assert [row.trained for row in found] == [row.trained for row in want]
    assert [row.layer for row in found] == [row.layer for row in want]
    assert all(row.untrained is None for row in found)
    assert "untrained" not in str(found)


def test_the_probe_solves_logistic_regression(digits):
    (x, y), (others, truth) = pairs(digits)
    features = linear_probe.components(x, others)
    np.testing.assert_allclose(
        features.training.T @ features.training / len(x), np.diag(features.variances), atol=1e-3
    )
    oracle = LogisticRegression(max_iter=3000, tol=1e-8).fit(features.training, y)

    def objective(weights, bias):
        scores = features.training @ weights + bias
        terms = np.log(np.exp(scores).sum(1)) - scores[np.arange(len(y)), y]
        return terms.sum() + (weights**2).sum() / 2

    ours = objective(*linear_probe._logistic(features, y, 10))
    theirs = objective(oracle.coef_.T, oracle.intercept_)
    assert 0.999 * theirs < ours < 1.003 * theirs
    score = linear_probe.class_score(features, y, truth, 10)
    assert abs(score.value - oracle.score(features.held_out, truth)) < 0.005
    assert 0.5 * np.sqrt(0.04 * 0.96 / len(truth)) < score.error < 0.02


def test_the_probe_solves_ridge_regression(generator):
    x = generator.standard_normal((300, 8)) * np.arange(1, 9) + 5
    y = x @ generator.standard_normal((8, 2)) + generator.standard_normal((300, 2))
    features = linear_probe.components(x[:200], x[200:])
    score = linear_probe.number_score(features, y[:200], y[200:])
    oracle = RidgeCV(np.logspace(-4, 4, 9) * 200).fit(features.training, y[:200])
    residual = (y[200:] - oracle.predict(features.held_out)) / y[:200].std(0)
    spread = (y[200:] - y[200:].mean(0)) / y[:200].std(0)
    assert abs(score.value - (1 - (residual**2).mean() / (spread**2).mean())) < 0.005
    assert 0 < score.error < 0.05


@pytest.mark.parametrize(("rows", "width"), [(1100, 1200), (200, 1500), (300, 400)])
def test_wide_features_keep_what_varies_most(generator, rows, width):
    hidden = generator.standard_normal((rows, 3))
    x = hidden @ generator.standard_normal((3, width)) + 0.01 * generator.standard_normal(
        (1, width)
    )
    found = linear_probe.components(x[:-50], x[-50:])
    assert found.training.shape[1] <= linear_probe.WIDEST
    assert found.variances[:3].sum() > 0.999 * found.variances.sum()
    score = linear_probe.class_score(found, (hidden[:-50, 0] > 0) * 1, (hidden[-50:, 0] > 0) * 1, 2)
    assert score.value > 0.9


def test_numbers_and_features_that_are_constant_or_not_finite(generator):
    x = generator.standard_normal((260, 4)).astype(np.float32)
    y = np.sin(2 * x[:, 0])
    with nn.seed(1):
        net = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1))
    lw.train(net, (x, y), epochs=60, optimizer=lw.optim.Adam(0.02))
    found = insight.separability(net, (x[:200], y[:200]), (x[200:], y[200:]))
    assert found.measure == "r2"
    assert found.classes is None
    assert found[2].trained > found[0].trained + 0.2
    assert found[3].trained > found[3].untrained + 0.5
    x[:, 1], x[3, 2] = 7, np.inf
    features = linear_probe.components(x[:200], x[200:])
    assert np.isfinite(features.held_out).all()


def test_one_hot_and_binary_targets_and_mistakes(generator):
    x = generator.standard_normal((120, 4)).astype(np.float32)
    y = (x[:, :3]).argmax(1)
    net = nn.Sequential(nn.Linear(4, 3))
    plain = insight.separability(net, (x, y), (x, y))
    assert (
        insight.separability(net, (x, np.eye(3, dtype=int)[y]), (x, np.eye(3, dtype=int)[y]))[0]
        == plain[0]
    )
    assert insight.separability(net, (x, y[:, None] == 1), (x, y[:, None] == 1)).classes == 2
    # No answer is right for a class that the probes have not seen.
    seen = y != 2
    assert insight.separability(net, (x[seen], y[seen]), (x[~seen], y[~seen]))[0].trained == 0
    with pytest.raises(lw.DataError, match=r"target for each of 120 rows.*\(7,\)"):
        insight.separability(net, (x, y[:7]), (x, y))
    assert [row.path for row in insight.separability(net, (x, y), (x, y), paths=["0"])] == [
        "input",
        "0",
    ]
    with pytest.raises(lw.DataError, match="two classes"):
        insight.separability(net, (x, y * 0), (x, y))
    with pytest.raises(lw.OptionError, match="one column at a time"):
        insight.separability(net, (x, np.ones((120, 2), int)), (x, np.ones((120, 2), int)))
    with pytest.raises(lw.DataError, match=r"pair \(X, y\)"):
        insight.separability(net, x, (x, y))


def test_maps_show_what_varies_most(digits, trained):
    x, y, _ = digits
    found = insight.layer_maps(trained, x, y, rows=200)
    assert [one.path for one in found] == ["input", *"01234"]
    first = found[0]
    assert first.points.shape == (200, 2)
    np.testing.assert_array_equal(first.y, y[first.chosen])
    rows = x[first.chosen].astype(np.float64)
    sizes = np.linalg.svd(rows - rows.mean(0), compute_uv=False) ** 2
    np.testing.assert_allclose(first.explained, sizes[:2] / sizes.sum(), rtol=1e-6)
    np.testing.assert_allclose((first.points**2).sum(0), sizes[:2], rtol=1e-6)
    again = insight.layer_maps(trained, x, y, ["4"], rows=200)
    np.testing.assert_array_equal(again[0].points, found[-1].points)
    assert len(json.dumps(first.to_json())) < 20_000
    assert insight.layer_maps(trained, x[:9], rows=600)[2].y is None
    with pytest.raises(lw.OptionError, match=r"unknown method 'pac'.*'pca'"):
        insight.layer_maps(trained, x, method="pac")
    with pytest.raises(lw.DataError, match="three rows"):
        insight.layer_maps(trained, x[:2])


def test_tsne_keeps_classes_together(digits, trained):
    x, y, _ = digits
    (found,) = insight.layer_maps(trained, x, y, ["4"], method="tsne", rows=120)
    assert found.explained is None
    apart = ((found.points[:, None] - found.points[None]) ** 2).sum(-1)
    np.fill_diagonal(apart, np.inf)
    assert (found.y[apart.argmin(1)] == found.y).mean() > 0.8


def test_probes_and_maps_are_drawn_as_measured(digits, trained):
    score = insight.separability(trained, *pairs(digits), untrained=False)
    (axes,) = insight.draw_separability(score).axes
    line = np.array(axes.containers[0].lines[0].get_ydata(), float)
    np.testing.assert_allclose(line, [100 * row.trained for row in score])
    maps = insight.layer_maps(trained, digits[0], digits[1], ["input", "4"], rows=60)
    figure = insight.draw_maps(maps, classes=list("abcdefghij"))
    drawn = np.concatenate([line.get_xydata() for line in figure.axes[0].get_lines()])
    np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(maps[0].points, axis=0))
    assert {text.get_text() for text in figure.axes[1].texts} == set("abcdefghij")
    numbers = insight.layer_maps(trained, digits[0], digits[0][:, 20] + np.arange(1797.0), ["4"])
    assert len(insight.draw_maps(numbers).axes) == 2  # and a scale of colours
