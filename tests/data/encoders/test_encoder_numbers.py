import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.data.encoders import TableEncoder
from layerwise.errors import DataError

nan = np.nan
NORMALISES = ["robust", "standard", "quantile", None]
VALUES = st.one_of(
    st.floats(-1e6, 1e6), st.integers(-3, 3).map(float), st.just(nan), st.floats(-1e300, 1e300)
)


def test_standard(make, fit):
    found = fit(make(a=[1, 2, 6], b=[0, 0, 3]), normalise="standard")
    a = np.array([[1, 0], [2, 0], [6, 3.0]])
    expected = (a - a.mean(0)) / a.std(0)
    numbers = found.transform(make(a=[1, 2, 6], b=[0, 0, 3])).numbers
    np.testing.assert_allclose(numbers, expected, rtol=1e-6)
    assert numbers.dtype == np.float32
    assert numbers.flags.c_contiguous


def test_robust_is_that_of_realmlp(make, fit):
    a = np.arange(9.0)
    z = (a - 4) / (6 - 2)
    rare = np.array([0.0] * 8 + [5])  # interquartile range 0: 2 / (most - least)
    table = make(a=a, rare=rare)
    found = fit(table).transform(table).numbers
    np.testing.assert_allclose(found[:, 0], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-6)
    np.testing.assert_allclose(found[-1, 1], 2 / np.sqrt(1 + (2 / 3) ** 2), rtol=1e-6)
    assert not found[:-1, 1].any()


def test_quantile_gives_normal_scores(make, fit, generator):
    table = make(a=np.exp(generator.normal(size=20_000) * 3))
    encoder = fit(table, normalise="quantile")
    assert len(encoder.numbers.knots[0][0]) == 1000
    found = encoder.transform(table).numbers[:, 0]
    shares = [0.01, 0.2, 0.5, 0.9, 0.99]
    np.testing.assert_allclose(
        np.quantile(found, shares), [-2.326, -0.842, 0, 1.282, 2.326], atol=0.02
    )
    far = encoder.transform(make(a=[-1e30, 1e30])).numbers[:, 0]
    assert far.tolist() == [found.min(), found.max()]


def test_quantile_of_ties_is_that_of_their_middle(make, fit):
    table = make(a=[0, 0, 0, 1])
    found = fit(table, normalise="quantile").transform(table).numbers[:, 0]
    np.testing.assert_allclose(found, [-0.31864, -0.31864, -0.31864, 1.15035], rtol=1e-4)


def test_none_leaves_the_numbers(make, fit):
    table = make(a=[1, -2.5, 1e9])
    assert fit(table, normalise=None).transform(table).numbers[:, 0].tolist() == [1, -2.5, 1e9]


@pytest.mark.parametrize(("impute", "filled"), [("median", 2), ("mean", 3)])
def test_missing_is_filled_in_and_told(make, fit, impute, filled):
    table = make(a=[1, nan, 2, 6], b=[1, 2, 3, 4])
    encoder = fit(table, impute=impute, normalise=None)
    assert encoder.output_names == ("a", "b", "a is missing")
    assert encoder.kinds == ("number", "number", "indicator")
    assert encoder.sources == ("a", "b", "a")
    found = encoder.transform(table).numbers
    assert found[:, 0].tolist() == [1, filled, 2, 6]
    assert found[:, 2].tolist() == [0, 1, 0, 0]
    # Without an indicator, what is missing later is filled in all the same.
    later = encoder.transform(make(a=[1], b=[nan])).numbers
    assert later.tolist() == [[1, 2 if impute == "median" else 2.5, 0]]


def test_missing_can_be_refused(make, fit):
    with pytest.raises(DataError, match=r"column 'b', row 2 .*expected a number, got a missing"):
        fit(make(a=[1, 2, 3], b=[1, 2, nan]), impute=None)
    encoder = fit(make(a=[1, 2, 3], b=[1, 2, 3]), impute=None)
    with pytest.raises(DataError, match=r"column 'a', row 1 "):
        encoder.transform(make(a=[1, nan], b=[1, nan]))


