import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.data.encoders import ClassTarget, NumberTarget, target_from_json
from layerwise.data.tables.table import Column
from layerwise.errors import DataError, ModelFileError

LABELS = [
    (["b", "a", "b", "ä"], ("a", "b", "ä")),
    ([3, -1, 3, 10], (-1, 3, 10)),
    ([True, False], (False, True)),
    ([0.5, -2.0, 0.5], (-2.0, 0.5)),
    (np.array(["b", "a"], object), ("a", "b")),
    (np.array([2, 1], object), (1, 2)),
    (np.array([np.True_, False], object), (False, True)),
    (np.array([2, 0], np.uint8), (0, 2)),
    (np.array([2**64 - 1, 0], np.uint64), (0, 2**64 - 1)),
]


@pytest.mark.parametrize(("labels", "classes"), LABELS)
def test_labels_of_any_kind(labels, classes):
    target = ClassTarget.fit(labels)
    assert target.classes == classes
    assert [type(c) for c in target.classes] == [type(c) for c in classes]
    codes = target.transform(labels)
    assert codes.dtype == np.int32
    again = target_from_json(json.loads(json.dumps(target.to_json())))
    assert again.classes == classes
    assert [type(c) for c in again.classes] == [type(c) for c in classes]
    assert again.inverse(codes).tolist() == list(labels)
    assert again.inverse(codes[:1, None]).shape == (1, 1)


def test_columns_of_a_table():
    words = Column("y", np.array([2, 0, 2], np.int32), ("z", "spare", "a"))
    target = ClassTarget.fit(words)
    assert target.classes == ("a", "z")
    assert target.transform(words).tolist() == [0, 1, 0]
    assert target.transform(["z", "a"]).tolist() == [1, 0]
    assert ClassTarget.fit(Column("y", np.array([2.0, 1]))).classes == (1, 2)
    assert ClassTarget.fit(Column("y", np.array([2.5, 1]))).classes == (1.0, 2.5)
    assert ClassTarget.fit(Column("y", np.array([0.0, 1]), source="bool")).classes == (False, True)
    for column in (
        Column("y", np.array([0, -1], np.int32), ("a",)),
        Column("y", np.array([0, np.nan])),
    ):
        with pytest.raises(DataError, match=r"row 1 .*expected a label, got a missing one"):
            ClassTarget.fit(column)
    with pytest.raises(DataError, match="got dates"):
        ClassTarget.fit(Column("y", np.array(["2020-01-01"], "M8[us]")))


def test_equal_numbers_are_one_class():
    target = ClassTarget.fit([0, 1, 2])
    assert target.transform([1.0, 0.0]).tolist() == [1, 0]
    assert target.transform([True]).tolist() == [1]
    assert ClassTarget.fit([-0.0, 0.0, 1.5]).classes == (0.0, 1.5)


def test_unseen_labels_name_the_nearest():
    target = ClassTarget.fit(["setosa", "versicolor", "virginica"])
    with pytest.raises(DataError, match=r"row 1 .*got 'versicolour'; the nearest is 'versicolor'"):
        target.transform(["setosa", "versicolour"])
    with pytest.raises(DataError, match="got 7; the nearest is 5"):
        ClassTarget.fit([1, 5]).transform([1, 7])
    with pytest.raises(DataError, match="got 1; correct"):
        target.transform([1])


def test_rows_of_weight_0_make_no_class():
    assert ClassTarget.fit(["a", "b", "c"], sample_weight=[1, 0, 2]).classes == ("a", "c")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "at least one row"),
        ([[1, 0], [0, 1]], r"one label for each row, shape \(n,\)"),
        (["a", None], "row 1 .*a missing one"),
        ([1.0, np.nan], "row 1 .*a missing one"),
        ([1.0, np.inf], "row 1 .*an infinite one"),
        (np.array(["a", 1], object), "one kind, text or numbers, got int, str"),
        (np.array([1 + 2j]), "text or numbers"),
        (np.array(["2020"], "M8[D]"), "text or numbers"),
        (np.array([b"a"]), "text or numbers"),
    ],
)
def test_what_is_no_label(labels, message):
    with pytest.raises(DataError, match=message):
        ClassTarget.fit(labels)


@pytest.mark.parametrize("codes", [[0, 3], [-1], [0.5]])
def test_codes_without_a_class(codes):
    with pytest.raises(DataError, match="codes from 0 to 2"):
        ClassTarget.fit([1, 2, 3]).inverse(codes)


def test_numbers_are_standardised(generator):
    y = generator.normal([3, 1e6], [2, 1e4], (500, 2))
    target = NumberTarget.fit(y)
    made = target.transform(y)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(made.std(0), 1, rtol=1e-5)
    again = target_from_json(json.loads(json.dumps(target.to_json())))
    np.testing.assert_array_equal(again.transform(y), made)
    np.testing.assert_allclose(again.inverse(made), y, rtol=1e-6, atol=1e-6)
    plain = NumberTarget.fit(y, standardise=False)
    np.testing.assert_array_equal(plain.transform(y), y.astype(np.float32))


