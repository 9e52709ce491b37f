"""The doctor on estimators: raw columns by name, members by kind, the whole by held-out rows."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets

import layerwise as lw
from layerwise.doctor.compare_table import compare_held_out
from layerwise.doctor.examine_table import alike_columns
from layerwise.doctor.kept import case_of
from layerwise.doctor.table_remedy import parameters_for
from layerwise.nn.losses import find
from layerwise.tabular.record import HeldOut

QUICK = {"preset": "fast", "epochs": 12, "random_state": 0, "n_jobs": 1}


def table(rows=400, seed=0):
    """A classification that needs two columns; one row in about ten is "yes"."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.standard_normal((rows, 4)), columns=list("abcd"))
    frame["town"] = random.choice(["Bonn", "Trier"], rows)
    noise = random.standard_normal(rows)
    y = np.where(frame.a + frame.b + 0.8 * noise > 2.4, "yes", "no")
    return frame, y


@pytest.fixture(scope="module")
def healthy():
    """A fit of two easy classes."""
    frame, _ = table()
    y = np.where(frame.a + frame.b > 0, "yes", "no")
    return lw.Classifier(**QUICK).fit(frame, y), frame, y


def test_a_healthy_fit_raises_no_alarm(healthy):
    estimator, _, _ = healthy
    assert estimator.doctor().alarms == ()
    assert lw.doctor(estimator) is estimator.doctor()


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_the_defaults_raise_no_alarm(name):
    data = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
    kind = lw.Regressor if name == "diabetes" else lw.Classifier
    # Three members of each kind rather than ten, for the time that it takes.
    estimator = kind(random_state=0, members=3).fit(data.data, data.target)
    assert estimator.doctor().alarms == ()
    case = estimator._record.case
    assert [member.kind for member in case.members] == [k.name for k in estimator.ensemble_.kinds]
    assert sum(member.weight for member in case.members) == pytest.approx(1)
    assert all(len(member.case.probes) > 3 for member in case.members)


def test_columns_are_called_by_their_names():
    frame, y = table()
    frame["refund"] = np.where(y == "yes", 5.0, 0.0) + np.linspace(0, 1, len(y))
    frame["copy"] = frame["c"]
    found = lw.Classifier(**QUICK).fit(frame, y).doctor()
    leak = found.named("leaking_column")
    assert leak.is_alarm
    assert "'refund' alone predicts" in leak.evidence
    assert leak.remedy.flag == "--drop refund"
    assert leak.remedy.python == "roles={'refund': 'dropped'}"
    assert found.named("duplicated_column").evidence == "'copy' equals 'c'"
    assert found[0].name == "leaking_column"


def test_a_good_column_beside_others_as_good_is_no_leak():
    frame, _ = table()
    y = np.where(frame.a > 0, "yes", "no")
    frame["e"] = frame.a + 0.001 * frame.b
    assert lw.Classifier(**QUICK).fit(frame, y).doctor().named("leaking_column") is None


def test_rare_classes_and_their_remedy():
    frame, y = table(700)
    before = lw.Classifier(**QUICK).fit(frame, y)
    finding = before.doctor().named("class_imbalance")
    assert finding.is_alarm
    assert finding.remedy.flag == "--class-weight balanced"
    assert finding.remedy.python == "class_weight='balanced'"
    after = lw.Classifier(**QUICK, class_weight="balanced").fit(frame, y)
    assert after.doctor().named("class_imbalance") is None


def test_labels_without_signal():
    frame, _ = table(600)
    y = np.random.default_rng(3).choice(["yes", "no"], len(frame))
    found = lw.Classifier(preset="fast", random_state=0, members=5, epochs=10).fit(frame, y)
    assert found.doctor().named("no_signal").is_alarm


