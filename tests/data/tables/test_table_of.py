import datetime
import decimal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from layerwise.data.tables import Column, Table, frames, table_of
from layerwise.errors import DataError

NOON = datetime.datetime(2024, 3, 1, 12)


def test_an_array_becomes_columns_that_are_views_of_it():
    data = np.arange(6, dtype=np.float32).reshape(3, 2)
    table = table_of(data)
    assert table.names == ("x0", "x1")
    assert len(table) == 3
    assert table["x1"].values.dtype == np.float32
    assert all(np.shares_memory(column.values, data) for column in table)


@pytest.mark.parametrize(
    "dtype", [bool, np.int8, np.uint64, np.float16, np.float64, np.longdouble, ">f4"]
)
def test_numbers_of_every_dtype(dtype):
    column = table_of(np.array([[0, 1], [1, 0]]).astype(dtype))["x1"]
    assert column.storage == "numbers"
    assert column.values.dtype == np.float64
    assert column.values.tolist() == [1, 0]
    assert column.source == str(np.dtype(dtype))


def test_words_dates_and_durations_of_arrays():
    words = table_of(np.array([["b"], ["a"], [""], ["b"]]))["x0"]
    assert words.words().tolist() == ["b", "a", None, "b"]
    days = table_of(np.array([["2024-03-01"], ["NaT"]], "datetime64[D]"))["x0"]
    assert days.storage == "dates"
    assert days.missing.tolist() == [False, True]
    spans = table_of(np.array([[90], [-1]], "timedelta64[m]"))["x0"]
    assert spans.values.tolist() == [5400, -60]


def test_objects_numbers_words_and_mixtures():
    data = np.array([[1, "a", 1, None], [None, None, "b", None], [2.5, "c", 2.0, np.nan]], object)
    numbers, words, mixed, nothing = table_of(data)
    np.testing.assert_array_equal(numbers.values, [1, np.nan, 2.5])
    assert words.words().tolist() == ["a", None, "c"]
    assert mixed.words().tolist() == ["1", "b", "2"]
    assert "mixed types" in mixed.warning
    assert "'b' in row 2" in mixed.warning
    assert not words.warning
    assert nothing.storage == "numbers"
    assert nothing.missing.all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([True, 2, None], [1, 2, np.nan]),
        ([2**70, 1], [2.0**70, 1]),
        ([decimal.Decimal("1.5"), None], [1.5, np.nan]),
        ([1, decimal.Decimal("2.5"), 0.5], [1, 2.5, 0.5]),
        ([pd.NA, 3, pd.NaT], [np.nan, 3, np.nan]),
        ([datetime.timedelta(minutes=1)], [60]),
        ([datetime.time(0, 1)], [60]),
    ],
)
def test_objects_that_are_numbers(values, expected):
    column = table_of({"a": values})["a"]
    assert column.storage == "numbers"
    np.testing.assert_array_equal(column.values, expected)


def test_objects_that_are_dates_keep_the_time_of_the_day():
    zone = datetime.timezone(datetime.timedelta(hours=2))
    table = table_of(
        {"a": [datetime.date(2024, 3, 1), NOON, None], "b": [NOON.replace(tzinfo=zone)] * 3}
    )
    assert table["a"].values[1] == np.datetime64("2024-03-01T12")
    assert table["b"].values[0] == np.datetime64("2024-03-01T10")


def test_other_objects_become_words_and_lists_are_refused():
    column = table_of({"a": [SimpleNamespace(b=1), "x"]})["a"]
    assert column.words().tolist() == ["namespace(b=1)", "x"]
    for values in ([[1], [2]], [{"b": 1}, None], [1, [2]], [1j, 2j], [b"\xff"]):
        with pytest.raises(DataError, match="column 'a' holds"):
            table_of({"a": values})


def test_structured_and_masked_arrays():
    people = np.array([("Ann", 41), ("Bob", 8)], [("name", "U8"), ("age", "i2")])
    table = table_of(people)
    assert table.names == ("name", "age")
    assert table["name"].words().tolist() == ["Ann", "Bob"]
    assert table["age"].values.tolist() == [41, 8]
    masked = np.ma.array([[1, 2], [3, 4]], mask=[[False, True], [False, False]])
    np.testing.assert_array_equal(table_of(masked)["x1"].values, [np.nan, 4])
    vectors = np.zeros(2, [("v", "f4", 3)])
    with pytest.raises(DataError, match=r"'v': expected one value for each row.*\(2, 3\)"):
        table_of(vectors)


def test_lists_of_rows():
    numbers = table_of([[1, 2.5], [3, 4]])
    assert numbers["x1"].values.tolist() == [2.5, 4]
    mixed = table_of([[1, "a", True], [None, "b", False]])
    assert [column.storage for column in mixed] == ["numbers", "words", "numbers"]
    assert mixed["x2"].source == "bool"
    assert table_of([np.arange(3), np.arange(3)]).names == ("x0", "x1", "x2")
    with pytest.raises(DataError, match="row 2: expected 2 values, as in the first row, got 1"):
        table_of([[1, 2], [3]])
    with pytest.raises(DataError, match="give one dict of columns"):
        table_of([{"a": 1}])
    with pytest.raises(DataError, match="empty list"):
        table_of([])


