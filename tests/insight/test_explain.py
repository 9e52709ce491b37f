"""Contributions of one row: they add up, and are what the definitions say, by brute force."""

import itertools
import json
import math

import numpy as np
import pytest
from insight_cases import FAST, linear, mixed

import layerwise as lw

insight, nn = lw.insight, lw.nn


@pytest.fixture(scope="module")
def frame():
    return mixed()


@pytest.fixture(scope="module")
def classifier(frame):
    return lw.Classifier(**FAST).fit(frame[["size", "colour", "since", "noise"]], frame["dear"])


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(5).normal(size=(40, 3)).astype(np.float32)


def small(outputs, activation=nn.Tanh):
    with nn.seed(1):
        return nn.Sequential(nn.Linear(3, 8), activation(), nn.Linear(8, outputs))


def log_odds(p):
    return np.log(p) - np.log1p(-p)


def shapley_values(value, columns):
    """By the definition, from the value of each set of columns."""
    found = np.zeros(columns)
    for own in range(columns):
        others = [c for c in range(columns) if c != own]
        for size in range(columns):
            share = 1 / (columns * math.comb(columns - 1, size))
            for chosen in itertools.combinations(others, size):
                found[own] += share * (value({*chosen, own}) - value({*chosen}))
    return found


@pytest.mark.parametrize("method", ["integrated_gradients", "shapley"])
def test_a_linear_model_gives_weight_times_distance_from_the_mean(x, method):
    weight = np.array([2.0, -1.0, 0.5])
    found = insight.explain(linear(weight, 3.0), x, 7, method)
    expected = weight * (x[7] - x.mean(0, dtype=np.float64))
    for column, value in zip(("x0", "x1", "x2"), expected, strict=True):
        assert found[column].contribution == pytest.approx(value, abs=2e-6)
        if method == "shapley":
            assert found[column].error > 0
    assert found.prediction == pytest.approx(3 + x[7] @ weight, abs=2e-6)
    assert found.baseline == pytest.approx(3 + x.mean(0) @ weight, abs=2e-6)
    assert abs(found.residual) < 4e-6
    sizes = [abs(each.contribution) for each in found.contributions]
    assert sizes == sorted(sizes, reverse=True)


def test_of_many_background_rows_some_are_drawn_and_the_error_says_so(x):
    weight = np.array([2.0, -1.0, 0.5])
    many = np.random.default_rng(0).normal(size=(5000, 3)).astype(np.float32)
    found = insight.explain(linear(weight), x, 0, "shapley", many)
    assert found.background_rows == 100
    expected = weight * (x[0] - many.mean(0, dtype=np.float64))
    errors = np.array([found[f"x{i}"].error for i in range(3)])
    np.testing.assert_allclose(errors, np.abs(weight) / 10, rtol=0.25)  # deviation 1, 100 rows
    misses = [found[f"x{i}"].contribution - expected[i] for i in range(3)]
    assert (np.abs(misses) < 3 * errors).all()


def test_two_walks_say_what_a_product_is_made_of():
    class Product(nn.Module):
        def forward(self, x):
            return x[:, :1] * x[:, 1:]

    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    found = insight.explain(lw.Model(Product()), x, 0, "shapley", x[1:], samples=1)
    assert (found.samples, found.background_rows) == (2, 1)
    assert (found["x0"].contribution, found["x1"].contribution) == (6.0, 6.0)
    assert found["x0"].error is None


