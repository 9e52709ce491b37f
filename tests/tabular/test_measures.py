import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score
from sklearn.metrics import root_mean_squared_error as rmse

from layerwise.tabular.measures import measure_classes, measure_numbers


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.mark.parametrize("weighted", [False, True])
def test_classes_agree_with_scikit_learn(random, weighted):
    truth = random.integers(0, 3, 200)
    given = random.dirichlet([1, 1, 1], 200)
    weight = random.uniform(0, 2, 200) if weighted else None
    found = measure_classes(truth, given, np.array([0.5, 0.3, 0.2]), weight=weight)
    accuracy = accuracy_score(truth, given.argmax(1), sample_weight=weight)
    assert found.values["accuracy"] == pytest.approx(accuracy)
    assert found.values["log_loss"] == pytest.approx(log_loss(truth, given, sample_weight=weight))
    always = np.tile([0.5, 0.3, 0.2], (200, 1))
    assert found.constant["log_loss"] == pytest.approx(
        log_loss(truth, always, sample_weight=weight)
    )
    low, high = found.interval
    assert 0 <= low < found.values["accuracy"] < high <= 1


def test_a_class_that_nobody_could_know(random):
    given = np.array([[1.0, 0.0], [1.0, 0.0]])
    found = measure_classes(np.array([0, -1]), given, np.array([1.0, 0.0]))
    assert found.values["accuracy"] == 0.5
    assert np.isfinite(found.values["log_loss"])


def test_the_interval_of_wilson():
    """Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662."""
    truth = np.zeros(263, int)
    given = np.zeros((263, 2))
    given[:81, 0], given[81:, 1] = 1, 1
    low, high = measure_classes(truth, given, np.array([1.0, 0.0])).interval
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


@pytest.mark.parametrize("weighted", [False, True])
def test_numbers_agree_with_scikit_learn(random, weighted):
    truth = random.normal(10, 5, 300)
    given = truth + random.normal(0, 2, 300)
    weight = random.uniform(0, 2, 300) if weighted else None
    found = measure_numbers(truth, given, 10.0, weight=weight)
    known = {"sample_weight": weight}
    assert found.values["r2"] == pytest.approx(r2_score(truth, given, **known))
    assert found.values["rmse"] == pytest.approx(rmse(truth, given, **known))
    assert found.values["mae"] == pytest.approx(mean_absolute_error(truth, given, **known))
    assert found.constant["r2"] == pytest.approx(r2_score(truth, np.full(300, 10.0), **known))
    low, high = found.interval
    assert low < found.values["r2"] < high


def test_groups_widen_the_interval(random):
    groups = np.repeat(np.arange(20), 20)
    right = np.repeat(random.random(20) < 0.7, 20)
    given = np.where(right[:, None], [1.0, 0.0], [0.0, 1.0])
    truth, shares = np.zeros(400, int), np.array([1.0, 0.0])
    plain = measure_classes(truth, given, shares).interval
    grouped = measure_classes(truth, given, shares, groups=groups).interval
    assert grouped[1] - grouped[0] > 2 * (plain[1] - plain[0])


def test_what_cannot_be_told():
    found = measure_numbers(np.ones(3), np.zeros(3), 1.0)
    assert np.isnan(found.values["r2"])
    assert found.interval is None