def test_a_dict_of_columns():
    table = table_of({"a": [1, 2], 7: np.array(["x", "y"]), "c": pl.Series([1.5, None])})
    assert table.names == ("a", "7", "c")
    with pytest.raises(DataError, match="2 values in 'a' and 1 in 'b'"):
        table_of({"a": [1, 2], "b": [1]})


FRAME = {
    "whole": [1, 2, None],
    "real": [0.5, None, -1.0],
    "flag": [True, None, False],
    "word": ["b", None, "a"],
    "when": [NOON, None, NOON],
}


def check_frame(table):
    np.testing.assert_array_equal(table["whole"].values, [1, 2, np.nan])
    np.testing.assert_array_equal(table["real"].values, [0.5, np.nan, -1])
    np.testing.assert_array_equal(table["flag"].values, [1, np.nan, 0])
    assert table["flag"].source == "bool"
    assert table["word"].words().tolist() == ["b", None, "a"]
    assert table["word"].values.dtype == np.int32
    assert table["when"].values.dtype == "datetime64[us]"
    assert table["when"].values[0] == np.datetime64("2024-03-01T12")
    assert np.isnat(table["when"].values[1])


@pytest.mark.parametrize(
    "make",
    [
        pl.DataFrame,
        lambda data: pl.DataFrame(data).lazy(),
        pa.table,
        lambda data: pd.DataFrame(data).convert_dtypes(),
        lambda data: pa.table(data).to_pandas(types_mapper=pd.ArrowDtype),
        lambda data: pd.DataFrame(data, dtype=object),
    ],
    ids=["polars", "lazy", "pyarrow", "pandas-nullable", "pandas-arrow", "pandas-objects"],
)
def test_frames(make):
    table = table_of(make(FRAME))
    assert table.names == tuple(FRAME)
    assert table.rows == 3
    check_frame(table)


def test_pandas_types():
    frame = pd.DataFrame(
        {
            "f4": np.float32([1, 2]),
            "bool": [True, False],
            "category": pd.Categorical(["x", None], categories=["z", "x"]),
            "numbered": pd.Categorical([3.0, 1.5]),
            "flags": pd.Categorical([True, False]),
            "bins": pd.cut([1, 9], [0, 5, 10]),
            "zone": pd.date_range("2024-03-01 12:00", periods=2, tz="Europe/Berlin"),
            "month": pd.period_range("2024-01", periods=2, freq="M"),
            "span": pd.to_timedelta([1, 2], unit="min"),
            "sparse": pd.arrays.SparseArray([0.0, 1.0]),
        },
        index=["r", "s"],
    )
    table = table_of(frame)
    assert table["f4"].values.dtype == np.float32
    assert table["bool"].source == "bool"
    assert table["bool"].storage == "numbers"
    assert table["category"].source == "category"
    assert table["category"].words().tolist() == ["x", None]
    assert table["numbered"].words().tolist() == ["3", "1.5"]
    assert table["flags"].words().tolist() == ["True", "False"]
    assert table["bins"].words().tolist() == ["(0, 5]", "(5, 10]"]
    assert table["zone"].values[0] == np.datetime64("2024-03-01T11")
    assert table["month"].words().tolist() == ["2024-01", "2024-02"]
    assert table["span"].values.tolist() == [60, 120]
    assert table["sparse"].values.tolist() == [0, 1]


def test_polars_types():
    frame = pl.DataFrame(
        {
            "enum": pl.Series(["x", None], dtype=pl.Enum(["z", "x"])),
            "category": pl.Series(["b", "a"], dtype=pl.Categorical),
            "huge": pl.Series([1, 2], dtype=pl.Int128),
            "decimal": [decimal.Decimal("1.5"), None],
            "time": [datetime.time(0, 1), None],
            "span": [datetime.timedelta(minutes=1), None],
            "day": [datetime.date(2024, 3, 1), None],
            "nothing": [None, None],
            "real": pl.Series([0.5, None], dtype=pl.Float32),
        }
    )
    table = table_of(frame)
    assert table["enum"].words().tolist() == ["x", None]
    assert table["category"].words().tolist() == ["b", "a"]
    assert table["huge"].values.tolist() == [1, 2]
    for name, first in (("decimal", 1.5), ("time", 60), ("span", 60), ("real", 0.5)):
        np.testing.assert_array_equal(table[name].values, [first, np.nan])
    assert table["day"].storage == "dates"
    assert table["nothing"].missing.all()
    assert table["real"].values.dtype == np.float32


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"a": [1], "deep": [[1, 2]]}),
        pl.DataFrame({"a": [1], "deep": [{"b": 1}]}),
        pd.DataFrame({"a": [1], "deep": [[1, 2]]}),
    ],
)
def test_lists_in_cells_are_refused_by_name(frame):
    with pytest.raises(DataError, match="column 'deep' holds"):
        table_of(frame)


