"""`layerwise train` and `predict` on pictures."""

import gzip
import json
import struct

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import layerwise as lw
from layerwise.cli.app import app


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of 8 x 8 with an upright or a lying bar."""
    root = tmp_path_factory.mktemp("bars")
    generator = np.random.default_rng(0)
    for label in ("flat", "up"):
        (root / label).mkdir()
        for number in range(60):
            picture = generator.integers(0, 60, (8, 8)).astype("uint8")
            place = generator.integers(1, 7)
            picture[(slice(1, 7), place) if label == "up" else (place, slice(1, 7))] = 255
            Image.fromarray(picture).save(root / label / f"{number:02}.png")
    return root


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("models") / "bars.safetensors"
    done = call(
        "train", folder, "--task", "pictures", "--epochs", 20, "--out", out, "--report", "",
        "--json", "--no-doctor", "--architecture", "dense",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return out, json.loads(done.stdout)


def test_what_it_says_for_programs(trained):
    out, facts = trained
    assert facts["test_rows"] == 24
    assert facts["test_accuracy"] > 0.8
    assert facts["classes"] == ["flat", "up"]
    assert facts["epochs"] == 20
    assert np.sum(facts["confusion"]) == 24
    assert lw.load(out).summary["test"]["accuracy"] == facts["test_accuracy"]


def test_report_shows_where_it_looked(trained):
    page = trained[0].with_suffix(".html").read_text()
    assert "Where it looked" in page
    assert "looked at most" in page


def test_predict_names_the_files(trained, folder):
    files = [folder / "up" / "00.png", folder / "flat" / "01.png"]
    done = call("predict", trained[0], *files)
    assert done.exit_code == 0, done.output
    head, *lines = done.stdout.strip().splitlines()
    assert head == "file,prediction,probability_flat,probability_up"
    assert [line.split(",")[0] for line in lines] == [str(file) for file in files]
    whole = call("predict", trained[0], folder)
    assert len(whole.stdout.strip().splitlines()) == 121
    assert call("predict", trained[0], folder / "nowhere.png").exit_code != 0


def test_what_other_commands_say_of_it(folder, tmp_path, monkeypatch):
    out = tmp_path / "bars.safetensors"
    done = call("train", folder, "--epochs", 3, "--architecture", "dense", "--out", out)
    assert done.exit_code == 0, done.output
    facts = json.loads(call("doctor", out, "--json").stdout)
    assert facts["record"] is True
    monkeypatch.setenv("COLUMNS", "60")
    shown = call("show", out).stdout
    assert "seed 0," in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 60
    assert lw.load(out).summary["case"]["data"]["kind"] == "pixels"
    assert call("report", out, "--out", tmp_path / "page.html").exit_code == 0
    assert "not at hand" not in (tmp_path / "page.html").read_text()
    other = call("report", out, "--data", folder / "up", "--out", tmp_path / "other.html")
    assert other.exit_code == 0
    assert "not at hand" in (tmp_path / "other.html").read_text()


def test_explain_shows_where_it_looked(trained, folder, tmp_path):
    picture = folder / "up" / "00.png"
    done = call("explain", trained[0], picture, "--out", tmp_path / "map.png")
    assert done.exit_code == 0, done.output
    assert "up: " in done.stdout
    assert (tmp_path / "map.png").stat().st_size > 1000
    facts = json.loads(call("explain", trained[0], picture, "--json").stdout)
    assert facts["predicted"] == "up"
    assert np.shape(facts["map"]) == (8, 8)
    assert abs(np.sum(facts["map"]) - 1) < 1e-3
    for words, message in (
        ([picture, "--row", 1], "which have no rows"),
        ([picture, "--class", "up"], "--class is not for models of pictures"),
        ([folder], "name one picture"),
    ):
        done = call("explain", trained[0], *words)
        assert done.exit_code != 0
        assert message in f"{done.output}{done.exception}"


def test_idx_files_for_people(tmp_path):
    generator = np.random.default_rng(1)
    for part, rows in (("train", 40), ("t10k", 10)):
        labels = (np.arange(rows) % 2).astype("u1")
        pixels = (generator.integers(0, 99, (rows, 6, 6)) + 100 * labels[:, None, None]).astype(
            "u1"
        )
        for name, array in (("images-idx3", pixels), ("labels-idx1", labels)):
            head = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            (tmp_path / f"{part}-{name}-ubyte.gz").write_bytes(
                gzip.compress(head + array.tobytes())
            )
    out = tmp_path / "model.safetensors"
    done = call("train", tmp_path, "--architecture", "dense", "--epochs", 3, "--out", out)
    assert done.exit_code == 0, done.output
    assert "the data's own test part" in " ".join(done.stdout.split())
    assert "on 10 pictures never used before" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--architecture", "resnet"], "convolution"),
        (["--target", "label"], "--target is not for pictures"),
        (["--test-size", "2"], "--test-size"),
        (["--lr", "find"], "not for pictures yet"),
        (["--fix"], "--dropout, --weight-decay or --label-smoothing by hand"),
        (["--optimizer", "foo"], "--optimizer"),
        (["--dropout", "3"], "--dropout"),
    ],
)
def test_mistakes(folder, words, message):
    done = call("train", folder, *words)
    assert done.exit_code != 0
    assert message in f"{done.output}{done.exception}"


def test_architecture_is_for_pictures_only(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,2\n")
    done = call("train", table, "--target", "b", "--architecture", "dense")
    assert done.exit_code != 0
    assert "for pictures" in f"{done.output}{done.exception}"
