"""The seeded-fault suite: its draws, its measure of harm, its file and its arithmetic."""

import gzip
import json
import sys

import numpy as np
import pytest


@pytest.fixture(scope="module")
def suite():
    """The benchmark's modules; they are no part of the installed package."""
    import benchmarks.doctor.__main__
    import benchmarks.doctor.report
    import benchmarks.doctor.show  # noqa: F401

    return sys.modules["benchmarks.doctor"]


@pytest.fixture(scope="module")
def record(suite):
    """A record of a drawn set: the harm of labels without meaning is certain."""
    from benchmarks.doctor import pairs
    from benchmarks.doctor.datasets import DATASETS

    keys = (pairs.Key("no_signal", "tuning", number) for number in range(40))
    # Of the sets that need no download, one that a network learns well.
    drawn = {key: pairs.pair_of(key) for key in keys if _is_made(suite, key)}
    key = next(k for k, pair in drawn.items() if DATASETS[pair.healthy.data].name == "moons")
    return pairs.make(key)


def _is_made(suite, key):
    from benchmarks.doctor import drawing, faults
    from benchmarks.doctor.datasets import DATASETS

    fault, _ = faults.variant(key.fault, key.number)
    names = [name for name in drawing.names_of(key.half) if drawing._fits(name, fault.needs)]
    random = drawing.generator_of(*key)
    return DATASETS[names[random.integers(len(names))]].source == "made"


# -- harm ------------------------------------------------------------------------------------------


def test_harm_is_more_than_two_standard_errors_of_the_paired_difference(suite):
    from benchmarks.doctor.measure import Paired, paired

    random = np.random.default_rng(0)
    hard = random.exponential(5, 400)  # what is hard in a row counts for both runs
    worse = paired(hard + 0.1 + random.normal(0, 0.1, 400), hard)
    assert worse.difference == pytest.approx(0.1, abs=0.02)
    assert worse.standard_error == pytest.approx(0.1 / 20, rel=0.2)
    assert worse.is_worse
    assert not Paired(0.1, 0.06).is_worse
    assert not paired(hard, hard).is_worse


def test_losses_mean_the_same_for_every_training_loss(suite):
    from benchmarks.doctor.measure import losses
    from benchmarks.doctor.split import Split
    from benchmarks.doctor.targets import ClassNumbers, CodeNumbers, Numbers, OneHot

    truth = np.array([0, 1, 2, 2])
    rows = np.zeros((4, 1), np.float32)
    split = Split(rows, truth, rows, truth, 3)
    probabilities = ClassNumbers().read(split, np.eye(3)[truth] * 0.7 + 0.1)
    np.testing.assert_allclose(losses(probabilities, truth)["log_loss"], -np.log(0.8))
    # Outputs below 0 count for nothing, and none above 0 means that all classes are alike.
    one_hot = OneHot().read(split, np.array([[2.0, -1, 0], [0, 1, 1], [0, 0, 0], [-1, -2, -3]]))
    np.testing.assert_allclose(one_hot, [[1, 0, 0], [0, 0.5, 0.5], [1 / 3] * 3, [1 / 3] * 3])
    coded = CodeNumbers().read(split, truth + np.array([0.3, -0.3, 0.1, -0.1]))
    assert losses(coded, truth)["error"].sum() == 0
    single = ClassNumbers(single=True).read(split, np.array([[0.2], [0.9]]))
    np.testing.assert_allclose(single, [[0.8, 0.2], [0.1, 0.9]])
    numbers = Split(rows, truth * 1.0, rows, truth * 1.0, 0)
    given = Numbers(100.0, 2000.0).given(numbers, numbers.y)
    np.testing.assert_allclose(Numbers(100.0, 2000.0).read(numbers, given[:, None]), truth)
    constant = losses(np.full(4, truth.mean()), truth * 1.0)
    assert constant["squared"].mean() == pytest.approx(1.0)  # 1 - R2
    assert losses(np.array([np.nan, np.inf, 0, 0]), truth * 1.0)["squared"].max() == 1e6


