import numpy as np
import pandas as pd
import pytest

from layerwise.data.tables import columns_for, read_table, table_of
from layerwise.errors import DataError


def words(column):
    return column.words().tolist()


def one(values, storage, **options):
    column = columns_for(table_of({"a": values}), [("a", storage)], **options)["a"]
    assert column.storage == storage
    return column


def test_columns_come_in_the_order_of_the_training():
    trained = table_of({"a": [1, 2], "b": ["x", "y"]})
    came = table_of({"extra": [0], "b": ["z"], "a": [3]})
    found = columns_for(came, trained)
    assert found.names == ("a", "b")
    assert found.rows == 1
    assert found["b"] is came["b"]


def test_missing_columns_are_named_with_the_nearest():
    came = table_of({"agee": [0], "other": [1]})
    with pytest.raises(DataError, match=r"the prediction needs the column 'age'; is it .*'agee'"):
        columns_for(came, [("age", "numbers")])
    with pytest.raises(DataError, match="needs the column 'x'; the columns that are not needed"):
        columns_for(came, [("x", "numbers")])
    with pytest.raises(DataError, match=r"the target needs 2 more columns: 'x', 'y'$"):
        columns_for(came.select([]), [("x", "words"), ("y", "words")], "target")
    with pytest.raises(DataError, match=r"20 more columns: .*'c11' and 8 more"):
        columns_for(came, [(f"c{n}", "words") for n in range(20)])


def test_harmless_differences_are_converted():
    assert one(["1", " 2.5", None, "NA"], "numbers").values[:2].tolist() == [1, 2.5]
    assert one(["True", None, "false"], "numbers").values[[0, 2]].tolist() == [1, 0]
    assert words(one([3.0, 2.5, None], "words")) == ["3", "2.5", None]
    assert words(one([True, False], "words")) == ["True", "False"]
    dates = one(["2024-03-01", None, "2024-03-02T12:00Z"], "dates").values
    assert dates[2] == np.datetime64("2024-03-02T12")
    assert np.isnat(dates[1])
    assert words(one(np.array(["2024-03-01"], "M8[D]"), "words"))[0].startswith("2024-03-01")


@pytest.mark.parametrize(
    ("trained", "expected"),
    [
        (["true", "false"], ["true", "false"]),
        (["TRUE", "FALSE"], ["TRUE", "FALSE"]),
        (["0", "1"], ["1", "0"]),
        (["yes", "no"], ["True", "False"]),
    ],
)
def test_flags_become_the_words_of_the_training(trained, expected):
    found = columns_for(table_of({"a": [True, False]}), table_of({"a": trained}))
    assert words(found["a"]) == expected


@pytest.mark.parametrize("storage", ["numbers", "words", "dates"])
@pytest.mark.parametrize(
    "nothing", [[None, None], np.array(["NaT"] * 2, "M8[D]"), pd.Series([None, None], dtype="str")]
)
def test_a_column_without_values_fits_all(nothing, storage):
    assert one(nothing, storage).missing.all()


def test_the_first_word_that_does_not_fit_is_named():
    with pytest.raises(DataError, match=r"row 2, column 'a': the prediction expects numbers.*'x'"):
        one(["1", "x", "y"], "numbers")
    with pytest.raises(DataError, match="expects dates, as in the training, got '1'"):
        one(["1", "x"], "dates")
    with pytest.raises(DataError, match=r"column 'a': the prediction expects dates.* numbers \("):
        one([1, 2], "dates")
    with pytest.raises(DataError, match="expects numbers, as in the training, got dates"):
        one(np.array(["2024-03-01"], "M8[D]"), "numbers")


def test_levels_that_do_not_occur_do_not_matter():
    frame = pd.DataFrame({"a": pd.Categorical(["1", "2"], categories=["x", "1", "2"])})
    assert columns_for(table_of(frame), [("a", "numbers")])["a"].values.tolist() == [1, 2]


def test_the_line_of_a_file_is_named(write):
    path = write('b,a\n"x\ny",1\n\nz,oops\n')
    table = read_table(path)
    with pytest.raises(DataError, match=f"{path}, line 5, column 'a': .* got 'oops'"):
        columns_for(table, [("a", "numbers")])
    with pytest.raises(DataError, match="line 5"):
        columns_for(table.take(np.array([1])), [("a", "numbers")])
    path.unlink()
    with pytest.raises(DataError, match=r"rows\.csv, row 2, column 'a'"):
        columns_for(table, [("a", "numbers")])
