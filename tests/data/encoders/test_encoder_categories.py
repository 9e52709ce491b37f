import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layerwise.data.encoders import TableEncoder
from layerwise.data.encoders import categories as module
from layerwise.data.tables.table import Column, Table
from layerwise.errors import DataError, OptionError

WORDS = st.one_of(st.sampled_from(["a", "b", "c", "d e", "É", ""]), st.none())


def test_many_values_become_a_column_each(make, fit):
    table = make(colour=["red", "blue", "green", "red"])
    encoder = fit(table)
    assert encoder.output_names == ("colour=blue", "colour=green", "colour=red")
    assert set(encoder.kinds) == {"one_hot"}
    found = encoder.transform(table)
    np.testing.assert_array_equal(found.numbers, [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert found.codes.shape == (4, 0)
    assert found.codes.dtype == np.int32
    unseen = encoder.transform(make(colour=["violet", None])).numbers
    assert not unseen.any()


def test_two_values_become_one_column(make, fit):
    table = make(smoker=["yes", "no", "no"])
    encoder = fit(table)
    assert encoder.output_names == ("smoker=yes",)
    assert encoder.transform(table).numbers[:, 0].tolist() == [1, -1, -1]
    assert encoder.transform(make(smoker=["maybe", None])).numbers[:, 0].tolist() == [0, 0]


def test_missing_is_a_value_if_it_was_seen(make, fit):
    table = make(smoker=["yes", None, "no"], colour=["a", "b", None], only=[None, "x", None])
    encoder = fit(table)
    assert encoder.output_names == (
        "smoker=yes", "smoker is missing", "colour=b", "colour is missing", "only=x",
        "only is missing",
    )  # fmt: skip
    assert encoder.kinds[1] == encoder.kinds[3] == "indicator"
    np.testing.assert_array_equal(
        encoder.transform(table).numbers,
        [[1, 0, -1, 0, 0, 1], [0, 1, 1, 0, 1, 0], [-1, 0, 0, 1, 0, 1]],
    )
    assert encoder.transform(make(smoker=["?"], colour=["?"], only=["?"])).numbers.any() == False  # noqa: E712


def test_too_many_values_become_codes_by_frequency(make, fit):
    table = make(city=["b", "a", "c", "c", "d", None])
    encoder = fit(table, one_hot_limit=4)
    assert encoder.code_names == ("city",)
    assert encoder.cardinalities == (6,)
    assert encoder.categories[0].levels == ("c", "a", "b", "d")
    found = encoder.transform(table)
    assert found.numbers.shape == (6, 0)
    assert found.codes[:, 0].tolist() == [4, 3, 2, 2, 5, 1]
    assert encoder.transform(make(city=["z", None])).codes[:, 0].tolist() == [0, 1]
    # Missing among them, there are five values.
    assert fit(table, one_hot_limit=5).cardinalities == ()


def test_missing_that_was_never_seen_is_unseen(make, fit):
    encoder = fit(make(city=["a", "b"]), encode="embedding")
    assert encoder.transform(make(city=[None, "b"])).codes[:, 0].tolist() == [0, 3]
    assert encoder.cardinalities == (4,)


def test_the_default_limit_and_what_forces(make, fit):
    words = [f"w{n:02}" for n in range(25)]
    table, small = make(w=words), make(w=words[:24])
    assert len(fit(small).output_names) == 24
    assert fit(table).cardinalities == (27,)
    assert len(fit(table, encode="one_hot").output_names) == 25
    assert fit(small, encode="embedding").cardinalities == (26,)
    assert fit(small, one_hot_limit=9).cardinalities == (26,)


def test_the_rarest_are_left_out_when_there_are_too_many(make, fit, monkeypatch):
    monkeypatch.setattr(module, "MOST_CODES", 4)
    monkeypatch.setattr(module, "MOST_ONE_HOT", 3)
    table = make(w=["d", "d", "c", "b", "b", "a"])
    encoder = fit(table, encode="embedding")
    assert encoder.categories[0].levels == ("b", "d")
    assert encoder.transform(table).codes[:, 0].tolist() == [3, 3, 0, 2, 2, 0]
    assert "only the 2 most frequent of its 4 values" in encoder.describe()[0]
    encoder = fit(table, encode="one_hot", one_hot_limit=2)
    assert encoder.output_names == ("w=a", "w=b", "w=d")
    assert "only the 3 most frequent of its 4 values" in encoder.describe()[0]


def test_words_decide_not_places(fit):
    train = Table((Column("c", np.array([0, 1, 2, 1], np.int32), ("x", "y", "z")),), 4)
    later = Table((Column("c", np.array([3, 1, 0, -1], np.int32), ("z", "y", "new", "x")),), 4)
    encoder = fit(train)
    assert encoder.transform(later).numbers.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0] * 3]
    # Levels that do not occur are no levels.
    spare = Table((Column("c", np.array([0, 1], np.int32), ("x", "y", "z", "w")),), 2)
    assert fit(spare).output_names == ("c=y",)