# -- draws -----------------------------------------------------------------------------------------


def test_halves_share_no_data_and_no_widths(suite):
    from benchmarks.doctor.architectures import WIDTHS
    from benchmarks.doctor.datasets import names_of
    from benchmarks.doctor.faults.of_networks import DEEP_STACKS
    from benchmarks.doctor.faults.of_training import SMALL, WIDE

    assert not set(names_of("tuning")) & set(names_of("scoring"))
    tables = (WIDTHS, DEEP_STACKS, SMALL, WIDE)
    tuning, scoring = ({w for table in tables for w in table[h]} for h in ("tuning", "scoring"))
    assert len(tuning) > 15
    assert len(scoring) > 15
    assert not tuning & scoring


def test_every_fault_differs_from_its_pair_and_is_drawn_alike_each_time(suite, monkeypatch):
    from benchmarks.doctor import datasets, faults, pairs

    # One of each kind, all of them curved and quick to draw.
    few = ["moons", "rings", "friedman1"]
    assert [datasets.DATASETS[name].kind for name in few] == ["binary", "classes", "numbers"]
    monkeypatch.setattr("benchmarks.doctor.drawing.names_of", lambda half: few)
    for name in faults.FAULTS:
        ways = sum(len(fault.strengths) for fault in faults.FAULTS[name])
        for number in range(ways):
            key = pairs.Key(name, "tuning", number)
            healthy, faulty, strength = pairs.pair_of(key)
            again = pairs.pair_of(key)
            assert strength in faults.of(name, strength).strengths
            assert again.faulty.options == faulty.options
            np.testing.assert_array_equal(again.faulty.split.x, faulty.split.x)
            assert again.faulty.seed == faulty.seed == healthy.seed
            assert _differences(healthy, faulty), key


def _differences(healthy, faulty):
    names = ("architecture", "target", "options", "damage")
    found = [n for n in names if getattr(healthy, n) != getattr(faulty, n)]
    for part in ("x", "y", "validation_x", "validation_y"):
        before, after = (getattr(e.split, part) for e in (healthy, faulty))
        found += [part] * (not np.array_equal(before, after))
    return found


