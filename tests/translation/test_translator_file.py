import json

import numpy as np
import pytest

import layerwise as lw
from layerwise.model.container import read_tensors, write_tensors
from layerwise.translation import TextCodec, TranslationModel
from layerwise.translation.file import FORMAT, VERSION
from layerwise.translation.model import make_network
from layerwise.translation.network import Sizes

from .conftest import reversed_digits


@pytest.fixture(scope="module")
def saved(translator, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "digits.safetensors"
    translator.save(path)
    return path


def test_a_saved_translator_translates_the_same(translator, saved):
    sources, _ = reversed_digits(20, 7)
    loaded = lw.load(saved)
    assert isinstance(loaded, lw.Translator)
    assert loaded.translate(sources) == translator.translate(sources)
    assert loaded.best_epoch_ == translator.best_epoch_
    assert loaded.quality_.keys() == translator.quality_.keys()
    assert loaded.get_params()["layers"] == 1
    assert lw.Translator.load(saved).n_parameters_ == translator.n_parameters_


@pytest.mark.parametrize("kind", ["transformer", "gru"])
def test_every_architecture_is_saved(kind, tmp_path):
    codec = TextCodec.learn("characters", ["abc"])
    other = TextCodec.learn("characters", ["xyzw"])
    sizes = Sizes(len(codec), len(other), 8, 2, 1, 8, 0.0, False, 16)
    TranslationModel(make_network(kind, sizes), codec, other).save(tmp_path / "m.safetensors")
    loaded = lw.load(tmp_path / "m.safetensors").model_
    assert loaded.network.kind == kind
    assert (loaded.source, loaded.target) == (codec, other)
    assert loaded.sizes == sizes


def test_damaged_files_are_refused(saved, tmp_path):
    content = saved.read_bytes()
    path = tmp_path / "damaged.safetensors"
    for damaged in (content[:-5], content[: len(content) // 2], content + b"x", b"", b"text"):
        path.write_bytes(damaged)
        with pytest.raises(lw.ModelFileError):
            lw.load(path)
    flipped = bytearray(content)
    flipped[-3] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(lw.ModelFileError, match="checksum"):
        lw.load(path)


@pytest.mark.parametrize(
    "change",
    [
        {"network": "rnn"},
        {"sizes": {}},
        {"source": {"kind": "words", "learned": {"words": ["a"]}}},
        {"ratio": -1},
        {"ratio": "much"},
        {"extra": -1},
        {"summary": []},
        {"sizes.layers": 50},
        {"sizes.features": 1 << 20},
        {"sizes.heads": 3},
        {"sizes.dropout": 1.5},
        {"sizes.shared": 1},
        {"more": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_descriptions_that_make_no_sense_are_refused(saved, tmp_path, change):
    about, tensors = read_tensors(saved, FORMAT, VERSION)
    about = json.loads(json.dumps(about))
    ((name, value),) = change.items()
    if name.startswith("sizes."):
        about["sizes"][name.removeprefix("sizes.")] = value
    else:
        about[name] = value
    path = tmp_path / "changed.safetensors"
    write_tensors(path, FORMAT, VERSION, about, tensors)
    with pytest.raises(lw.ModelFileError, match=r"translator|damaged"):
        lw.load(path)


def test_tensors_that_do_not_fit_are_refused(saved, tmp_path):
    about, tensors = read_tensors(saved, FORMAT, VERSION)
    name = sorted(tensors)[0]
    path = tmp_path / "changed.safetensors"
    for wrong in (
        {n: a for n, a in tensors.items() if n != name},
        tensors | {"more": np.zeros(3, np.float32)},
        tensors | {name: tensors[name].astype(np.float64)},
        tensors | {name: np.full_like(tensors[name], np.nan)},
        tensors | {name: np.zeros((3, 3), np.float32)},
    ):
        write_tensors(path, FORMAT, VERSION, about, wrong)
        with pytest.raises(lw.ModelFileError):
            lw.load(path)


def test_a_newer_version_is_named(saved, tmp_path):
    about, tensors = read_tensors(saved, FORMAT, VERSION)
    path = tmp_path / "newer.safetensors"
    write_tensors(path, FORMAT, VERSION + 1, about, tensors)
    with pytest.raises(lw.ModelFileError, match="upgrade"):
        lw.load(path)
