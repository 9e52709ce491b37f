import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.data.encoders.distribution import Distribution
from layerwise.data.encoders.smooth_clip import smooth_clip, smooth_unclip
from layerwise.data.encoders.weights import counted
from layerwise.errors import DataError

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


def test_by_hand():
    found = Distribution.of(np.array([3.0, 1, 2, 1]))
    np.testing.assert_array_equal(found.values, [1, 2, 3])
    np.testing.assert_array_equal(found.weights, [2, 1, 1])
    assert found.mean() == 1.75
    assert found.deviation() == pytest.approx(np.std([3, 1, 2, 1]))
    assert [found.quantile(q) for q in (0, 0.25, 0.5, 0.75, 1)] == [1, 1, 1, 2, 3]
    np.testing.assert_allclose(found.mid_ranks, [0.25, 0.625, 0.875])


@given(NUMBERS, st.floats(0, 1))
def test_quantiles_are_those_of_numpy(values, share):
    found = Distribution.of(np.array(values)).quantile(share)
    assert found == np.quantile(values, share, method="inverted_cdf")


@given(st.data(), NUMBERS)
def test_weights_are_repetitions_and_order_does_not_matter(data, values):
    weights = data.draw(st.lists(st.integers(0, 4), min_size=len(values), max_size=len(values)))
    weights[0] = max(weights[0], 1)
    order = data.draw(st.permutations(range(len(values))))
    repeated = Distribution.of(np.repeat(values, weights))
    rows = counted(np.array(weights)[order], len(values))
    weighted = Distribution.of(rows.take(np.array(values)[order]), rows.weights)
    np.testing.assert_array_equal(repeated.values, weighted.values)
    np.testing.assert_array_equal(repeated.weights, weighted.weights)
    for statistic in (Distribution.mean, Distribution.deviation, Distribution.robust_spread):
        assert statistic(repeated) == statistic(weighted)


def test_fractional_weights_do_not_depend_on_the_order(generator):
    values, weights = generator.integers(0, 5, 1000).astype(float), generator.random(1000)
    found = []
    for order in (np.arange(1000), generator.permutation(1000)):
        rows = counted(weights[order], 1000)
        found.append(Distribution.of(rows.take(values[order]), rows.weights))
    np.testing.assert_array_equal(found[0].weights, found[1].weights)
    assert found[0].mean() == pytest.approx(np.average(values, weights=weights))


def test_huge_and_tiny_values_do_not_overflow():
    for size in (1e300, 1e-300):
        found = Distribution.of(np.array([-1.0, 0, 1]) * size)
        assert found.deviation() == pytest.approx(size * np.sqrt(2 / 3))
        assert found.robust_spread() == 2 * size
    constant = Distribution.of(np.full(7, 0.1))
    assert (constant.mean(), constant.deviation(), constant.robust_spread()) == (0.1, 0, 0)


def test_the_spread_falls_back_to_half_the_range():
    assert Distribution.of(np.array([0.0] * 9 + [4])).robust_spread() == 2


def test_smooth_clipping(generator):
    x = np.concatenate([np.linspace(-50, 50, 99), [1e38, -1e38]])
    y = x.copy()
    smooth_clip(y)
    np.testing.assert_allclose(y, x / np.hypot(1, x / 3), rtol=1e-15)
    np.testing.assert_allclose(smooth_unclip(y[:99]), x[:99], rtol=1e-10)
    assert np.abs(smooth_unclip(np.float32([3, -3]))).max() == pytest.approx(8689, rel=0.01)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"shape \(3,\), got shape \(2,\)"),
        ([1, -1, 2], "got -1 for row 1"),
        ([1, np.nan, 2], "got nan for row 1"),
        ([1, np.inf, 2], "got inf for row 1"),
        ([0, 0, 0], "at least one row with a sample_weight above 0"),
        (["a", "b", "c"], "expected numbers as sample_weight"),
    ],
)
def test_weights_that_are_none(weights, message):
    with pytest.raises(DataError, match=message):
        counted(weights, 3)
