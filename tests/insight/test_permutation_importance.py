"""What shuffling a column costs: against raw tables that are shuffled cell by cell."""

import json

import numpy as np
import pandas as pd
import pytest
from insight_cases import FAST, linear, mixed

import layerwise as lw
from layerwise.insight.subject import subject_of

insight = lw.insight


@pytest.fixture(scope="module")
def frame():
    return mixed()


@pytest.fixture(scope="module")
def regressor(frame):
    x = frame[["size", "colour", "town", "since", "noise"]].assign(never="same")
    return lw.Regressor(**FAST).fit(x[::2], frame["price"][::2])


def test_exchanging_encoded_places_is_exchanging_cells(frame, regressor):
    model = regressor.to_model()
    table = frame.assign(never="same")
    subject = subject_of(model, table)
    assert len(subject.arrays) == 2  # town is held as codes
    order = np.random.default_rng(0).permutation(len(table))
    for place, name in enumerate(subject.names):
        raw = table.assign(**{name: table[name].to_numpy()[order]})
        exchanged = [
            np.where(owners == place, array[order], array)
            for array, owners in zip(subject.arrays, subject.owners, strict=True)
        ]
        for own, other in zip(exchanged, model.columns.inputs(raw), strict=True):
            np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("measure", ["r2", "rmse"])
def test_costs_are_those_of_shuffled_tables(frame, regressor, measure):
    x, y = frame.assign(never="same"), frame["price"].to_numpy()
    before, model = x.copy(deep=True), regressor.to_model()
    found = insight.permutation_importance(regressor, x, y, measure, repeats=2, seed=4)
    pd.testing.assert_frame_equal(x, before)

    def judge(rows):
        squares = np.square(model.predict(rows) - y)
        if measure == "rmse":
            return -np.sqrt(squares.mean())
        return 1 - squares.sum() / np.square(y - y.mean()).sum()

    score = judge(x)
    assert abs(found.score) == pytest.approx(abs(score), rel=1e-6)
    names = subject_of(regressor, x).names
    for each in found.columns:
        place = names.index(each.column)
        for repeat, value in enumerate(each.values):
            order = np.random.default_rng([4, place, repeat]).permutation(len(x))
            shuffled = x.assign(**{each.column: x[each.column].to_numpy()[order]})
            cost = score - judge(shuffled)
            assert value == pytest.approx(cost, rel=1e-4, abs=1e-6)
        assert each.mean == pytest.approx(np.mean(each.values))
        assert each.spread == pytest.approx(np.std(each.values, ddof=1))


def test_what_matters_comes_first_and_noise_is_within_its_spread(frame, regressor):
    found = insight.permutation_importance(regressor, frame[1::2].assign(never=1), "price", seed=1)
    assert {each.column for each in found.columns[:2]} == {"size", "colour"}
    assert [each.mean for each in found.columns] == sorted(
        (each.mean for each in found.columns), reverse=True
    )
    by_name = {each.column: each for each in found.columns}
    assert abs(by_name["noise"].mean) < 3 * by_name["noise"].spread
    assert by_name["size"].mean > 5 * by_name["size"].spread > 0
    assert found.left_out == ("never",)
    assert "never" not in by_name
    assert "not used by the model: never" in str(found)


def test_a_column_with_weight_0_costs_exactly_nothing():
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 3))
    model = linear([2.0, 0.0, -1.0])
    before = x.copy()
    found = insight.permutation_importance(model, x, x @ [2.0, 0.0, -1.0])
    np.testing.assert_array_equal(x, before)
    assert [each.column for each in found.columns] == ["x0", "x2", "x1"]
    assert found.columns[-1].values == (0.0,) * 5
    only = insight.permutation_importance(model, x, x @ [2.0, 0.0, -1.0], columns=[2])
    assert only.columns == (found.columns[1],)


