"""`layerwise train digits --lr find`."""

import json

import numpy as np
import pytest

import layerwise as lw

from .conftest import QUICK


def test_the_rate_is_found_shown_drawn_and_used(command, folder):
    code, out, err = command("train", "digits", *QUICK, "--lr", "find")
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    assert "The loss was down to its lowest" in flat
    assert "digits-learning-rate.png" in flat
    assert (folder / "digits-learning-rate.png").read_bytes().startswith(b"\x89PNG")
    config = lw.load(folder / "digits.safetensors").summary["config"]
    rate = f"{config['learning_rate']:g}"
    assert f"rate {rate}. The loss" in flat
    assert f"Adam, learning rate {rate}," in flat


def test_json_has_the_rate_found_or_not(command, folder):
    found = json.loads(command("train", "digits", *QUICK, "--json", "--lr", "FIND")[1])
    assert 1e-3 < found["learning_rate"] < 0.1
    assert (folder / "digits-learning-rate.png").is_file()
    given = json.loads(command("train", "digits", *QUICK, "--json", "--lr", "0.0125")[1])
    assert given["learning_rate"] == 0.0125
    again = json.loads(
        command("train", "digits", *QUICK, "--json", "--lr", found["learning_rate"])[1]
    )
    assert again["validation_loss"] == found["validation_loss"]


def test_it_is_the_rate_that_the_library_finds_on_the_training_rows(command):
    found = json.loads(command("train", "digits", *QUICK, "--json", "--lr", "find", "--seed", 4)[1])
    images, labels = lw.data.load_digits()
    parts = lw.data.split_rows(labels, 4)
    with lw.nn.seed(4):
        net = lw.nn.Sequential(
            lw.nn.Linear(64, 16), lw.nn.ReLU(), lw.nn.Dropout(0.3), lw.nn.Linear(16, 10)
        )
    data = (images[parts.training] * np.float32(1 / 16), labels[parts.training])
    test = lw.find_learning_rate(net, data, batch_size=128, label_smoothing=0.1, seed=4)
    assert found["learning_rate"] == test.suggestion


def test_the_picture_goes_where_it_is_wanted(command, folder):
    arguments = ("--lr", "find", "--quiet", "--no-doctor", "--out", "a.safetensors")
    code, out, _ = command("train", "digits", *QUICK, *arguments, "--lr-picture", "b.svg")
    assert code == 0
    assert len(out.splitlines()) == 2
    assert "<svg" in (folder / "b.svg").read_text(encoding="utf-8")
    command("train", "digits", *QUICK, *arguments)
    assert (folder / "a-learning-rate.png").is_file()


def test_a_training_resumes_with_the_rate_that_was_found(command):
    kept = ("--lr", "find", "--checkpoint", "state", "--json", "--epochs", 3)
    first = json.loads(command("train", "digits", *QUICK, *kept)[1])
    again = json.loads(command("train", "digits", *QUICK, *kept, "--resume")[1])
    assert again["learning_rate"] == first["learning_rate"]
    assert again["validation_loss"] == first["validation_loss"]


@pytest.mark.parametrize(("width", "encoding"), [(60, "utf-8"), (80, "ascii")])
def test_the_curve_fits_the_screen(process, width, encoding):
    started = process(
        "train", "digits", *QUICK, "--lr", "find", COLUMNS=str(width), PYTHONIOENCODING=encoding
    )
    out, err = started.communicate(timeout=120)
    assert started.returncode == 0, err
    assert max(map(len, out.splitlines())) <= width
    assert ("suggested: " in out) is (encoding == "utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--lr", "fnid"), 2, "or find; got 'fnid' (did you mean 'find'?)"),
        (("--lr", "fast"), 2, "--lr: expected a number above 0, or find; got 'fast'"),
        (("--lr", "find", "--lr-picture", "rate.gif"), 2, ".png, .svg, .pdf; got 'rate.gif'"),
        (("--lr-picture", "rate.png"), 2, "expected --lr find too"),
        (("--lr", "find", "--lr-picture", "missing/rate.png"), 1, "there is no folder missing"),
    ],
)
def test_mistakes_are_named(command, folder, arguments, code, message):
    found, out, err = command("train", "digits", *QUICK, *arguments)
    assert (found, out) == (code, "")
    assert message in err
    assert list(folder.iterdir()) == []