def test_what_members_show_names_their_kind():
    frame, _ = table()
    estimator = lw.Classifier(**QUICK, learning_rate=1e-7).fit(frame, np.where(frame.a > 0, 1, 0))
    finding = estimator.doctor().named("learning_rate_too_low")
    assert finding.is_alarm
    assert finding.evidence.startswith("in networks on pieces (100% of the weight): a step")
    assert finding.remedy.python == "learning_rate=1e-06"


def test_suspicions_about_settings_that_nobody_chose_are_not_told():
    data = sklearn.datasets.load_wine(as_frame=True)
    usual = lw.Classifier("fast", random_state=0).fit(data.data, data.target)
    members = {f.name for f in usual.doctor() if f.evidence.startswith("in networks")}
    assert members == set()
    chosen = lw.Classifier("fast", random_state=0, batch_size=1).fit(data.data, data.target)
    told = {f.name for f in chosen.doctor()}
    assert "batch_too_small" in told


def test_probes_change_no_prediction(healthy):
    estimator, frame, y = healthy
    without = lw.Classifier(**QUICK, probes=False).fit(frame, y)
    assert np.array_equal(without.predict_proba(frame), estimator.predict_proba(frame))
    assert without._record.case.members[0].case.probes is None
    assert without.doctor().alarms == ()


def test_held_out_rows_are_predicted_by_members_that_had_not_seen_them():
    frame, y = table()
    estimator = lw.Classifier(
        preset="fast", members=5, epochs=3, random_state=0, calibrate=False
    ).fit(frame, y)
    ensemble = estimator.ensemble_
    held_out = ensemble.held_out
    assert ensemble.folds == 5
    assert held_out.seen.all()
    assert len(held_out.raw) == len(y)
    for member in ensemble.members:
        assert np.allclose(held_out.raw[member.validation], member.held_out, atol=1e-6)


def test_rows_given_for_validation_are_what_is_compared(healthy):
    _, frame, y = healthy
    estimator = lw.Classifier(**QUICK).fit(
        frame[100:], y[100:], validation_data=(frame[:100], y[:100])
    )
    assert estimator.ensemble_.held_out.validation
    assert len(estimator.ensemble_.held_out.raw) == 100
    assert estimator.doctor().alarms == ()


def test_a_pickle_holds_the_case_and_no_rows(healthy):
    estimator, frame, y = healthy
    fresh = lw.Classifier(**QUICK).fit(frame, y)
    assert fresh.ensemble_.runs
    loaded = pickle.loads(pickle.dumps(fresh))
    assert loaded.ensemble_.runs == {}
    assert loaded.ensemble_.held_out is None
    assert loaded._record._fitted is None
    assert loaded.doctor().as_dicts() == estimator.doctor().as_dicts()


def test_a_saved_model_carries_it(healthy, tmp_path):
    estimator, _, _ = healthy
    estimator.save(tmp_path / "model.safetensors")
    model = lw.load(tmp_path / "model.safetensors")
    assert lw.doctor(model).as_dicts() == estimator.doctor().as_dicts()
    read, made = case_of(model.summary), estimator._record.case
    assert read.whole.data == made.whole.data
    assert read.whole.target == made.whole.target
    assert [m.kind for m in read.members] == [m.kind for m in made.members]
    assert len(read.members[0].case.history) == len(made.members[0].case.history)


def test_partial_fit_has_nothing_to_examine(healthy):
    _, frame, y = healthy
    estimator = lw.Classifier(**QUICK).partial_fit(frame, y)
    with pytest.raises(lw.OptionError, match="partial_fit records nothing"):
        lw.doctor(estimator)


def test_a_stream_is_examined_too(healthy):
    _, frame, y = healthy
    blocks = [(frame[:200], y[:200]), (frame[200:], y[200:])]
    estimator = lw.Classifier(random_state=0, epochs=3).fit_stream(
        lambda: iter(blocks), rows=400, block_rows=200, sample=(frame[:150], y[:150]),
        validation_data=(frame[:100], y[:100]),
    )  # fmt: skip
    assert [m.kind for m in estimator._record.case.members] == ["piecewise"]
    assert estimator.doctor().named("no_signal") is None


