"""Pictures from folders, IDX files and arrays: one size, mode and scale, or a clear error."""

import gzip
import struct

import numpy as np
import pytest
from PIL import Image

from layerwise import DataError, OptionError
from layerwise.data.pictures import (
    Augmentation,
    PictureKind,
    as_pictures,
    in_mode,
    read_folder,
    read_idx,
    read_idx_pair,
    read_picture,
    read_pictures,
    resized,
)


def colour(shape=(6, 8), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype("uint8")


@pytest.fixture
def folder(tmp_path):
    for name, count in (("cat", 3), ("dog", 2)):
        (tmp_path / name).mkdir()
        for i in range(count):
            Image.fromarray(colour(seed=i)).save(tmp_path / name / f"{i}.png")
    return tmp_path


def idx_bytes(array):
    code = {"u1": 8, "i1": 9, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}[array.dtype.str[1:]]
    head = struct.pack(">BBBB", 0, 0, code, array.ndim) + struct.pack(
        f">{array.ndim}I", *array.shape
    )
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


# -- arrays ----------------------------------------------------------------------------------------


def test_layouts_of_arrays():
    pixels = colour()
    last = np.stack([pixels, pixels])
    first = np.moveaxis(last, 3, 1)
    np.testing.assert_array_equal(as_pictures(last), first)
    np.testing.assert_array_equal(as_pictures(first), first)
    assert as_pictures(last[..., 0]).shape == (2, 1, 6, 8)
    assert as_pictures(last[:, :, :, :1]).shape == (2, 1, 6, 8)
    assert as_pictures(last.astype(int)).dtype == np.uint8
    assert as_pictures(last / 255).dtype == np.float32
    assert as_pictures(last[..., 0] > 99).max() == 255


def test_what_is_transparent_shows_white():
    pixels = np.concatenate([colour(), np.zeros((6, 8, 1), np.uint8)], 2)
    pixels[0, 0, 3] = 255
    found = as_pictures(pixels[None])
    np.testing.assert_array_equal(found[0, :, 0, 0], pixels[0, 0, :3])
    assert (found[0, :, 1:] == 255).all()


def test_modes():
    pictures = as_pictures(colour()[None])
    grey = in_mode(pictures, "grey")
    image = np.asarray(Image.fromarray(colour()).convert("L")).astype(int)
    assert np.abs(grey[0, 0].astype(int) - image).max() <= 1
    again = in_mode(grey, "colour")
    assert again.shape == pictures.shape
    assert (again[:, 0] == again[:, 2]).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((5, 64)), "reshape\\(-1, 8, 8\\)"),
        (np.zeros((5, 63)), "an axis of pictures"),
        (np.zeros((0, 8, 8)), "empty"),
        (np.full((2, 3, 3), 256), "from 0 to 255"),
        (np.full((2, 3, 3), np.nan), "picture 0"),
        (np.full((2, 3, 3), "x"), "as numbers"),
        ([np.zeros((2, 2)), np.zeros((3, 3))], "different sizes"),
        (np.zeros((2, 5, 5, 5)), "1, 3 or 4 channels"),
    ],
)
def test_arrays_that_are_no_pictures(given, message):
    with pytest.raises(DataError, match=message):
        as_pictures(given)


def test_scales_are_not_mixed_up():
    kind = PictureKind((6, 8), "colour", 255.0)
    bytes_ = colour()[None]
    with pytest.raises(DataError, match="multiply them by 255"):
        kind.take(bytes_ / 255)
    unit = PictureKind.of(as_pictures(bytes_ / 255))
    assert unit.white == 1
    np.testing.assert_allclose(unit.take(bytes_)[0][0].max(), 1, atol=0.01)
    with pytest.raises(DataError, match="divide them by"):
        unit.take(bytes_ * 1.0)
    free = PictureKind.of(as_pictures(bytes_ - 100.0))
    with pytest.raises(DataError, match="scale of training"):
        free.take(bytes_)


def test_other_sizes_and_modes_become_those_of_training():
    kind = PictureKind((3, 4), "grey")
    found, notes = kind.take(np.stack([colour()] * 2))
    assert found.shape == (2, 1, 3, 4)
    assert any("resized to 3 x 4" in note for note in notes)
    assert any("made grey" in note for note in notes)
    even = np.full((1, 1, 9, 9), 7, np.uint8)
    assert (resized(even, (4, 5)) == 7).all()


def test_kind_survives_json():
    kind = PictureKind((6, 8), "colour", None)
    assert PictureKind.from_json(kind.to_json()) == kind
    for damaged in ({}, {**kind.to_json(), "size": [1]}, {**kind.to_json(), "mode": "pink"}):
        with pytest.raises(ValueError, match="expected"):
            PictureKind.from_json(damaged)


