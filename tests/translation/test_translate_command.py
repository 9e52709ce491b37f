import copy
import io
import json
import re
import sys
from functools import partial

import numpy as np
import pytest

import layerwise as lw
from layerwise.cli.main import main
from layerwise.insight.drawing import draw_alignment
from layerwise.report.translation import build_translation_report
from layerwise.translation import Recipe, TranslationModel

from .conftest import reversed_digits


@pytest.fixture(scope="module")
def model(translator, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "digits.safetensors"
    translator.save(path)
    return path


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command in this process, in a terminal of 60 columns without colour."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments):
        code = main([str(a) for a in arguments])
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


def test_texts_are_translated(command, model):
    code, out, err = command("translate", model, "one two", "nine", "--beam", "2")
    assert (code, out, err) == (0, "2 1\n9\n", "")


def test_the_alignment_is_shown_in_60_columns(command, model):
    code, out, _ = command("translate", model, "one two three", "--show-alignment")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "3 2 1"
    assert all(len(line) <= 60 for line in lines)
    assert "\x1b" not in out
    rows = [line for line in lines if re.fullmatch(r"  [123]  .*\d+%", line)]
    assert len(rows) == 3
    assert any("\u2588" in row or "\u2593" in row for row in rows)
    assert "1 one, 2 two, 3 three" in out


def test_long_sentences_fit_too(command, model, capsys):
    from layerwise.cli.screen import Screen
    from layerwise.cli.translate import show
    from layerwise.translation import Alignment

    words = tuple(f"internationalisation{i}" for i in range(40))
    show(Screen(), Alignment(words, words[:3], np.full((3, 40), 1 / 40)))
    out = capsys.readouterr().out
    assert all(len(line) <= 60 for line in out.splitlines())
    assert "of 40 are drawn" in out


def test_lines_come_from_files_and_standard_input(command, model, tmp_path, monkeypatch):
    (tmp_path / "in.txt").write_text("one\n\ntwo three\n")
    assert command("translate", model, "--file", "in.txt")[1] == "1\n\n3 2\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"four\n")))
    assert command("translate", model)[1] == "4\n"


def test_what_is_translated_is_printed_before_the_rest(command, model, tmp_path, monkeypatch):
    (tmp_path / "in.txt").write_text("one\n\ntwo three\nfour\none two\n")
    whole = command("translate", model, "--file", "in.txt")[1]
    monkeypatch.setattr("layerwise.cli.translate.TOGETHER", 2)
    assert command("translate", model, "--file", "in.txt")[1] == whole
    translate = TranslationModel.translate_numbers

    def interrupted(self, sources, *options):
        if len(sources) < 2:
            raise KeyboardInterrupt
        return translate(self, sources, *options)

    monkeypatch.setattr(TranslationModel, "translate_numbers", interrupted)
    code, out, err = command("translate", model, "--file", "in.txt")
    assert (code, out) == (130, "".join(whole.splitlines(keepends=True)[:4]))
    assert "after 4 of 5" in err


def test_json_has_the_alignment(command, model):
    (found,) = json.loads(command("translate", model, "one two", "--json")[1])
    assert found["translation"] == "2 1"
    assert found["alignment"]["source"] == ["one", "two"]
    assert np.array(found["alignment"]["weights"]).shape == (2, 2)


def test_what_is_wrong_is_said(command, model, tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"one\ntwo \xff\n")
    assert command("translate", model, "--file", "bad.txt")[0] == 2
    assert "line 2" in command("translate", model, "--file", "bad.txt")[2]
    assert "beam" in command("translate", model, "one", "--beam", "0")[2]
    assert command("translate", "none.safetensors", "one")[0] == 1
    assert "got both" in command("translate", model, "one", "--file", "bad.txt")[2]
    assert "is a translator" in command("predict", model, "bad.txt")[2]
    shown = command("show", model)[1]
    assert "translates" in shown
    assert max(map(len, shown.splitlines())) <= 60
    for other in (["doctor", model], ["explain", model, "--text", "one"]):
        assert "`layerwise translate`" in command(*other)[2]


def test_files_of_pairs_are_checked(command, tmp_path):
    (tmp_path / "missing.tsv").write_text("a\tb\nc\t\n")
    code, _, err = command("train", "missing.tsv", "--task", "translate")
    assert code == 2
    assert "line 2" in err
    assert "no target for 'c'" in err
    (tmp_path / "bytes.tsv").write_bytes(b"a\tb\nc\t\xff\n")
    assert "line 2" in command("train", "bytes.tsv", "--task", "translate")[2]
    assert (
        "--target is not for"
        in command("train", "missing.tsv", "--task", "translate", "--target", "x")[2]
    )
    assert (
        "--source-column"
        in command("train", "missing.tsv", "--task", "translate", "--source-column", "x")[2]
    )
    assert "is for pairs" in command("train", "digits", "--vocabulary", "words")[2]


def test_a_translator_is_trained_tested_saved_and_reported(command, tmp_path, monkeypatch):
    small = partial(Recipe, features=16, hidden=16, layers=1, clip_norm=None)
    monkeypatch.setattr("layerwise.cli.translation.Recipe", small)
    sources, targets = reversed_digits(60, 8)
    lines = [
        "id,said,written",
        *(f"{i},{s},{t}" for i, (s, t) in enumerate(zip(sources, targets, strict=True))),
    ]
    (tmp_path / "pairs.csv").write_text("\n".join(lines))
    code, out, err = command(
        "train", "pairs.csv", "--task", "translate", "--source-column", "said",
        "--target-column", "written", "--epochs", "1", "--vocabulary", "words", "--json",
        "--test-size", "0.2", "--backend", "reference", "--report",
    )  # fmt: skip
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert facts["test"]["pairs"] >= 10
    assert 0 <= facts["test"]["chrf"] <= 100
    assert facts["epochs"] == 1
    assert isinstance(lw.load(tmp_path / "pairs.safetensors"), lw.Translator)
    page = (tmp_path / "pairs.html").read_text()
    assert "BLEU on held-out pairs" in page
    assert "The worst translations" in page

    def reported(*arguments):
        code, _, err = command("report", "pairs.safetensors", *arguments, "--backend", "reference")
        assert code == 0, err
        return (tmp_path / "pairs.html").read_text(), err

    again, err = reported()
    assert err == ""
    assert without_date(again) == without_date(page)
    (tmp_path / "pairs.csv").write_text("\n".join(lines[:20]))
    assert "has other pairs than at the training" in reported()[1]
    other, err = reported("--data", "pairs.csv")
    assert err == ""
    assert "19 pairs of pairs.csv, which may have trained" in other
    (tmp_path / "pairs.csv").unlink()
    alone, err = reported()
    assert "there is no file pairs.csv here any more" in err
    for text in ("BLEU on held-out pairs", "Translations, and where they looked", "Learning rate"):
        assert text in alone
    assert "The pairs that were kept for the test are not at hand" in alone
    assert command("report", "pairs.safetensors", "--data", "none.csv")[0] == 2


def without_date(page):
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "", page)


