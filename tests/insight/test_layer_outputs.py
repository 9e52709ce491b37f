"""Outputs of every layer: the numbers that the layers give, under their paths, for any network."""

import numpy as np
import pytest

import layerwise as lw

nn, insight = lw.nn, lw.insight


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(3).standard_normal((40, 6)).astype(np.float32)


def test_each_layer_gives_what_it_computes(backend, rows):
    net = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 2))
    found = insight.layer_outputs(net, rows)
    assert list(found) == ["0", "1", "2", "3"]
    value = rows
    for path, module in net.children():
        value = module(value)
        np.testing.assert_allclose(found[path], value, rtol=1e-5, atol=1e-6)
    assert list(insight.layer_outputs(net, rows, ["3", "1"])) == ["3", "1"]
    np.testing.assert_array_equal(insight.layer_outputs(net, rows, [""])[""], net(rows))


def test_training_mode_drops_out_and_normalises_over_the_rows(rows):
    net = nn.Sequential(nn.BatchNorm1d(6), nn.Dropout(0.5))
    moved = rows * 3 + 7
    found = insight.layer_outputs(net, moved, training=True)
    np.testing.assert_allclose(found["0"].mean(0), 0, atol=1e-4)
    assert 0.3 < (found["1"] == 0).mean() < 0.7
    assert not (insight.layer_outputs(net, moved)["1"] == 0).any()


class Siamese(nn.Module):
    """Two inputs through one encoder, a list of layers, a parameter of its own, words as codes."""

    def __init__(self):
        self.encoder = nn.Sequential(nn.Linear(6, 4), nn.ReLU())
        self.words = nn.Embedding(5, 4)
        self.heads = [nn.Linear(4, 3), nn.Linear(4, 3)]
        self.scale = nn.Parameter(np.full(3, 2.0, np.float32), "scale")

    def forward(self, left, right, word):
        both = self.encoder(left) - self.encoder(right) + self.words(word)
        return (self.heads[0](both) + self.heads[1](both)) * self.scale


def siamese_rows(rows):
    return rows, rows[::-1].copy(), np.arange(len(rows), dtype=np.int32) % 5


def test_several_inputs_nested_layers_and_a_layer_called_twice(rows, tmp_path):
    net, given = Siamese(), siamese_rows(rows)
    found = insight.layer_outputs(net, given)
    assert list(found) == [
        "encoder.0", "encoder.1", "encoder.0#2", "encoder.1#2", "words", "heads.0", "heads.1", "",
    ]  # fmt: skip
    np.testing.assert_allclose(found["encoder.0#2"], found["encoder.0"][::-1], rtol=1e-5)
    np.testing.assert_array_equal(found[""], net(*given))
    named = insight.layer_outputs(net, given, ["encoder"])
    np.testing.assert_array_equal(named["encoder"], found["encoder.1"])
    net.save(tmp_path / "m")
    loaded = insight.layer_outputs(lw.load(tmp_path / "m"), given)
    assert loaded.keys() == found.keys()
    for path, values in found.items():
        np.testing.assert_allclose(loaded[path], values, rtol=1e-5, atol=1e-6)


def test_outputs_of_any_shape(rows):
    windows = nn.Function(lambda x: lw.unfold(x, 1, 3))  # (batch, 4, 3), as a convolution has it
    net = nn.Sequential(windows, nn.Linear(3, 2), nn.Flatten(), nn.Linear(8, 2))
    found = insight.layer_outputs(net, rows)
    assert [values.shape for values in found.values()] == [
        (40, 4, 3), (40, 4, 2), (40, 8), (40, 2),
    ]  # fmt: skip
    y = (rows[:, 0] > 0).astype(int)
    score = insight.separability(net, (rows[:20], y[:20]), (rows[20:], y[20:]))
    assert [row.width for row in score] == [6, 12, 8, 8, 2]


def test_a_model_with_preprocessing_takes_raw_rows(rows, tmp_path):
    net = nn.Sequential(nn.Linear(6, 5), nn.ReLU())
    model = lw.Model(net, preprocess=lambda x: x / 10 - 1)
    want = insight.layer_outputs(net, rows / 10 - 1)
    model.save(tmp_path / "m", example=rows)
    for each in (model, lw.load(tmp_path / "m"), lw.load(tmp_path / "m").net):
        found = insight.layer_outputs(each, rows)
        assert list(found) == ["0", "1"]
        np.testing.assert_allclose(found["0"], want["0"], rtol=1e-4, atol=1e-5)


def test_what_is_wrong_is_said(rows):
    net = nn.Sequential(nn.Linear(6, 5))
    with pytest.raises(lw.OptionError, match=r"unknown layer '1'.*expected one of 0"):
        insight.layer_outputs(net, rows, ["1"])
    with pytest.raises(lw.DataError, match="at least one row"):
        insight.layer_outputs(net, rows[:0])
    with pytest.raises(lw.DataError, match="as many in each"):
        insight.layer_outputs(Siamese(), (rows, rows[:3], np.zeros(40, np.int32)))
    with pytest.raises(lw.OptionError, match=r"network or a layerwise\.Model, got list"):
        insight.layer_outputs([], rows)


@pytest.mark.parametrize("bins", [1, 7])
def test_distributions_count_everything(rows, bins):
    values = np.array([[0, 0, 1, 2], [np.nan, np.inf, -1, 2]], np.float32)
    found = insight.distributions.distribution("x", values, bins)
    assert (found.size, sum(found.counts), len(found.counts)) == (8, 6, bins)
    assert (found.zeros, found.non_finite) == (0.25, 0.25)
    assert (found.least, found.greatest) == (-1, 2) == (found.edges[0], found.edges[-1])
    np.testing.assert_allclose([found.mean, found.std], [4 / 6, np.std([0, 0, 1, 2, -1, 2])])
    nothing = insight.distributions.distribution("x", np.full(3, np.nan))
    assert (nothing.counts, nothing.non_finite) == ((), 1.0)
    flat = insight.distributions.distribution("x", np.full(3, 1e30), bins)
    assert sum(flat.counts) == 3


def test_distributions_of_weights_and_outputs(rows):
    net = nn.Sequential(nn.Linear(6, 50), nn.ReLU())
    weights = insight.weight_distributions(net)
    assert list(weights) == ["0.weight", "0.bias"]
    np.testing.assert_allclose(weights["0.weight"].std, net[0].weight.value.std(), rtol=1e-5)
    found = insight.activation_distributions(net, rows, bins=10)
    assert found["1"].zeros == (net(rows) == 0).mean() > 0.2
    counts, edges = np.histogram(net[0](rows).astype(np.float64), 10)
    assert found["0"].counts == tuple(counts)
    np.testing.assert_allclose(found["0"].edges, edges)
    assert found["0"].to_json()["counts"] == counts.tolist()
