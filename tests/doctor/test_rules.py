"""Every rule fires on an ill training and says where and what to change, and not on a healthy one.

The trainings are real and small, with the same seed and rows for the ill and the healthy one. How
often the rules are right is measured elsewhere: ``python -m benchmarks.doctor``.
"""

import dataclasses
import importlib
from pathlib import Path

import numpy as np
import pytest
from doctor_runs import blobs, layers

import layerwise as lw
from layerwise.doctor import Case, Trial, diagnose, examine
from layerwise.doctor.case import DataFacts
from layerwise.doctor.rules import RULES
from layerwise.doctor.wording import in_words_of
from layerwise.errors import TrainingDiverged

# The room can be called, so its attribute of this name is the function.
diagnosing = importlib.import_module("layerwise.doctor.diagnose")
suspect = diagnosing.suspect

nn = lw.nn
GUIDE = Path(__file__).parents[2] / "docs" / "guide"


def halves(x, y):
    half = len(x) // 2
    return (x[:half], y[:half]), (x[half:], y[half:])


def rings(rows=600, seed=0):
    """Two classes that no line divides, and a column of noise."""
    random = np.random.default_rng(seed)
    angle, y = random.uniform(0, 2 * np.pi, rows), random.integers(0, 2, rows)
    radius = 1 + y + 0.2 * random.standard_normal(rows)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle), random.standard_normal(rows)], 1)
    return (x / x.std(0)).astype(np.float32), y


def waves(rows=600, seed=0):
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, 4)).astype(np.float32)
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * random.standard_normal(rows)
    return x, ((y - y.mean()) / y.std()).astype(np.float32)


def run_of(net, x, y, **options):
    data, validation = halves(x, y)
    given = {"epochs": 30, "batch_size": 16, "learning_rate": 0.005, **options}
    try:
        return lw.train(net, data, validation=validation, **given)
    except TrainingDiverged as error:
        return error.run


def named(run, name):
    return next((f for f in suspect(examine(run)) if f.name == name), None)


@pytest.fixture(scope="module")
def healthy():
    return run_of(layers(3, 32, 2), *rings())


def scaled(factor):
    net = layers(3, 32, 32, 2)
    for module in net:
        if isinstance(module, nn.Linear):
            module.weight.value = module.weight.value * np.float32(factor)
    return net


def biased(net, bias):
    net[0].bias.value = np.full_like(net[0].bias.value, bias)
    return net


def mixed(x, factor=1000.0):
    wide = x.copy()
    wide[:, 0] *= factor
    return wide


def with_column(x, column):
    return np.concatenate([x, np.asarray(column, np.float32).reshape(-1, 1)], 1)


def rare(x, y, kept=8):
    chosen = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:kept]])
    order = np.random.default_rng(0).permutation(chosen)
    return x[order], y[order]


def noisy_classes(rows=120):
    random = np.random.default_rng(0)
    x = random.standard_normal((rows, 20)).astype(np.float32)
    return x, (x[:, 0] + 1.5 * random.standard_normal(rows) > 0).astype(np.int64)


def deep(activation):
    return layers(3, 16, 16, 16, 16, 16, 16, 16, 2, activation=activation)


X, Y = rings()
WX, WY = waves()
NOISE = np.random.default_rng(7)