@pytest.mark.parametrize("scale", ["log-odds", "probability"])
def test_shapley_values_of_a_mixed_table_are_those_of_the_definition(frame, classifier, scale):
    """Raw tables are put together cell by cell, and predicted by the model as a user would."""
    model = classifier.to_model()
    columns = ["size", "colour", "since", "noise"]
    background = frame[columns].iloc[20:26].reset_index(drop=True)
    row = frame[columns].iloc[[5]]
    sets = [set(c) for n in range(5) for c in itertools.combinations(range(4), n)]

    def value(chosen):
        table = background.copy()
        for place in chosen:
            name = columns[place]
            table[name] = row[name].to_numpy().repeat(len(table))
        p = model.predict_probabilities(table)[:, 1].astype(np.float64)
        return (log_odds(p) if scale == "log-odds" else p).mean()

    known = {frozenset(chosen): value(chosen) for chosen in sets}
    expected = shapley_values(lambda chosen: known[frozenset(chosen)], 4)
    before = frame.copy(deep=True)
    found = insight.explain(
        model, frame, 5, background=background, class_name="yes", scale=scale, samples=6000
    )
    assert frame.equals(before)
    assert (found.scale, found.answer, found.background_rows) == (scale, "yes", 6)
    got = [found[name].contribution for name in columns]
    np.testing.assert_allclose(got, expected, atol=0.02 * np.abs(expected).max())
    assert found.baseline == pytest.approx(known[frozenset()], rel=1e-4)
    assert found.prediction == pytest.approx(known[frozenset(range(4))], rel=1e-4)
    assert found.total == pytest.approx(found.prediction - found.baseline, abs=1e-9)
    assert found["colour"].value == frame["colour"][5]
    assert found["since"].value == str(frame["since"][5].date())


def test_the_other_class_is_the_mirror(frame, classifier):
    yes, no = (insight.explain(classifier, frame, 5, class_name=name) for name in ("yes", "no"))
    for each in yes.contributions:
        assert no[each.column].contribution == pytest.approx(-each.contribution, abs=1e-9)
    assert yes.probability + no.probability == pytest.approx(1)
    predicted = insight.explain(classifier, frame, 5)
    assert predicted.answer == classifier.to_model().predict(frame)[5]
    assert predicted.probability > 0.5


def test_unseen_words_and_empty_cells(frame, classifier):
    strange = frame[["size", "colour", "since", "noise"]].copy()
    strange.loc[3, "colour"] = "mauve"
    strange.loc[3, ["size", "since"]] = None
    found = insight.explain(classifier, strange, 3)
    assert (found["colour"].value, found["size"].value, found["since"].value) == (
        "mauve", None, None,
    )  # fmt: skip
    assert abs(found.residual) < 1e-9
    assert "missing" in str(found)
    assert all(np.isfinite(each.contribution) for each in found.contributions)


@pytest.mark.parametrize("method", ["integrated_gradients", "shapley"])
@pytest.mark.parametrize("scale", ["log-odds", "probability"])
def test_several_classes_of_a_network(x, method, scale):
    model = lw.Model(small(3), classes=["a", "b", "c"], target="classes", output="softmax")
    p = model.predict_probabilities(x).astype(np.float64)
    found = insight.explain(model, x, 2, method, class_name="b", scale=scale)
    expected = log_odds(p[2, 1]) if scale == "log-odds" else p[2, 1]
    assert found.prediction == pytest.approx(expected, rel=1e-4)
    assert found.probability == pytest.approx(p[2, 1], rel=1e-5)
    if method == "shapley":
        start = log_odds(p[:, 1]) if scale == "log-odds" else p[:, 1]
        assert found.baseline == pytest.approx(start.mean(), rel=1e-4)
        assert found.baseline_probability == pytest.approx(p[:, 1].mean(), rel=1e-5)
    else:
        mean = model.predict_probabilities(x.mean(0, keepdims=True))[0, 1]
        assert found.baseline_probability == pytest.approx(mean, rel=1e-5)
    assert abs(found.residual) <= 1e-4 * abs(found.prediction - found.baseline) + 1e-6
    own = insight.explain(model, x, 2, method)
    assert own.answer == "abc"[p[2].argmax()]


