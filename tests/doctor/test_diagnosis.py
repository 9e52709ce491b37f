"""A diagnosis: its order, its text at any width, and its way through JSON."""

import json

import numpy as np
import pytest
from doctor_runs import blobs, layers

import layerwise as lw
from layerwise.doctor import Diagnosis, Finding, Remedy, diagnose, examine


def finding(name="plateau", level="warning", **others):
    given = {
        "title": f"the title of {name}",
        "evidence": "the loss stayed at 0.693 from epoch 3 to 40, and 12% of layer '2' is off",
        "cause": "a long sentence that says why such a thing comes about, in words, as it should",
        "remedy": Remedy("lower it", "--lr 0.001", "learning_rate=0.001", {"learning_rate": 1e-3}),
        "guide": "gradient-descent",
    } | others
    return Finding(name, level, **given)


LONG = "a_column_with_a_very_long_name_" * 5

MANY = Diagnosis(
    [
        finding("exploding_gradient", "error", layer="2", epoch=3, title="word " * 40),
        finding("class_imbalance", numbers={"ratio": 12.5, "recall": float("nan")}),
        finding("no_remedy", remedy=None, trial="tried for 3 epochs: it is better", sure=False),
        finding(
            "only_words",
            "note",
            remedy=Remedy("get more rows", worth=0.2, stronger=Remedy("a", "b", "c")),
        ),
        finding("names", "note", evidence=f"column '{'name ' * 30}' leaks"),
    ]
)


def test_it_is_a_sequence():
    assert len(MANY) == 5
    assert [f.name for f in MANY] == [f.name for f in MANY.findings]
    assert MANY[0].name == "exploding_gradient"
    assert [f.name for f in MANY[1:3]] == ["class_imbalance", "no_remedy"]
    assert [f.level for f in MANY.alarms] == ["error", "warning", "warning"]
    assert [f.name for f in MANY.notes] == ["only_words", "names"]
    assert MANY.named("no_remedy").remedy is None
    assert MANY.named("something else") is None
    assert not Diagnosis([])


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_longer_than_asked(width):
    lines = MANY.to_text(width).splitlines()
    assert max(map(len, lines)) <= width
    assert not any(line != line.rstrip() for line in lines)
    assert max(map(len, lines)) > width * 0.8


def test_it_prints_at_80_columns():
    assert str(MANY) == repr(MANY) == MANY.to_text() == MANY.to_text(80)


def test_the_text_says_everything():
    text = " ".join(MANY.to_text(60).split())
    for each in MANY:
        for part in (each.title, each.evidence, each.cause, each.trial, each.guide):
            if part:
                assert " ".join(part.split()) in text
    assert "--lr 0.001 or learning_rate=0.001" in text
    assert "x error:" in text
    assert "! warning:" in text
    assert "- note:" in text
    one = Diagnosis([finding()]).to_text().splitlines()
    assert [line[:11].strip() for line in one[3:] if line[2] != " "] == [
        "seen", "cause", "change", "guide",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [60, 80])
def test_long_names_are_kept_whole(width):
    """What may be copied is not broken, even if it is too long for a line."""
    text = Diagnosis([finding(evidence=f"column '{LONG}' leaks")]).to_text(width)
    assert f"'{LONG}'" in text
    assert all(len(line) <= width for line in text.splitlines() if LONG not in line)


@pytest.mark.parametrize(
    ("levels", "verdict"),
    [
        ([], "healthy: nothing that harms the result was found"),
        (["note"], "healthy: nothing that harms the result was found (1 note)"),
        (["note", "note"], "healthy: nothing that harms the result was found (2 notes)"),
        (["warning"], "the title of 0"), (["error", "note"], "the title of 0"),
        (["error", "warning", "warning"], "the title of 0, and 2 more"),
    ],
)  # fmt: skip
def test_the_verdict(levels, verdict):
    made = Diagnosis([finding(str(i), level) for i, level in enumerate(levels)])
    assert made.verdict == verdict
    assert made.to_text(200).splitlines()[0] == f"doctor: {verdict}"


def through_json(diagnosis):
    text = json.dumps(diagnosis.as_dicts(), allow_nan=False)
    return Diagnosis.from_dicts(json.loads(text))


def test_json_keeps_every_finding():
    odd = finding(
        "odd", "note", numbers={
            "a": float("inf"), "b": -float("inf"), "c": np.float32(0.5), "d": 3, "e": np.int64(7),
        },
    )  # fmt: skip
    made = Diagnosis([*MANY, odd])
    again = through_json(made)
    assert again.to_text() == made.to_text()
    for old, new in zip(made, again, strict=True):
        for name in Finding.__dataclass_fields__:
            if name != "numbers":
                assert getattr(new, name) == getattr(old, name), name
        assert set(new.numbers) == set(old.numbers)
        for name, value in old.numbers.items():
            np.testing.assert_equal(new.numbers[name], float(value))
    assert again.as_dicts() == made.as_dicts()
    assert len(through_json(Diagnosis([]))) == 0


@pytest.fixture(scope="module")
def broken():
    """Constant and equal columns, a rate that is far too low, and classes of few rows."""
    x, y = blobs(120)
    x[:, 1], x[:, 2] = 3, x[:, 0]
    y[y == 2] = 1
    return lw.train(layers(4, 8, 8, 3, activation=None), (x, y), validation=(x, y), epochs=4,
                    learning_rate=1e-7)  # fmt: skip


def test_a_real_one(broken):
    names = ("age", "inf", "the same as age", "height")
    found = lw.doctor(broken, names=names, trials=False)
    assert found.alarms
    assert [f.is_alarm for f in found] == sorted((f.is_alarm for f in found), reverse=True)
    assert found.named("no_nonlinearity").level == "warning"
    assert "'inf'" in found.named("constant_column").evidence
    for width in (60, 80):
        assert max(map(len, found.to_text(width).splitlines())) <= width
    assert through_json(found).to_text() == found.to_text()


def test_a_case_from_json_has_the_same_diagnosis(broken):
    case = examine(broken)
    kept = type(case).from_json(json.loads(json.dumps(case.to_json(), allow_nan=False)))
    assert diagnose(kept).to_text() == diagnose(case).to_text()


@pytest.mark.parametrize("given", [None, "a path", 3, [1, 2]])
def test_what_is_no_training_is_refused(given):
    with pytest.raises(lw.OptionError, match="doctor: expected"):
        lw.doctor(given)
