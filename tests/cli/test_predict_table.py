import csv
import io

import numpy as np
import pandas as pd
import pytest

import layerwise as lw

from .tables import FAST, customers


@pytest.fixture
def frame():
    return customers()


@pytest.fixture(params=["churned", "spent"])
def model(request, command, folder, frame):
    """A model that predicts a class, and one that predicts a number."""
    frame.to_parquet(folder / "customers.parquet")
    other = {"churned": "spent", "spent": "churned"}[request.param]
    given = ("--target", request.param, "--drop", f"{other},household", *FAST, "--quiet")
    code, _, err = command("train", "customers.parquet", *given)
    assert (code, err) == (0, "")
    return lw.load("customers.safetensors")


def check(text, model, frame):
    head, *rows = csv.reader(io.StringIO(text))
    assert len(rows) == len(frame)
    if model.classes is None:
        assert head == ["prediction"]
        np.testing.assert_allclose([float(r[0]) for r in rows], model.predict(frame), rtol=1e-5)
        return
    assert head == ["prediction", "probability_no", "probability_yes"]
    assert [r[0] for r in rows] == list(model.predict(frame))
    table = np.array([[float(cell) for cell in row[1:]] for row in rows])
    np.testing.assert_allclose(table, model.predict_probabilities(frame), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["new.csv", "new.tsv", "new.csv.gz", "new.parquet", "new.arrow"])
def test_predictions_of_raw_values(command, folder, model, frame, name):
    """Columns in another order, with others among them, the target too, in any format."""
    new = frame[list(frame.columns)[::-1]].head(30).assign(more="x")
    if name.endswith(".parquet"):
        new.to_parquet(folder / name)
    elif name.endswith(".arrow"):
        new.reset_index(drop=True).to_feather(folder / name)
    else:
        new.to_csv(folder / name, index=False, sep="\t" if name.endswith("tsv") else ",")
    code, out, err = command("predict", "customers.safetensors", name, "--out", "predicted.csv")
    assert (code, out, err) == (0, "", "30 predictions written to predicted.csv\n")
    check((folder / "predicted.csv").read_text(), model, frame.head(30))


def test_standard_input_and_output(command, folder, model, frame, monkeypatch):
    data = io.BytesIO(frame.to_csv(index=False).encode())
    monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": data}))
    code, out, err = command("predict", "customers.safetensors", "-")
    assert (code, err) == (0, "")
    check(out, model, frame)


def test_what_training_did_not_know_is_said_in_one_line(command, folder, model, frame):
    new = frame.head(10).copy()
    new.loc[new.index[:3], "town"] = "Atlantis"
    new.loc[new.index[:2], "plan"] = None
    new["since"] = pd.Timestamp("2031-05-05")
    new.to_csv(folder / "new.csv", index=False)
    code, out, err = command("predict", "customers.safetensors", "new.csv")
    assert code == 0
    assert err == (
        "layerwise: categories that training did not know: 'town' in 3 rows, such as 'Atlantis'; "
        "dates later than any of training: 'since' in 10 rows; "
        "values missing where none were in training: 'plan' in 2 rows\n"
    )
    assert len(out.splitlines()) == 11


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.rename(columns={"town": "twon"}), "needs the column 'town'; is it the column"),
        (lambda f: f.drop(columns=["town", "age"]), "needs 2 more columns: 'age', 'town'"),
        (lambda f: f.assign(age=[*"1234", "old"]), "new.csv, line 6, column 'age'"),
        (lambda f: f.assign(since="soon"), "new.csv, line 2, column 'since'"),
        (lambda f: f.assign(age=np.inf), "new.csv, line 2, column"),
        (lambda f: f.head(0), "no rows"),
    ],
)
def test_bad_rows(command, folder, model, frame, change, message):
    change(frame.head(5)).to_csv(folder / "new.csv", index=False)
    before = sorted(p.name for p in folder.iterdir())
    code, out, err = command("predict", "customers.safetensors", "new.csv", "--out", "p.csv")
    assert message in err
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert sorted(p.name for p in folder.iterdir()) == before


def test_what_is_wrong_with_another_column_is_of_no_matter(command, folder, model, frame):
    frame.head(5).assign(spent=np.inf).to_csv(folder / "new.csv", index=False)
    code, out, _ = command("predict", "customers.safetensors", "new.csv")
    assert code == 0
    check(out, model, frame.head(5))


def test_codes_with_zeros_in_front_stay_words(command, folder):
    random = np.random.default_rng(0)
    codes = [f"{i:03d}" for i in random.integers(0, 20, 120)]
    frame = pd.DataFrame({"code": codes, "y": [int(c) % 2 for c in codes]})
    frame.to_csv(folder / "t.csv", index=False)
    given = ("--target", "y", "--categorical", "code", *FAST, "--quiet")
    assert command("train", "t.csv", *given)[0] == 0
    code, out, err = command("predict", "t.safetensors", "t.csv")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 121


def test_show(command, folder, model):
    code, out, err = command("show", "customers.safetensors")
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    target = "churned" if model.classes else "spent"
    for part in (
        f"predicts {target},",
        "needs 5 columns: age, town, plan, since, visits",
        "members networks on pieces 100% (1)",
        "town: category; 4 columns of 0 and 1",
        "customer: identifier, all different",
        "household: dropped, as you asked",
        "training 120 rows of customers.parquet, seed 0",
        "constant guess",
        "on 40 rows",
    ):
        assert part in flat, part


@pytest.mark.parametrize("width", [60, 80])
def test_lines_fit_the_width(process, command, folder, frame, width):
    frame.to_csv(folder / "c.csv", index=False)
    command("train", "c.csv", "--target", "churned", *FAST, "--quiet")
    out, _ = process("show", "c.safetensors", COLUMNS=str(width)).communicate(timeout=60)
    assert max(map(len, out.splitlines())) <= width


def test_models_that_an_estimator_saved(command, folder, frame):
    from layerwise.estimators import Classifier

    x, y = frame[["age", "town"]], frame["churned"]
    Classifier(preset="fast", epochs=2, random_state=0).fit(x, y).save("m.safetensors")
    frame.to_csv(folder / "new.csv", index=False)
    code, out, err = command("predict", "m.safetensors", "new.csv")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 161
    code, out, err = command("show", "m.safetensors")
    assert (code, err) == (0, "")
    assert "town: category" in out
