import json
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from .conftest import QUICK


def test_it_says_what_it_chose_and_what_came_out(command, folder):
    code, out, err = command("train", "digits", *QUICK)
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    assert "softmax + cross-entropy, because the target has 10 classes" in flat
    assert "dense 64 to 16, relu, dropout 0.3, dense 16 to 10" in flat
    assert "1,210" in flat
    assert "1,078 to train, 270 to validate, 449 to test" in flat
    assert re.search(r"^ +1/2 .*\n +2/2 ", out, re.MULTILINE)
    assert re.search(r"test accuracy \d+\.\d% on 449 rows", flat)
    assert "predicted" in out
    assert str(folder / "digits.safetensors") in flat or "digits.safetensors" in flat
    assert (folder / "digits.safetensors").is_file()


def test_json_is_one_object_and_nothing_else(command, folder):
    code, out, err = command("train", "digits", *QUICK, "--json", "--seed", 3, "--out", "m.st")
    assert (code, err) == (0, "")
    result = json.loads(out)
    assert 0 <= result["test_accuracy"] <= 1
    assert result["test_rows"] == 449
    assert result["model"] == "m.st"
    assert (folder / "m.st").is_file()
    assert result["seconds"] > 0
    assert result["seed"] == 3
    assert result["epochs"] == 2
    assert result["parameters"] == 1210
    assert 0 <= result["validation_accuracy"] <= 1


def test_quiet_says_the_result_only(command):
    code, out, _ = command("train", "digits", *QUICK, "--quiet", "--no-doctor")
    assert code == 0
    assert len(out.splitlines()) == 2
    assert out.startswith("test accuracy")


def test_the_seed_decides(command):
    runs = [
        json.loads(command("train", "digits", *QUICK, "--json", "--seed", seed)[1])
        for seed in (1, 1, 2)
    ]
    for run in runs:
        del run["seconds"], run["training_seconds"]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize(
    "options",
    [
        ("--hidden", "none"),
        ("--hidden", "8,8,8", "--activation", "GELU"),
        ("--activation", "leaky-relu", "--dropout", "0"),
        ("--optimizer", "sgd", "--lr", "0.1", "--weight-decay", "1e-4"),
        ("--optimizer", "adamw", "--schedule", "cosine"),
        ("--schedule", "reduce_on_plateau", "--label-smoothing", "0"),
        ("--backend", "reference"),
        ("--threads", "1"),
        ("--early-stopping", "1"),
        ("--patience", "1"),
    ],
)
def test_every_option_works(command, options):
    code, out, err = command("train", "digits", *QUICK, "--json", *options)
    assert (code, err) == (0, "")
    assert json.loads(out)["test_rows"] == 449


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("digits", "--activation", "rellu"), "did you mean 'relu'"),
        (("digits", "--activation", "softmax"), "--activation"),
        (("digits", "--optimizer", "adm"), "did you mean 'adam'"),
        (("digits", "--schedule", "cosin"), "did you mean 'cosine'"),
        (("digits", "--backend", "nativ"), "did you mean 'native'"),
        (("digits", "--hidden", "12,x"), "such as 256,128"),
        (("digits", "--hidden", "0"), "such as 256,128"),
        (("digits", "--dropout", "1"), "from 0 to 1 (not included)"),
        (("digits", "--dropout", "nan"), "--dropout"),
        (("digits", "--epochs", "0"), "--epochs: expected a whole number of at least 1"),
        (("digits", "--batch-size", "-3"), "--batch-size"),
        (("digits", "--epochs", "many"), "--epochs"),
        (("digits", "--lr", "0"), "--lr: expected a number above 0"),
        (("digits", "--weight-decay", "-1"), "--weight-decay"),
        (("digits", "--seed", "-1"), "--seed"),
        (("digits", "--resume"), "--checkpoint"),
        (("digits", "--hiden", "3"), "--hidden"),
        (("digit",), "did you mean 'digits'"),
        (("mnist",), "there is no file 'mnist'"),
        (("customers.csv",), "--target: expected the column to predict"),
        (("digits", "--target", "x"), "--target is for tables"),
        (("digits", "--cv", "5"), "--cv is for tables"),
        (("digits", "--lr", "fast"), "--lr: expected a number above 0, or find"),
        ((), "DATA"),
    ],
)
def test_a_wrong_command_line(command, folder, arguments, message):
    code, out, err = command("train", *arguments)
    assert code == 2
    assert message in err
    assert out == ""
    assert "Traceback" not in err
    assert list(folder.iterdir()) == []


def test_an_unwritable_place_is_found_before_training(command, folder):
    (folder / "file").write_text("x")
    for place, message in [
        (folder, "is a folder"),
        ("missing/m.safetensors", "there is no folder missing"),
        ("file/m.safetensors", "cannot write"),
    ]:
        began = time.monotonic()
        code, out, err = command("train", "digits", "--epochs", "100000", "--out", place)
        assert code == 1
        assert message in err
        assert out == ""
        assert time.monotonic() - began < 5
    assert [p.name for p in folder.iterdir()] == ["file"]


def test_a_loss_that_becomes_nan(command):
    code, _, err = command("train", "digits", *QUICK, "--optimizer", "sgd", "--lr", "1e30")
    assert code == 1
    assert "Traceback" not in err
    assert "NaN" in err or "infinite" in err or "finite" in err


def test_resume(command):
    whole = json.loads(command("train", "digits", *QUICK, "--epochs", 4, "--json")[1])
    kept = ("--checkpoint", "state", "--json", "--epochs", 4)
    command("train", "digits", *QUICK, *kept)
    again = json.loads(command("train", "digits", *QUICK, *kept, "--resume")[1])
    assert again["validation_accuracy"] == whole["validation_accuracy"]
    assert again["test_accuracy"] == whole["test_accuracy"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals are different there")
def test_control_c_keeps_the_best_weights(process, folder):
    running = process("train", "digits", "--hidden", "16", "--epochs", "1000000")
    for line in running.stdout:
        if re.match(r" +\d+ +\d\.\d{4} ", line):
            break
    running.send_signal(signal.SIGINT)
    sent = time.monotonic()
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert time.monotonic() - sent < 10
    assert "Traceback" not in err
    assert "stopped" in out + err
    assert "best" in out + err
    assert (folder / "digits.safetensors").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are different there")
def test_control_c_before_there_is_anything_to_keep(command, folder, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("layerwise.data.load_digits", interrupted)
    code, out, err = command("train", "digits")
    assert (code, out) == (130, "")
    assert err == "layerwise: interrupted before training began; nothing was saved\n"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("width", [60, 80])
def test_lines_fit_the_width(process, width):
    out, _ = process("train", "digits", *QUICK, COLUMNS=str(width)).communicate(timeout=120)
    assert max(map(len, out.splitlines())) <= width
    assert "\x1b" not in out


def test_rich_and_scikit_learn_are_not_imported_without_a_terminal(process, environment, folder):
    code = (
        "import sys; from layerwise.cli.main import main; "
        f"main(['train', 'digits', *{QUICK}, '--json']); "
        "heavy = {'rich.console', 'sklearn', 'scipy', 'jax', 'pyarrow', 'pandas', 'narwhals'}; "
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=folder, check=False)
    assert done.returncode == 0


def test_the_promised_accuracy(command):
    runs = [
        json.loads(command("train", "digits", "--json", "--seed", seed)[1]) for seed in range(5)
    ]
    assert np.mean([run["test_accuracy"] for run in runs]) >= 0.97