@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU])
def test_integrated_gradients_are_an_integral(x, activation):
    """Against the slopes by central differences in float64, with 20,000 steps."""
    net = small(1, activation)
    values = [w.astype(np.float64) for w in net.state_dict().values()]

    def f(rows):
        bend = np.tanh if activation is nn.Tanh else lambda x: np.maximum(x, 0)
        first, bias, last, end = values
        return (bend(rows @ first.T + bias) @ last.T + end)[:, 0]

    start, row = x.mean(0, dtype=np.float64), x[4].astype(np.float64)
    line = start + (np.arange(20000)[:, None] + 0.5) / 20000 * (row - start)
    steps = np.eye(3) * 1e-6
    slopes = np.array([(f(line + h) - f(line - h)).mean() / 2e-6 for h in steps])
    found = insight.explain(lw.Model(net), x, 4)
    assert found.method == "integrated_gradients"
    got = np.array([found[f"x{i}"].contribution for i in range(3)])
    np.testing.assert_allclose(got, slopes * (row - start), atol=2e-3)
    coarse = insight.explain(lw.Model(net), x, 4, steps=1)
    assert coarse.samples == 1
    # The residual that is reported is the true one, also when it is bad.
    whole = coarse.prediction - coarse.baseline
    total = sum(each.contribution for each in coarse.contributions)
    assert coarse.residual == pytest.approx(whole - total, abs=1e-12)
    assert abs(coarse.residual) > 100 * abs(found.residual)
    assert f"off by {abs(coarse.residual):.1e}" in str(coarse)


def test_preprocessing_and_training_are_part_of_what_is_explained(x):
    y = x[:, 0] * 3.0
    net = small(1)
    run = lw.train(net, (x, y), epochs=2)
    plain = insight.explain(run, x, 1)
    assert plain.prediction == pytest.approx(float(net(x)[1, 0]), rel=1e-5)
    shifted = lw.Model(net, preprocess=lambda x: (x - 5.0) / 2.0)
    found = insight.explain(shifted, 2.0 * x + 5.0, 1)
    for each in plain.contributions:
        assert found[each.column].contribution == pytest.approx(each.contribution, abs=1e-4)


def test_a_saved_model_and_whole_numbers(x, tmp_path):
    counts = np.random.default_rng(0).integers(0, 16, (30, 3))
    net = small(2)
    net(counts.astype(np.float32))
    model = lw.Model(net, target="classes", output="softmax", features=["a", "b", "c"])
    model.save(tmp_path / "m.safetensors")
    loaded = insight.explain(lw.load(tmp_path / "m.safetensors"), counts.astype(np.float32), 3)
    own = insight.explain(model, counts, 3)
    assert {each.column for each in own.contributions} == {"a", "b", "c"}
    for each in own.contributions:
        assert loaded[each.column].contribution == pytest.approx(each.contribution, rel=1e-3)


def test_codes_have_no_slope():
    class Words(nn.Module):
        def __init__(self):
            with nn.seed(0):
                self.table, self.last = nn.Embedding(5, 4), nn.Linear(8, 1)

        def forward(self, x):
            return self.last(lw.concatenate([self.table(x[:, 0]), self.table(x[:, 1])], 1))

    codes = np.random.default_rng(0).integers(0, 5, (20, 2))
    model = lw.Model(Words())
    found = insight.explain(model, codes, 0)
    assert found.method == "shapley"
    assert abs(found.residual) < 1e-9
    with pytest.raises(lw.OptionError, match="takes codes"):
        insight.explain(model, codes, 0, "integrated_gradients")


def test_probabilities_given_by_the_network_itself(x):
    net = nn.Sequential(nn.Linear(3, 1), nn.Sigmoid())
    net(x)
    model = lw.Model(net, target="binary", output="identity")
    weight = net.state_dict()["0.weight"]
    for method in ("shapley", "integrated_gradients"):
        found = insight.explain(model, x, 0, method, class_name=1)
        for place in range(3):
            expected = weight[0, place] * (x[0, place] - x[:, place].mean())
            assert found[f"x{place}"].contribution == pytest.approx(expected, abs=1e-4)


