import json

import numpy as np
import pytest

import layerwise as lw

GOOD, BAD = ["great", "lovely", "tasty", "fresh"], ["awful", "stale", "bitter", "broken"]


@pytest.fixture
def table(folder):
    """Reviews in a CSV file; one has no text, one no label."""
    generator = np.random.default_rng(0)
    lines = ["id,body,label"]
    for number in range(80):
        good = number % 2
        words = [*generator.choice(["the", "tea", "box", "was", "it", "i", "my"], 5)]
        words += list(generator.choice(GOOD if good else BAD, 2))
        lines.append(f'{number},"{" ".join(words)}, yes",{"good" if good else "bad"}')
    lines += ["80,,good", "81,the tea,"]
    (folder / "reviews.csv").write_text("\n".join(lines) + "\n")
    return folder / "reviews.csv"


WHAT = ("--target", "label", "--text", "body", "--epochs", "6", "--threads", "1")


def test_train_and_what_other_commands_do_with_the_model(command, folder, table):
    code, out, err = command("train", table, *WHAT, "--report", "page.html")
    assert (code, err) == (0, "")
    for part in (
        "81 texts of 2 classes: bad (40), good (41)",
        "1 rows without 'label' are left out",
        "1 rows have nothing in 'body' and count as empty texts",
        "texts never used before",
        "doctor",
    ):
        assert part in " ".join(out.split())
    model = lw.load("reviews.safetensors")
    assert model.predict(["awful stale", "great lovely"]).tolist() == ["bad", "good"]
    page = (folder / "page.html").read_text()
    assert "The worst mistakes" in page or "every" in page.lower()

    code, out, _ = command("predict", "reviews.safetensors", table, "--out", "-")
    assert code == 0
    assert len(out.splitlines()) == 83
    code, out, _ = command("explain", "reviews.safetensors", "--text", "the awful tea")
    assert code == 0
    assert "awful" in out.split("speaks against")[0]
    code, out, _ = command("explain", "reviews.safetensors", table, "--row", 1, "--json")
    assert code == 0
    assert json.loads(out)["row"] == 1
    assert command("show", "reviews.safetensors")[0] == 0
    assert command("doctor", "reviews.safetensors")[0] == 0
    code, out, _ = command("report", "reviews.safetensors", "--out", "again.html")
    assert code == 0
    assert "not at hand" not in (folder / "again.html").read_text()

    for given, message in (
        (("explain", "reviews.safetensors"), "expected FILE and --row"),
        (("explain", "reviews.safetensors", table, "--row", 99), "expected 1 to 82"),
        (("explain", "reviews.safetensors", "--text", "a", "--class", "odd"), "unknown class"),
    ):
        code, _, err = command(*given)
        assert code != 0
        assert message in " ".join(err.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--text", "body"), "--text needs --target"),
        (("--text", "nothing", "--target", "label"), "nothing"),
        (("--text", "body", "--target", "body"), "are the same column"),
        ((*WHAT, "--cv", "3"), "--cv is not for texts"),
        ((*WHAT, "--train-vectors"), "--train-vectors needs --vectors"),
        ((*WHAT, "--vectors", "none.txt"), "none.txt"),
        (("--target", "label", "--vectors", "v.txt"), "--vectors is for texts"),
        ((*WHAT, "--seed", "-1"), "--seed: expected a number from 0"),
        ((*WHAT, "--optimizer", "adm"), "did you mean 'adam'"),
        ((*WHAT, "--print-config"), "not yet for texts"),
        (("--text", "id", "--target", "label"), "reviews.csv holds numbers, expected texts"),
        (("--text", "label", "--target", "body"), "the other way round"),
        ((*WHAT, "--task", "translat"), "did you mean 'translate'"),
    ],
)
def test_what_cannot_be(command, table, options, message):
    code, out, err = command("train", table, *options)
    assert code == 2
    assert out == ""  # found before any work
    assert message in " ".join(err.split())


def test_invalid_utf8_names_the_line(command, folder):
    (folder / "bad.csv").write_bytes(b"body,label\nfine,a\nt\xff\xfeea,b\n")
    code, _, err = command("train", "bad.csv", *WHAT)
    assert code != 0
    assert "line 3" in err


def test_ctrl_c_keeps_the_training_that_went_furthest(command, table, monkeypatch):
    """A second training that was broken off had no epochs, or few: it must not be what is kept."""
    from layerwise.cli.text.progress import Follow

    seen = []

    def stop(self, now):
        if self.training == 0 and now.epoch >= 6:
            seen.append(True)
        elif seen:
            raise KeyboardInterrupt

    monkeypatch.setattr(Follow, "steps", stop)
    code, out, _ = command("train", table, *WHAT, "--json")
    facts = json.loads(out)
    assert (code, facts["stopped"]) == (130, "interrupted")
    assert len(facts["epochs"]) == 2
    assert facts["epochs"][1] < facts["epochs"][0] == 6
    assert 1 <= facts["best_epoch"] <= 6
    model = lw.load("reviews.safetensors")
    assert model.predict(["awful stale", "great lovely"]).tolist() == ["bad", "good"]


def test_ctrl_c_while_testing_loses_no_training(command, table, monkeypatch):
    def stop(self, texts):
        raise KeyboardInterrupt

    monkeypatch.setattr(lw.TextClassifier, "predict", stop)
    code, out, _ = command("train", table, *WHAT)
    assert code == 130
    assert "stopped after the training, which is complete" in " ".join(out.split())
    assert lw.load("reviews.safetensors").classes == ("bad", "good")


def test_the_page_of_a_saved_model_needs_the_same_rows(command, folder, table):
    quick = (*WHAT, "--epochs", 1, "--no-doctor")

    def page(*options):
        code, _, err = command("report", "reviews.safetensors", "--out", "p.html", *options)
        text = " ".join((folder / "p.html").read_text().split())
        assert (code, bool(err)) == (0, "not at hand" in text)
        return text

    assert command("train", table, *quick)[0] == 0
    assert "not at hand" not in page()
    (folder / "fewer.csv").write_text("\n".join(table.read_text().splitlines()[:50]))
    assert "fewer.csv has other rows than at the training" in page("--data", "fewer.csv")
    table.rename(folder / "gone.csv")
    assert "there is nothing at" in page()
    assert "not at hand" not in page("--data", "gone.csv")
    assert command("train", "gone.csv", *quick, "--test-size", 0)[0] == 0
    model = lw.load("gone.safetensors")
    assert "test" not in model.summary
    model.save("reviews.safetensors")
    assert "not at hand" not in page()