def test_constant_and_equal_columns():
    frame = lw.data.tables.table_of(
        pd.DataFrame(
            {
                "one": [1.0, 1, 1],
                "gap": [1.0, None, 1],
                "word": ["a", "b", "a"],
                "same": ["a", "b", "a"],
                "other": ["c", "d", "c"],
                "x": [1.0, None, 1],
            }
        )
    )
    assert alike_columns(frame) == (("one",), (("same", "word"), ("x", "gap")))


def test_parameters_of_estimators_for_a_remedy():
    assert parameters_for({"learning_rate": 0.1, "clip_norm": 1.0}) == {
        "learning_rate": 0.1,
        "clip_norm": 1.0,
    }
    assert parameters_for({"width": 64}, (8, 100)) == {"hidden_layer_sizes": (64, 100)}
    assert parameters_for({"replace_activations": "relu", "usual_initialisation": True}) == {
        "activation": "relu"
    }
    assert parameters_for({"normalise_layers": True}) == {}


# -- comparing -------------------------------------------------------------------------------------


def held_out(raw, target, weight=None):
    return HeldOut(np.asarray(raw, float), np.asarray(target), weight, False)


def test_a_comparison_is_paired_row_by_row():
    target = np.array([[0.0], [1.0], [2.0], [3.0]])
    before, after = (
        held_out(target + 1, target),
        held_out(target + np.array([[0.5], [0], [0], [0.5]]), target),
    )
    mse = find("mse")
    found = compare_held_out(before, after, (mse, mse))
    differences = np.array([0.75, 1, 1, 0.75])
    assert found.before == pytest.approx(1)
    assert found.after == pytest.approx(0.125)
    assert found.gain == pytest.approx(differences.mean())
    assert found.error == pytest.approx(differences.std(ddof=1) / 2)
    assert found.improves
    assert not compare_held_out(after, before, (mse, mse)).improves


def test_rows_that_one_of_them_has_seen_do_not_count():
    target = np.zeros((3, 1))
    mse = find("mse")
    before = held_out([[1.0], [np.nan], [1.0]], target)
    after = held_out([[0.0], [5.0], [0.0]], target)
    assert compare_held_out(before, after, (mse, mse)).gain == pytest.approx(1)
    nothing = held_out([[np.nan]] * 3, target)
    assert compare_held_out(before, nothing, (mse, mse)) is None


def test_groups_make_the_error_larger_and_classes_can_count_alike():
    random = np.random.default_rng(0)
    shift = np.repeat(random.standard_normal(20), 10)
    target = np.zeros((200, 1))
    mse = find("mse")
    before, after = held_out((2 + shift)[:, None], target), held_out(np.ones((200, 1)), target)
    single = compare_held_out(before, after, (mse, mse))
    grouped = compare_held_out(before, after, (mse, mse), groups=np.repeat(np.arange(20), 10))
    assert grouped.gain == pytest.approx(single.gain)
    assert grouped.error > 2 * single.error
    labels = np.array([0.0] * 9 + [1.0])[:, None]
    bce = find("bce_with_logits")
    never, always = (
        held_out(np.full((10, 1), -3.0), labels),
        held_out(np.full((10, 1), 0.0), labels),
    )
    assert compare_held_out(never, always, (bce, bce)).gain < 0
    assert compare_held_out(never, always, (bce, bce), balanced=True).gain > 0


def test_a_sigmoid_and_a_softmax_can_be_compared():
    labels = np.array([0, 1, 1], np.int32)
    one = held_out([[-1.0], [1.0], [2.0]], labels.astype(float)[:, None])
    two = held_out([[0.5, -0.5], [-0.5, 0.5], [-1.0, 1.0]], labels)
    found = compare_held_out(one, two, (find("bce_with_logits"), find("cross_entropy")))
    assert found.gain == pytest.approx(0, abs=1e-12)
