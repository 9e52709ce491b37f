"""Predictions while a column takes its values: against tables in which it really does."""

import json

import numpy as np
import pandas as pd
import pytest
from insight_cases import FAST, linear, mixed

import layerwise as lw

insight, nn = lw.insight, lw.nn

COLUMNS = ["size", "colour", "town", "since", "noise"]


@pytest.fixture(scope="module")
def frame():
    return mixed()


@pytest.fixture(scope="module")
def model(frame):
    return lw.Classifier(**FAST).fit(frame[COLUMNS], frame["dear"]).to_model()


@pytest.mark.parametrize("column", COLUMNS)
def test_means_and_bands_are_those_of_tables_with_that_value(frame, model, column):
    before = frame.copy(deep=True)
    found = insight.partial_dependence(model, frame, column, grid=5)
    assert frame.equals(before)
    assert 2 <= len(found.grid) <= 5
    assert found.outputs == ("no", "yes")
    for place, value in enumerate(found.grid):
        table = frame[COLUMNS].copy()
        table[column] = pd.Series([value] * len(table), dtype=frame[column].dtype)
        p = model.predict_probabilities(table)
        np.testing.assert_allclose(found.mean[place], p.mean(0), atol=1e-6)
        np.testing.assert_allclose(found.low[place], np.quantile(p, 0.1, axis=0), atol=1e-6)
        np.testing.assert_allclose(found.high[place], np.quantile(p, 0.9, axis=0), atol=1e-6)


def test_a_linear_model_is_a_straight_line():
    x = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    found = insight.partial_dependence(linear([3.0, 1.0], 2.0), x, 0)
    grid = np.array(found.grid)
    assert len(grid) == 20
    assert (grid[0], grid[-1]) == (x[:, 0].min(), x[:, 0].max())
    assert set(grid) <= set(x[:, 0].astype(float))
    np.testing.assert_allclose(found.mean[:, 0], 2 + 3 * grid + x[:, 1].mean(), atol=1e-5)
    width = np.subtract(*np.quantile(x[:, 1], [0.9, 0.1]))
    np.testing.assert_allclose((found.high - found.low)[:, 0], width, atol=1e-5)
    assert len(found.quantiles) == 11
    few = insight.partial_dependence(linear([3.0, 1.0]), np.rint(x), "x0")
    assert list(few.grid) == sorted(set(np.rint(x[:, 0]).astype(float)))


def test_words_by_frequency_and_missing_as_one_of_them(frame, model):
    found = insight.partial_dependence(model, frame, "colour")
    assert found.grid == ("blue", "green", "red", None)
    assert found.kind == "words"
    assert "missing" in str(found)
    assert found.mean[2, 1] > found.mean[0, 1] + 0.02  # red is dear
    two = insight.partial_dependence(model, frame, "colour", grid=2)
    assert two.grid == (frame["colour"].value_counts().index[0], None)
    own = insight.partial_dependence(model, frame, "colour", grid=["red", "blue"])
    assert own.grid == ("red", "blue")
    np.testing.assert_allclose(own.mean[::-1], found.mean[[0, 2]], atol=1e-6)


def test_values_of_ones_own(frame, model):
    found = insight.partial_dependence(model, frame, "size", grid=[9, 1, 5.5])
    assert found.grid == (1.0, 5.5, 9.0)
    dates = insight.partial_dependence(model, frame, "since", grid=["2021-05-01", "2022-05-01"])
    assert dates.grid == ("2021-05-01", "2022-05-01")
    assert dates.kind == "dates"


def test_rows_are_drawn_by_the_seed():
    x = np.random.default_rng(0).normal(size=(1500, 2))
    ask = [insight.partial_dependence(linear([1.0, 1.0]), x, 1, seed=seed) for seed in (0, 0, 1)]
    assert (ask[0].rows, ask[0].given) == (1000, 1500)
    np.testing.assert_array_equal(ask[0].mean, ask[1].mean)
    assert (ask[0].mean != ask[2].mean).all()
    assert "1,000 of 1,500 rows" in str(ask[0])


def test_text_json_and_picture_of_each_kind(frame, model, tmp_path):
    for column in COLUMNS:
        found = insight.partial_dependence(model, frame, column)
        assert max(map(len, str(found).splitlines())) <= 60
        assert json.loads(json.dumps(found.as_dict()))["mean"] == found.mean.tolist()
        (axes,) = found.draw(tmp_path / f"{column}.png").axes
        drawn = axes.get_lines()[0].get_ydata()
        known = [value is not None for value in found.grid]
        kept = found.mean[:, 1] if found.kind == "words" else found.mean[known, 1]
        np.testing.assert_array_equal(drawn, kept)
        assert axes.get_title("left") == "mean probability of 'yes', and 80% of single rows"


def test_several_classes_have_a_panel_each():
    x = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    with nn.seed(0):
        net = nn.Linear(3, 8)
    classes = [f"a class with a long name, {i}" for i in range(8)]
    model = lw.Model(net, classes=classes, target="classes", output="softmax")
    found = insight.partial_dependence(model, x, "x1")
    np.testing.assert_allclose(found.mean.sum(1), 1, atol=1e-6)
    lines = str(found).splitlines()
    assert max(map(len, lines)) <= 60
    assert len(lines[3].split("  ")) > 2
    figure = insight.draw_partial_dependence(found)
    assert len([axes for axes in figure.axes if axes.get_visible()]) == 6
    assert figure.get_suptitle().startswith("mean probability")


def test_mistakes_are_explained(frame, model):
    ask = insight.partial_dependence
    with pytest.raises(lw.DataError, match="did you mean 'colour'"):
        ask(model, frame, "color")
    with pytest.raises(lw.DataError, match="from 0 to 4, got 7"):
        ask(model, frame, 7)
    with pytest.raises(lw.OptionError, match="at least 2 values, got 1"):
        ask(model, frame, "size", grid=1)
    with pytest.raises(lw.OptionError, match="at least 2 values"):
        ask(model, frame, "size", grid=[3])
    with pytest.raises(lw.DataError, match="did you mean 'blue'"):
        ask(model, frame, "colour", grid=["red", "bleu"])
    with pytest.raises(lw.DataError, match="expects numbers"):
        ask(model, frame, "size", grid=["much", "little"])
