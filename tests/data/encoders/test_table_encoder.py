import copy
import json

import numpy as np
import pytest

from layerwise.data.encoders import Encoded, InputColumn, OutputColumn, TableEncoder
from layerwise.data.tables.matching import columns_for
from layerwise.data.tables.roles import Decision
from layerwise.data.tables.table import Column, Table
from layerwise.errors import DataError, ModelFileError
from layerwise.model.container import read_tensors, write_tensors

nan = np.nan


@pytest.fixture
def table(make):
    return make(
        joined=np.array(["2019-01-01", "2020-06-05", "NaT", "2021-09-09T12:00"], "M8[us]"),
        colour=["red", "blue", None, "green"],
        age=[30, nan, 20, 50],
        city=["a", "b", "c", "d"],
        smoker=["no", "no", "yes", "no"],
        height=np.float32([1.5, 1.25, 1.75, 2]),
    )


@pytest.fixture
def encoder(table):
    return TableEncoder.fit(
        table,
        [
            Decision("age", "number"),
            Decision("height", "number"),
            Decision("colour", "category"),
            Decision("smoker", "category"),
            Decision("joined", "date"),
            Decision("city", "category"),
        ],
        one_hot_limit=4,
    )


@pytest.fixture
def codes(table):
    """With all four cities as codes."""
    return TableEncoder.fit(
        table,
        [Decision(n, r) for n, r in (("city", "category"), ("age", "number"), ("joined", "date"))],
        encode="embedding",
        normalise="quantile",
    )


def test_the_order_of_what_comes_out(encoder, table):
    assert encoder.output_names == (
        "age", "height", "age is missing",
        "colour=blue", "colour=green", "colour=red", "colour is missing",
        "city=a", "city=b", "city=c", "city=d",
        "smoker=yes",
        "joined: time", "joined: time of year, sine", "joined: time of year, cosine",
        "joined: day of month, sine", "joined: day of month, cosine",
        "joined: day of week, sine", "joined: day of week, cosine",
        "joined: time of day, sine", "joined: time of day, cosine", "joined is missing",
    )  # fmt: skip
    assert encoder.outputs[2] == OutputColumn("age is missing", "indicator", "age")
    assert encoder.outputs[-2].kind == "date"
    assert encoder.input_columns[0] == InputColumn("joined", "dates")
    assert encoder.input_columns[1] == InputColumn("colour", "words", ("blue", "green", "red"))
    assert [column.name for column in encoder.input_columns] == list(table.names)
    found = encoder.transform(table)
    assert isinstance(found, Encoded)
    assert found.numbers.shape == (4, 22)
    assert np.isfinite(found.numbers).all()


def test_there_and_back(encoder, codes, table, same_table):
    same_table(encoder.inverse(*encoder.transform(table)), table, seconds=60)
    part = codes.inverse(*codes.transform(table))
    same_table(part, table.select(["joined", "age", "city"]), seconds=60)


def test_through_a_file(encoder, codes, table, tmp_path):
    for one in (encoder, codes):
        about, tensors = one.to_json()
        write_tensors(tmp_path / "x", "layerwise-test", 1, {"table": about}, tensors)
        read, stored = read_tensors(tmp_path / "x", "layerwise-test", 1)
        again = TableEncoder.from_json(read["table"], stored | {"weight": np.zeros(3)})
        for a, b in zip(one.transform(table), again.transform(table), strict=True):
            np.testing.assert_array_equal(a, b)
        assert again.describe() == one.describe()
        assert again.outputs == one.outputs
        assert again.cardinalities == one.cardinalities


def test_columns_are_found_by_name(encoder, table, make):
    turned = table.select(reversed(table.names))
    more = Table((*turned, *make(extra=[1, 2, 3, 4])), 4)
    np.testing.assert_array_equal(encoder.transform(more).numbers, encoder.transform(table).numbers)


def test_a_table_of_another_origin(fit, make):
    encoder = fit(make(flag=["True", "False", "True"], n=[1, 2, 3]))
    about, tensors = encoder.to_json()
    again = TableEncoder.from_json(json.loads(json.dumps(about)), tensors)
    flags = Column("flag", np.array([1.0, 0]), source="bool")
    came = Table((*make(n=["2", "3"]), flags), 2)
    for one in (encoder, again):
        found = one.transform(columns_for(came, one.input_columns)).numbers
        np.testing.assert_allclose(found, [[0, 1], [0.493197, -1]], rtol=1e-5)


def test_rows_alone_and_no_rows(encoder, table):
    whole = encoder.transform(table)
    for row in range(4):
        alone = encoder.transform(table.take(slice(row, row + 1)))
        np.testing.assert_array_equal(alone.numbers[0], whole.numbers[row])
    none = encoder.transform(table.take(slice(0, 0)))
    assert none.numbers.shape == (0, 22)
    assert encoder.inverse(*none).rows == 0


