import json
import re

import numpy as np
import pytest

import layerwise as lw
from layerwise.cli.main import main


def run(capsys, *arguments):
    code = main([str(a) for a in arguments])
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table with its model, one that was cross-validated, and a model of the digits."""
    where = tmp_path_factory.mktemp("command")
    random = np.random.default_rng(0)
    lines = ["age,town,paid"]
    for _ in range(160):
        age, town = random.integers(18, 80), random.choice(["Ulm", "Bern", "Linz"])
        lines.append(f"{age},{town},{'yes' if age + random.normal(0, 12) > 45 else 'no'}")
    lines.insert(20, "33,Ulm,")  # no target: it is left out
    (where / "people.csv").write_text("\n".join(lines) + "\n")
    table = ["train", where / "people.csv", "--target", "paid", "--preset", "fast", "-q"]
    quick = ["--epochs", "5"]
    for more in (
        [*table, *quick, "--out", where / "people.safetensors"],
        [*table, *quick, "--cv", "2", "--out", where / "crossed.safetensors"],
        ["train", "digits", "-q", "--hidden", "16", "--epochs", "2", "--seed", "3",
         "--out", where / "digits.safetensors"],
    ):  # fmt: skip
        assert main([str(a) for a in more]) == 0
    return where


def test_the_report_of_a_table_has_the_result_of_the_training(folder, capsys):
    code, out, _ = run(capsys, "report", folder / "people.safetensors")
    assert code == 0
    assert "report written to" in out
    text = (folder / "people.html").read_text()
    model = lw.load(folder / "people.safetensors")
    tested = model.summary["tested"]
    assert f"<strong>{100 * tested['test_accuracy']:.1f}%</strong>" in text
    wrong = round((1 - tested["test_accuracy"]) * tested["test_rows"])
    # Counted anew, on the rows that were divided again.
    assert f"{wrong} of {tested['test_rows']} held-out rows are wrong" in text
    assert "shuffling it costs" in text


def test_rows_are_named_by_their_places_in_the_file(folder, capsys):
    run(capsys, "report", folder / "people.safetensors")
    text = (folder / "people.html").read_text()
    table = text[text.index("The worst mistakes") :]
    lines = (folder / "people.csv").read_text().splitlines()[1:]
    found = re.search(
        r'class="words">([\d,]+)</th><td class="words">(\w+)</td><td class="words">(\w+)</td>',
        table,
    )
    assert found is not None
    assert lines[int(found[1])].endswith(found[2])
    assert found[2] != found[3]


def test_a_file_that_has_changed_gives_no_held_out_rows(folder, capsys, tmp_path):
    changed = tmp_path / "changed.csv"
    changed.write_text((folder / "people.csv").read_text().replace("Ulm", "Bonn", 1))
    model, page = folder / "people.safetensors", tmp_path / "changed.html"
    code, _, _ = run(capsys, "report", model, "--data", changed, "--out", page)
    assert code == 0
    text = page.read_text()
    assert "has changed since the training" in text
    assert "held-out rows are wrong" not in text
    tested = lw.load(model).summary["tested"]
    assert f"<strong>{100 * tested['test_accuracy']:.1f}%</strong>" in text


def test_a_file_that_is_gone_is_named(folder, capsys, tmp_path):
    model = tmp_path / "people.safetensors"
    loaded = lw.load(folder / "people.safetensors")
    loaded.summary["data"]["source"] = "gone.csv"
    loaded.save(model)
    assert run(capsys, "report", model)[0] == 0
    text = (tmp_path / "people.html").read_text()
    assert "there is no file gone.csv here any more" in text
    data, page = folder / "people.csv", tmp_path / "found.html"
    assert run(capsys, "report", model, "--data", data, "--out", page)[0] == 0
    assert "held-out rows are wrong" in page.read_text()


def test_a_cross_validated_model_has_no_unseen_rows(folder, capsys):
    assert run(capsys, "report", folder / "crossed.safetensors")[0] == 0
    text = (folder / "crossed.html").read_text()
    assert "learned from all rows" in text
    assert "2 folds of a cross-validation" in text


def test_the_report_of_the_digits_divides_them_again(folder, capsys):
    assert run(capsys, "report", folder / "digits.safetensors")[0] == 0
    text = (folder / "digits.html").read_text()
    test = lw.load(folder / "digits.safetensors").summary["test"]
    wrong = round((1 - test["accuracy"]) * test["rows"])
    assert f"{wrong} of {test['rows']} held-out rows are wrong" in text
    assert 'id="player-data"' in text
    examples = json.loads(re.search(r'id="player-data">(.*?)</script>', text, re.DOTALL)[1])
    assert len(examples["examples"]) == 10


def test_another_split_is_noticed(folder, capsys, tmp_path):
    loaded = lw.load(folder / "digits.safetensors")
    loaded.summary["config"]["seed"] = 4
    loaded.save(tmp_path / "other.safetensors", example=np.zeros((1, 64), np.float32))
    assert run(capsys, "report", tmp_path / "other.safetensors")[0] == 0
    assert "does not give the rows of the test" in (tmp_path / "other.html").read_text()


def test_mistakes_on_the_command_line_are_explained(folder, capsys, tmp_path):
    model = folder / "people.safetensors"
    code, _, error = run(capsys, "report", tmp_path / "none.safetensors")
    assert code == 1
    assert "none.safetensors" in error
    code, _, error = run(capsys, "report", model, "--out", tmp_path / "a.pdf")
    assert code == 2
    assert ".html" in error
    code, _, error = run(capsys, "report", model, "--out", tmp_path / "b" / "a.html")
    assert code == 1
    assert "no folder" in error
