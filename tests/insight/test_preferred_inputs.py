"""Preferred inputs, the rows that excite units, and saliency: against answers that are known."""

import json

import numpy as np
import pytest

import layerwise as lw
from layerwise.insight.logits import logits_of
from layerwise.insight.preferred import _data_prior

nn, insight = lw.nn, lw.insight


@pytest.fixture(scope="module")
def digits():
    images, labels = lw.data.load_digits()
    return images[:900] / 16, labels[:900]


@pytest.fixture(scope="module")
def trained(digits):
    with nn.seed(0):
        net = nn.Sequential(
            nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)
        )
    lw.train(net, digits, epochs=25)
    return net


@pytest.fixture(scope="module")
def means(digits):
    x, y = digits
    return np.stack([x[y == k].mean(0) for k in range(10)])


def likest(found, means):
    return np.corrcoef(found.reshape(10, -1), means)[:10, 10:].argmax(1)


def test_output_units_prefer_their_digit_after_training_only(digits, trained, means):
    x, _ = digits
    found = insight.preferred_inputs(trained, None, x, shape=(8, 8))
    assert found.inputs.shape == (10, 8, 8)
    np.testing.assert_array_equal(likest(found.inputs, means), np.arange(10))
    scores = trained(found.inputs.reshape(10, 64))
    np.testing.assert_array_equal(scores.argmax(1), np.arange(10))
    np.testing.assert_allclose(scores.diagonal(), found.activations, rtol=1e-4)
    np.testing.assert_allclose(found.in_data, trained(x).max(0), rtol=1e-5)
    assert (found.activations > 0.8 * found.in_data).all()
    assert (found.inputs >= x.min(0).reshape(8, 8) - 1e-6).all()
    assert (found.inputs <= x.max(0).reshape(8, 8) + 1e-6).all()
    with nn.seed(5):
        fresh = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    untrained = insight.preferred_inputs(fresh, None, x)
    assert (likest(untrained.inputs, means) == np.arange(10)).sum() <= 4
    assert json.loads(json.dumps(found.to_json()))["units"] == list(range(10))


def test_a_linear_unit_prefers_weights_times_covariance(backend, generator):
    x = generator.standard_normal((200, 5)) @ generator.standard_normal((5, 5)) + 3
    net = nn.Sequential(nn.Linear(5, 3, dtype="float64"))
    found = insight.preferred_inputs(net, "0", x, within=(-1e6, 1e6), deviations=2)
    weights, covariance = net[0].weight.value, np.cov(x.T)
    pattern = weights @ covariance
    sizes = np.sqrt((pattern * weights).sum(1, keepdims=True))
    np.testing.assert_allclose(found.inputs, x.mean(0) + 2 * pattern / sizes, rtol=1e-6)
    # Two standard deviations of the unit above its mean, whatever its scale.
    values = net(x)
    np.testing.assert_allclose(found.activations, values.mean(0) + 2 * values.std(0, ddof=1))
    np.testing.assert_allclose(found.centre, x.mean(0))


def test_hidden_units_behind_a_relu_and_chosen_ones(digits, trained):
    x, _ = digits
    all_units = insight.preferred_inputs(trained, "1", x)
    on = all_units.in_data > 0
    assert on.sum() > 40
    assert np.isfinite(all_units.inputs).all()
    assert (all_units.activations[on] > 0.5 * all_units.in_data[on]).mean() > 0.95
    some = insight.preferred_inputs(trained, "1", x, units=[7, 3])
    np.testing.assert_allclose(some.activations, all_units.activations[[7, 3]], rtol=0.05)
    assert some.layer == "ReLU()"


def test_a_range_in_place_of_rows(trained, means):
    found = insight.preferred_inputs(trained, "4", shape=(8, 8), within=(0, 1))
    assert found.in_data is None
    assert found.inputs.min() >= 0
    assert found.inputs.max() <= 1
    scores = trained(found.inputs.reshape(10, 64))
    assert (scores.argmax(1) == np.arange(10)).all()
    rough = insight.preferred_inputs(trained, "4", within=(0, 1))

    def roughness(pictures):
        return (np.diff(pictures.reshape(10, 8, 8), axis=2) ** 2).sum() / (pictures**2).sum()

    assert roughness(found.inputs) < 0.8 * roughness(rough.inputs)