def test_a_model_that_says_nothing_of_its_training_has_a_report(command, translator, tmp_path):
    model = copy.copy(translator.model_)
    carried = [{"source": "one two", "target": "2 1"}, {"source": 5}, "damaged"]
    model.summary = {"examples": carried, "test": {"bleu": "?"}, "division": [1]}
    model.save("bare.safetensors")
    code, _, err = command("report", "bare.safetensors")
    assert code == 0
    assert "does not say how its pairs were divided" in err
    page = (tmp_path / "bare.html").read_text()
    assert "Source: one two | Expected: 2 1" in page
    assert "<svg" in page


def test_the_report_shows_examples_and_escapes_them(translator):
    pairs = reversed_digits(30, 9)
    pairs = ["one <b>two</b>", *pairs[0]], ["2 1", *pairs[1]]
    page = build_translation_report(translator.model_, pairs, beam=2)
    for text in ("Translations, and where they looked", "BLEU and chrF", "Learning curves"):
        assert text in page
    assert "<b>two" not in page
    assert "src=" not in page


def test_an_alignment_is_drawn(translator, tmp_path):
    (found,) = translator.align(["one two three"])
    draw_alignment(found, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 2000
    figure = draw_alignment(found)
    shown = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert shown == ["one", "two", "three"]
    empty = type(found)((), (), np.zeros((0, 0)))
    with pytest.raises(lw.OptionError, match="draw_alignment"):
        draw_alignment(empty)
    with pytest.raises(lw.OptionError, match="png"):
        draw_alignment(found, tmp_path / "a.txt")