ILL = {
    "no_signal": lambda: run_of(layers(3, 16, 2), X, NOISE.permutation(Y)),
    "leaking_column": lambda: run_of(
        layers(5, 16, 1), with_column(WX, WY + 0.02 * NOISE.standard_normal(len(WY))), WY
    ),
    "unscaled_inputs": lambda: run_of(layers(3, 16, 2), mixed(X), Y),
    "unscaled_target": lambda: run_of(layers(4, 16, 1), WX, 500 + 100 * WY),
    "class_imbalance": lambda: run_of(layers(20, 16, 2), *rare(*noisy_classes(900), kept=30)),
    "wrong_loss": lambda: run_of(layers(4, 16, 1), *blobs(300), loss="mse"),
    "wrong_output": lambda: run_of(nn.Sequential(*layers(4, 16, 1), nn.ReLU()), WX, WY),
    "no_nonlinearity": lambda: run_of(layers(3, 32, 2, activation=None), X, Y),
    "bad_initialisation": lambda: run_of(scaled(20), X, Y),
    "exploding_gradient": lambda: run_of(scaled(4), X, Y),
    "saturated_activation": lambda: run_of(biased(layers(3, 16, 2, activation="tanh"), 8.0), X, Y),
    "dead_relu": lambda: run_of(biased(layers(3, 16, 2), -9.0), X, Y),
    "vanishing_gradient": lambda: run_of(deep("sigmoid"), X, Y),
    "batch_too_small": lambda: run_of(layers(3, 16, 2), X, Y, batch_size=1, epochs=5),
    "dropout_too_strong": lambda: run_of(
        nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Dropout(0.9), nn.Linear(32, 2)), X, Y
    ),
    "plateau": lambda: run_of(
        layers(4, 16, 1), WX, WY, learning_rate=0.1, epochs=40, restore_best=False
    ),
    "learning_rate_too_high": lambda: run_of(
        layers(4, 16, 1), WX, WY, optimizer="sgd", learning_rate=30.0
    ),
    "learning_rate_too_low": lambda: run_of(layers(3, 16, 2), X, Y, learning_rate=1e-6),
    "batch_too_large": lambda: run_of(layers(3, 16, 2), X, Y, batch_size=300),
    "too_few_epochs": lambda: run_of(layers(3, 16, 2), X, Y, epochs=3),
    "underfitting": lambda: run_of(layers(3, 2, 2), X, Y, epochs=60),
    "overfitting": lambda: run_of(
        layers(20, 64, 2), *noisy_classes(), epochs=60, restore_best=False
    ),
    "miscalibrated": lambda: run_of(
        layers(3, 64, 64, 2),
        X,
        np.where(NOISE.random(len(Y)) < 0.2, 1 - Y, Y),
        epochs=100,
        restore_best=False,
    ),
    "constant_column": lambda: run_of(layers(4, 16, 2), with_column(X, np.ones(len(X))), Y),
    "duplicated_column": lambda: run_of(layers(4, 16, 2), with_column(X, X[:, 1]), Y),
}


def test_there_is_an_ill_training_for_every_rule():
    assert ILL.keys() == {rule.name for rule in RULES}


@pytest.mark.parametrize("name", ILL)
def test_a_rule_sees_its_illness(name):
    finding = named(ILL[name](), name)
    assert finding is not None
    assert finding.is_alarm == (name not in ("constant_column", "duplicated_column"))
    assert any(c.isdigit() for c in finding.evidence) or name == "wrong_output"
    assert finding.cause
    assert finding.title
    if name != "no_signal":
        assert finding.remedy is not None
        assert finding.remedy.text
        # A column without a name cannot be named on the command line.
        unnamed = name in ("constant_column", "duplicated_column")
        assert finding.remedy.flag or finding.remedy.python or unnamed
    assert type(finding).from_dict(finding.as_dict()) == finding


def test_a_healthy_training_is_healthy(healthy):
    found = lw.doctor(healthy)
    assert not found.alarms
    assert found.verdict.startswith("healthy")


def test_rules_say_where_they_come_from_and_where_to_read_on():
    for rule in RULES:
        assert rule.source
        assert rule.name
        assert rule.stage in (0, 1, 2)


def test_a_case_that_was_kept_gives_the_same_diagnosis(healthy):
    case = examine(healthy)
    again = Case.from_json(case.to_json())
    assert [f.evidence for f in diagnose(again)] == [f.evidence for f in diagnose(case)]
    assert [f.name for f in suspect(again)] == [f.name for f in suspect(case)]


def test_without_probes_the_rules_that_need_none_still_speak():
    run = run_of(layers(3, 32, 2, activation=None), mixed(X), Y, probes=False)
    names = {f.name for f in diagnose(examine(run))}
    assert {"unscaled_inputs", "no_nonlinearity"} <= names


def test_a_training_without_validation_rows_is_looked_at():
    run = lw.train(layers(3, 16, 2), (mixed(X), Y), epochs=3)
    assert lw.doctor(run).alarms[0].name == "unscaled_inputs"


def test_divergence_names_layer_epoch_and_step():
    net = layers(4, 16, 1)
    data, validation = halves(WX, WY)
    with pytest.raises(TrainingDiverged) as caught:
        lw.train(net, data, validation=validation, optimizer="sgd", learning_rate=1e12, epochs=5)
    found = lw.doctor(caught.value)
    assert found.alarms[0].name == "learning_rate_too_high"
    assert found.alarms[0].level == "error"
    assert "epoch 1, step" in found.alarms[0].evidence
    assert found.alarms[0].layer is not None


