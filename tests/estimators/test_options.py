"""Parameters: what they become, presets, and values that do not exist."""

import inspect

import numpy as np
import pytest
from estimator_cases import QUICK, numbers
from sklearn.base import clone

from layerwise import Classifier, OptionError, Regressor, optim
from layerwise.estimators.options import recipe_of
from layerwise.estimators.presets import EVERY_KIND, PRESETS
from layerwise.graph import tanh
from layerwise.tabular import KINDS, Recipe

X, Y = numbers()

NETWORKS = tuple(kind for kind in EVERY_KIND if KINDS[kind].is_network)


@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_a_constructor_only_stores(kind):
    names = [n for n in inspect.signature(kind.__init__).parameters if n != "self"]
    given = {name: object() for name in names}
    made = kind(**given)
    assert vars(made) == given
    for name in names:
        assert f"    {name} : " in kind.__doc__ or f"{name}, " in kind.__doc__, name


@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_defaults_agree_with_the_recipe(kind):
    recipe = recipe_of(kind())
    assert recipe.kinds == Recipe().kinds == EVERY_KIND
    assert (recipe.folds, recipe.repeats, recipe.pool, recipe.refit) == (None, 1, "fitted", False)
    assert (recipe.optimizer, recipe.schedule) == ("adamw", "cosine")
    assert recipe.patience == type(recipe)().patience
    assert recipe.validation_fraction == type(recipe)().validation_fraction
    assert recipe.dtype == "float32"


def test_presets():
    for name, preset in PRESETS.items():
        recipe = recipe_of(Classifier(name))
        assert (recipe.kinds, recipe.folds, recipe.repeats) == (
            preset.kinds, preset.folds, preset.repeats,
        )  # fmt: skip
        assert f'"{name}"' in Classifier.__doc__
    model = Classifier("fast", epochs=1).fit(X, Y)
    assert len(model.ensemble_.members) == 1


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        ({"linear": False}, NETWORKS),
        ({"hidden_layer_sizes": (9,)}, NETWORKS),
        ({"hidden_layer_sizes": (9,), "linear": True}, EVERY_KIND),
        ({"numeric_embedding": "periodic"}, "linear additive periodic"),
        ({"numeric_embedding": None}, "linear plain"),
        ({"numeric_embedding": None, "hidden_layer_sizes": (9,)}, "plain"),
        ({"numeric_embedding": "piecewise", "linear": False}, "piecewise"),
        ({"preset": "fast", "linear": True}, "linear additive piecewise"),
    ],
)
def test_kinds(settings, kinds):
    want = tuple(kinds.split()) if isinstance(kinds, str) else kinds
    assert recipe_of(Classifier(**settings)).kinds == want


def test_exactly_the_network_asked_for():
    model = Classifier(
        hidden_layer_sizes=(7, 5), numeric_embedding=None, members=1, activation=["tanh", tanh],
        dropout=[0.5, 0], epochs=2,
    ).fit(X, Y)  # fmt: skip
    (member,) = model.ensemble_.members
    layers = [type(layer).__name__ for layer in model.ensemble_.networks[0].hidden]
    assert layers == ["Linear", "Tanh", "Dropout", "Linear", "Function"]
    shapes = {n: v.shape for n, v in member.values.items()}
    assert shapes["hidden.0.weight"] == (7, 4)
    assert shapes["hidden.3.weight"] == (5, 7)
    assert shapes["output.weight"] == (1, 5)


def test_no_hidden_layers_is_a_linear_model():
    model = Classifier(**{**QUICK, "hidden_layer_sizes": ()}).fit(X, Y)
    assert set(model.ensemble_.members[0].values) == {"output.weight", "output.bias"}


def test_settings_reach_the_training():
    model = Classifier(
        **{**QUICK, "epochs": 7}, learning_rate=0.5, schedule="constant", early_stopping=False,
        optimizer="sgd", batch_size=50,
    ).fit(X, Y)  # fmt: skip
    history = model.history_[0]
    assert len(history) == 7
    assert set(history["learning_rate"]) == {0.5}
    one = Classifier(**QUICK, optimizer=optim.Adam(0.25), schedule="constant").fit(X, Y)
    assert set(one.history_[0]["learning_rate"]) == {0.25}
    two = Classifier(**QUICK, optimizer=optim.Adam(0.25), learning_rate=0.5, schedule="constant")
    assert set(two.fit(X, Y).history_[0]["learning_rate"]) == {0.5}


def test_early_stopping():
    noise = np.random.default_rng(0).integers(0, 2, len(X))
    settings = {**QUICK, "epochs": 60, "learning_rate": 0.05, "random_state": 0}
    assert Classifier(**settings, early_stopping=3).fit(X, noise).n_iter_ < 60
    assert Classifier(**settings, early_stopping=False).fit(X, noise).n_iter_ == 60