def test_a_loaded_model_with_softmax_and_raw_pixels(digits, trained, tmp_path):
    x, _ = digits
    net = nn.Sequential(*trained, nn.Softmax())
    lw.Model(net, preprocess=lambda raw: raw / 16).save(tmp_path / "m", example=x)
    model = lw.load(tmp_path / "m")
    want = insight.preferred_inputs(trained, None, x)
    for path in (None, "4", "5"):
        found = insight.preferred_inputs(model, path, x * 16)
        np.testing.assert_allclose(found.activations, want.activations, rtol=1e-3)
        np.testing.assert_allclose(found.inputs, want.inputs * 16, atol=0.3)
    pictures = insight.unit_weights_as_pictures(model)
    np.testing.assert_array_equal(pictures.reshape(64, 64), trained[0].weight.value)
    slopes = insight.saliency(model, x[:5] * 16)
    np.testing.assert_allclose(slopes * 16, insight.saliency(trained, x[:5]), rtol=1e-3, atol=1e-4)


def test_the_prior_is_the_gaussian_of_the_rows(generator):
    x = generator.standard_normal((50, 4)) * [1, 2, 0, 3] + 1
    prior = _data_prior(x, None, 0)
    assert len(prior.directions) == 3  # a column that never changes is no direction
    np.testing.assert_allclose(prior.directions.T @ prior.directions, np.cov(x.T), atol=1e-9)
    np.testing.assert_allclose([prior.low, prior.high], [x.min(0), x.max(0)])


@pytest.mark.parametrize("function", [lw.softmax, lw.log_softmax, lw.sigmoid])
def test_logits_are_found_below_probabilities(function):
    x = lw.input("x", (lw.batch, 4), "float32") * 2
    assert logits_of(function(x)) is x
    shifted = x - 1.0
    assert logits_of(function(shifted)) is shifted
    assert logits_of(shifted) is shifted
    mine = lw.exp(shifted) / lw.sum(lw.exp(shifted), 1, keepdims=True)
    assert logits_of(mine) is shifted


def test_the_most_activating_rows_are_those(digits, trained):
    x, _ = digits
    found = insight.most_activating(trained, "3", x, count=5, units=[4, 9])
    values = insight.layer_outputs(trained, x, ["3"])["3"]
    for place, unit in enumerate((4, 9)):
        np.testing.assert_allclose(found.values[place], np.sort(values[:, unit])[::-1][:5])
        np.testing.assert_array_equal(values[found.rows[place], unit], found.values[place])
    assert insight.most_activating(trained, None, x[:3]).rows.shape == (10, 3)


def test_saliency_is_the_gradient(backend, generator):
    with nn.seed(2):
        net = nn.Sequential(
            nn.Linear(4, 8, dtype="float64"), nn.Tanh(), nn.Linear(8, 3, dtype="float64")
        )
    x = generator.standard_normal((6, 4))
    target = np.array([0, 1, 2, 2, 1, 0])
    found = insight.saliency(net, x, target)
    step = 1e-6
    for j in range(4):
        moved = np.eye(4)[j] * step
        slope = (net(x + moved) - net(x - moved))[np.arange(6), target] / (2 * step)
        np.testing.assert_allclose(found[:, j], slope, rtol=1e-5, atol=1e-8)
    chosen = insight.saliency(net, x)
    np.testing.assert_array_equal(chosen, insight.saliency(net, x, net(x).argmax(1)))
    many = insight.saliency(net, x, 1, samples=30, noise=1e-9)
    np.testing.assert_allclose(many, insight.saliency(net, x, 1), rtol=1e-6)


