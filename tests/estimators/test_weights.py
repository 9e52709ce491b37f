"""A weight of k is a row that stands there k times; a weight of 0 is no row."""

import numpy as np
import pandas as pd
import pytest
from estimator_cases import POOLED, QUICK, frame, numbers

from layerwise import Classifier, DataError, Regressor

X, Y = numbers()

EXACT = {
    **QUICK, "epochs": 40, "validation_fraction": 0, "batch_size": "all", "shuffle": False,
    "dropout": 0, "learning_rate": 0.02, "random_state": 0, "dtype": "float64",
}  # fmt: skip
"""Every step sees every row, so nothing but the weights can differ."""


@pytest.mark.parametrize("embedding", [None, "piecewise", "periodic"])
@pytest.mark.parametrize("normalise", ["robust", "standard", "quantile", None])
def test_repeats_and_weights_are_the_same_to_the_last_digits(embedding, normalise):
    settings = {**EXACT, "numeric_embedding": embedding, "normalise": normalise}
    weight = np.random.default_rng(0).integers(0, 4, len(X))
    holes = np.where(X > 1.5, np.nan, X)
    repeated, labels = np.repeat(holes, weight, axis=0), np.repeat(Y, weight)
    one = Classifier(**settings).fit(repeated, labels).predict_proba(X)
    two = Classifier(**settings).fit(holes, Y, sample_weight=weight).predict_proba(X)
    np.testing.assert_allclose(one, two, rtol=1e-7)
    target = X[:, 0] * 5 + 3
    one = Regressor(**settings).fit(repeated, np.repeat(target, weight)).predict(X)
    two = Regressor(**settings).fit(holes, target, sample_weight=weight).predict(X)
    np.testing.assert_allclose(one, two, rtol=1e-7)


def test_columns_of_every_kind():
    data, labels = frame()
    weight = np.random.default_rng(0).integers(1, 4, len(data))
    repeated = data.loc[np.repeat(data.index, weight)]
    one = Classifier(**EXACT).fit(repeated, np.repeat(labels, weight)).predict_proba(data)
    two = Classifier(**EXACT).fit(data, labels, sample_weight=weight).predict_proba(data)
    np.testing.assert_allclose(one, two, rtol=1e-7)


def test_rows_of_weight_0_are_absent_everywhere():
    data, labels = frame()
    labels = labels.astype(object)
    absent = np.zeros(len(data), bool)
    absent[::3] = True
    data.loc[absent, "size"] = 1e9
    data.loc[absent, "colour"] = "purple"
    labels[absent] = "never"
    one = Classifier(**POOLED, random_state=0)
    one.fit(data, labels, sample_weight=~absent, groups=np.arange(len(data)) // 2)
    two = Classifier(**POOLED, random_state=0)
    two.fit(data[~absent], labels[~absent], groups=(np.arange(len(data)) // 2)[~absent])
    np.testing.assert_array_equal(one.classes_, ["no", "yes"])
    assert one.encoder_.describe() == two.encoder_.describe()
    np.testing.assert_array_equal(one.predict_proba(data), two.predict_proba(data))


@pytest.mark.parametrize("scale", [1, 1e-30, 1e30])
def test_only_the_ratios_of_weights_count(scale):
    weight = np.arange(1, len(X) + 1) * 1.0
    want = Classifier(**POOLED, random_state=0).fit(X, Y, weight).predict_proba(X)
    found = Classifier(**POOLED, random_state=0).fit(X, Y, weight * scale).predict_proba(X)
    np.testing.assert_allclose(found, want, atol=0.02)
    same = Classifier(**POOLED, random_state=0).fit(X, Y, np.full(len(X), scale))
    none = Classifier(**POOLED, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(same.predict_proba(X), none.predict_proba(X))


@pytest.mark.parametrize("form", [list, pd.Series, np.float32])
def test_forms_of_weights(form):
    weight = np.arange(len(X)) * 1.0
    want = Classifier(**QUICK, random_state=0).fit(X, Y, weight).predict_proba(X)
    found = Classifier(**QUICK, random_state=0).fit(X, Y, form(weight)).predict_proba(X)
    np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(3), "expected a weight for each of 120 rows, got 3"),
        (np.ones((120, 2)), "expected one dimension"),
        (np.zeros(120), "at least one non-zero number"),
        (-np.ones(120), "Negative values in data passed to `sample_weight`: -1 in row 0"),
        (np.where(Y, np.nan, 1), "contains NaN or infinity, first in row"),
        (["a"] * 120, "expected a number for each row"),
    ],
)
def test_bad_weights(weight, message):
    with pytest.raises(DataError, match=message):
        Classifier(**QUICK).fit(X, Y, sample_weight=weight)


def test_one_class_that_counts():
    with pytest.raises(DataError, match="one class only, 1"):
        Classifier(**QUICK).fit(X, Y, sample_weight=Y)


# -- on average ------------------------------------------------------------------------------------


def agreement(seeds, **settings):
    """How far repeats and weights are apart, and how far both are from neither.

    The rows of one original stay in one fold by `groups`: else a model would be measured on copies
    of rows that it was trained on.

    Returns
    -------
    Mean absolute differences of probabilities averaged over seeds: between repeats and weights,
    what chance alone gives, and between repeats and no weights at all.
    """
    rows = np.arange(len(X))
    weight = np.where(X[:, 0] > 0.3, 4, 1)
    noisy = (X[:, 0] + X[:, 1] + np.random.default_rng(1).normal(size=len(X)) > 0).astype(int)
    noisy = np.where((weight > 1) & (rows % 2 == 0), 1 - noisy, noisy)
    repeated, weighted, plain = [], [], []
    for seed in range(seeds):
        model = Classifier(**settings, random_state=seed)
        model.fit(np.repeat(X, weight, 0), np.repeat(noisy, weight), groups=np.repeat(rows, weight))
        repeated.append(model.predict_proba(X)[:, 1])
        model.fit(X, noisy, sample_weight=weight, groups=rows)
        weighted.append(model.predict_proba(X)[:, 1])
        model.fit(X, noisy, groups=rows)
        plain.append(model.predict_proba(X)[:, 1])
    between = np.abs(np.mean(repeated, 0) - np.mean(weighted, 0)).mean()
    deviations = [np.std(part, 0, ddof=1) / np.sqrt(seeds) for part in (repeated, weighted)]
    chance = np.hypot(*deviations).mean()
    without = np.abs(np.mean(repeated, 0) - np.mean(plain, 0)).mean()
    return between, chance, without


def test_repeats_and_weights_agree_on_average():
    between, chance, without = agreement(6, members=2, hidden_layer_sizes=(16,), linear=True)
    assert between < 3 * chance + 0.02
    assert between < without / 2


@pytest.mark.slow
def test_repeats_and_weights_agree_on_average_of_50():
    between, chance, without = agreement(50)
    assert between < 2 * chance + 0.01
    assert between < without / 4
