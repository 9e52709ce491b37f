"""X in every form, what becomes of its columns, and what bad input gets."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from estimator_cases import QUICK, frame, numbers
from scipy import sparse

from layerwise import Classifier, DataError, OptionError, Regressor
from layerwise.data.tables import table_of

X, Y = numbers()
DATA, LABELS = frame()


@pytest.mark.parametrize(
    "form",
    [
        np.float32, np.float64, np.asfortranarray, sparse.csr_array, sparse.csc_matrix,
        sparse.coo_array, sparse.dok_array, np.ma.masked_array, pd.DataFrame, pl.from_numpy,
        np.ndarray.tolist, lambda x: table_of(x), lambda x: x.astype(object),
        lambda x: {f"x{n}": column for n, column in enumerate(x.T)},
    ],
)  # fmt: skip
def test_every_form_of_the_same_numbers(form):
    rounded = X.astype(np.float32).astype(float)
    want = Classifier(**QUICK, random_state=0).fit(rounded, Y).predict_proba(rounded)
    model = Classifier(**QUICK, random_state=0).fit(form(rounded), Y)
    assert model.n_features_in_ == 4
    np.testing.assert_allclose(model.predict_proba(form(rounded)), want, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "bool", "float16"])
def test_numbers_of_every_type(dtype):
    given = np.abs(X * 10).astype(dtype)
    model = Classifier(**QUICK, random_state=0).fit(given, Y)
    want = Classifier(**QUICK, random_state=0).fit(given.astype(float), Y)
    np.testing.assert_array_equal(model.predict_proba(given), want.predict_proba(given))
    assert [d.role for d in model.decisions_] == ["number"] * 4


def test_frames_of_every_library_agree():
    found = [
        Classifier(**QUICK, random_state=0).fit(data, LABELS).predict_proba(data)
        for data in (DATA, pl.from_pandas(DATA), pa.Table.from_pandas(DATA), table_of(DATA))
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_a_frame_and_the_numbers_in_it():
    data = pd.DataFrame(X, columns=list("abcd"))
    model = Classifier(**QUICK, random_state=0).fit(data, Y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        found = model.predict_proba(X)
    np.testing.assert_array_equal(found, model.predict_proba(data))
    plain = Classifier(**QUICK, random_state=0).fit(X, Y)
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        np.testing.assert_array_equal(plain.predict_proba(data), found)


def test_missing_values():
    holes = X.copy()
    holes[::3, 0] = np.nan
    model = Classifier(**QUICK).fit(holes, Y)
    assert model.encoder_.kinds.count("indicator") == 1
    assert np.isfinite(model.predict_proba(np.full((2, 4), np.nan))).all()
    masked = np.ma.masked_array(X, np.isnan(holes))
    np.testing.assert_array_equal(
        Classifier(**QUICK, random_state=0).fit(masked, Y).predict_proba(X),
        Classifier(**QUICK, random_state=0).fit(holes, Y).predict_proba(X),
    )
    with pytest.raises(DataError, match=r"column 'x0', row 0 .* impute='median'"):
        Classifier(**QUICK, impute=None).fit(holes, Y)


def test_unseen_categories_are_no_error():
    model = Classifier(**QUICK).fit(DATA, LABELS)
    other = DATA.copy()
    other["colour"] = "purple"
    other["town"] = "elsewhere"
    assert np.isfinite(model.predict_proba(other)).all()
    other["colour"] = None
    assert np.isfinite(model.predict_proba(other)).all()


def test_only_categories():
    only = DATA[["town"]]
    model = Classifier(**QUICK, encode="embedding").fit(only, LABELS)
    assert model.predict(only).shape == LABELS.shape
    assert Classifier(epochs=1, members=1).fit(only, LABELS).predict(only).shape == LABELS.shape


def test_roles():
    model = Classifier(**QUICK, roles={"count": "category", "town": "dropped"}).fit(DATA, LABELS)
    roles = {d.name: d.role for d in model.decisions_}
    assert (roles["count"], roles["town"], roles["size"]) == ("category", "dropped", "number")
    assert "count=3" in model.encoder_.output_names
    by_place = Classifier(**QUICK, roles={0: "category", -1: "dropped"}).fit(Y[:, None] + [0, 1], Y)
    assert [d.role for d in by_place.decisions_] == ["category", "dropped"]
    assert by_place.encoder_.kinds == ("one_hot",) * len(by_place.encoder_.kinds)


def test_identifiers_are_left_out_with_a_warning():
    data = DATA.assign(number=np.arange(1000, 1000 + len(DATA)))
    with pytest.warns(UserWarning, match=r"'number': identifier .* Set their roles"):
        model = Classifier(**QUICK).fit(data, LABELS)
    assert "number" not in model.encoder_.output_names
    assert model.predict(data).shape == LABELS.shape
    asked = Classifier(**QUICK, roles={"number": "number"}).fit(data, LABELS)
    assert "number" in asked.encoder_.output_names
    every = Classifier(**QUICK, roles=None).fit(data, LABELS)
    assert "number" in every.encoder_.output_names


def test_columns_of_an_array_are_numbers():
    model = Regressor(**QUICK).fit(np.arange(100.0)[:, None], np.arange(100))
    assert model.decisions_[0].role == "number"


def test_without_encoding():
    assert Classifier(**QUICK, encode=None).fit(DATA[["size", "paid"]], LABELS).n_features_in_ == 2
    with pytest.raises(DataError, match=r"column 'colour': expected numbers, as encode=None"):
        Classifier(**QUICK, encode=None).fit(DATA, LABELS)


@pytest.mark.parametrize("normalise", ["standard", "robust", "quantile", None])
def test_every_normalisation(normalise):
    model = Classifier(**QUICK, normalise=normalise).fit(X, Y)
    assert model.encoder_.numbers.normalise == normalise
    if normalise is None:
        np.testing.assert_array_equal(model._rows(X).numbers, X.astype(np.float32))


# -- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (X[:0], r"Found array with 0 sample\(s\)"),
        (X[:, :0], r"0 feature\(s\)"),
        (X[0], "Reshape your data"),
        (X[None], "Found array with dim 3"),
        (np.where(X > 2, np.inf, X), "Input X contains infinity"),
        (X * 1j, "Complex data not supported"),
        (DATA.iloc[:0], "at least 1 row in X, got 0 samples"),
        (DATA.assign(size=np.inf).iloc[: len(X)], "column 'size', row 1: expected a finite number"),
        (np.array([[1, "a"], [2]], object), "expected rows and columns"),
        ([[1, 2], [3]], "row 2: expected 2 values"),
        (3, "expected rows and columns"),
        (X[:-1], "119 rows of X, 120 of y"),
    ],
)
def test_bad_input(given, message):
    with pytest.raises(ValueError, match=message):
        Classifier(**QUICK).fit(given, Y)


def test_sparse_infinity():
    with pytest.raises(ValueError, match="infinity"):
        Classifier(**QUICK).fit(sparse.csr_array(np.where(X > 2, np.inf, X)), Y)


def test_other_columns_when_predicting():
    model = Classifier(**QUICK).fit(X, Y)
    with pytest.raises(ValueError, match="X has 3 features, but Classifier is expecting 4"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError, match="X has 3 features, but Classifier is expecting 4"):
        model.predict({"a": [1], "b": [2], "c": [3]})
    with pytest.raises(ValueError, match="contains infinity"):
        model.predict(np.full((1, 4), np.inf))
    mixed = Classifier(**QUICK).fit(DATA, LABELS)
    with pytest.raises(ValueError, match="yet now missing:\n- colour"):
        mixed.predict(DATA.drop(columns="colour"))
    with pytest.raises(ValueError, match="unseen at fit time:\n- other"):
        mixed.predict(DATA.assign(other=1))
    with pytest.raises(ValueError, match="must be in the same order"):
        mixed.predict(DATA[DATA.columns[::-1]])
    with pytest.raises(DataError, match=r"column 'size'.*expects numbers.*got 'large'"):
        mixed.predict(DATA.assign(size="large"))


def test_two_columns_of_one_name():
    with pytest.raises(DataError, match="'a'"):
        Classifier(**QUICK).fit(pd.DataFrame(X, columns=list("abca")), Y)


@pytest.mark.parametrize(
    ("roles", "error", "message"),
    [
        ("auot", OptionError, "expected 'auto', None or a dict"),
        ({"size": "numbr"}, OptionError, "did you mean 'number'"),
        ({"siez": "number"}, DataError, "size"),
        ({9: "number"}, DataError, "there is no column 9"),
    ],
)
def test_bad_roles(roles, error, message):
    with pytest.raises(error, match=message):
        Classifier(**QUICK, roles=roles).fit(DATA, LABELS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((X,), r"expected \(X, y\) or \(X, y, sample_weight\)"),
        (3, "expected .* got int"),
        ((X[:, :2], Y), "X has 2 features"),
        ((X, Y + 7), "expected the classes 0, 1, got 7 in row"),
        ((X, Y[:-1]), "120 rows of X, 119 of y"),
        ((X, Y, Y - 1), "Negative values"),
    ],
)
def test_bad_validation_data(given, message):
    with pytest.raises(ValueError, match=message):
        Classifier(**QUICK).fit(X, Y, validation_data=given)


def test_validation_data_is_what_is_measured():
    model = Classifier(**QUICK, random_state=0)
    model.fit(X, Y, validation_data=(X[:7], Y[:7]))
    member = model.ensemble_.members[0]
    assert member.held_out.shape == (7, 1)
    assert model.history_[0]["validation_loss"][0] is not None
    alone = Classifier(**QUICK, random_state=0, validation_fraction=0).fit(X, Y)
    assert alone.history_[0]["validation_loss"] == [None] * 4


def test_groups_stay_together():
    groups = np.array(["a", "b", "c", "d"])[np.arange(len(X)) % 4]
    model = Classifier(**{**QUICK, "members": 5}).fit(X, Y, groups=groups)
    for member in model.ensemble_.members:
        held_out = set(groups[member.validation])
        assert held_out
        assert not held_out & set(np.delete(groups, member.validation))
    with pytest.raises(DataError, match="groups: expected one for each of 120 rows"):
        Classifier(**QUICK).fit(X, Y, groups=groups[:3])
