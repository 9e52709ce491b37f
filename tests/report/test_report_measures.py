import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn import metrics

from layerwise.errors import DataError
from layerwise.report.facts.classification import classification
from layerwise.report.measures import (
    average_precision,
    calibration_error,
    confusion_counts,
    fit_temperature,
    per_class,
    precision_recall_curve,
    reliability,
    roc_area,
    roc_curve,
    with_temperature,
)
from layerwise.tabular.measures import bootstrap, wilson


def scores(seed, rows=300, digits=2):
    """Truths and scores with ties, as rounding makes them."""
    random = np.random.default_rng(seed)
    positive = random.random(rows) < 0.3
    return positive, np.round(random.normal(positive * 1.0, 1), digits)


@pytest.mark.parametrize("digits", [0, 1, 6])
def test_roc_is_that_of_scikit_learn(digits):
    positive, found = scores(1, digits=digits)
    x, y, thresholds = metrics.roc_curve(positive, found, drop_intermediate=False)
    curve = roc_curve(positive, found)
    np.testing.assert_allclose(curve.x, x)
    np.testing.assert_allclose(curve.y, y)
    np.testing.assert_allclose(curve.thresholds, thresholds)
    assert roc_area(positive, found) == pytest.approx(metrics.roc_auc_score(positive, found))


@pytest.mark.parametrize("digits", [0, 1, 6])
def test_precision_and_recall_are_those_of_scikit_learn(digits):
    positive, found = scores(2, digits=digits)
    precision, recall, _ = metrics.precision_recall_curve(positive, found)
    curve = precision_recall_curve(positive, found)
    np.testing.assert_allclose(curve.x, recall[::-1])
    np.testing.assert_allclose(curve.y, precision[::-1])
    expected = metrics.average_precision_score(positive, found)
    assert average_precision(positive, found) == pytest.approx(expected)


def test_a_curve_of_one_kind_of_row_is_refused():
    with pytest.raises(DataError, match="both kinds"):
        roc_curve(np.ones(5, bool), np.arange(5))
    with pytest.raises(DataError, match="positive rows"):
        precision_recall_curve(np.zeros(5, bool), np.arange(5))


def test_the_measures_of_each_class_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    truth, guessed = random.integers(0, 4, 200), random.integers(0, 4, 200)
    counts = confusion_counts(truth, guessed, 4)
    np.testing.assert_array_equal(counts, metrics.confusion_matrix(truth, guessed))
    expected = metrics.precision_recall_fscore_support(truth, guessed)
    for ours, theirs in zip(per_class(counts), expected, strict=True):
        np.testing.assert_allclose(ours, theirs)


def test_a_class_that_is_never_predicted_has_no_precision():
    counts = confusion_counts(np.array([0, 0, 1, -1]), np.array([0, 0, 0, 1]), 2)
    assert counts.tolist() == [[2, 0], [1, 0]]
    found = per_class(counts)
    assert np.isnan(found.precision[1])
    assert found.recall.tolist() == [1.0, 0.0]
    assert found.f1.tolist() == [0.8, 0.0]


def test_calibration_bins_hold_equally_many_rows():
    random = np.random.default_rng(3)
    confidence = random.random(1003) ** 0.1
    right = random.random(1003) < confidence
    found = reliability(confidence, right, 10)
    assert set(found.rows) == {100, 101}
    assert np.all(np.diff(found.confidence) > 0)
    order = np.argsort(confidence)
    parts = np.array_split(order, 10)
    expected = sum(abs(right[p].mean() - confidence[p].mean()) * len(p) for p in parts) / 1003
    assert calibration_error(confidence, right, 10) == pytest.approx(expected)


def test_the_calibration_error_by_hand():
    # Two bins: 60% sure and always right, 90% sure and right half of the time.
    confidence = np.array([0.6, 0.6, 0.9, 0.9])
    right = np.array([True, True, True, False])
    assert calibration_error(confidence, right, 2) == pytest.approx((0.4 + 0.4) / 2)


@pytest.mark.parametrize("true_temperature", [0.4, 1.0, 3.0])
def test_the_temperature_is_the_one_with_the_least_loss(true_temperature):
    random = np.random.default_rng(4)
    logits = random.normal(0, 2, (4000, 5))
    chances = with_temperature(logits, 1.0)
    truth = (chances.cumsum(1) > random.random((4000, 1))).argmax(1)
    sharpened = logits * true_temperature
    found = fit_temperature(sharpened, truth)

    def loss(temperature):
        return metrics.log_loss(truth, with_temperature(sharpened, temperature))

    best = minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-8}).x
    assert found == pytest.approx(best, rel=1e-4)
    assert found == pytest.approx(true_temperature, rel=0.1)


def test_temperature_changes_no_prediction_and_survives_large_logits():
    logits = np.array([[1000.0, 0.0, -1000.0], [0.0, 2.0, 1.0]])
    found = with_temperature(logits, 0.5)
    np.testing.assert_allclose(found.sum(1), 1)
    assert found.argmax(1).tolist() == [0, 1]


def test_the_interval_of_an_area_is_that_of_resampled_rows():
    random = np.random.default_rng(5)
    truth = random.integers(0, 2, 150)
    second = np.clip(0.5 + 0.2 * (truth - 0.5) + random.normal(0, 0.2, 150), 0.01, 0.99)
    chances = np.stack([1 - second, second], 1)
    found = classification(chances, truth, ("a", "b"))

    def area(times):
        rows = np.repeat(np.arange(150), times)
        return metrics.roc_auc_score(truth[rows], second[rows])

    assert found.mean_area == pytest.approx(metrics.roc_auc_score(truth, second))
    assert found.area_interval == pytest.approx(bootstrap(150, None, area))


def test_the_mean_area_of_several_classes_is_that_of_scikit_learn():
    random = np.random.default_rng(6)
    truth = random.integers(0, 4, 300)
    chances = with_temperature(random.normal(0, 1, (300, 4)) + 1.5 * np.eye(4)[truth], 1.0)
    found = classification(chances, truth, tuple("abcd"))
    expected = metrics.roc_auc_score(truth, chances, multi_class="ovr")
    assert found.mean_area == pytest.approx(expected)


def test_wilson_by_hand():
    # Newcombe 1998, table I: 81 of 263 and 15 of 148.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