@pytest.mark.parametrize(
    ("name", "measure"), [("learning_rate_too_low", "accuracy"), ("unscaled_inputs", "accuracy")]
)
def test_a_remedy_is_tried_and_its_gain_told(name, measure):
    found = lw.doctor(ILL[name]())
    assert found.alarms[0].name == name
    assert "better" in found.alarms[0].trial
    assert measure in found.alarms[0].trial


def test_what_a_trial_does_not_better_is_no_alarm():
    """Small batches are suspected, and do no harm here."""
    run = run_of(layers(3, 16, 2), X, Y, batch_size=4, epochs=20)
    assert named(run, "batch_too_small") is not None
    found = lw.doctor(run)
    assert "batch_too_small" not in {f.name for f in found.alarms}


def test_a_leak_stays_an_alarm_whatever_a_trial_shows():
    """With the column the loss is lower, so no loss can speak for leaving it out."""
    run = ILL["leaking_column"]()
    case = examine(run)
    worse = Trial(0.1, 0.9, 0.9, 0.1, gain=-0.8, error=0.01, epochs=1, run=run)
    tried = [diagnosing.Tried(f, worse) for f in suspect(case) if f.name == "leaking_column"]
    (alarm,) = diagnosing.decide(tried, case).alarms
    assert alarm.name == "leaking_column"
    assert alarm.trial == worse.text


def test_a_leak_is_seen_beside_others_that_know_nearly_as_much():
    """In a spiral two columns together tell the third thing all but exactly."""
    random = np.random.default_rng(5)
    y = random.uniform(-1, 1, 500).astype(np.float32)
    spiral = [(1 + y) * np.sin(6 * y), (1 + y) * np.cos(6 * y)]
    x = np.stack([*spiral, y + 0.02 * random.standard_normal(500)], 1).astype(np.float32)
    run = run_of(layers(3, 16, 1), x, y, epochs=3)
    ((_, alone, rest),) = examine(run).data.leaks
    assert rest > alone - 0.01
    assert named(run, "leaking_column") is not None
    honest = run_of(layers(2, 16, 1), x[:, :2], y, epochs=3)
    assert named(honest, "leaking_column") is None


def test_a_rate_far_from_the_usual_one_is_suspected_however_it_went():
    """A schedule that ends in small steps hides that they were too large, or always too small."""
    low = run_of(layers(3, 16, 2), X, Y, learning_rate=2e-5, schedule="cosine")
    finding = named(low, "learning_rate_too_low")
    assert finding.remedy.worth == pytest.approx(0.05)
    high = run_of(layers(3, 16, 2), X, Y, learning_rate=0.05, schedule="one_cycle")
    finding = named(high, "learning_rate_too_high")
    assert "50 times what is usual for adam" in finding.evidence
    assert not finding.sure


def test_a_rate_is_not_too_high_for_what_was_learned_to_the_end():
    """One wild epoch at the start is forgotten once every training row is known by heart."""
    case = examine(ILL["overfitting"]())
    loss = case.probes.values["loss"]
    loss[case.probes.epochs == 1] = loss[0]
    loss[1:4] *= 10

    def names(training_loss):
        training = dataclasses.replace(case.outcome.training, loss=training_loss)
        outcome = dataclasses.replace(case.outcome, training=training)
        return {f.name for f in suspect(dataclasses.replace(case, outcome=outcome))}

    assert "learning_rate_too_high" in names(0.1)
    assert "learning_rate_too_high" not in names(0.001)


def test_what_a_trial_gains_must_be_part_of_what_can_be_learned():
    """The same gain is much for a network that knows little, and a wish for one that knows most."""
    run = ILL["too_few_epochs"]()
    case = examine(run)
    (finding,) = (f for f in suspect(case) if f.name == "too_few_epochs")
    long = dataclasses.replace(
        finding, remedy=dataclasses.replace(finding.remedy, worth=0.4, missing=0.25)
    )
    constant = case.outcome.constant.loss
    for before, is_alarm in ((0.9 * constant, True), (0.2 * constant, False)):
        made = Trial(before, before / 2, 0.8, 0.9, gain=before / 2, error=0.01, epochs=9, run=run)
        alarms = diagnosing.decide([diagnosing.Tried(long, made)], case).alarms
        assert bool(alarms) == is_alarm


