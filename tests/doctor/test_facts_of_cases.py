"""Cases as JSON: what is read back says the same, whatever the training was."""

import json
from dataclasses import replace

import numpy as np
import pytest
from doctor_runs import blobs, layers, nn, not_begun

import layerwise as lw
from layerwise.doctor import Case, examine
from layerwise.doctor.case import PARTS, DataFacts, GraphFacts, LayerFacts, Measures, OutcomeFacts
from layerwise.training.history import Epoch, History
from layerwise.training.run import Divergence

random = np.random.default_rng(1)
X, Y = blobs(120)
WORDS = random.integers(0, 9, (60, 4)).astype(np.int32)


def embedded(outputs):
    return nn.Sequential(nn.Embedding(9, 5), nn.Tanh(), nn.Linear(5, outputs))


RUNS = {
    "classes": lambda: not_begun(layers(4, 5, 3), (X, Y), validation=(X, Y)),
    "one-hot": lambda: not_begun(
        layers(4, 3), (X, np.eye(3, dtype="f")[Y]), validation=(X, np.eye(3, dtype="f")[Y]),
        loss="cross_entropy", class_weight={1: 2.0}, label_smoothing=0.1,
    ),
    "yes or no": lambda: not_begun(
        layers(4, 1), (X, (Y == 0)[:, None]), validation=(X, (Y == 0)[:, None])
    ),
    "several numbers": lambda: not_begun(layers(4, 4), (X, X), validation=(X, X), loss="mse"),
    "a quantile": lambda: not_begun(
        layers(4, 1), (X, X[:, 0]), validation=(X, X[:, 0]), loss="quantile(0.9)"
    ),
    "counts": lambda: not_begun(layers(4, 1), (X, Y), validation=(X, Y), loss="poisson"),
    "no validation": lambda: not_begun(layers(4, 3), (X, Y)),
    "sequences": lambda: not_begun(
        embedded(3), (WORDS, WORDS % 3), validation=(WORDS, WORDS % 3), loss="cross_entropy"
    ),
    "constant columns": lambda: not_begun(layers(4, 1), (np.ones((50, 4)), np.ones(50))),
    "numpy's numbers": lambda: not_begun(
        layers(4, 3), (X, Y), clip_norm=np.float32(2), batch_size=np.int64(8),
        label_smoothing=np.float32(0.5), class_weight=np.ones(3, np.float32),
        restore_best=np.True_,
    ),
}  # fmt: skip


def through_json(case):
    return Case.from_json(json.loads(json.dumps(case.to_json(), allow_nan=False)))


def assert_equal_facts(found, wanted, where=""):
    """Equal to the seven digits that are written; NaN equals NaN."""
    assert type(found) is type(wanted) or isinstance(wanted, float), where
    if hasattr(wanted, "__dataclass_fields__"):
        for name in wanted.__dataclass_fields__:
            assert_equal_facts(getattr(found, name), getattr(wanted, name), f"{where}.{name}")
    elif isinstance(wanted, tuple):
        assert len(found) == len(wanted), where
        for a, b in zip(found, wanted, strict=True):
            assert_equal_facts(a, b, where)
    elif isinstance(wanted, float):
        np.testing.assert_allclose(found, wanted, 1e-6, err_msg=where)
    else:
        assert found == wanted, where


def assert_round_trip(case):
    again = through_json(case)
    for name in PARTS:
        assert_equal_facts(getattr(again, name), getattr(case, name), name)
    for name in ("loss", "output", "steps_per_epoch", "stopped", "best_epoch", "restored"):
        assert getattr(again, name) == getattr(case, name)
    assert again.options == dict(case.options)
    assert again.divergence == case.divergence
    assert len(again.history) == len(case.history)
    assert (again.probes is None) == (case.probes is None)
    assert again.to_json() == case.to_json()
    return again


