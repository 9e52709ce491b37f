"""Numbers to predict: one or several, scales, losses."""

import numpy as np
import pandas as pd
import pytest
from estimator_cases import POOLED, QUICK, numbers
from sklearn.exceptions import DataConversionWarning

from layerwise import DataError, OptionError, Regressor
from layerwise.graph import absolute

X, _ = numbers(300)
Y = X[:, 0] * 3 + X[:, 1]

LONGER = {**QUICK, "epochs": 60, "learning_rate": 0.02, "random_state": 0}


def test_one_number():
    model = Regressor(**LONGER).fit(X, Y)
    assert (model.n_outputs_, model.loss_) == (1, "mse")
    assert model.predict(X).shape == (len(X),)
    assert model.predict(X).dtype == np.float64
    assert model.score(X, Y) > 0.9


def test_several_numbers():
    both = np.stack([Y, -100 * Y + 1e6], 1)
    model = Regressor(**LONGER).fit(X, both)
    assert model.n_outputs_ == 2
    assert model.predict(X).shape == both.shape
    assert model.score(X, both) > 0.9
    assert Regressor(**QUICK).fit(X, pd.DataFrame(both)).predict(X[:1]).shape == (1, 2)


def test_a_column_warns():
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = Regressor(**QUICK).fit(X, Y[:, None])
    assert model.predict(X).shape == (len(X),)


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_the_scale_of_the_target_does_not_matter(scale):
    model = Regressor(**LONGER).fit(X, Y * scale + 5 * scale)
    plain = Regressor(**LONGER).fit(X, Y + 5)
    np.testing.assert_allclose(
        model.predict(X), plain.predict(X) * scale, rtol=1e-2, atol=scale / 10
    )


def test_a_target_as_it_is():
    model = Regressor(**LONGER, normalise_target=False).fit(X, Y)
    assert (model.target_.mean, model.target_.deviation) == (0, 1)
    assert model.score(X, Y) > 0.8


def test_a_target_that_never_changes():
    model = Regressor(**LONGER).fit(X, np.full(len(X), 3.5))
    np.testing.assert_allclose(model.predict(X), 3.5, atol=0.2)


def test_quantiles():
    noisy = Y + np.random.default_rng(0).exponential(2.0, len(Y))
    high = Regressor(**LONGER, loss="quantile(0.9)").fit(X, noisy)
    assert 0.8 < (noisy < high.predict(X)).mean() < 0.98
    three = Regressor(**LONGER, loss="quantile(0.1, 0.5, 0.9)").fit(X, noisy)
    found = three.predict(X)
    assert found.shape == (len(X), 3)
    assert (found[:, 0] < found[:, 2]).mean() > 0.95
    assert three.n_outputs_ == 3
    with pytest.raises(OptionError, match="is for one number to predict"):
        Regressor(loss="quantile(0.1, 0.9)").fit(X, np.stack([Y, Y], 1))


@pytest.mark.parametrize("mean", [0.05, 1, 1000])
def test_counts(mean):
    rates = mean * np.exp(X[:, 0] / 2)
    counts = np.random.default_rng(0).poisson(rates)
    model = Regressor(**LONGER, loss="poisson").fit(X, counts)
    found = model.predict(X)
    assert found.min() > 0
    assert found.mean() == pytest.approx(counts.mean(), rel=0.3)
    if mean >= 1:
        assert np.corrcoef(np.log(found), X[:, 0])[0, 1] > 0.8


def test_counts_are_not_negative():
    with pytest.raises(DataError, match=r"at least 0, got .* in row"):
        Regressor(loss="poisson").fit(X, Y)


def median(prediction, target):
    """A loss of one's own."""
    return absolute(prediction - target)[:, 0]


@pytest.mark.parametrize("loss", ["mae", median])
def test_other_losses(loss):
    wild = Y.copy()
    wild[::20] += 300
    robust = Regressor(**{**LONGER, "epochs": 150}, loss=loss).fit(X, wild)
    assert np.median(np.abs(robust.predict(X) - Y)) < 2


def test_huber():
    model = Regressor(**LONGER, loss="huber").fit(X, Y)
    assert model.loss_ == "huber"
    assert model.score(X, Y) > 0.9


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.where(Y > 0, np.nan, Y), "Input y contains NaN"),
        (np.where(Y > 0, np.inf, Y), "Input y contains infinity"),
        (np.array(["a"] * len(Y)), "could not convert string"),
        (Y[:-1], "300 rows of X, 299 of y"),
        (None, "requires y to be passed"),
    ],
)
def test_bad_targets(given, message):
    with pytest.raises(ValueError, match=message):
        Regressor(**QUICK).fit(X, given)


@pytest.mark.parametrize("loss", ["cross_entropy", "bce_with_logits"])
def test_losses_for_classes(loss):
    with pytest.raises(OptionError, match=f"'{loss}' is for classes; expected one for numbers"):
        Regressor(loss=loss).fit(X, Y)


def test_an_unknown_loss_names_the_nearest():
    with pytest.raises(OptionError, match="did you mean 'poisson'"):
        Regressor(loss="poison").fit(X, Y)


def test_pooled_members():
    model = Regressor(**{**POOLED, "epochs": 30}, random_state=0).fit(X, Y)
    assert len(model.ensemble_.members) > 2
    assert model.score(X, Y) > 0.8
    assert model.ensemble_.weights.sum() == pytest.approx(1)


def test_quantiles_are_scored_by_their_own_loss():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(300, 2))
    y = x[:, 0] + (1 + (x[:, 1] > 0)) * generator.normal(size=300)
    fitted = Regressor(loss="quantile(0.1, 0.5, 0.9)", members=2, epochs=15, random_state=0)
    fitted.fit(x, y)
    assert 0.1 < fitted.score(x, y) < 0.9