def test_noise_smooths_saliency(digits, trained):
    x, y = digits
    rows = x[:20]
    some = insight.saliency(trained, rows, y[:20], samples=40)
    np.testing.assert_array_equal(some, insight.saliency(trained, rows, y[:20], samples=40))
    other = insight.saliency(trained, rows, y[:20], samples=40, seed=1)
    rough = insight.saliency(trained, rows, y[:20])
    assert np.abs(some - other).mean() < 0.5 * np.abs(some - rough).mean()


def test_codes_have_no_slope(generator):
    class Words(nn.Module):
        def __init__(self):
            self.table, self.out = nn.Embedding(3, 2), nn.Linear(2, 2)

        def forward(self, word, x):
            return self.out(self.table(word) + x)

    word, x = np.array([0, 2], np.int32), np.ones((2, 2), np.float32)
    nothing, slopes = insight.saliency(Words(), (word, x), target=0)
    assert nothing is None
    assert slopes.shape == (2, 2)
    with pytest.raises(lw.OptionError, match="one input of floats"):
        insight.preferred_inputs(Words(), None, (word, x))


def test_mistakes_are_explained(digits, trained):
    x, _ = digits
    for options, message in (
        ({}, "give rows"),
        ({"inputs": x, "units": [10]}, "units from 0 to 9"),
        ({"inputs": x, "shape": (8, 9)}, r"64 numbers, which are no picture of shape \(8, 9\)"),
        ({"inputs": x, "deviations": 0}, "deviations above 0"),
        ({"within": (1, 0)}, "low below high"),
    ):
        with pytest.raises(lw.OptionError, match=message):
            insight.preferred_inputs(trained, None, **options)
    with pytest.raises(lw.DataError, match="all rows are equal"):
        insight.preferred_inputs(trained, None, x[:1].repeat(3, 0))
    with pytest.raises(lw.OptionError, match="kind of rows is not known"):
        insight.preferred_inputs(nn.Sequential(nn.Linear(2, 2)), None, within=(0, 1))
    with pytest.raises(lw.OptionError, match="number of an output, from 0 to 9"):
        insight.saliency(trained, x, target=10)
    with pytest.raises(lw.DataError, match="one for each of 900 rows"):
        insight.saliency(trained, x, target=[1, 2])
    with pytest.raises(lw.OptionError, match=r"no square picture.*shape=\(2, 3\)"):
        insight.unit_weights_as_pictures(nn.Sequential(nn.Linear(6, 2)))
    with pytest.raises(lw.OptionError, match="not a Linear"):
        insight.unit_weights_as_pictures(nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 2)))


def test_pictures_are_drawn_as_found(digits, trained):
    x, _ = digits
    found = insight.preferred_inputs(trained, None, x, shape=(8, 8))
    weights = insight.unit_weights_as_pictures(trained)
    figure = insight.draw_preferred([weights, found], columns=4, most=6, names="abcdefghij")
    first, second = (axes.images[0].get_array() for axes in figure.axes)
    np.testing.assert_array_equal(first[9:17, 9:17], weights[5])
    np.testing.assert_array_equal(second[:8, 27:35], found.inputs[3])
    assert [text.get_text() for text in figure.axes[1].texts] == list("abcdef")
    (axes,) = insight.draw_preferred({"all": found}, relative=True).axes
    np.testing.assert_allclose(axes.images[0].get_array()[:, :8], found.inputs[0] - found.centre)
    assert axes.get_title("left") == "all"
    slopes = insight.saliency(trained, x[:3])
    figure = insight.draw_saliency(x[:3], slopes, (8, 8), names=[1, 2, 3])
    np.testing.assert_array_equal(figure.axes[4].images[0].get_array(), slopes[1].reshape(8, 8))
    with pytest.raises(lw.OptionError, match=r"shape=\(height, width\)"):
        insight.draw_preferred(insight.preferred_inputs(trained, None, x))
    with pytest.raises(lw.OptionError, match="give shape"):
        insight.draw_saliency(x[:3], slopes)
