import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

# The benchmarks are no part of the installed package, so the file is loaded by its place.
PATH = Path(__file__).parents[2] / "benchmarks" / "tabular" / "score.py"


@pytest.fixture(scope="module")
def score():
    spec = importlib.util.spec_from_file_location("tabular_score", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_classes(score):
    probabilities = np.array([[0.5, 0.5], [0.25, 0.75], [0.9, 0.1]])
    found = score.score_classes(np.array([0, 1, 1]), probabilities, 2)
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["log_loss"] == pytest.approx(-np.log([0.5, 0.75, 0.1]).mean())


def test_a_certain_mistake_costs_the_same_from_every_model(score):
    single = score.score_classes(np.array([1]), np.array([[1, 0]], np.float32), 2)
    double = score.score_classes(np.array([1]), np.array([[1 - 1e-12, 1e-12]]), 2)
    assert single["log_loss"] == pytest.approx(-math.log(1e-7), rel=1e-6)
    assert double["log_loss"] == pytest.approx(single["log_loss"], rel=1e-6)


@pytest.mark.parametrize("wrong", [[[0.2, 0.3, 0.5]], [[np.nan, 1]], [[-0.1, 1.1]]])
def test_what_is_no_probability_is_refused(score, wrong):
    with pytest.raises(ValueError, match="expected"):
        score.score_classes(np.array([0]), np.array(wrong), 2)


def test_numbers(score):
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert score.score_numbers(values, values) == {"r2": 1.0, "rmse": 0.0}
    found = score.score_numbers(values, np.full(4, 2.5))
    assert found["r2"] == pytest.approx(0)
    assert found["rmse"] == pytest.approx(values.std())


@pytest.mark.parametrize("wrong", [[[1.0], [2.0]], [1.0, np.inf]])
def test_what_is_no_prediction_is_refused(score, wrong):
    with pytest.raises(ValueError, match="expected"):
        score.score_numbers(np.array([1.0, 2.0]), np.array(wrong))


def test_a_comparison_is_paired_by_the_seeds_that_both_have(score):
    comparison = score.compare({0: 0.5, 1: 0.7, 2: 0.9}, {1: 0.6, 2: 0.7, 3: 0.1}, "accuracy")
    np.testing.assert_allclose(comparison.gains, [0.1, 0.2])
    assert comparison.mean == pytest.approx(0.15)
    assert comparison.spread == pytest.approx(0.1 / math.sqrt(2))
    assert comparison.standard_error == pytest.approx(0.05)
    assert comparison.verdict == "win"
    assert score.compare({0: 0.5}, {1: 0.5}, "accuracy") is None


def test_less_is_better_where_it_is_a_loss(score):
    first, second = {0: 1.0, 1: 1.1}, {0: 2.0, 1: 2.3}
    for measure in ("log_loss", "rmse"):
        assert score.compare(first, second, measure).verdict == "win"
    for measure in ("accuracy", "r2"):
        assert score.compare(first, second, measure).verdict == "loss"


def test_within_one_standard_error_is_a_tie(score):
    assert score.Comparison(np.array([1.0, -1.0, 0.5])).verdict == "tie"
    assert score.Comparison(np.array([0.0, 0.0])).verdict == "tie"
    assert score.Comparison(np.array([5.0])).verdict == "tie"


def test_the_unit_is_what_the_reference_gains(score):
    assert score.unit(score.Comparison(np.array([0.2, 0.4]))) == pytest.approx(0.3)
    assert score.unit(score.Comparison(np.array([-0.2, -0.4]))) == pytest.approx(0.3)


def test_there_is_no_unit_where_the_reference_gains_nothing_for_certain(score):
    assert score.unit(None) is None
    assert score.unit(score.Comparison(np.array([0.3]))) is None
    assert score.unit(score.Comparison(np.array([0.1, -0.05, 0.02]))) is None
    assert score.unit(score.Comparison(np.zeros(3))) is None


def test_the_interval_is_of_the_mean_over_sets(score):
    assert score.bootstrap_interval([np.full(3, 0.5), np.full(10, 0.5)]) == (0.5, 0.5)
    random = np.random.default_rng(0)
    gains = [random.normal(0.2, 0.1) + random.normal(0, 0.01, 10) for _ in range(20)]
    low, high = score.bootstrap_interval(gains)
    means = np.array([by_seed.mean() for by_seed in gains])
    # Seeds vary so little here that sets alone decide: the normal interval over sets.
    half = 1.96 * means.std() / math.sqrt(20)
    assert low == pytest.approx(means.mean() - half, abs=0.01)
    assert high == pytest.approx(means.mean() + half, abs=0.01)
    assert score.bootstrap_interval(gains) == (low, high)


def test_geometric_mean(score):
    assert score.geometric_mean([0.5, 2.0, 8.0]) == pytest.approx(2.0)
