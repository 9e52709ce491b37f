"""`layerwise explain`: the row that was meant, in words, as JSON and as a picture."""

import json

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise.cli.main import main

from .tables import FAST, customers


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory):
    """A model of classes, one of numbers and one of arrays, and the files they are of."""
    folder = tmp_path_factory.mktemp("models")
    frame = customers()
    frame.to_csv(folder / "customers.csv", index=False)
    for target, other in (("churned", "spent"), ("spent", "churned")):
        given = ("--target", target, "--drop", f"{other},household", "--quiet", *FAST)
        given += ("--out", str(folder / f"{target}.safetensors"))
        assert main(["train", str(folder / "customers.csv"), *given]) == 0
    numbers = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    with lw.nn.seed(0):
        net = lw.nn.Sequential(lw.nn.Linear(4, 6), lw.nn.Tanh(), lw.nn.Linear(6, 3))
    model = lw.Model(net, classes=["a", "b", "c"], target="classes", output="softmax")
    model.save(folder / "net.safetensors", numbers)
    np.savetxt(folder / "numbers.csv", numbers, delimiter=",", fmt="%.7g")
    return folder


@pytest.fixture
def files(trained_once, folder):
    """The same, in the working folder of one test."""
    for path in trained_once.iterdir():
        (folder / path.name).symlink_to(path)
    return folder


def test_the_row_is_counted_from_one_below_the_header(command, files):
    model, frame = lw.load("churned.safetensors"), pd.read_csv("customers.csv")
    for row in (1, 17, 160):
        code, out, err = command("explain", "churned.safetensors", "customers.csv", "--row", row,
                                 "--json")  # fmt: skip
        assert (code, err) == (0, "")
        found = json.loads(out)
        one = frame.iloc[[row - 1]]
        p = model.predict_probabilities(one)[0]
        assert found["row"] == row
        assert found["answer"] == model.predict(one)[0]
        assert found["probability"] == pytest.approx(float(p.max()), rel=1e-5)
        assert found["prediction"] == pytest.approx(np.log(p.max() / p.min()), rel=1e-4)
        added = sum(each["contribution"] for each in found["contributions"])
        assert found["prediction"] - found["baseline"] - added == found["residual"]
        assert abs(found["residual"]) < 1e-9
        values = {each["column"]: each["value"] for each in found["contributions"]}
        assert set(values) == {"age", "town", "plan", "since", "visits"}
        assert values["town"] == one["town"].item()
        assert values["visits"] == one["visits"].item()


def test_what_a_person_reads_fits_sixty_columns(command, files, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    code, out, err = command("explain", "spent.safetensors", "customers.csv", "--row", 17)
    assert (code, err) == (0, "")
    first, second, *lines = out.splitlines()
    assert first == "row 17 of customers.csv: prediction"
    assert second == "by Shapley values against 100 rows"
    assert max(map(len, out.splitlines())) <= 60
    found = insight_of("spent.safetensors", 16)
    assert [line.split()[0] for line in lines[1:6]] == [c.column for c in found.contributions]
    assert lines[-1] == f"check: the sum is off by {abs(found.residual):.1e}"
    monkeypatch.setenv("COLUMNS", "20")  # narrower is not possible, and does no harm
    assert command("explain", "spent.safetensors", "customers.csv", "--row", 17)[1] == out


def insight_of(model, row, **options):
    return lw.insight.explain(lw.load(model), pd.read_csv("customers.csv"), row, **options)


def test_class_background_samples_seed_and_picture(command, files):
    pd.read_csv("customers.csv").head(20).to_csv("few.csv", index=False)
    given = ("--row", 5, "--class", "no", "--background", "few.csv", "--samples", 80, "--seed", 3)
    code, out, _ = command(
        "explain", "churned.safetensors", "customers.csv", *given, "--out", "row.png", "--json"
    )
    assert code == 0
    found = json.loads(out)
    assert (found["answer"], found["background"]) == ("no", "few.csv")
    assert (found["background_rows"], found["samples"], found["picture"]) == (20, 80, "row.png")
    few = pd.read_csv("few.csv")
    own = insight_of("churned.safetensors", 4, background=few, class_name="no", samples=80, seed=3)
    assert [each["contribution"] for each in found["contributions"]] == [
        each.contribution for each in own.contributions
    ]
    assert (files / "row.png").read_bytes().startswith(b"\x89PNG")


def test_a_model_of_arrays_and_a_file_without_a_header(command, files):
    code, out, err = command("explain", "net.safetensors", "numbers.csv", "--row", 30, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["method"] == "integrated_gradients"
    x = np.loadtxt("numbers.csv", delimiter=",", dtype=np.float32)
    p = lw.load("net.safetensors").predict_probabilities(x[29:])[0]
    assert found["answer"] == "abc"[p.argmax()]
    assert found["probability"] == pytest.approx(float(p.max()), rel=1e-5)
    code, out, _ = command("explain", "net.safetensors", "numbers.csv", "--row", 30, "--method",
                           "Shapley")  # fmt: skip
    assert code == 0
    assert "by Shapley values against 30 rows" in out


def test_what_training_did_not_know_is_said_of_this_row_alone(command, files):
    new = pd.read_csv("customers.csv").head(6)
    new.loc[[2, 3], "town"] = "Atlantis"
    new.to_csv("new.csv", index=False)
    code, out, err = command("explain", "churned.safetensors", "new.csv", "--row", 3)
    assert code == 0
    assert "Atlantis" in out
    assert err == (
        "layerwise: categories that training did not know: 'town' in 1 row, such as 'Atlantis'\n"
    )
    assert command("explain", "churned.safetensors", "new.csv", "--row", 2)[2] == ""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("customers.csv", "--row", 0), "1 for the first row of data, or more; got 0"),
        (("customers.csv", "--row", 161), "1 to 160, as customers.csv has 160 rows of data"),
        (("customers.csv", "--row", "x"), "'--row'"),
        (("customers.csv",), "Missing option '--row'"),
        (("customers.csv", "--row", 1, "--class", "yess"), "did you mean 'yes'"),
        (("customers.csv", "--row", 1, "--samples", 1), "--samples: expected at least 2, got 1"),
        (("customers.csv", "--row", 1, "--method", "lime"), "unknown method 'lime'"),
        (("customers.csv", "--row", 1, "--method", "integrated-gradients"), "columns of a table"),
        (("customers.csv", "--row", 1, "--out", "p.gif"), "end in .png, .svg, .pdf; got 'p.gif'"),
        (("customers.csv", "--row", 1, "--backend", "gpu"), "--backend"),
        (("absent.csv", "--row", 1), "absent.csv"),
        (("one.csv", "--row", 1), "one row only"),
        (("no town.csv", "--row", 1), "needs the column 'town'"),
        (("customers.csv", "--row", 1, "--background", "no town.csv"), "needs the column 'town'"),
    ],
)
def test_mistakes(command, files, given, message):
    frame = pd.read_csv("customers.csv")
    frame.head(1).to_csv("one.csv", index=False)
    frame.drop(columns="town").to_csv("no town.csv", index=False)
    before = sorted(path.name for path in files.iterdir())
    code, out, err = command("explain", "churned.safetensors", *given)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert sorted(path.name for path in files.iterdir()) == before


def test_a_folder_that_is_not_there_is_found_before_the_work(command, files):
    code, _, err = command("explain", "churned.safetensors", "customers.csv", "--row", 1, "--out",
                           "no/where.png")  # fmt: skip
    assert code == 1
    assert "there is no folder no" in err