def test_dictionaries_in_several_chunks():
    chunks = [pa.array(["a", "b"]).dictionary_encode(), pa.array(["c", None]).dictionary_encode()]
    table = table_of(pa.table({"w": pa.chunked_array(chunks)}))
    assert table["w"].words().tolist() == ["a", "b", "c", None]
    views = pa.table({"v": pa.array(["a", None], pa.string_view())})
    assert table_of(views)["v"].words().tolist() == ["a", None]
    assert table_of(views.slice(2))["v"].words().tolist() == []


def test_names():
    assert table_of(pd.DataFrame([[1, 2]])).names == ("0", "1")
    assert table_of(np.zeros((2, 2)), names=["a", "b"]).names == ("a", "b")
    table = table_of({"a": [1]})
    assert table_of(table) is table
    assert table_of(table, names=["b"]).names == ("b",)
    with pytest.raises(DataError, match="a name for each of 2 columns, got 1"):
        table_of(np.zeros((2, 2)), names=["a"])
    with pytest.raises(DataError, match="columns 1, 3 are all named 'a'"):
        table_of(pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"]))
    with pytest.raises(DataError, match="columns 1, 2 are all named '1'"):
        table_of({1: [1], "1": [2]})
    with pytest.raises(DataError, match="all named 'a'"):
        table_of(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]))


@pytest.mark.parametrize("data", [np.zeros(3), [1, 2, 3], pd.Series([1, 2]), pl.Series([1, 2])])
def test_one_dimension_is_refused_with_advice(data):
    with pytest.raises(DataError, match=r"X\.reshape\(-1, 1\)"):
        table_of(data)


def test_other_shapes_and_things_are_refused():
    with pytest.raises(DataError, match=r"X\.reshape\(len\(X\), -1\)"):
        table_of(np.zeros((2, 3, 4)))
    with pytest.raises(DataError, match="got int"):
        table_of(3)


@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
def test_infinities_are_refused_with_their_place(infinity):
    data = np.array([[1, np.nan], [2, infinity]])
    for made in (
        data,
        data.astype(np.float32),
        data.tolist(),
        pd.DataFrame(data),
        pl.DataFrame(data.tolist()),
    ):
        with pytest.raises(DataError, match=r"row [12]: expected a finite number, got -?inf"):
            table_of(made)
    with np.errstate(over="ignore"):
        enormous = table_of(np.full((3, 1), 3e38, np.float32))  # the sum overflows, no value does
    assert enormous.rows == 3


def test_sparse_matrices(monkeypatch):
    table = table_of(sparse.csr_matrix(np.eye(3)))
    assert table["x0"].values.dtype == np.float32
    assert table["x0"].values.tolist() == [1, 0, 0]
    assert table_of(sparse.coo_array(np.eye(3))).rows == 3
    monkeypatch.setattr(frames, "machine_memory", lambda: 100_000)
    with pytest.raises(DataError, match=r"100 x 100 would take 0\.0 GB"):
        table_of(sparse.csr_matrix((100, 100)))
    assert frames.machine_memory()


def test_anything_that_offers_arrow_or_numpy():
    class Stream:
        def __arrow_c_stream__(self, requested_schema=None):
            return pa.table({"a": [1, 2]}).__arrow_c_stream__(requested_schema)

    class Array:
        def __array__(self, dtype=None, copy=None):
            return np.ones((2, 1))

    assert table_of(Stream())["a"].values.tolist() == [1, 2]
    assert table_of(pa.record_batch({"a": [1, 2]}))["a"].values.tolist() == [1, 2]
    assert table_of(Array())["x0"].values.tolist() == [1, 1]


def test_levels_that_look_the_same_are_one():
    frame = pd.DataFrame({"a": pd.Categorical([1, "1", "b"], categories=["b", 1, "1"])})
    column = table_of(frame)["a"]
    assert column.words().tolist() == ["1", "1", "b"]
    assert sorted(column.levels) == ["1", "b"]


def test_tables_take_select_and_look_up():
    table = table_of({f"c{n}": [n, n + 1, n + 2] for n in range(800)})
    assert table["c799"].values.tolist() == [799, 800, 801]
    assert "c5" in table
    assert "d" not in table
    part = table.take(np.array([True, False, True])).take(slice(1, 2))
    assert part["c0"].values.tolist() == [2]
    assert part.origin.tolist() == [2]
    assert table.select(["c3", "c1"]).names == ("c3", "c1")
    assert len(table.without(["c3", "c1"]).columns) == 798
    with pytest.raises(DataError, match=r"no column 'C700' \(did you mean 'c700'\?\).*788 more"):
        table["C700"]
    with pytest.raises(DataError, match="has no columns"):
        Table((), 0)["a"]
    assert len(Column("a", np.zeros(3))) == 3


def test_importing_the_library_imports_none_of_the_heavy_ones():
    heavy = "pyarrow", "pandas", "polars", "sklearn", "narwhals"
    code = f"import sys, layerwise; print([m for m in {heavy} if m in sys.modules])"
    code += "\nimport layerwise.data.tables"
    code += f"\nprint([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"