def test_scaling_sees_training_rows_only(suite):
    from benchmarks.doctor.split import Table, divide

    random = np.random.default_rng(3)
    table = Table(random.normal(50, 20, (200, 3)), random.normal(5, 2, 200))
    split = divide(table, 120, random)
    np.testing.assert_allclose(split.x.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(split.x.std(0), 1, atol=1e-5)
    assert abs(split.y.mean()) < 1e-9
    assert abs(split.validation_x.mean()) > 1e-4


# -- a record --------------------------------------------------------------------------------------


def test_labels_without_meaning_are_harmful(record):
    healthy, faulty = record["measures"]
    assert healthy["error"] < 0.1 < 0.3 < faulty["error"]
    assert record["harmful"]
    assert record["pair_is_useful"]
    difference, error = record["differences"]["error"]
    assert difference > 2 * error


def test_the_file_keeps_records_and_stands_a_cut(record, tmp_path):
    from benchmarks.doctor import storage

    path = tmp_path / "suite.jsonl.gz"
    for number in range(3):
        storage.append(path, {**record, "number": number})
    whole = path.stat().st_size
    assert next(storage.read(path))["case"] == json.loads(json.dumps(record["case"]))
    with path.open("r+b") as file:
        file.truncate(whole - 20)
    assert [r["number"] for r in storage.read(path)] == [0, 1]
    with gzip.open(path, "rt") as lines:
        assert json.loads(next(lines))["number"] == 0


def test_a_stopped_run_goes_on_until_there_are_enough(suite, record):
    from benchmarks.doctor.run import Line

    line = Line("no_signal", "tuning", wanted=3, limit=5)
    assert [key.number for key in line.next()] == [0, 1, 2]
    for number, harmful in ((0, True), (1, False), (3, True)):
        line.note({**record, "number": number, "harmful": harmful})
    assert [key.number for key in line.next()] == [2]
    line.note({"fault": "no_signal", "number": 2, "error": "failed"})
    assert [key.number for key in line.next()] == [4]
    line.note({**record, "number": 4})
    assert line.next() == []


# -- the doctor's answers --------------------------------------------------------------------------


def test_trials_are_made_once(suite, record):
    from benchmarks.doctor.judge import diagnosis_of
    from benchmarks.doctor.storage import key_of
    from benchmarks.doctor.trials import Patient

    asked = []

    class Made:
        improves, share, text = True, 0.5, "better"
        before, after, score_before, score_after = 1.0, 0.5, 0.5, 0.8
        gain, error, epochs = 0.5, 0.1, 3

    def real(run, changes, seconds):
        asked.append(len(run.history))
        return Made()

    patient = Patient(key_of(record), {})
    for _ in range(2):
        assert patient.trial({"epochs": 7}, real).share == 0.5
    assert len(asked) == 1
    later = Patient(key_of(record), json.loads(json.dumps(patient.added)))
    assert later.trial({"epochs": 7}, real).text == "better"
    assert later.added == {}
    assert len(asked) == 1
    # The run that is trained for trials is the one whose case was kept.
    assert asked[0] == len(record["case"]["history"]["epoch"])
    assert diagnosis_of(record["case"], None) is not None


def test_arithmetic_of_verdicts(suite):
    from benchmarks.doctor.judge import Verdict
    from benchmarks.doctor.score import confusion, row_of, totals_of

    def verdict(fault, alarms, notes=(), counts=True, improved=None, strength=None):
        from benchmarks.doctor import faults

        if fault != "healthy" and strength is None:
            strength = faults.FAULTS[fault][0].strengths[0]
        return Verdict(fault, strength or "", "tuning", 0, alarms, notes, improved, counts)

    verdicts = [
        verdict("overfitting", ("overfitting",), improved=True),
        verdict("overfitting", ("plateau", "overfitting"), improved=False),
        verdict("overfitting", ("miscalibrated",), strength="40 rows"),
        verdict("overfitting", (), ("overfitting",)),
        verdict("overfitting", (), counts=False),
        verdict("constant_column", (), ("constant_column",)),
        verdict("constant_column", ("plateau",), ("constant_column",)),
        verdict("no_signal", ("no_signal",)),
        verdict("healthy", ("plateau",)),
        verdict("healthy", ()),
        verdict("healthy", ("plateau",), counts=False),
    ]
    row = row_of("overfitting", "tuning", verdicts[:5])
    assert (row.drawn, row.counting, row.detected, row.first) == (5, 4, 3, 1)
    assert (row.first_or_as_right, row.anywhere, row.suspected) == (2, 3, 4)
    assert (row.improved, row.tried) == (1, 2)
    noted = row_of("constant_column", "tuning", verdicts[5:7])
    assert (noted.detected, noted.first) == (2, 1)
    totals = totals_of(verdicts, "tuning")
    assert totals.detected == (4, 5)
    assert totals.first == (2, 5)
    assert totals.false_alarms == (1, 2)
    # Nothing can be done about labels without meaning, so they are left out.
    assert totals.improved == (1, 4)
    assert confusion(verdicts, "tuning")["overfitting"][""] == 1


def test_score_prints_both_halves_and_the_goals(suite, record, tmp_path, capsys):
    from benchmarks.doctor import storage
    from benchmarks.doctor.__main__ import main

    path = tmp_path / "suite.jsonl.gz"
    storage.append(path, record)
    storage.append(path, {**record, "half": "scoring", "number": 1})
    main(["score", "--out", str(path)])
    main(["count", "--out", str(path)])
    main(["show", "--out", str(path), "--full"])
    shown = capsys.readouterr().out
    assert shown.count("no_signal") >= 6
    for text in ("TUNING", "SCORING", "at least 95%", "at most 1%", "validation_loss:"):
        assert text in shown
    with pytest.raises(SystemExit):
        main(["score", "--faults", "no_such_fault"])