def test_several_numbers_and_several_labels(x):
    net = small(2)
    raw = net(x)
    found = insight.explain(lw.Model(net), x, 0, output=1)
    assert (found.prediction, found.label) == (
        pytest.approx(float(raw[0, 1]), rel=1e-5),
        "output 1",
    )
    labels = lw.Model(net, target="binary", output="sigmoid")
    found = insight.explain(labels, x, 0, output=1)
    assert found.prediction == pytest.approx(float(raw[0, 1]), rel=1e-5)
    assert found.probability == pytest.approx(1 / (1 + np.exp(-raw[0, 1])), rel=1e-5)


def test_the_same_seed_says_the_same(frame, classifier):
    ask = [insight.explain(classifier, frame, 5, seed=seed, samples=20) for seed in (1, 1, 2)]
    assert ask[0] == ask[1] != ask[2]
    assert ask[0].background_rows == 10


def test_text_fits_sixty_columns(frame, classifier, x):
    texts = [str(insight.explain(classifier, frame, 5))]
    wide = np.random.default_rng(0).normal(size=(20, 40)) * 1e5
    names = [f"a column with a name that is long, number {i}" for i in range(40)]
    net = linear(np.linspace(-1, 1, 40)).net
    many = insight.explain(lw.Model(net, features=names), wide, 1)
    texts += [str(many), many.text(50), many.text(60, bars=False)]
    assert [max(map(len, text.splitlines())) <= 60 for text in texts] == [True] * 4
    assert "20 others" in texts[1]
    assert "\u2588" in texts[1]
    assert texts[3].isascii()
    assert "row 7 of t.csv" in many.text(row="row 7 of t.csv")


def test_json(frame, classifier):
    found = insight.explain(classifier, frame, 5)
    read = json.loads(json.dumps(found.as_dict()))
    assert read["residual"] == found.residual
    assert read["contributions"][0] == {
        "column": found.contributions[0].column,
        "value": found.contributions[0].value,
        "contribution": found.contributions[0].contribution,
        "error": found.contributions[0].error,
    }


def test_picture(frame, classifier, tmp_path):
    found = insight.explain(classifier, frame, 5)
    figure = found.draw(tmp_path / "row.png")
    assert (tmp_path / "row.png").stat().st_size > 1000
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths == [each.contribution for each in found.contributions]
    assert "log-odds of" in figure.get_suptitle()
    with pytest.raises(lw.OptionError, match=r"'row\.bmp'"):
        found.draw(tmp_path / "row.bmp")


def test_mistakes_are_explained(frame, classifier, x):
    ask, model = insight.explain, linear([1.0, 2.0, 3.0])
    with pytest.raises(lw.DataError, match="a row from 0 to 39, got 40"):
        ask(model, x, 40)
    with pytest.raises(lw.DataError, match="got -1"):
        ask(model, x, -1)
    with pytest.raises(lw.OptionError, match="whole number as row, counted from 0, got 'first'"):
        ask(model, x, "first")
    with pytest.raises(lw.OptionError, match="did you mean 'shapley'"):
        ask(model, x, 0, "shaply")
    with pytest.raises(lw.OptionError, match="the columns of a table"):
        ask(classifier, frame, 0, "integrated_gradients")
    with pytest.raises(lw.OptionError, match="unknown class 'yess'"):
        ask(classifier, frame, 0, class_name="yess")
    with pytest.raises(lw.OptionError, match="predicts numbers"):
        ask(model, x, 0, class_name="yes")
    with pytest.raises(lw.OptionError, match="expected one of prediction"):
        ask(model, x, 0, scale="log-odds")
    with pytest.raises(lw.OptionError, match="from 0 to 0, got 1"):
        ask(model, x, 0, output=1)
    with pytest.raises(lw.OptionError, match="samples of at least 1"):
        ask(model, x, 0, samples=0)
    with pytest.raises(lw.OptionError, match="goes with method='shapley'"):
        ask(model, x, 0, "integrated_gradients", samples=5)
    with pytest.raises(lw.OptionError, match="shapley takes samples"):
        ask(model, x, 0, "shapley", steps=5)
    with pytest.raises(lw.DataError, match="needs the column 'colour'"):
        ask(classifier, frame.drop(columns="colour"), 0)
