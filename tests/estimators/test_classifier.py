"""Classes of every kind, losses, weights of classes, attributes."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from estimator_cases import POOLED, QUICK, frame, numbers
from scipy import sparse
from sklearn.exceptions import DataConversionWarning, NotFittedError

from layerwise import Classifier, DataError, OptionError
from layerwise.graph import square
from layerwise.training import History

X, Y = numbers()

TRAINED = {**QUICK, "epochs": 30, "learning_rate": 0.03, "random_state": 0}


def three(y=Y):
    """Three classes."""
    return y + (X[:, 2] > 1)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["no", "yes"])[Y],
        np.array(["no", "yes"], object)[Y],
        Y.astype(bool),
        Y * 10 - 5,
        Y.astype(np.uint8),
        Y.astype(float),
        Y.astype(object),
        list(np.array(["no", "yes"])[Y]),
        pd.Series(np.array(["no", "yes"])[Y]),
        pd.Series(pd.Categorical(np.array(["no", "yes"])[Y])),
        pd.Series(Y, dtype="Int64"),
        pl.Series(np.array(["no", "yes"])[Y].tolist()),
        pa.array(np.array(["no", "yes"])[Y].tolist()),
    ],
    ids=lambda labels: f"{type(labels).__name__} {getattr(labels, 'dtype', '')}",
)
def test_labels_of_any_kind(labels):
    model = Classifier(**TRAINED).fit(X, labels)
    assert model.n_classes_ == 2
    assert model.classes_.shape == (2,)
    found = model.predict(X)
    assert found.dtype == model.classes_.dtype
    assert (found == np.asarray(labels)).mean() > 0.8
    assert model.score(X, np.asarray(labels)) > 0.8


def test_two_classes_have_one_output():
    model = Classifier(**QUICK).fit(X, Y)
    assert (model.n_outputs_, model.loss_) == (1, "bce_with_logits")
    scores, chances = model.decision_function(X), model.predict_proba(X)
    assert scores.shape == (len(X),)
    assert chances.shape == (len(X), 2)
    assert chances.dtype == np.float64
    np.testing.assert_allclose(chances.sum(1), 1)
    np.testing.assert_allclose(chances[:, 1], 1 / (1 + np.exp(-scores)))
    np.testing.assert_array_equal(model.predict(X), (scores > 0).astype(int))
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(chances))


def test_several_classes_have_an_output_each():
    model = Classifier(**QUICK).fit(X, three())
    assert (model.n_outputs_, model.n_classes_, model.loss_) == (3, 3, "cross_entropy")
    scores, chances = model.decision_function(X), model.predict_proba(X)
    assert scores.shape == chances.shape == (len(X), 3)
    np.testing.assert_allclose(chances.sum(1), 1)
    np.testing.assert_array_equal(model.predict(X), chances.argmax(1))
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(chances), rtol=1e-6)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array, pd.DataFrame])
def test_several_answers_for_a_row(form):
    answers = np.stack([Y, X[:, 2] > 0, X[:, 3] > 1], 1).astype(int)
    model = Classifier(**{**POOLED, "epochs": 40}, random_state=0).fit(X, form(answers))
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    assert model.n_outputs_ == 3
    assert model.predict_proba(X).shape == answers.shape
    assert set(model.predict(X).ravel()) == {0, 1}
    assert (model.predict(X) == answers).mean() > 0.8
    assert 0.5 < model.score(X, answers) <= 1


def test_a_column_of_labels_warns():
    with pytest.warns(DataConversionWarning, match="column-vector"):
        Classifier(**QUICK).fit(X, Y[:, None])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.where(Y == 1, np.nan, 0.0), "Input y contains NaN"),
        (np.array(["a", None], object)[Y], r"expected a label in row \d+, got None"),
        (pd.Series(["a", pd.NA]).iloc[Y], "NaN"),
        (X[:, 0], "Unknown label type: continuous.*use Regressor"),
        (np.array(["a", 1], object)[Y], "labels of one kind.*make all of them text"),
        (np.zeros(len(X)), "at least two classes, got one class only, 0.0"),
        (np.stack([Y, Y + 1], 1), "multiclass-multioutput.*a classifier for each column"),
        (Y[:-1], "120 rows of X, 119 of y"),
        (None, "requires y to be passed, but the target y is None"),
        (np.zeros((len(X), 2, 2)), "shape"),
        (Y * 1j, "Complex data not supported"),
    ],
)
def test_bad_labels(labels, message):
    with pytest.raises(ValueError, match=message):
        Classifier(**QUICK).fit(X, labels)


def test_rare_classes():
    rare = Y.copy()
    rare[0] = 2  # nowhere else, so no fold can do without it
    model = Classifier(**{**POOLED, "members": 8, "epochs": 2}).fit(X, rare)
    assert model.predict_proba(X).shape == (len(X), 3)
    few = np.zeros(len(X), int)
    few[:3] = 1  # most folds hold out rows of one class only
    assert Classifier(**{**POOLED, "members": 8, "epochs": 2}).fit(X, few).n_classes_ == 2


def test_two_rows():
    model = Classifier(epochs=2).fit(X[:2], ["a", "b"])
    assert set(model.predict(X)) <= {"a", "b"}


# -- losses ----------------------------------------------------------------------------------------


def squared(prediction, target):
    """A loss of one's own, for logits (batch, 1)."""
    return square(prediction - (target * 2.0 - 1.0))[:, 0]


def test_a_loss_of_ones_own():
    model = Classifier(**TRAINED, loss=squared).fit(X, Y)
    assert model.loss_ == "squared"
    assert model.score(X, Y) > 0.8