def test_an_imbalanced_class_goes_by_its_name():
    case = examine(ILL["class_imbalance"](), classes=["usual", "rare"])
    finding = next(f for f in suspect(case) if f.name == "class_imbalance")
    assert finding.evidence.startswith("class 'rare' has ")


@pytest.mark.parametrize(
    ("kind", "names"), [("pixels", ("pixel", "picture")), ("features", ("feature", "row"))]
)
def test_columns_are_called_what_they_are(healthy, kind, names):
    unit, row = names
    facts = DataFacts(
        rows=400, columns=4, constant=(1,), duplicated=((3, 2),), kind=kind, largest_scale=1e4,
        **({"height": 2, "width": 2} if kind == "pixels" else {}),
    )  # fmt: skip
    case = dataclasses.replace(examine(healthy), data=facts)
    found = {each.name: each for each in diagnose(case)}
    same = "pixel (1, 1) equals pixel (1, 0)" if kind == "pixels" else "feature 3 equals feature 2"
    assert found["constant_column"].title == f"{unit}s with one value in every {row}"
    assert found["duplicated_column"].evidence == same
    remedy = found["unscaled_inputs"].remedy
    assert remedy.text.startswith(f"bring every {unit} to mean 0")
    assert f"{unit}s forced to be low" in remedy.stronger.text
    assert Case.from_json(case.to_json()).data == facts
    # A class may be called column, and stays so.
    other = dataclasses.replace(found["constant_column"], name="class_imbalance", title="column")
    assert in_words_of(other, kind).title == "column"


def test_a_training_that_broke_off_stays_an_error_beside_a_leak():
    """A leaking column is no reason for a loss that became NaN, even where no trial helped."""
    leak = with_column(WX, WY + 0.02 * np.random.default_rng(3).standard_normal(len(WY)))
    run = run_of(layers(5, 16, 1), leak, WY, optimizer="sgd", learning_rate=1e12)
    case = examine(run)
    failed = Trial(100.0, 100.0, -9.0, -9.0, gain=0.0, error=0.1, epochs=1, run=run)
    tried = [
        diagnosing.Tried(f, failed if f.name == "learning_rate_too_high" else None)
        for f in suspect(case)
    ]
    found = diagnosing.decide(tried, case).alarms
    assert found[0].name == "leaking_column"
    assert "learning_rate_too_high" in {f.name for f in found if f.level == "error"}


def test_what_is_as_good_as_simple_models_is_not_ill_for_its_wild_curve():
    """The best epoch of a jumpy loss is kept, and does as well as anybody: nothing is wrong."""
    case = examine(ILL["plateau"]())
    good = dataclasses.replace(
        case,
        restored=True,
        options={**case.options, "learning_rate": 0.005},
        outcome=dataclasses.replace(
            case.outcome,
            validation=dataclasses.replace(case.outcome.validation, score=0.999),
        ),
    )
    names = {"plateau", "learning_rate_too_high"}
    assert names <= {f.name for f in suspect(case)}
    assert names.isdisjoint(f.name for f in suspect(good))


def test_a_note_of_a_suspicion_says_so():
    run = ILL["batch_too_small"]()
    finding = diagnose(examine(run)).named("batch_too_small")
    assert finding.level == "note"
    assert finding.title.startswith("perhaps ")


def test_a_training_that_learned_nothing_is_not_called_healthy():
    run = run_of(layers(3, 16, 2), X, Y, learning_rate=1e-5, epochs=8)
    found = lw.doctor(run, trials=False)
    assert found.alarms
    assert found.alarms[0].title.startswith(("probably ", "the learning rate"))


def test_findings_do_not_depend_on_units_of_the_target():
    """Rules are free of scale: metres or feet make no other illness."""
    for scale in (1 / 3, 3.0):
        run = run_of(layers(4, 16, 1), WX, WY * np.float32(scale), learning_rate=0.005)
        assert not diagnose(examine(run)).alarms


def test_evidence_of_a_named_column_names_it():
    run = ILL["unscaled_inputs"]()
    case = examine(run, names=["salary", "age", "height"])
    finding = next(f for f in suspect(case) if f.name == "unscaled_inputs")
    assert "'salary'" in finding.evidence


def test_a_case_can_be_changed_to_ask_what_if(healthy):
    case = examine(healthy)
    data = dataclasses.replace(case.data, largest_scale=5000.0)
    assert diagnose(dataclasses.replace(case, data=data)).alarms[0].name == "unscaled_inputs"