def test_fit_on_one_row(fit, make, same_table):
    table = make(a=[3.5], w=["x"], d=np.array(["2020-01-01T01:00"], "M8[us]"))
    encoder = fit(table)
    found = encoder.transform(table)
    assert found.numbers.tolist() == [[0, 1]]
    same_table(encoder.inverse(*found), table)


def test_only_codes(fit, make):
    table = make(w=["x", "y"], v=["a", "a"])
    found = fit(table, encode="embedding").transform(table)
    assert found.numbers.shape == (2, 0)
    assert found.numbers.dtype == np.float32
    assert found.codes.tolist() == [[2, 2], [3, 2]]


def test_rows_of_weight_0_do_not_exist(fit, table, same_encoder):
    keep = np.array([True, False, True, True])
    options = {"one_hot_limit": 3}
    same_encoder(
        fit(table, sample_weight=keep.astype(float), **options), fit(table.take(keep), **options)
    )


@pytest.mark.parametrize("normalise", ["robust", "standard", "quantile"])
def test_the_order_of_the_rows_does_not_matter(fit, make, same_encoder, generator, normalise):
    rows = 3000
    table = make(
        a=generator.normal(size=rows).round(1),
        w=generator.choice([*"abcdefgh", None], rows),
        d=np.datetime64("2020-01-01", "us") + generator.integers(0, 99, rows) * 10**11,
    )
    weight, order = generator.random(rows), generator.permutation(rows)
    options = {"normalise": normalise, "encode": "embedding"}
    same_encoder(
        fit(table, sample_weight=weight, **options),
        fit(table.take(order), sample_weight=weight[order], **options),
    )


def test_what_people_read(encoder, codes):
    lines = encoder.describe()
    assert len(lines) == 6
    assert lines[2] == (
        "age: number; minus the median 30, divided by the spread 30, smoothly clipped to -3..3; "
        "missing becomes the median 30, and 'age is missing' is 1"
    )
    assert lines[1].startswith("colour: category; 3 columns of 0 and 1; 'colour is missing' is 1 ")
    assert lines[4] == "smoker: category; -1 for no, 1 for yes"
    assert lines[0].startswith("joined: date; time, time of year, day of month, day of week, time")
    assert codes.describe()[2] == "city: category; 6 codes, a vector is learned for each"
    assert repr(encoder) == "TableEncoder(6 columns to 22 numbers and 0 codes)"


@pytest.mark.parametrize("role", ["dropped", "text", "constant"])
def test_columns_that_are_not_used(fit, make, role):
    table = make(a=[1, 2], b=[3, 4])
    assert fit(table, {"b": role}).output_names == ("a",)
    with pytest.raises(DataError, match="at least one column"):
        fit(table, {"a": role, "b": role})


def test_tables_that_do_not_fit(encoder, table, make, fit):
    other = Table((*table.without(["age"]), *make(Age=[1.0] * 4)), 4)
    with pytest.raises(DataError, match=r"lacks 'age' \(is 'Age' meant to be 'age'\?\)"):
        encoder.transform(other)
    with pytest.raises(DataError, match=r"column 'a', row 1 .*expected numbers, got words, .*'x'"):
        fit(make(a=[1, 2])).transform(make(a=[None, "x"]))
    # A column without any value has no kind.
    assert fit(make(a=[1, 2])).transform(make(a=[None, None])).numbers.shape == (2, 1)
    with pytest.raises(DataError, match="expected numbers, got dates"):
        fit(make(a=np.array(["2020-01-01"], "M8[us]")), {"a": "number"})
    with pytest.raises(DataError, match="no column 'b'"):
        fit(make(a=[1, 2]), {"b": "number"})
    with pytest.raises(DataError, match="at least one row"):
        fit(make(a=[1.0, 2]).take(slice(0, 0)))
    with pytest.raises(DataError, match=r"expected numbers of shape \(n, 22\)"):
        encoder.inverse(np.zeros((4, 21)), np.zeros((4, 0), int))
    with pytest.raises(DataError, match="whole numbers as codes"):
        encoder.inverse(np.zeros((4, 22)), np.zeros((4, 0)))


# -- files that cannot be trusted ------------------------------------------------------------------


def replaced(about, path, value):
    about = copy.deepcopy(about)
    place = about
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return about