def test_one_number_comes_back_as_it_came():
    target = NumberTarget.fit(Column("y", np.array([1.0, 3])))
    assert target.transform([1, 3]).tolist() == [[-1], [1]]
    assert target.inverse([[-1], [1]]).tolist() == [1, 3]
    assert target.inverse([-1, 1]).tolist() == [1, 3]
    assert NumberTarget.fit([[1], [3]]).inverse([-1, 1]).tolist() == [[1], [3]]


def test_a_constant_target_has_the_deviation_1():
    target = NumberTarget.fit([0.1] * 9)
    assert target.deviation.tolist() == [1]
    assert not target.transform([0.1] * 9).any()


def test_huge_targets_stay_finite():
    target = NumberTarget.fit([-1e308, 1e308, 0])
    assert np.isfinite(target.transform([1.7e308, -1.7e308])).all()
    assert np.isfinite(NumberTarget.fit([0, 5e-324]).transform([1e308])).all()
    assert np.isfinite(NumberTarget.fit([0, 1e39], standardise=False).transform([1e39])).all()


@given(data=st.data(), outputs=st.integers(1, 2))
@settings(max_examples=60, deadline=None)
def test_weights_are_repetitions(data, outputs):
    rows = data.draw(st.integers(1, 12))
    row = st.lists(st.floats(-1e9, 1e9), min_size=outputs, max_size=outputs)
    y = np.array(data.draw(st.lists(row, min_size=rows, max_size=rows)))
    weights = np.array(data.draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows)))
    weights[0] = 1
    order = np.array(data.draw(st.permutations(range(rows))))
    weighted = NumberTarget.fit(y[order], sample_weight=weights[order])
    assert weighted.to_json() == NumberTarget.fit(np.repeat(y, weights, 0)).to_json()
    assert target_from_json(weighted.to_json()).outputs == outputs


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "at least one row"),
        ([1, np.nan], "row 1 .*got a missing one"),
        ([[1, 2], [3, np.inf]], r"row 1 .*, output 1 .*infinite"),
        (["a", "b"], "predict classes"),
        (np.zeros((2, 0)), r"shape \(n,\) or \(n, outputs\)"),
        (np.zeros((2, 1, 1)), r"shape \(n,\) or \(n, outputs\)"),
        (Column("y", np.array([0], np.int32), ("a",)), "column 'y'.*got words"),
    ],
)
def test_what_is_no_number(values, message):
    with pytest.raises(DataError, match=message):
        NumberTarget.fit(values)


def test_other_shapes():
    target = NumberTarget.fit([[1, 2], [3, 5]])
    with pytest.raises(DataError, match="expected 2 numbers"):
        target.transform([1, 2])
    with pytest.raises(DataError, match=r"shape \(n, 2\), got \(2,\)"):
        target.inverse([1, 2])


@pytest.mark.parametrize(
    "about",
    [
        None, [], {}, {"target": "exec"}, {"target": []},
        {"target": "classes", "type": "str", "classes": []},
        {"target": "classes", "type": "str", "classes": ["b", "a"]},
        {"target": "classes", "type": "str", "classes": ["a", "a"]},
        {"target": "classes", "type": "str", "classes": ["a", 1]},
        {"target": "classes", "type": "int", "classes": [0, True]},
        {"target": "classes", "type": "int", "classes": [0, 1 << 70]},
        {"target": "classes", "type": "int", "classes": [-1, (1 << 64) - 1]},
        {"target": "classes", "type": "float", "classes": [0.0, float("nan")]},
        {"target": "classes", "type": "eval", "classes": [0]},
        {"target": "classes", "type": "int", "classes": "01"},
        {"target": "classes", "type": "int", "classes": [0], "more": 1},
        {"target": "numbers", "mean": [], "deviation": [], "single": False},
        {"target": "numbers", "mean": [0], "deviation": [1, 1], "single": False},
        {"target": "numbers", "mean": [0, 0], "deviation": [1, 1], "single": True},
        {"target": "numbers", "mean": [0], "deviation": [0], "single": True},
        {"target": "numbers", "mean": [0], "deviation": [-1.0], "single": True},
        {"target": "numbers", "mean": ["0"], "deviation": [1], "single": True},
        {"target": "numbers", "mean": [1e301], "deviation": [1], "single": True},
        {"target": "numbers", "mean": [10**400], "deviation": [1], "single": True},
        {"target": "numbers", "mean": [0], "deviation": [1], "single": 1},
    ],
)  # fmt: skip
def test_tampered_descriptions_are_refused(about):
    with pytest.raises(ModelFileError):
        target_from_json(about)
