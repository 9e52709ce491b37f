"""`ImageClassifier`: arrays and folders, each architecture, saving, bad input; where it looked."""

import warnings

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import layerwise as lw
from layerwise import DataError, ImageClassifier, ModelFileError, OptionError
from layerwise.data import Augmentation
from layerwise.insight import (
    attention_rollout,
    draw_looked,
    layer_outputs,
    masking_check,
    where_it_looked,
)
from layerwise.pictures import PictureTransformer

SIDE = 8
QUICK = {"epochs": 6, "random_state": 0, "probes": False}


def bars(count, seed=0, channels=None):
    """Pictures with one bright bar: upright ("up") or lying ("flat"), in uint8."""
    generator = np.random.default_rng(seed)
    pictures = generator.integers(0, 60, (count, SIDE, SIDE)).astype("uint8")
    labels = np.where(generator.random(count) < 0.5, "up", "flat")
    for picture, label, place in zip(
        pictures, labels, generator.integers(1, SIDE - 1, count), strict=True
    ):
        if label == "up":
            picture[1:-1, place] = 255
        else:
            picture[place, 1:-1] = 255
    if channels:
        pictures = np.stack([pictures] * channels, -1)
    return pictures, labels


@pytest.fixture(scope="module")
def convolution():
    return ImageClassifier(**QUICK).fit(*bars(300))


@pytest.fixture(scope="module")
def attention():
    # One layer, as each takes seconds to compile and to verify.
    def small(shape, classes):
        return PictureTransformer(shape, classes, 2, features=32, heads=2, layers=1)

    options = QUICK | {"epochs": 12, "batch_size": 16, "learning_rate": 5e-3}
    return ImageClassifier(small, augmentation=None, **options).fit(*bars(300))


def test_learns_and_keeps_conventions(convolution):
    x, y = bars(200, seed=1)
    assert convolution.classes_.tolist() == ["flat", "up"]
    assert convolution.score(x, y) > 0.95
    probabilities = convolution.predict_proba(x)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    np.testing.assert_allclose(np.exp(convolution.predict_log_proba(x)), probabilities)
    assert (convolution.classes_[probabilities.argmax(1)] == convolution.predict(x)).all()
    assert len(convolution.history_) == 6
    assert 1 <= convolution.best_epoch_ <= 6
    assert clone(convolution).get_params() == convolution.get_params()


def test_attention_learns(attention):
    assert attention.score(*bars(200, seed=1)) > 0.8


def test_dense_learns_in_colour():
    x, y = bars(300, channels=3)
    found = ImageClassifier("dense", **QUICK | {"epochs": 15}).fit(x, y)
    assert found.kind_.mode == "colour"
    assert found.score(*bars(100, seed=1, channels=3)) > 0.8


def test_same_seed_same_predictions_on_any_threads(convolution):
    x, y = bars(300)
    again = ImageClassifier(n_jobs=1, **QUICK).fit(x, y)
    np.testing.assert_array_equal(again.predict_proba(x), convolution.predict_proba(x))
    other = ImageClassifier(**QUICK | {"random_state": 1}).fit(x, y)
    assert (other.predict_proba(x) != convolution.predict_proba(x)).any()


def test_saved_model_takes_pictures_as_they_come(convolution, tmp_path):
    x, _ = bars(20, seed=2)
    path = tmp_path / "bars.safetensors"
    convolution.save(path)
    loaded, model = ImageClassifier.load(path), lw.load(path)
    np.testing.assert_allclose(loaded.predict_proba(x), convolution.predict_proba(x), rtol=1e-6)
    assert model.predict(x).tolist() == convolution.predict(x).tolist()
    assert model.predict(x[:, None]).tolist() == convolution.predict(x).tolist()
    files = []
    for number, picture in enumerate(x):
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(picture).save(files[-1])
    assert model.predict(files).tolist() == convolution.predict(x).tolist()
    assert model.predict(files[0]).tolist() == convolution.predict(x[:1]).tolist()
    assert model.pictures.size == (SIDE, SIDE)
    assert list(layer_outputs(model, x[:3]).values())[-1].shape == (3, 2)
    from layerwise.model.container import read_tensors, write_tensors

    about, tensors = read_tensors(path, "layerwise-model", 99)
    for damaged in ({"size": [4, 4], "mode": "grey", "white": 255.0}, {"size": 3}, []):
        write_tensors(path, "layerwise-model", 1, about | {"pictures": damaged}, tensors)
        with pytest.raises(ModelFileError, match=r"pictures|size"):
            lw.load(path)