def test_numbers_and_dates_as_categories(make, fit, same_table):
    days = np.array(["2020-01-02", "2019-01-01", "NaT", "2021-05-05"], "M8[us]")
    table = make(n=[10, 9, np.nan, 2.5], d=days)
    encoder = fit(table, {"n": "category", "d": "category"})
    assert encoder.output_names[:4] == ("n=2.5", "n=9", "n=10", "n is missing")
    same_table(encoder.inverse(*encoder.transform(table)), table)
    words = make(n=["10", "2.5", "9.0", None], d=days)
    np.testing.assert_array_equal(
        encoder.transform(words).numbers[:, :4],
        [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]],
    )
    with pytest.raises(DataError, match=r"column 'n', row 1 .*infinite"):
        fit(make(n=[1, np.inf]), {"n": "category"})


def test_rows_of_weight_0_make_no_level_and_no_indicator(make, fit):
    encoder = fit(make(c=["a", "b", "c", None]), sample_weight=[1, 1, 0, 0])
    assert encoder.output_names == ("c=b",)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_weights_are_repetitions_and_order_does_not_matter(make, fit, same_encoder, data):
    rows = data.draw(st.integers(1, 15))
    words = np.array([*data.draw(st.lists(WORDS, min_size=rows, max_size=rows)), None], object)[:-1]
    weights = np.array(data.draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows)))
    weights[0] = 1
    options = {"encode": data.draw(st.sampled_from(["auto", "one_hot", "embedding"]))}
    order = np.array(data.draw(st.permutations(range(rows))))
    same_encoder(
        fit(make(w=words[order]), {"w": "category"}, sample_weight=weights[order], **options),
        fit(make(w=np.repeat(words, weights)), {"w": "category"}, **options),
    )


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_there_and_back(make, fit, same_table, data):
    rows = data.draw(st.integers(1, 15))
    table = make(
        w=np.array([*data.draw(st.lists(WORDS, min_size=rows, max_size=rows)), None], object)[:-1]
    )
    encoder = fit(
        table, {"w": "category"}, encode=data.draw(st.sampled_from(["one_hot", "embedding"]))
    )
    about, tensors = encoder.to_json()
    again = TableEncoder.from_json(json.loads(json.dumps(about)), tensors)
    for one in (encoder, again):
        same_table(one.inverse(*one.transform(table)), table)


def test_codes_that_do_not_exist(make, fit):
    encoder = fit(make(c=["a", "b"]), encode="embedding")
    with pytest.raises(DataError, match=r"column 'c', row 1 .*code from 0 to 3, got 4"):
        encoder.inverse(np.empty((2, 0)), [[0], [4]])


@pytest.mark.parametrize(
    "options", [{"one_hot_limit": -1}, {"one_hot_limit": 1.5}, {"one_hot_limit": 10**6},
                {"encode": "onehot"}, {"impute": "zero"}, {"normalise": "minmax"}],
)  # fmt: skip
def test_options_that_do_not_exist(make, fit, options):
    with pytest.raises(OptionError, match="expected"):
        fit(make(c=["a", "b"]), **options)


def test_many_rows_and_levels_are_fast(fit, generator):
    places = generator.integers(0, 200_000, 300_000).astype(np.int32)
    table = Table((Column("c", places, tuple(map(str, range(200_000)))),), 300_000)
    encoder = fit(table)
    assert encoder.cardinalities == (10_000,)
    codes = encoder.transform(table).codes
    assert codes.max() == 9_999
    assert (codes == 0).mean() > 0.8