@pytest.mark.parametrize("measure", ["accuracy", "log_loss"])
@pytest.mark.parametrize("names", [("no", "yes"), None])
def test_classes_by_name_and_by_number(measure, names):
    random = np.random.default_rng(0)
    x = random.normal(size=(80, 2)).astype(np.float32)
    net = linear([3.0, 0.5]).net
    model = lw.Model(net, classes=names, target="binary", output="sigmoid")
    codes = (x[:, 0] + 0.2 * random.normal(size=80) > 0).astype(int)
    p = 1 / (1 + np.exp(-(x.astype(np.float64) @ [3.0, 0.5])))
    own = np.where(codes == 1, p, 1 - p)
    score = (own > 0.5).mean() if measure == "accuracy" else -np.log(own).mean()
    found = [insight.permutation_importance(model, x, codes, measure)]
    if names:
        found.append(insight.permutation_importance(model, x, np.array(names)[codes], measure))
    for each in found:
        assert each.score == pytest.approx(score, rel=1e-5)
        assert each.columns[0].column == "x0"
        assert each.columns[0].mean > 0
        assert each.columns == found[0].columns


def test_rows_are_drawn_by_the_seed_and_that_is_said():
    x = np.random.default_rng(0).normal(size=(500, 2))
    model, y = linear([1.0, 1.0]), x.sum(1)
    first, again = (insight.permutation_importance(model, x, y, most_rows=50) for _ in range(2))
    other = insight.permutation_importance(model, x, y, most_rows=50, seed=1)
    assert first == again != other
    assert (first.rows, first.given) == (50, 500)
    assert "50 of 500 rows, drawn with seed 0" in str(first)
    many = np.concatenate([x] * 11)
    assert insight.permutation_importance(model, many, np.concatenate([y] * 11)).rows == 5000


def test_text_fits_and_json_is_whole(frame, regressor):
    wide = frame.rename(columns={"price": "y"}).assign(never=1)
    found = insight.permutation_importance(regressor, wide, "y", repeats=1)
    assert all(len(line) <= 60 for line in str(found).splitlines())
    assert (
        json.loads(json.dumps(found.as_dict()))["columns"][0]["column"] == found.columns[0].column
    )
    assert all(each.spread == 0 for each in found.columns)
    x = np.random.default_rng(0).normal(size=(30, 40))
    net = linear(np.linspace(0, 1, 40)).net
    long = lw.Model(
        net, features=[f"a column with a very long name, number {i}" for i in range(40)]
    )
    found = insight.permutation_importance(long, x, x.sum(1))
    lines = str(found).splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert lines[-1] == "and 10 columns that matter less"


def test_picture(tmp_path):
    x = np.random.default_rng(0).normal(size=(30, 3))
    found = insight.permutation_importance(linear([2.0, 1.0, 0.0]), x, x @ [2.0, 1.0, 0.0])
    (axes,) = found.draw(tmp_path / "importance.png").axes
    assert (tmp_path / "importance.png").stat().st_size > 1000
    assert [bar.get_width() for bar in axes.patches] == [each.mean for each in found.columns]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["x0", "x1", "x2"]
    assert axes.get_title("left") == "when one column is shuffled, R2 falls by"
    with pytest.raises(lw.OptionError, match=r"\.png, \.svg, \.pdf"):
        found.draw(tmp_path / "importance.gif")


def test_mistakes_are_explained(frame, regressor):
    x, y = frame.assign(never=1), frame["price"]
    ask = insight.permutation_importance
    with pytest.raises(lw.OptionError, match="expected one of r2, rmse"):
        ask(regressor, x, y, "accuracy")
    with pytest.raises(lw.OptionError, match="1 repeat"):
        ask(regressor, x, y, repeats=0)
    with pytest.raises(lw.DataError, match="each of 150 rows"):
        ask(regressor, x, y[:10])
    with pytest.raises(lw.DataError, match="expected numbers as answers"):
        ask(regressor, x, frame["dear"])
    with pytest.raises(lw.DataError, match="did you mean 'price'"):
        ask(regressor, x, "prise")
    with pytest.raises(lw.DataError, match="leaves the column 'never' out"):
        ask(regressor, x, y, columns=["never"])
    with pytest.raises(lw.DataError, match="all are the same"):
        ask(regressor, x, np.ones(150))
    with pytest.raises(lw.DataError, match="counted from 0"):
        ask(regressor, x, y.where(y.index != 3))
    with pytest.raises(TypeError, match="fitted Classifier"):
        ask("model", x, y)
    binary = lw.Model(linear([1.0]).net, classes=["a", "b"], target="binary", output="sigmoid")
    with pytest.raises(lw.DataError, match="none of the answers, such as 'x'"):
        ask(binary, np.ones((2, 1)), ["x", "z"])
    with pytest.raises(lw.DataError, match=r"shape \(n, columns\)"):
        ask(binary, np.ones((2, 1, 1)), ["a", "b"])