def test_refit_keeps_one_member_of_each_kind():
    model = Classifier(**{**QUICK, "members": 5}, refit=True, random_state=0).fit(X, Y)
    (member,) = model.ensemble_.members
    assert member.validation is None
    assert model.best_epoch_ == [member.best_epoch]


@pytest.mark.parametrize("pool", [True, False])
@pytest.mark.parametrize("calibrate", [True, False])
def test_pooling(pool, calibrate):
    model = Classifier(
        **{**QUICK, "members": 5, "linear": True}, pool=pool, calibrate=calibrate, random_state=0
    ).fit(X, Y)
    weights = model.ensemble_.weights
    assert (weights.sum() == pytest.approx(1, abs=1e-6)) == (not calibrate)
    if not pool:
        np.testing.assert_allclose(weights, weights[0])


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1, -100])
def test_jobs(n_jobs):
    assert Classifier(**QUICK, n_jobs=n_jobs).fit(X, Y).n_iter_ == 4


def test_another_backend():
    one = Classifier(**QUICK, random_state=0, backend="reference").fit(X, Y)
    two = Classifier(**QUICK, random_state=0, backend="native").fit(X, Y)
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), rtol=1e-3)


def test_double_precision():
    model = Classifier(**QUICK, dtype="float64", random_state=0).fit(X, Y)
    assert model.ensemble_.members[0].values["output.weight"].dtype == np.float64
    single = Classifier(**QUICK, random_state=0).fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(X), single.predict_proba(X), rtol=1e-3)
    assert (model.predict_proba(X) != single.predict_proba(X)).any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preset": "fats"}, "did you mean 'fast'"),
        ({"impute": "mediam"}, "unknown impute 'mediam' .did you mean 'median'"),
        ({"encode": "onehot"}, "did you mean 'one_hot'"),
        ({"normalise": "standart"}, "did you mean 'standard'"),
        ({"members": "atuo"}, "did you mean 'auto'"),
        ({"members": 0}, "members: expected 'auto' or a whole number of at least 1, got 0"),
        ({"members": True}, "got True"),
        ({"pool": "yes"}, "pool: expected True or False"),
        ({"calibrate": 1}, "calibrate: expected True or False, got 1"),
        ({"refit": None}, "refit: expected True or False"),
        ({"hidden_layer_sizes": "big"}, r"'auto' or sizes like \(128, 64\)"),
        ({"hidden_layer_sizes": (8, 0)}, "whole numbers above 0"),
        ({"hidden_layer_sizes": (8.5,)}, "whole numbers above 0"),
        ({"activation": "rulu"}, "did you mean 'relu'"),
        ({"activation": ["relu", "tanh"], "hidden_layer_sizes": (8,)}, "expected one for all"),
        ({"dropout": 1.0}, "a chance from 0 to below 1"),
        ({"dropout": [0.1, "no"]}, "a chance from 0 to below 1"),
        ({"linear": "yes"}, "unknown linear 'yes'"),
        ({"numeric_embedding": "peroidic"}, "did you mean 'periodic'"),
        ({"optimizer": "adma"}, "did you mean 'adam'"),
        ({"learning_rate": 0}, "learning_rate: expected a number above 0, got 0"),
        ({"learning_rate": np.nan}, "learning_rate: expected a finite number"),
        ({"learning_rate": "fast"}, "learning_rate: expected"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"epochs": 0}, "epochs: expected 'auto' or a whole number"),
        ({"batch_size": "al"}, "did you mean 'all'"),
        ({"batch_size": -1}, "batch_size"),
        ({"weight_decay": -1}, "weight_decay: expected a finite number of at least 0"),
        ({"label_smoothing": -0.1}, "label_smoothing"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"clip_norm": "x"}, "clip_norm"),
        ({"early_stopping": 0}, "early_stopping: expected True, False or the number"),
        ({"validation_fraction": 1}, "validation_fraction: expected a number from 0 to below 1"),
        ({"shuffle": 2}, "shuffle: expected True or False"),
        ({"warm_start": "no"}, "warm_start"),
        ({"n_jobs": 0}, "n_jobs: expected a whole number other than 0"),
        ({"backend": "nativ"}, "did you mean 'native'"),
        ({"dtype": "float16"}, "unknown dtype 'float16' .did you mean 'float"),
        ({"callbacks": 3}, r"callbacks: expected functions \(member, epoch\)"),
        ({"random_state": "a"}, "cannot be used to seed"),
    ],
    ids=str,
)
def test_values_that_do_not_exist(settings, message):
    with pytest.raises(ValueError, match=message):
        Classifier(**{**QUICK, **settings}).fit(X, Y)


def test_bad_values_are_found_before_anything_is_computed():
    model = clone(Classifier(optimizer="adma"))
    with pytest.raises(OptionError):
        model.fit(None, None)
    assert not hasattr(model, "n_features_in_")
