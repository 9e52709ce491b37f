"""Saving and loading: one file, no code in it, and the same predictions."""

import copy
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import layerwise as lw


def trained(data, *layers, loss="cross_entropy", **options):
    net = lw.nn.Sequential(*layers)
    return net, lw.train(net, data, loss=loss, epochs=2, **options)


def full():
    return (
        lw.nn.Linear(8, 16), lw.nn.BatchNorm1d(16), lw.nn.GELU(), lw.nn.Dropout(0.3),
        lw.nn.LayerNorm(16), lw.nn.Linear(16, 3),
    )  # fmt: skip


def test_the_same_predictions(backend, classes, tmp_path):
    net, run = trained(classes, *full())
    net.save(tmp_path / "net.safetensors")
    model = lw.load(tmp_path / "net.safetensors")
    x = classes[0]
    np.testing.assert_array_equal(model(x), net(x))
    np.testing.assert_array_equal(model.predict(x), net(x).argmax(1))
    np.testing.assert_allclose(model.predict_probabilities(x).sum(1), 1, rtol=1e-5)
    assert model.parameter_count == net.parameter_count
    assert [layer.path for layer in model.layers] == list("012345")
    assert model.summary == json.loads(json.dumps(run.summary()))
    assert "Linear(8, 16)" in repr(model)
    assert list(tmp_path.iterdir()) == [tmp_path / "net.safetensors"]


@pytest.mark.parametrize("activation", sorted(lw.nn.ACTIVATIONS))
def test_every_activation(backend, classes, tmp_path, activation):
    net = lw.nn.Sequential(lw.nn.Linear(8, 4), lw.nn.activation(activation))
    want = net(classes[0])
    net.save(tmp_path / "m")
    np.testing.assert_array_equal(lw.load(tmp_path / "m")(classes[0]), want)


def test_preprocessing_and_names_are_part_of_it(backend, classes, tmp_path):
    x, y = classes
    raw = x * [1, 10, 100, 1000, 1, 1, 1, 1] + 5
    mean, scale = raw.mean(0), raw.std(0)
    net, run = trained(((raw - mean) / scale, y), *full())
    names = ["ant", "bee", "cow"]
    model = lw.Model(net, run=run, classes=names, preprocess=lambda v: (v - mean) / scale,
                     features=[f"column {i}" for i in range(8)])  # fmt: skip
    model.save(tmp_path / "m")
    loaded = lw.load(tmp_path / "m")
    assert loaded.classes == tuple(names)
    assert loaded.features[3] == "column 3"
    np.testing.assert_array_equal(loaded(raw), model(raw))
    np.testing.assert_array_equal(loaded.predict(raw), np.array(names)[model(raw).argmax(1)])
    np.testing.assert_allclose(model(raw), net((raw - mean) / scale), rtol=1e-3, atol=1e-4)
    with pytest.warns(UserWarning, match="preprocesses"):
        lw.load(tmp_path / "m", into=lw.nn.Sequential(*full()))


def test_two_classes_and_numbers(backend, classes, tmp_path):
    x, y = classes
    net, _ = trained((x, y == 0), lw.nn.Linear(8, 1), loss="bce_with_logits")
    lw.Model(net, classes=["no", "yes"]).save(tmp_path / "two")
    two = lw.load(tmp_path / "two")
    assert two.predict_probabilities(x).shape == (len(x), 2)
    assert set(two.predict(x)) <= {"no", "yes"}
    np.testing.assert_array_equal(two.predict(x) == "yes", net(x)[:, 0] > 0)
    net, _ = trained((x, x[:, 0]), lw.nn.Linear(8, 1), loss="mse")
    net.save(tmp_path / "numbers")
    numbers = lw.load(tmp_path / "numbers")
    np.testing.assert_array_equal(numbers.predict(x), net(x)[:, 0])
    with pytest.raises(TypeError, match="use predict"):
        numbers.predict_probabilities(x)


def test_into_a_module_of_ones_own_and_on_with_training(backend, classes, tmp_path):
    net, _ = trained(classes, *full())
    net.save(tmp_path / "m")
    mine = lw.load(tmp_path / "m", into=lw.nn.Sequential(*full()))
    np.testing.assert_array_equal(mine(classes[0]), net(classes[0]))
    lw.train(mine, classes, loss="cross_entropy", epochs=1)
    loaded = lw.load(tmp_path / "m")
    lw.train(loaded.net, classes, loss="cross_entropy", epochs=1)
    assert not np.array_equal(loaded.net(classes[0]), net(classes[0]))
    loaded.save(tmp_path / "again")
    np.testing.assert_array_equal(lw.load(tmp_path / "again")(classes[0]), loaded(classes[0]))


