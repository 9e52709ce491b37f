"""`layerwise doctor`, the doctor at the end of `layerwise train`, and what a model keeps of it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import layerwise as lw
from layerwise import nn
from layerwise.cli.findings import plain
from layerwise.cli.main import _with_report_named
from layerwise.doctor.kept import case_of

from .conftest import QUICK
from .tables import FAST, customers

SLOW = ("--hidden", "16", "--epochs", "4", "--lr", "1e-6")
"""A training at a rate that is too low."""


@pytest.fixture(scope="module")
def trained_run():
    """A network at a rate that is too low, and its training."""
    random = np.random.default_rng(0)
    x = random.standard_normal((300, 4)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    with nn.seed(0):
        net = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
    return lw.train(net, (x[:200], y[:200]), validation=(x[200:], y[200:]), learning_rate=1e-7)


# -- at the end of a training ----------------------------------------------------------------------


def test_findings_come_before_the_result(command, folder):
    code, out, err = command("train", "digits", *SLOW)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[-2].startswith("test accuracy")
    assert lines[-1] == "model saved in digits.safetensors"
    flat = " ".join(out.split())
    assert "! warning: the learning rate is too low seen a step changes weights by" in flat
    assert "change raise it: --lr 0.00" in flat or "change raise it: --lr 1e-0" in flat
    assert "guide docs/guide/learning-rate.md" in flat
    notes = [line for line in lines if line.startswith("  - ")]
    assert any("columns with one value in every row: 4 of 64" in line for line in notes)
    assert max(map(len, notes)) < 80


def test_quiet_shows_alarms_only(command, folder):
    _, out, _ = command("train", "digits", *SLOW, "--quiet")
    assert "the learning rate is too low" in out
    assert "columns with one value" not in out
    assert len([line for line in out.splitlines() if line.startswith("test accuracy")]) == 1


def test_json_has_a_list_of_findings(command, folder):
    result = json.loads(command("train", "digits", *SLOW, "--json")[1])
    names = [finding["name"] for finding in result["doctor"]]
    assert names[0] == "learning_rate_too_low"
    assert "constant_column" in names
    assert result["doctor"][0]["remedy"]["changes"]["learning_rate"] > 1e-6


def test_without_the_doctor(command, folder):
    code, out, _ = command("train", "digits", *SLOW, "--no-doctor")
    assert code == 0
    assert "doctor" not in out
    assert "too low" not in out
    assert "case" not in lw.load("digits.safetensors").summary
    code, out, err = command("doctor", "digits.safetensors")
    assert (code, err) == (0, "")
    assert "carries no record of its training for the doctor" in " ".join(out.split())
    assert "lw.doctor(run)" in out
    code, out, _ = command("doctor", "digits.safetensors", "--json")
    assert json.loads(out) == {"model": "digits.safetensors", "record": False, "doctor": []}
    with pytest.raises(lw.OptionError, match=r"no record.*--no-doctor"):
        lw.doctor(lw.load("digits.safetensors"))


def test_without_probes(command, folder):
    result = json.loads(command("train", "digits", *QUICK, "--no-probes", "--json")[1])
    assert {finding["name"] for finding in result["doctor"]} >= {"constant_column"}
    model = lw.load("digits.safetensors")
    assert model.summary["probes"] is None
    assert case_of(model.summary).probes is None


def test_a_table(command, folder):
    frame = customers()
    frame["cancelled"] = np.where(frame["churned"] == "yes", 7.0, 0.0)
    frame.to_csv("customers.csv", index=False)
    arguments = ("train", "customers.csv", "--target", "churned", *FAST)
    code, out, err = command(*arguments)
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    assert "one column gives the target away seen 'cancelled' alone predicts" in flat
    assert "--drop cancelled" in flat
    assert out.splitlines()[-1] == "model saved in customers.safetensors"
    assert out.splitlines()[-2].startswith("test accuracy")
    _, said, _ = command("doctor", "customers.safetensors")
    assert "'cancelled' alone predicts" in " ".join(said.split())
    without = json.loads(command(*arguments, "--drop", "cancelled,spent", "--json")[1])
    assert "leaking_column" not in {finding["name"] for finding in without["doctor"]}


# -- a saved model ---------------------------------------------------------------------------------


@pytest.fixture
def saved(trained_run, folder):
    """A file with a record."""
    lw.doctor(trained_run, trials=False)
    lw.Model(trained_run.net, trained_run).save("model.safetensors")
    return "model.safetensors"


@pytest.mark.parametrize("width", ["60", "80"])
def test_it_says_what_was_found(command, saved, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    code, out, err = command("doctor", saved)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= int(width)
    flat = " ".join(out.split())
    assert flat.startswith("doctor: the learning rate is too low")
    for part in ("! warning:", "seen", "cause", "change", "guide docs/guide/learning-rate.md"):
        assert part in flat


def test_it_says_it_to_programs(command, saved, trained_run):
    code, out, _ = command("doctor", saved, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["record"] is True
    assert found["alarms"] == 1
    assert found["doctor"][0]["name"] == "learning_rate_too_low"
    assert found["verdict"].startswith("the learning rate is too low")


def test_a_healthy_model_gets_one_line(command, folder):
    random = np.random.default_rng(0)
    x = random.standard_normal((400, 4)).astype(np.float32)
    y = x @ [1.0, -1.0, 0.5, 0.0] + 0.1 * random.standard_normal(400)
    net = nn.Sequential(nn.Linear(4, 1))
    run = lw.train(net, (x[:300], y[:300]), validation=(x[300:], y[300:]), learning_rate=0.02)
    assert len(lw.doctor(run)) == 0
    net.save("fine.safetensors")
    code, out, _ = command("doctor", "fine.safetensors")
    assert (code, out) == (0, "doctor: healthy: nothing that harms the result was found\n")


def test_a_file_that_is_no_model(command, folder):
    code, _, err = command("doctor", "nothing.safetensors")
    assert code == 1
    assert "nothing.safetensors" in err


# -- in Python -------------------------------------------------------------------------------------


def test_a_diagnosis_is_kept_with_the_run_and_the_network(trained_run, tmp_path):
    found = lw.doctor(trained_run, trials=False)
    assert found[0].name == "learning_rate_too_low"
    case = case_of(trained_run.summary())
    assert case.history.as_columns() == trained_run.history.as_columns()
    assert len(case.probes) == len(trained_run.probes)
    assert case.learning_rate == 1e-7
    trained_run.net.save(tmp_path / "net.safetensors")
    again = lw.doctor(lw.load(tmp_path / "net.safetensors"))
    assert [f.name for f in again] == [f.name for f in found]
    assert again[0].evidence == found[0].evidence


def test_a_trial_that_was_made_is_remembered(trained_run, tmp_path):
    found = lw.doctor(trained_run)
    tried = [finding for finding in found if finding.trial is not None]
    assert tried
    trained_run.net.save(tmp_path / "net.safetensors")
    again = lw.doctor(lw.load(tmp_path / "net.safetensors"))
    assert again.named(tried[0].name).trial == tried[0].trial


def test_another_training_is_another_case(tmp_path):
    x = np.random.default_rng(1).standard_normal((60, 3)).astype(np.float32)
    net = nn.Sequential(nn.Linear(3, 1))
    first = lw.train(net, (x, x[:, :1]), epochs=2)
    lw.train(net, (x, x[:, :1]), epochs=3)
    lw.doctor(first, trials=False)
    net.save(tmp_path / "net.safetensors")
    with pytest.raises(lw.OptionError, match="no record"):
        lw.doctor(lw.load(tmp_path / "net.safetensors"))


def test_what_cannot_be_examined():
    with pytest.raises(lw.OptionError, match="got int"):
        lw.doctor(3)
    with pytest.raises(lw.OptionError, match="cannot be read"):
        case_of({"case": {"loss": "mse"}})


def test_the_room_is_light_and_can_be_called():
    text = (
        "import sys, layerwise as lw\n"
        "assert 'layerwise.doctor' not in sys.modules\n"
        "lw.doctor\n"
        "assert 'sklearn' not in sys.modules and 'matplotlib' not in sys.modules\n"
        "from layerwise.doctor import diagnose\n"
        "assert lw.doctor.diagnose is diagnose and callable(lw.doctor)\n"
    )
    kept = {k: v for k, v in os.environ.items() if k != "EAGER_IMPORT"}
    subprocess.run([sys.executable, "-c", text], check=True, env=kept, timeout=60)


def test_signs_that_every_screen_has():
    assert plain("gain 1 \N{PLUS-MINUS SIGN} 2") == "gain 1 +- 2"


# -- --report --------------------------------------------------------------------------------------


def test_report_may_come_without_a_name():
    assert _with_report_named(["train", "x.csv", "--report", "--quiet"])[2] == "--report="
    assert _with_report_named(["train", "x.csv", "--report"])[2] == "--report="
    named = ["train", "x.csv", "--report", "page.html"]
    assert _with_report_named(named) == named
    assert _with_report_named(["report", "--report"]) == ["report", "--report"]


def test_a_report_is_written(command, folder):
    code, out, _ = command("train", "digits", *QUICK, "--report", "page.html")
    assert code == 0
    assert out.splitlines()[-3] == "report written to page.html"
    assert "<html" in (folder / "page.html").read_text()[:500]
    code, _, err = command("train", "digits", *QUICK, "--report=page.pdf")
    assert code == 2
    assert ".html" in err


def test_a_report_on_a_table_beside_its_model(command, folder):
    customers().to_csv("customers.csv", index=False)
    code, out, _ = command("train", "customers.csv", "--target", "churned", *FAST, "--report")
    assert code == 0
    assert out.splitlines()[-3] == "report written to customers.html"
    assert (folder / "customers.html").is_file()