def test_cross_entropy_for_two_classes():
    model = Classifier(**QUICK, loss="cross_entropy").fit(X, Y)
    assert model.n_outputs_ == 2
    assert model.decision_function(X).shape == (len(X),)
    found = model.predict_proba(X)
    np.testing.assert_array_equal(model.predict(X), found.argmax(1))


def test_label_smoothing_makes_less_sure():
    settings = {**QUICK, "epochs": 100, "early_stopping": False, "calibrate": False}
    settings |= {"validation_fraction": 0, "learning_rate": 0.02, "random_state": 0}
    sure = Classifier(**settings).fit(X, Y).predict_proba(X).max(1).mean()
    smooth = Classifier(**settings, label_smoothing=0.3).fit(X, Y).predict_proba(X).max(1).mean()
    assert smooth < sure - 0.05


@pytest.mark.parametrize("loss", ["mse", "bce", "poisson", "quantile(0.5)"])
def test_losses_that_do_not_fit(loss):
    with pytest.raises(OptionError, match="does not go with 2 classes; expected 'auto'"):
        Classifier(**QUICK, loss=loss).fit(X, Y)


def test_an_unknown_loss_names_the_nearest():
    with pytest.raises(OptionError, match="did you mean 'cross_entropy'"):
        Classifier(**QUICK, loss="cross_entrpy").fit(X, Y)


# -- weights of classes ----------------------------------------------------------------------------

ALONE = {**TRAINED, "validation_fraction": 0}


def test_class_weights_are_sample_weights():
    by_class = Classifier(**ALONE, class_weight={1: 5.0}).fit(X, Y).predict_proba(X)
    by_row = Classifier(**ALONE).fit(X, Y, sample_weight=np.where(Y == 1, 5.0, 1)).predict_proba(X)
    np.testing.assert_array_equal(by_class, by_row)
    both = Classifier(**ALONE, class_weight={1: 5.0}).fit(X, Y, np.arange(len(X)) % 3)
    product = np.where(Y == 1, 5.0, 1) * (np.arange(len(X)) % 3)
    want = Classifier(**ALONE).fit(X, Y, product).predict_proba(X)
    np.testing.assert_array_equal(both.predict_proba(X), want)


def test_balanced_gives_classes_the_same_weight():
    labels = np.where(X[:, 0] > 1, "rare", "usual")
    share = (labels == "rare").mean()
    balanced = Classifier(**ALONE, class_weight="balanced").fit(X, labels).predict_proba(X)
    weights = {"rare": 0.5 / share, "usual": 0.5 / (1 - share)}
    given = Classifier(**ALONE, class_weight=weights).fit(X, labels).predict_proba(X)
    np.testing.assert_allclose(balanced, given, rtol=1e-4)
    plain = Classifier(**ALONE).fit(X, labels).predict_proba(X)
    assert balanced[:, 0].mean() > plain[:, 0].mean() + 0.02


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("balance", "expected None, 'balanced' or a dict"),
        ({7: 1.0}, "there is no class 7; expected labels among 0, 1"),
        ({1: -1.0}, "finite weights of at least 0"),
    ],
)
def test_bad_class_weights(given, message):
    with pytest.raises(OptionError, match=message):
        Classifier(**QUICK, class_weight=given).fit(X, Y)


# -- attributes ------------------------------------------------------------------------------------


def test_attributes():
    data, labels = frame()
    model = Classifier(**POOLED, random_state=0).fit(data, labels)
    assert model.n_features_in_ == 6
    np.testing.assert_array_equal(model.feature_names_in_, data.columns)
    assert [d.role for d in model.decisions_] == [
        "number", "category", "category", "date", "category", "number",
    ]  # fmt: skip
    assert model.encoder_.cardinalities
    members = model.ensemble_.members
    assert len(model.history_) == len(model.best_epoch_) == len(members)
    assert len(members) == 2 * len(model.ensemble_.kinds)
    assert all(isinstance(history, History) for history in model.history_)
    assert model.n_iter_ == max(map(len, model.history_)) <= 6
    assert all(1 <= best <= 6 for best in model.best_epoch_)
    assert model.n_parameters_ == sum(
        sum(v.size for n, v in m.values.items() if n in learned(model, m)) for m in members
    )


def learned(model, member):
    """Names of the weights that training sets."""
    return {name for name, _ in model.ensemble_.networks[member.kind].named_parameters()}


def test_the_same_number_gives_the_same_predictions():
    first, second, other = (
        Classifier(**POOLED, random_state=seed, n_jobs=jobs).fit(X, Y).predict_proba(X)
        for seed, jobs in ((1, 1), (1, 2), (2, 1))
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    drawn = Classifier(**POOLED, random_state=np.random.RandomState(0))
    assert (drawn.fit(X, Y).predict_proba(X) != drawn.fit(X, Y).predict_proba(X)).any()


def test_rows_do_not_depend_on_their_neighbours():
    model = Classifier(**POOLED).fit(X, Y)
    whole = model.predict_proba(X)
    for row in (0, 7, 119):
        np.testing.assert_array_equal(model.predict_proba(X[row : row + 1])[0], whole[row])


@pytest.mark.parametrize("what", ["predict", "predict_proba", "decision_function", "to_model"])
def test_before_fit(what):
    with pytest.raises(NotFittedError):
        getattr(Classifier(), what)(*[X] * (what != "to_model"))


def test_an_error_is_a_value_error():
    with pytest.raises(DataError):
        Classifier(**QUICK).fit(X, np.zeros(len(X)))
