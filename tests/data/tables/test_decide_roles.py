import numpy as np
import pandas as pd
import pytest

from layerwise.data.tables import decide_roles, read_table, table_of
from layerwise.data.tables.id_names import names_identifier
from layerwise.errors import DataError


def decide(values, name="a", **options):
    (decision,) = decide_roles(table_of({name: values}), **options)
    assert decision.name == name
    return decision


def role(values, name="a", **options):
    return decide(values, name, **options).role


@pytest.mark.parametrize(
    ("values", "expected", "reason", "warning"),
    [
        ([None, None], "empty", "all values are missing", True),
        ([3, 3, 3], "constant", "always 3", True),
        (["x", "x"], "constant", "always 'x'", True),
        ([True, True], "constant", "always 1", True),
        ([3, None, 3], "category", "3 or missing, 33% missing", False),
        (["x", None], "category", "'x' or missing, 50% missing", False),
        ([1, 2, 3, 4, 5], "number", "whole numbers from 1 to 5", False),
        ([0.5, 1.25], "number", "numbers from 0.5 to 1.25", False),
        ([True, False], "category", "true or false", False),
        (["x", "y", "z"], "category", "3 values", False),
        (np.array(["2024-03-01", "2024-03-02"], "M8[D]"), "date", "2024-03-01 to 2024-03-02", 0),
    ],
)
def test_small_tables(values, expected, reason, warning):
    decision = decide(values)
    assert (decision.role, decision.reason, decision.warning) == (expected, reason, warning)
    assert decision.used == (expected in ("number", "category", "date"))


def test_nothing_is_an_identifier_in_ten_rows():
    assert role(range(10), "id") == "number"
    assert role([f"name {n}" for n in range(10)]) == "category"
    assert role([f"one two three four five {n}" for n in range(10)]) == "category"


random = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("values", "name", "expected"),
    [
        (np.arange(60), "a", "identifier"),
        (random.permutation(60) + 1000, "a", "identifier"),
        (np.arange(60, 0, -1) * 3, "a", "identifier"),  # falls with gaps
        (np.sort(random.choice(10**6, 60, False)), "a", "number"),  # rises with large gaps
        (random.choice(10**6, 60, False), "a", "number"),
        (random.choice(10**6, 60, False), "customer_id", "identifier"),
        (random.choice(10**6, 60, False), "PassengerId", "identifier"),
        (random.choice(10**6, 60, False), "number_of_views", "number"),
        (random.choice(60, 60), "id", "number"),  # it repeats
        (random.random(60), "id", "number"),
        (np.arange(60) / 2, "a", "number"),
        ([f"name {n}" for n in range(60)], "a", "identifier"),
        ([f"name {n % 30}" for n in range(60)], "a", "category"),
        ([f"name {n % 80}" for n in range(120)], "a", "text"),
        ([f"one two three four five {n}" for n in range(60)], "a", "text"),
        ([f"one two three four five {n % 5}" for n in range(60)], "a", "category"),
    ],
)
def test_identifiers_and_text(values, name, expected):
    decision = decide(values, name)
    assert decision.role == expected
    assert decision.warning == (not decision.used)


def test_reasons_of_identifiers_and_text():
    assert decide(range(60)).reason == "all different"
    assert decide([*range(59), 58]).reason == "different in 98% of the rows"
    assert decide([f"{n} b c d e f" for n in range(60)]).reason == (
        "6 words on average, all different"
    )
    assert decide([f"w{n % 80}" for n in range(120)]).reason == "80 values in 120 rows"


def test_missing_values_do_not_hide_an_identifier():
    values = [None if n % 3 == 0 else f"k{n}" for n in range(120)]
    assert role(values) == "identifier"


@pytest.mark.parametrize(
    "name",
    ["id", "ID", "customer_id", "customerId", "id_number", "userid", "Zip Code", "unnamed 1",
     "order no", "uuid", "index", "row_number"],
)  # fmt: skip
def test_names_of_identifiers(name):
    assert names_identifier(name)


@pytest.mark.parametrize(
    "name",
    ["humid", "paid", "grid", "number_of_rooms", "body mass index", "num_views", "x", "", "12",
     "unnamed things", "keyboard", "decode"],
)  # fmt: skip
def test_names_of_others(name):
    assert not names_identifier(name)


def test_what_the_user_says():
    table = table_of(
        pd.DataFrame(
            {
                "code": np.arange(60),
                "city": [f"c{n}" for n in range(60)],
                "x": np.linspace(0, 1, 60),
                "day": pd.date_range("2024-01-01", periods=60),
                "same": 1,
            }
        )
    )
    roles = [d.role for d in decide_roles(table)]
    assert roles == ["identifier", "identifier", "number", "date", "constant"]
    roles = [d.role for d in decide_roles(table, categorical=table.names)]
    assert roles == ["category"] * 4 + ["constant"]
    found = decide_roles(table, drop=["x"], columns=["x", "code"])
    assert [d.role for d in found] == ["number", "dropped", "dropped", "dropped", "dropped"]
    assert found[1].reason == "not among the columns asked for"
    assert found[2].reason == "as you asked"
    assert not any(d.warning for d in found)
    for option in ("categorical", "drop", "columns"):
        with pytest.raises(DataError, match=r"no column 'citty' \(did you mean 'city'\?\)"):
            decide_roles(table, **{option: ["citty"]})


def test_mixed_types_are_told_aloud(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,1\n2,x\n3,2\n4,2\n")
    plain, mixed = decide_roles(read_table(path))
    assert not plain.warning
    assert mixed.role == "category"
    assert mixed.warning
    assert mixed.reason.startswith("3 values; mixed types: 1 of 4 cells is no number")
    assert "in line 3" in mixed.reason


def test_levels_that_do_not_occur_do_not_count():
    frame = pd.DataFrame({"a": pd.Categorical(["x", "x"], categories=["x", "y"])})
    assert decide_roles(table_of(frame))[0].role == "constant"