TAMPERED = [
    (("version",), 2),
    (("version",), True),
    (("inputs",), []),
    (("inputs",), {}),
    (("inputs", 0, "name"), 5),
    (("inputs", 0, "name"), "age"),
    (("inputs", 0, "storage"), "numbers"),
    (("inputs", 0, "storage"), ["numbers"]),
    (("numbers",), None),
    (("numbers", "names"), ["age", "age"]),
    (("numbers", "names"), ["age", None]),
    (("numbers", "names"), []),
    (("numbers", "impute"), "exec"),
    (("numbers", "normalise"), {}),
    (("numbers", "normalise"), "robust"),
    (("numbers", "indicators"), [1]),
    (("numbers", "indicators"), [True, True]),
    (("categories",), {}),
    (("categories", 0), []),
    (("categories", 0, "name"), "other"),
    (("categories", 0, "form"), "__import__"),
    (("categories", 0, "levels"), ["a", "a"]),
    (("categories", 0, "levels"), ["a", 3]),
    (("categories", 0, "levels"), [str(n) for n in range(9_999)]),
    (("categories", 0, "missing_seen"), 1),
    (("categories", 0, "left_out"), -1),
    (("categories", 0, "left_out"), 0.5),
    (("categories", 0, "storage"), "numbers"),
    (("categories", 0, "extra"), 1),
    (("dates", 0, "middle"), 1 << 63),
    (("dates", 0, "middle"), 0.5),
    (("dates", 0, "spread"), -1.0),
    (("dates", 0, "spread"), 0),
    (("dates", 0, "spread"), float("nan")),
    (("dates", 0, "spread"), 10**400),
    (("dates", 0, "parts"), ["day of week", "time"]),
    (("dates", 0, "parts"), ["minute"]),
    (("dates", 0, "midnights"), None),
    (("dates",), []),
]


@pytest.mark.parametrize(("path", "value"), TAMPERED, ids=lambda v: str(v)[:40])
def test_a_tampered_description_is_refused(codes, path, value):
    about, tensors = codes.to_json()
    TableEncoder.from_json(about, tensors)
    if path == ("numbers", "normalise") and value == "robust":
        del tensors["numbers.factor"]
    with pytest.raises(ModelFileError):
        TableEncoder.from_json(replaced(about, path, value), tensors)


@pytest.mark.parametrize("about", [None, [], "x", 3, {}, {"version": 1}])
def test_what_is_no_description(about):
    with pytest.raises(ModelFileError):
        TableEncoder.from_json(about, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("numbers.fill", None),
        ("numbers.fill", "text"),
        ("numbers.fill", np.zeros(1, np.float32)),
        ("numbers.fill", np.zeros(2)),
        ("numbers.fill", np.zeros(())),
        ("numbers.shift", np.array([nan])),
        ("numbers.factor", np.array([np.inf])),
        ("numbers.factor", np.array([-1.0])),
        ("numbers.factor", np.array([1e301])),
        ("numbers.knots", np.zeros(3)),
        ("numbers.knots", np.zeros(2)),
        ("numbers.scores", np.array([2.0, 1, 0])),
        ("numbers.scores", np.array([0, 1, 1e9])),
        ("numbers.knot_counts", np.array([0])),
        ("numbers.knot_counts", np.array([1 << 62])),
        ("numbers.knot_counts", np.array([3.0])),
    ],
)
def test_tampered_arrays_are_refused(codes, name, value):
    about, tensors = codes.to_json()
    assert name in tensors
    with pytest.raises(ModelFileError):
        TableEncoder.from_json(about, tensors | {name: value})


@pytest.mark.parametrize(
    ("kind", "level"),
    [("numbers", "x"), ("numbers", "1.0"), ("numbers", "1_0"), ("numbers", "nan"),
     ("numbers", "inf"), ("dates", "now"), ("dates", "2020"), ("dates", "NaT"), ("dates", "x")],
)  # fmt: skip
def test_levels_that_no_number_and_no_date_has(fit, make, kind, level):
    day = np.array(["2020-01-01", "2020-01-02"], "M8[us]")
    table = make(c=[1, 2] if kind == "numbers" else day)
    about, tensors = fit(table, {"c": "category"}).to_json()
    assert TableEncoder.from_json(json.loads(json.dumps(about)), tensors)
    with pytest.raises(ModelFileError):
        TableEncoder.from_json(replaced(about, ("categories", 0, "levels", 0), level), tensors)


def test_any_one_value_may_be_anything(encoder, codes):
    """Whatever is put wherever, nothing but our own error comes."""

    def paths(value, path=()):
        if isinstance(value, dict | list):
            for key in value if isinstance(value, dict) else range(len(value)):
                yield (*path, key)
                yield from paths(value[key], (*path, key))

    strange = [None, True, -1, 1 << 70, 1.5, nan, "x", "", [], [[]], {}, [None], ["x"], {"x": 1}]
    for one in (encoder, codes):
        about, tensors = one.to_json()
        for path in paths(about):
            for value in strange:
                try:
                    TableEncoder.from_json(replaced(about, path, value), tensors).describe()
                except ModelFileError:
                    continue
