import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise.data.tables import table_of
from layerwise.data.tables.goals import decide_goal

RANDOM = np.random.default_rng(0)


def decided(values, asked=None):
    return decide_goal(table_of(pd.DataFrame({"y": values})), "y", asked)


@pytest.mark.parametrize(
    ("values", "goal"),
    [
        (["no", "yes"] * 20, "binary"),
        ([True, False] * 20, "binary"),
        ([1, 2] * 20, "binary"),
        ([0.5, 1.5] * 20, "binary"),
        (["a", "b", "c"] * 20, "classes"),
        (list(range(10)) * 20, "classes"),
        (list(range(10)) * 5, "regression"),
        (list(range(11)) * 50, "regression"),
        ([0.5, 1.5, 2.5] * 50, "regression"),
        (RANDOM.normal(size=100).tolist(), "regression"),
        (["a", "b", "c"], "classes"),
    ],
)
def test_what_the_values_suggest(values, goal):
    found = decided(values)
    assert found.goal == goal
    assert found.reason


@pytest.mark.parametrize(
    ("values", "asked", "goal"),
    [
        ([1, 2, 3] * 40, "regression", "regression"),
        (["1", "2.5", "3"] * 40, "regression", "regression"),
        (list(range(50)) * 3, "classes", "classes"),
        ([1, 2] * 40, "classes", "binary"),
        ([1, 2] * 40, "binary", "binary"),
    ],
)
def test_what_was_asked_for(values, asked, goal):
    assert decided(values, asked).goal == goal


@pytest.mark.parametrize(
    ("values", "asked", "message"),
    [
        (pd.date_range("2020", periods=30), None, "holds dates"),
        (["x"] * 10, None, "always 'x'"),
        ([1.5] * 10, "regression", "always '1.5'"),
        (["a", "b", "c"] * 10, "binary", "has 3 different values"),
        (["1", "2", "c"] * 10, "regression", "row 3, column 'y'.*got 'c'"),
        (RANDOM.normal(size=100), "classes", "too many for classes"),
        ([f"name {i}" for i in range(50)], None, "50 different values in 50 rows"),
    ],
)
def test_what_cannot_be(values, asked, message):
    with pytest.raises(lw.DataError, match=message):
        decided(values, asked)
