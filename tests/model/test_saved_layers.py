"""A model file says which node of its graph is the output of which layer."""

import copy
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import layerwise as lw
from layerwise.model import container, file

nn, insight = lw.nn, lw.insight
OLD = Path(__file__).parent / "old" / "version_1.safetensors"


@pytest.fixture
def saved(tmp_path, generator):
    x = generator.standard_normal((9, 4)).astype(np.float32)
    net = nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.Dropout(0.5), nn.Linear(5, 2))
    net.save(tmp_path / "m", example=x)
    return net, x, tmp_path / "m"


def test_layers_survive_copies_and_saving_again(saved, tmp_path):
    net, x, path = saved
    want = insight.layer_outputs(net, x)
    loaded = lw.load(path)
    loaded.save(tmp_path / "again", example=x)
    again = lw.load(tmp_path / "again")
    assert again.layers == loaded.layers == lw.Model(net).layers
    copies = [copy.deepcopy(loaded.net), pickle.loads(pickle.dumps(loaded.net))]
    for each in (loaded, again, *copies):
        found = insight.layer_outputs(each, x)
        assert found.keys() == want.keys()
        for name, values in want.items():
            np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-6)
    # A copy's layers are made of its own weights.
    copies[0].parameters()[0].value = np.zeros((5, 4))
    assert not np.allclose(insight.layer_outputs(copies[0], x)["0"], want["0"])
    np.testing.assert_allclose(insight.layer_outputs(loaded, x)["0"], want["0"], rtol=1e-5)


def test_a_loaded_layer_says_what_it_cannot_do(saved):
    _, x, path = saved
    net = lw.load(path).net
    assert next(str(module) for _, module in net.children()) == "Linear(4, 5)"
    with pytest.raises(NotImplementedError, match=r"layer '0' of a loaded model.*into=net"):
        dict(net.children())["0"](x)
    before = net.state_dict()
    with pytest.raises(NotImplementedError):
        net.reset_parameters(0)
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_the_layer_in_which_training_a_loaded_model_fails_is_named(saved, tmp_path):
    net, x, path = saved
    net[1].weight.value = np.full(5, 3e38)
    net.save(path)
    with pytest.raises(lw.TrainingDiverged, match=r"layer '1' \(LayerNorm"):
        lw.train(lw.load(path).net, (x * 10, np.arange(9) % 2), epochs=3)


def test_files_from_before_have_one_layer_the_whole(generator):
    model = lw.load(OLD)
    x = generator.standard_normal((4, *model.net.row_shapes[0])).astype(np.float32)
    found = insight.layer_outputs(model, x)
    assert list(found) == [""]
    np.testing.assert_array_equal(found[""], model(x))


@pytest.mark.parametrize("places", [3, [0], [0, 1, 2, 10**6], [0, 1, 2, "x"], [0, 1, 2, True]])
def test_damaged_places_are_refused(saved, tmp_path, places):
    _, _, path = saved
    about, tensors = container.read_tensors(path, file.FORMAT, file.VERSION)
    assert len(about["layer_outputs"]) == 4
    about["layer_outputs"] = places
    container.write_tensors(tmp_path / "bad", file.FORMAT, file.VERSION, about, tensors)
    with pytest.raises(lw.ModelFileError, match=r"layer_outputs|4 layers"):
        lw.load(tmp_path / "bad")
    json.dumps(about)


def test_no_name_in_a_file_hides_a_method(saved, tmp_path):
    net, x, path = saved
    about, tensors = container.read_tensors(path, file.FORMAT, file.VERSION)
    renamed = json.loads(json.dumps(about).replace('"0.weight"', '"0.forward"'))
    tensors["0.forward"] = tensors.pop("0.weight")
    container.write_tensors(tmp_path / "odd", file.FORMAT, file.VERSION, renamed, tensors)
    loaded = lw.load(tmp_path / "odd")
    np.testing.assert_allclose(loaded(x), net(x), rtol=1e-5, atol=1e-6)
    with pytest.raises(NotImplementedError):
        dict(loaded.net.children())["0"](x)