def test_other_sizes_and_modes_are_converted(convolution):
    x, _ = bars(20, seed=2)
    wide = np.stack([x.repeat(2, 1).repeat(2, 2)] * 3, -1)
    with pytest.warns(UserWarning, match=r"resized to 8 x 8.*made grey"):
        found = convolution.predict(wide)
    assert (found == convolution.predict(x)).mean() > 0.9


def test_folder(tmp_path):
    x, y = bars(60)
    for label in ("up", "flat"):
        (tmp_path / label).mkdir()
    for number, (picture, label) in enumerate(zip(x, y, strict=True)):
        Image.fromarray(picture).save(tmp_path / label / f"{number:03}.png")
    (tmp_path / "up" / "notes.txt").write_text("no picture")
    found = ImageClassifier(**QUICK).fit(tmp_path)
    assert any("notes.txt" in note for note in found.notes_)
    assert found.score(tmp_path) > 0.8
    # A list of files with labels of one's own is the same.
    files = sorted(tmp_path.glob("*/*.png"))
    labels = [file.parent.name for file in files]
    assert found.score(files, labels) == found.score(tmp_path)


def test_large_pictures_become_smaller():
    x, y = bars(24)
    large = x.repeat(20, 1).repeat(20, 2)

    def small(shape, classes):
        return lw.nn.Sequential(lw.nn.GlobalAvgPool2d(), lw.nn.Linear(shape[0], classes))

    found = ImageClassifier(small, augmentation=None, **QUICK | {"epochs": 1}).fit(large, y)
    assert found.kind_.size == (64, 64)
    assert any("resized" in note for note in found.notes_)
    fixed = ImageClassifier(small, size=(5, 6), **QUICK | {"epochs": 1}).fit(x, y)
    assert fixed.kind_.size == (5, 6)


def test_augmentation_weights_and_own_networks():
    x, y = bars(200)
    seen = []
    options = QUICK | {"epochs": 3}
    augment = Augmentation(shift=1, flip=True, rotation=5, erase=0.2)
    found = ImageClassifier(
        lambda shape, classes: seen.append(shape) or lw.nn.Sequential(
            lw.nn.Conv2d(shape[0], 4, 3), lw.nn.ReLU(), lw.nn.GlobalAvgPool2d(),
            lw.nn.Linear(4, classes),
        ),
        augmentation=augment, class_weight="balanced", early_stopping=1, **options,
    ).fit(x, y, sample_weight=np.where(y == "up", 1.0, 0.5))  # fmt: skip
    assert seen == [(1, SIDE, SIDE)]
    assert found.to_model().summary["augmentation"]["flip"] is True
    one = ImageClassifier("dense", augmentation=augment, **options).fit(x, y)
    two = ImageClassifier("dense", augmentation=augment, n_jobs=1, **options).fit(x, y)
    np.testing.assert_array_equal(one.predict_proba(x), two.predict_proba(x))
    plain = ImageClassifier("dense", **options).fit(x, y)
    assert (one.predict_proba(x) != plain.predict_proba(x)).any()