# -- folders ---------------------------------------------------------------------------------------


def test_folder_of_classes(folder):
    found = read_folder(folder)
    assert found.classes == ["cat", "dog"]
    assert found.labels.tolist() == [0, 0, 0, 1, 1]
    assert found.notes == []
    np.testing.assert_array_equal(found.pictures[1], np.moveaxis(colour(seed=1), 2, 0))


def test_sizes_and_modes_of_a_folder(folder):
    Image.fromarray(colour((12, 16))).convert("L").save(folder / "dog" / "other.jpg")
    found = read_folder(folder)
    assert found.pictures.shape == (6, 3, 6, 8)
    assert any("1 of 6 pictures resized to 6 x 8" in note for note in found.notes)
    assert any("1 of 6 pictures made in colour" in note for note in found.notes)
    assert read_folder(folder, size=(4, 4), mode="grey").pictures.shape == (6, 1, 4, 4)
    assert read_folder(folder, largest=4).pictures.shape == (6, 3, 3, 4)
    with pytest.raises(OptionError, match="grey"):
        read_folder(folder, mode="gray")


def test_grey_pictures_stay_grey(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(colour()[..., 0]).save(tmp_path / name / "x.png")
    assert read_folder(tmp_path).pictures.shape == (2, 1, 6, 8)


def test_what_is_left_out_is_noted(folder):
    (folder / "empty").mkdir()
    (folder / "dog" / "notes.txt").write_text("no picture")
    (folder / ".hidden").mkdir()
    Image.fromarray(colour()).save(folder / "loose.png")
    found = read_folder(folder)
    assert found.classes == ["cat", "dog"]
    text = " ".join(found.notes)
    assert "empty" in text
    assert "notes.txt" in text
    assert "loose.png" in text


def test_corrupt_pictures_are_named(folder):
    whole = (folder / "cat" / "0.png").read_bytes()
    (folder / "dog" / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.png.*damaged"):
        read_folder(folder)
    (folder / "dog" / "cut.png").write_bytes(b"hello")
    with pytest.raises(DataError, match=r"cut\.png.*no picture"):
        read_folder(folder)


def test_folders_without_classes(tmp_path):
    with pytest.raises(DataError, match="no folder"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no picture"):
        read_folder(tmp_path)
    Image.fromarray(colour()).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="sub-folder named by it"):
        read_folder(tmp_path)
    with pytest.raises(DataError, match="holds no pictures with labels"):
        read_pictures(tmp_path / "a.png")


def test_single_pictures(tmp_path):
    path = tmp_path / "x.png"
    deep = np.array([[0, 65535], [32768, 1000]], np.uint16)
    Image.fromarray(deep).save(path)
    found = read_picture(path, None, "grey")
    np.testing.assert_array_equal(found[0], [[0, 255], [128, 4]])
    with Image.fromarray(colour()) as picture:
        exif = picture.getexif()
        exif[0x0112] = 6
        picture.save(path, exif=exif)
    assert read_picture(path, None, "colour").shape == (3, 8, 6)
    with pytest.raises(DataError, match="there is no file"):
        read_picture(tmp_path / "nowhere.png", None, "grey")


# -- IDX and .npz ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "i4", "f4", "f8"])
def test_idx_of_every_type(tmp_path, kind):
    array = np.arange(24).reshape(2, 3, 4).astype(kind)
    plain, packed = tmp_path / "a-idx3-ubyte", tmp_path / "a-idx3-ubyte.gz"
    plain.write_bytes(idx_bytes(array))
    packed.write_bytes(gzip.compress(idx_bytes(array)))
    for path in (plain, packed):
        np.testing.assert_array_equal(read_idx(path), array)
        assert read_idx(path).dtype == array.dtype


def test_damaged_idx_files_say_where(tmp_path):
    path = tmp_path / "x-idx1-ubyte"
    whole = idx_bytes(np.arange(9, dtype="u1"))
    cases = {
        whole[:3]: "at byte 3 it ends",
        b"\x01" + whole[1:]: "at byte 0 expected two bytes of 0",
        whole[:2] + b"\x07" + whole[3:]: "at byte 2 expected a type",
        whole[:3] + b"\x00" + whole[4:]: "at byte 3 expected a number of axes",
        whole[:6]: "at byte 6 it ends",
        whole[:-2]: "17 bytes, and it ends at byte 15",
        whole + b"zz": "goes on beyond its end at byte 17",
        gzip.compress(whole)[:-9]: "damaged or cut off",
    }
    for content, message in cases.items():
        path.write_bytes(content)
        with pytest.raises(DataError, match=message):
            read_idx(path)


def test_idx_files_of_a_folder(tmp_path):
    for part, rows in (("train", 6), ("t10k", 3)):
        pixels = np.full((rows, 4, 4), rows, "u1")
        labels = np.arange(rows, dtype="u1") % 2
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(pixels))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    found = read_pictures(tmp_path)
    assert found.pictures.shape == (6, 1, 4, 4)
    assert found.test_pictures.shape == (3, 1, 4, 4)
    assert found.test_labels.tolist() == [0, 1, 0]
    with pytest.raises(DataError, match="labels of"):
        read_idx_pair(tmp_path / "train-images-idx3-ubyte")
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(5, "u1")))
    with pytest.raises(DataError, match="a label for each"):
        read_idx_pair(tmp_path / "train-images-idx3-ubyte")