def test_the_tensors_are_a_state_dict(backend, classes, tmp_path):
    net, _ = trained(classes, *full())
    net.save(tmp_path / "m")
    tensors = load_file(tmp_path / "m")
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(tensors[name], value)
    # And one from elsewhere, of names and tensors only.
    save_file({k: v for k, v in tensors.items() if not k.startswith("constant")}, tmp_path / "p")
    mine = lw.load(tmp_path / "p", into=lw.nn.Sequential(*full()))
    np.testing.assert_array_equal(mine(classes[0]), net(classes[0]))
    with pytest.raises(lw.ModelFileError, match=r"not one that layerwise wrote.*into=net"):
        lw.load(tmp_path / "p")


def test_loading_needs_no_code_of_the_author(classes, tmp_path):
    class Odd(lw.nn.Module):
        def __init__(self):
            self.inner = lw.nn.Linear(8, 3)
            self.scale = lw.nn.Parameter(np.full(3, 2.0, np.float32))

        def forward(self, x):
            return lw.sin(self.inner(x)) * self.scale + lw.cumsum(x[:, 2:5])

    with lw.backends.using("reference"):
        net = Odd()
        want = net(classes[0])
        net.save(tmp_path / "odd")
    np.save(tmp_path / "x.npy", classes[0])
    code = (
        "import sys, numpy as np, layerwise as lw\n"
        "with lw.backends.using('reference'):\n"
        "    y = lw.load(sys.argv[1])(np.load(sys.argv[2]))\n"
        "np.save(sys.argv[3], y)\n"
        "assert 'sklearn' not in sys.modules and 'torch' not in sys.modules\n"
    )
    paths = [str(tmp_path / name) for name in ("odd", "x.npy", "y.npy")]
    subprocess.run([sys.executable, "-c", code, *paths], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), want)


def test_copies_and_pickles_are_models_of_their_own(backend, classes, tmp_path):
    net, _ = trained(classes, *full())
    net.save(tmp_path / "m")
    loaded = lw.load(tmp_path / "m").net
    x = classes[0]
    for other in (copy.deepcopy(loaded), pickle.loads(pickle.dumps(loaded))):
        np.testing.assert_array_equal(other(x), loaded(x))
        other.parameters()[0].value = other.parameters()[0].value * 0
        assert not np.array_equal(other(x), loaded(x))


def test_a_net_that_saw_no_rows(tmp_path):
    class Free(lw.nn.Module):
        def forward(self, x):
            return lw.exp(x)

    with pytest.raises(lw.OptionError, match="example=X"):
        Free().save(tmp_path / "m")
    assert not list(tmp_path.iterdir())
    Free().save(tmp_path / "m", example=np.ones((2, 3)))
    with lw.backends.using("reference"):
        assert lw.load(tmp_path / "m")(np.zeros((5, 3))).tolist() == [[1.0] * 3] * 5


def test_rows_of_another_shape(classes, tmp_path):
    net = lw.nn.Linear(8, 3)
    net.save(tmp_path / "m", example=classes[0])
    with lw.backends.using("reference"), pytest.raises(lw.ShapeError, match=r"takes 'x' of shape"):
        lw.load(tmp_path / "m")(np.ones((2, 7)))


def test_into_a_net_that_does_not_fit(classes, tmp_path):
    lw.nn.Linear(8, 3).save(tmp_path / "m", example=classes[0])
    for other, message in (
        (lw.nn.Linear(8, 4), r"expected shape \(4, 8\)"),
        (lw.nn.Sequential(lw.nn.Linear(8, 3)), r"missing \['0.bias', '0.weight'\]"),
        (lw.nn.Linear(8, 3, bias=False), r"left over \['bias'\]"),
    ):
        before = other.state_dict()
        with pytest.raises(lw.ModelFileError, match=message):
            lw.load(tmp_path / "m", into=other)
        assert all(np.array_equal(before[k], v) for k, v in other.state_dict().items())


def test_places_that_cannot_be_written(classes, tmp_path):
    net = lw.nn.Linear(8, 3)
    for path in (tmp_path, tmp_path / "no" / "m"):
        with pytest.raises(lw.OptionError, match="folder"):
            net.save(path, example=classes[0])


def test_a_failed_write_leaves_the_old_file(classes, tmp_path, monkeypatch):
    import os

    net = lw.nn.Linear(8, 3)
    net.save(tmp_path / "m", example=classes[0])
    before = (tmp_path / "m").read_bytes()

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    net.weight.value = net.weight.value * 2
    with pytest.raises(OSError, match="No space"):
        net.save(tmp_path / "m")
    assert [p.name for p in tmp_path.iterdir()] == ["m"]
    assert (tmp_path / "m").read_bytes() == before