def test_given_validation_and_stopping_early():
    x, y = bars(100)
    seen = []
    found = ImageClassifier(
        "dense", callbacks=[
            lambda training, epoch: seen.append((training, epoch)) or len(seen) < 2,
            lambda training, epoch: None,
        ], **QUICK,
    ).fit(x, y, validation_data=bars(40, seed=5))  # fmt: skip
    assert [training for training, _ in seen] == [0, 0]
    assert [epoch for _, epoch in seen] == list(found.history_)
    assert all(epoch.validation_loss is not None for _, epoch in seen)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"architecture": "convolutional"}, "did you mean 'convolution'"),
        ({"augmentation": 3}, "augmentation"),
        ({"size": "big"}, "size"),
        ({"mode": "gray"}, "grey"),
        ({"epochs": 0}, "epochs"),
        ({"validation_fraction": 1}, "validation_fraction"),
        ({"dropout": 1.0}, "dropout"),
        ({"callbacks": 3}, r"callbacks: expected functions \(training, epoch\)"),
        ({"architecture": lambda shape, classes: 3}, "gives a layerwise.nn.Module"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(OptionError, match=message):
        ImageClassifier(**QUICK | options).fit(*bars(20))


def test_data_that_make_no_sense(convolution, tmp_path):
    x, y = bars(30)
    fresh = ImageClassifier(**QUICK)
    with pytest.raises(DataError, match="one class only, 'up'"):
        fresh.fit(x, ["up"] * 30)
    with pytest.raises(DataError, match="inconsistent"):
        fresh.fit(x, y[:-1])
    with pytest.raises(DataError, match="requires y"):
        fresh.fit(x)
    with pytest.raises(DataError, match="expected None beside a path"):
        fresh.fit(tmp_path, y)
    with pytest.raises(DataError, match="multiply them by 255"):
        convolution.predict(x / 255)
    with pytest.raises(NotFittedError, match="call fit first"):
        fresh.predict(x)
    lw.nn.Linear(2, 2).save(tmp_path / "other.safetensors", np.zeros((1, 2), np.float32))
    with pytest.raises(ModelFileError, match="holds no model that ImageClassifier"):
        ImageClassifier.load(tmp_path / "other.safetensors")


def test_doctor(convolution):
    assert isinstance(lw.doctor(convolution).findings, tuple | list)


# -- where it looked -------------------------------------------------------------------------------


def test_rollout_of_known_weights(attention):
    x, _ = bars(5, seed=3)
    model = attention.to_model()
    rolled = attention_rollout(model, x)
    assert rolled.shape == (5, 17, 17)
    np.testing.assert_allclose(rolled.sum(2), 1, rtol=1e-5)
    # By hand, from the layers' weights: each half shortcut, half the mean of the heads.
    found = layer_outputs(model, x)
    total = np.eye(17)
    for name in [n for n in found if n.endswith("attention.weights")]:
        total = (0.5 * np.eye(17) + 0.5 * found[name].mean(1)) @ total
    np.testing.assert_allclose(rolled, total, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(attention_rollout(model, x, residual=1.0)[0], np.eye(17))


def test_masking_what_was_looked_at_hurts_more(attention, convolution):
    x, _ = bars(150, seed=4)
    for fitted, method in ((attention, "attention"), (convolution, "gradient")):
        looked = where_it_looked(fitted, x)
        assert looked.method == method
        assert looked.maps.shape == x.shape
        np.testing.assert_allclose(looked.maps.sum((1, 2)), 1, rtol=1e-4)
        check = masking_check(fitted, x, looked=looked)
        assert check.means_something, check
        assert check.rows == 150
        assert 0 < check.random_error < 0.1


def test_masking_where_nothing_was_looked_at_does_not_hurt(convolution):
    """Maps that are turned around fail the check: it can fail."""
    from dataclasses import replace

    x, _ = bars(150, seed=4)
    looked = where_it_looked(convolution, x)
    around = replace(looked, maps=looked.maps.max((1, 2), keepdims=True) - looked.maps)
    assert not masking_check(convolution, x, looked=around).means_something


def test_looking_at_a_loaded_model_and_drawing(attention, tmp_path):
    x, _ = bars(4, seed=3)
    attention.save(tmp_path / "bars.safetensors")
    loaded = lw.load(tmp_path / "bars.safetensors")
    both = [where_it_looked(loaded, x, method) for method in ("attention", "gradient")]
    np.testing.assert_allclose(both[0].maps, where_it_looked(attention, x).maps, rtol=1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_looked(both, ["a", "b", "c", "d"], path=tmp_path / "looked.png")
    with Image.open(tmp_path / "looked.png") as picture:
        assert picture.size[0] > 300
    with pytest.raises(OptionError, match="expected maps of the same pictures"):
        draw_looked([both[0], where_it_looked(loaded, x[:2])])


def test_looking_without_attention(convolution):
    x, _ = bars(4)
    with pytest.raises(OptionError, match="PatchEmbedding"):
        where_it_looked(convolution, x, "attention")
    with pytest.raises(OptionError, match="self-attention"):
        attention_rollout(convolution.to_model(), x)
    with pytest.raises(OptionError, match="method"):
        where_it_looked(convolution, x, "gaze")
    with pytest.raises(OptionError, match="share"):
        masking_check(convolution, x, share=1.0)