def test_npz(tmp_path):
    path = tmp_path / "set.npz"
    rows = colour()[None].repeat(4, 0)
    np.savez(path, x_train=rows, y_train=[[0], [1], [0], [1]], x_test=rows[:2], y_test=[0, 1])
    found = read_pictures(path)
    assert found.pictures.shape == (4, 3, 6, 8)
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert found.test_pictures.shape == (2, 3, 6, 8)
    np.savez(path, stuff=rows)
    with pytest.raises(DataError, match="got stuff"):
        read_pictures(path)
    np.savez(path, pictures=rows, labels=[1, 2])
    with pytest.raises(DataError, match="a label for each of 4"):
        read_pictures(path)
    path.write_bytes(b"no zip")
    with pytest.raises(DataError, match="cannot be read"):
        read_pictures(path)


# -- augmentation ----------------------------------------------------------------------------------


def test_augmentation_follows_from_seed_and_epoch():
    pictures = as_pictures(colour((9, 9))[None].repeat(50, 0)).astype("float32")
    before = pictures.copy()
    augment = Augmentation(shift=2, flip=True, rotation=20, erase=0.3)
    one = augment.apply(pictures, 3, 5, fill=-1.0)
    np.testing.assert_array_equal(one, augment.apply(pictures, 3, 5, fill=-1.0))
    assert (one != augment.apply(pictures, 3, 6, fill=-1.0)).any()
    assert (one != augment.apply(pictures, 4, 5, fill=-1.0)).any()
    np.testing.assert_array_equal(pictures, before)
    assert not Augmentation()


def test_shifts_and_mirror_images():
    picture = np.arange(25, dtype="float32").reshape(1, 1, 5, 5)
    many = Augmentation(shift=1).apply(picture.repeat(200, 0), 0, 0, fill=-1.0)
    padded = np.pad(picture[0, 0], 1, constant_values=-1)
    wanted = {padded[i : i + 5, j : j + 5].tobytes() for i in range(3) for j in range(3)}
    assert {x.tobytes() for x in many[:, 0]} == wanted
    flipped = Augmentation(flip=True).apply(picture.repeat(100, 0), 0, 0)
    mirrored = (flipped[:, 0] == picture[0, 0, :, ::-1]).all((1, 2))
    same = (flipped[:, 0] == picture[0, 0]).all((1, 2))
    assert (mirrored | same).all()
    assert 30 < mirrored.sum() < 70


def test_turned_and_erased():
    even = np.ones((60, 1, 8, 8), np.float32)
    turned = Augmentation(rotation=45).apply(even, 0, 0, fill=0.0)
    np.testing.assert_allclose(turned[:, :, 3:5, 3:5], 1, atol=1e-6)
    assert (turned[:, :, 0, 0] < 0.9).any()
    upright = np.ones((1, 1, 8, 8), np.float32) * np.arange(8, dtype="float32")
    quarter = Augmentation(rotation=90).apply(upright.repeat(200, 0), 0, 0)
    wanted = {np.rot90(upright[0, 0], k).round(3).tobytes() for k in (1, 3)}
    assert len(wanted & {x.round(3).tobytes() for x in quarter[:, 0]}) == 2
    erased = Augmentation(erase=0.5).apply(even, 0, 0, fill=0.0)
    holes = (erased == 0).sum((1, 2, 3))
    assert holes.max() == 16
    assert 15 < (holes > 0).sum() < 45
    for options in ({"shift": -1}, {"shift": 1.5}, {"erase": 2}, {"rotation": 200}, {"flip": 3}):
        with pytest.raises(OptionError, match=next(iter(options))):
            Augmentation(**options)
