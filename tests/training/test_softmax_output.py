"""A net that ends in a softmax: its output is not put through another."""

import numpy as np

import layerwise as lw


def _net(*last):
    with lw.nn.seed(3):
        return lw.nn.Sequential(lw.nn.Linear(4, 8), lw.nn.ReLU(), lw.nn.Linear(8, 3), *last)


def _data():
    generator = np.random.default_rng(0)
    x = generator.standard_normal((60, 4)).astype(np.float32)
    return x, (x[:, 0] > 0).astype(np.int32) + (x[:, 1] > 0)


def test_trains_like_the_net_without_it(backend):
    x, y = _data()
    plain, ended = _net(), _net(lw.nn.Softmax())
    for net in (plain, ended):
        lw.train(net, (x, y), loss="cross_entropy", epochs=3, backend=backend.name)
    np.testing.assert_allclose(plain.parameters()[0].value, ended.parameters()[0].value, rtol=1e-5)


def test_predicts_its_own_probabilities(tmp_path):
    x, y = _data()
    net = _net(lw.nn.Softmax())
    run = lw.train(net, (x, y), epochs=2)
    assert run.loss == "cross_entropy"
    model = lw.Model(net, run=run)
    np.testing.assert_allclose(model.predict_probabilities(x), net(x), rtol=1e-6)
    model.save(tmp_path / "model.safetensors")
    loaded = lw.load(tmp_path / "model.safetensors")
    np.testing.assert_allclose(loaded.predict_probabilities(x), net(x), rtol=1e-6)


def test_is_stable_at_extremes(backend):
    net = lw.nn.Sequential(lw.nn.Linear(1, 2), lw.nn.Softmax())
    net.parameters()[0].value = np.array([[1000.0], [-1000.0]])
    net.parameters()[1].value = np.zeros(2)
    x, y = np.array([[1.0], [-1.0]], np.float32), np.array([1, 0])
    run = lw.train(net, (x, y), loss="cross_entropy", epochs=1, backend=backend.name)
    assert run.history[0].training_loss == 2000.0