@pytest.mark.parametrize("normalise", NORMALISES)
def test_infinity_is_refused_with_its_place(make, fit, normalise):
    with pytest.raises(DataError, match=r"column 'a', row 1 .*expected a finite number"):
        fit(make(a=[1, -np.inf, nan, np.inf]), normalise=normalise)
    encoder = fit(make(a=[1, 2], b=[1, 2]), normalise=normalise)
    later = make(a=np.zeros(700_001), b=np.append(np.zeros(700_000), np.inf))
    with pytest.raises(DataError, match=r"column 'b', row 700000 "):
        encoder.transform(later)


def test_rows_are_named_as_in_the_table_even_with_weights(make, fit):
    table = make(a=[np.inf, 1, np.inf, np.inf, 2])
    with pytest.raises(DataError, match=r"column 'a', row 2 "):
        fit(table, sample_weight=[0, 1, 9, 3, 1])
    fit(table, sample_weight=[0, 1, 0, 0, 1])


@pytest.mark.parametrize("normalise", NORMALISES)
def test_far_values_stay_finite_and_monotone(make, fit, normalise):
    table = make(a=[0, 1e-9, 2e-9], b=[-1e308, 0, 1e308], c=[5, 5, 5])
    encoder = fit(table, normalise=normalise)
    far = [-1.7e308, -1e39, -1, 0, 1, 1e39, 1.7e308]
    found = encoder.transform(make(a=far, b=far, c=far)).numbers
    assert np.isfinite(found).all()
    assert (np.diff(found[:, :2], axis=0) >= 0).all()
    assert np.isfinite(encoder.transform(table).numbers).all()
    assert np.isfinite(encoder.inverse(found, np.empty((7, 0), np.int32))["a"].values).all()


@pytest.mark.parametrize("normalise", ["robust", "standard", "quantile"])
def test_a_constant_column_is_0_whatever_comes(make, fit, normalise):
    encoder = fit(make(a=np.full(10, 0.1, np.float32)), normalise=normalise)
    assert not encoder.transform(make(a=[0.1, 7, -1e300, nan])).numbers.any()
    assert "never changed" in encoder.describe()[0]


def test_all_missing_is_0_and_told(make, fit):
    encoder = fit(make(a=[nan, nan]), {"a": "number"})
    assert encoder.transform(make(a=[nan, 3])).numbers.tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize("normalise", NORMALISES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_weights_are_repetitions(make, fit, same_encoder, normalise, data):
    rows = data.draw(st.integers(1, 12))
    column = st.lists(VALUES, min_size=rows, max_size=rows)
    a, b = np.array(data.draw(column)), np.array(data.draw(column), np.float64)
    weights = np.array(data.draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows)))
    weights[data.draw(st.integers(0, rows - 1))] = 2
    order = np.array(data.draw(st.permutations(range(rows))))
    impute = data.draw(st.sampled_from(["median", "mean"]))
    weighted = fit(
        make(a=a[order], b=b[order]),
        sample_weight=weights[order],
        impute=impute,
        normalise=normalise,
    )
    repeated = fit(
        make(a=np.repeat(a, weights), b=np.repeat(b, weights)), impute=impute, normalise=normalise
    )
    same_encoder(weighted, repeated)
    about, tensors = weighted.to_json()
    TableEncoder.from_json(json.loads(json.dumps(about)), tensors)


@pytest.mark.parametrize("normalise", NORMALISES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_there_and_back(make, fit, same_table, normalise, data):
    rows = data.draw(st.integers(1, 12))
    value = st.one_of(st.integers(-1000, 1000).map(float), st.just(nan))
    table = make(
        a=np.array(data.draw(st.lists(value, min_size=rows, max_size=rows)), np.float64),
        b=np.arange(rows) * 0.25 - 1,
    )
    encoder = fit(table, normalise=normalise)
    # A single value among many equal ones is far out for the quartiles, up to 2000 of them here.
    tolerance = 0.01 if normalise == "robust" else 1e-5
    same_table(encoder.inverse(*encoder.transform(table)), table, tolerance)


def test_float32_columns_and_columns_of_an_array(make, fit, generator):
    rows = generator.normal(5, 2, (1000, 4)).astype(np.float32)
    parts = make(**{name: rows[:, n] for n, name in enumerate("abcd")})
    whole = make(**{name: rows[:, n].astype(np.float64) for n, name in enumerate("abcd")})
    encoder = fit(parts)
    np.testing.assert_array_equal(
        encoder.transform(parts).numbers, fit(whole).transform(whole).numbers
    )