@pytest.mark.parametrize("name", RUNS)
def test_trainings_of_all_kinds(name):
    case = examine(RUNS[name](), names=("inf", "-inf", "nan", "None"))
    again = assert_round_trip(case)
    assert again.data.names == (() if name == "sequences" else ("inf", "-inf", "nan", "None"))
    assert np.isfinite(again.data.largest_scale)


def test_a_training_with_probes():
    run = lw.train(layers(4, 5, 3), (X, Y), validation=(X[:50], Y[:50]), epochs=3)
    case = examine(run)
    again = assert_round_trip(case)
    assert len(again.probes) == len(run.probes)
    assert again.probes.layers == run.probes.layers
    for name in ("skill", "reference_score", "score_noise", "learning_rate"):
        assert getattr(again, name) == pytest.approx(getattr(case, name), rel=1e-5)
    assert again.history["training_loss"] == pytest.approx(run.history["training_loss"], rel=1e-6)
    assert again.optimizer == "adam"


@pytest.mark.parametrize("rate", [50.0, 1e20])
def test_a_training_that_diverged(rate):
    with pytest.raises(lw.TrainingDiverged) as caught:
        lw.train(
            layers(4, 5, 1), (X * 100, X[:, 0]), validation=(X * 100, X[:, 0]), epochs=40,
            optimizer=lw.optim.SGD(rate),
        )  # fmt: skip
    case = examine(caught.value.run)
    again = assert_round_trip(case)
    assert again.divergence.step == caught.value.step
    assert isinstance(again.divergence, Divergence)


def test_numbers_that_json_has_none_for():
    nan, inf = float("nan"), float("inf")
    base = examine(RUNS["no validation"]())
    epochs = [
        Epoch(1, 0.5, None, nan, 0.5, None, None, 0.1, 0.1, 10.0),
        Epoch(2, inf, None, -inf, None, None, None, 0.1, 0.1, 10.0),
    ]
    odd = replace(
        base,
        data=DataFacts(largest_scale=inf, offset=-inf, smallest_scale=1e-300, names=("inf", "")),
        graph=GraphFacts(
            layers=(LayerFacts("inf", "nan", "linear", 1, 2, spread=inf),),
            stacked=(("inf", "-inf"),), alike=("nan",),
        ),
        outcome=OutcomeFacts(
            training=Measures(inf, nan, -inf), recalls=(nan, 0.5, nan), calibration=1.7e308
        ),
        history=History(epochs),
    )  # fmt: skip
    again = assert_round_trip(odd)
    assert again.data.names == ("inf", "")
    assert again.graph.stacked == (("inf", "-inf"),)
    assert again.graph.layers[0].path == "inf"
    assert again.history[0].validation_accuracy == 0.5
    assert again.history[1].validation_accuracy is None
    assert np.isnan(again.history[0].validation_loss)
    assert again.history["training_loss"] == [0.5, inf]
    assert again.history[1].validation_loss == -inf


def test_a_case_that_lacks_what_came_later():
    """Facts that a later version added take their defaults."""
    kept = examine(RUNS["classes"]()).to_json()
    del kept["data"]["offset"], kept["outcome"]["tempered"]
    again = Case.from_json(kept)
    assert again.data.offset == 0
    assert np.isnan(again.outcome.tempered)


def test_what_several_rules_ask():
    case = examine(RUNS["yes or no"]())
    assert case.is_classification
    assert case.optimizer == "adam"
    assert case.learning_rate == 1e-3
    outcome = OutcomeFacts(
        validation=Measures(0.25, 0.1, 0.9), constant=Measures(0.5, 0.1, 0.5),
        linear=Measures(score=0.7), validation_rows=98,
    )  # fmt: skip
    case = replace(case, outcome=outcome)
    assert case.skill == 0.5
    assert case.reference_score == 0.7
    smooth = (0.9 * 98 + 1) / 100
    assert case.score_noise == pytest.approx(np.sqrt(smooth * (1 - smooth) / 98))
    empty = replace(case, outcome=OutcomeFacts())
    assert np.isnan([empty.skill, empty.reference_score, empty.score_noise]).all()
    assert case.steps_per_epoch == 4
