"""Trials of remedies: what helps is seen to help, and nothing of the training is touched."""

import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from doctor_runs import blobs, layers, nn

import layerwise as lw
from layerwise.doctor import Finding, Remedy, trial
from layerwise.doctor import rules as rules_room
from layerwise.doctor.surgery import OF_NETWORKS
from layerwise.doctor.trial import CHANGES, Trial, compare
from layerwise.training.run import Rows

X, Y = blobs(200)
XV, YV = blobs(200, seed=1)
NUMBERS, NUMBERS_V = (x @ np.array([1, -2, 0.5, 1], "f") + np.sin(2 * x[:, 0]) for x in (X, XV))


def fit(net=None, y=Y, yv=YV, x=X, xv=XV, **options):
    net = layers(4, 16, 3 if y.dtype.kind == "i" else 1) if net is None else net
    return lw.train(net, (x, y), validation=(xv, yv), **{"epochs": 8} | options)


class Own(nn.Module):
    """A forward function of one's own."""

    def __init__(self):
        with nn.seed(0):
            self.first, self.last = nn.Linear(4, 16), nn.Linear(16, 3)

    def forward(self, x):
        return self.last(lw.relu(self.first(x)))


@pytest.fixture(scope="module")
def slow():
    """A training that got nowhere: its steps are a thousandth of what they should be."""
    return fit(learning_rate=1e-6)


@pytest.fixture(scope="module")
def healthy():
    return fit(epochs=30, learning_rate=5e-3)


def losses_of(run, net):
    p = np.asarray(net(XV), np.float64)
    p = np.exp(p - p.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    return -np.log(np.clip(p[np.arange(len(YV)), YV], 1e-7, 1))


def test_a_broken_training_is_improved(slow):
    made = trial(slow, {"learning_rate": 0.01})
    assert made.improves
    assert made.share > 0.5
    assert made.score_after > made.score_before + 0.1
    old, new = losses_of(slow, slow.net), losses_of(made.run, made.run.net)
    difference = old - new
    assert made.before == pytest.approx(old.mean(), rel=1e-5)
    assert made.after == pytest.approx(new.mean(), rel=1e-5)
    assert made.gain == pytest.approx(difference.mean(), rel=1e-5)
    assert made.error == pytest.approx(difference.std(ddof=1) / 200**0.5, rel=1e-5)
    assert made.score_after == (made.run.net(XV).argmax(1) == YV).mean()
    assert made.epochs == 8
    assert "better" in made.text
    assert "tried for 8 epochs" in made.text


@pytest.mark.parametrize(
    "remedy", [{"learning_rate": 4e-3}, {"batch_size": 16}, {"dropout": 0.1}, {"clip_norm": 1.0}]
)
def test_a_healthy_training_is_not(healthy, remedy):
    made = trial(healthy, remedy)
    assert not (made.improves and made.share > 0.1)
    if not made.improves:
        assert "no better than chance" in made.text


def test_the_training_stays_as_it_was():
    run = fit(learning_rate=1e-3, schedule="reduce_on_plateau", epochs=6)
    weights, initial = run.net.state_dict(), {n: v.copy() for n, v in run.initial.items()}
    history, config, first = run.history.as_dicts(), dict(run.config), X.copy()
    mode = repr(run.net), run.net(XV)
    for remedy in (
        {"learning_rate": 0.02}, {"scale_inputs": True}, {"width": 32}, {"dropout": 0.4},
        {"usual_initialisation": True, "initialise": True}, {"class_weight": "balanced"},
    ):  # fmt: skip
        assert isinstance(trial(run, remedy), Trial)
    for name, value in run.net.state_dict().items():
        np.testing.assert_array_equal(value, weights[name])
        np.testing.assert_array_equal(run.initial[name], initial[name])
    assert run.history.as_dicts() == history
    assert run.config == config
    assert repr(run.net) == mode[0]
    np.testing.assert_array_equal(run.net(XV), mode[1])
    np.testing.assert_array_equal(X, first)


@pytest.mark.parametrize("schedule", ["constant", "reduce_on_plateau", "cosine"])
def test_a_trial_begins_where_the_training_began(schedule):
    """With the same options it is the same training, schedules included."""
    run = fit(layers(4, 6, 3), schedule=schedule, epochs=5, learning_rate=0.02)
    made = trial(run, {"learning_rate": 0.02})
    for name, value in run.net.state_dict().items():
        np.testing.assert_array_equal(made.run.net.state_dict()[name], value)
    assert made.gain == 0
    assert not made.improves
    assert made.run.probes is None


def test_time_is_limited(slow):
    began = time.perf_counter()
    made = trial(slow, {"epochs": 1_000_000}, seconds=0.2)
    assert time.perf_counter() - began < 5
    assert 3 <= made.epochs < 1_000_000
    assert trial(slow, {"learning_rate": 0.01}, seconds=0.0).epochs == 3


def test_findings_are_tried_by_their_remedies(slow):
    finding = Finding(
        "learning_rate_too_low", "warning", "slow", "seen", "cause",
        Remedy("faster", changes={"learning_rate": 0.01}), "gradient-descent",
    )  # fmt: skip
    assert trial(slow, finding).improves
    assert trial(slow, replace(finding, remedy=Remedy("a new idea"))) is None
    assert trial(slow, replace(finding, remedy=None)) is None


# -- what cannot be tried --------------------------------------------------------------------------


def test_no_validation_rows():
    run = lw.train(layers(4, 3), (X, Y), epochs=1)
    assert trial(run, {"learning_rate": 0.1}) is None


def test_networks_of_ones_own():
    run = fit(Own(), learning_rate=1e-6)
    for name in OF_NETWORKS:
        assert trial(run, {name: 1}) is None
    made = trial(run, {"learning_rate": 0.01})
    assert made.improves
    assert isinstance(made.run.net, Own)
    assert made.run.net is not run.net
    assert trial(run, {"scale_inputs": True, "learning_rate": 0.01}).improves


def test_a_network_that_does_not_fit_after_the_change():
    words = np.random.default_rng(0).integers(0, 9, (60, 4)).astype(np.int32)
    y = (words[:, 0] % 2).astype(np.int64)
    net = nn.Sequential(nn.Embedding(9, 5), nn.Linear(5, 3), nn.Flatten(), nn.Linear(12, 2))
    run = fit(net, y, y, words, words, epochs=1)
    assert trial(run, {"width": 64}) is None


def test_changes_that_there_are_not(slow):
    with pytest.raises(lw.OptionError, match="learning_rate"):
        trial(slow, {"learnin_rate": 0.1})
    assert trial(slow, {"learning_rate": -1.0}) is None
    assert trial(slow, {"class_weight": [1.0]}) is None


def test_remedies_ask_for_what_there_is():
    folder = Path(rules_room.__file__).parent
    text = "".join(path.read_text() for path in folder.glob("*.py"))
    asked = {
        name
        for found in re.findall(r"changes=\{([^}]*)\}", text)
        for name in re.findall(r'"(\w+)":', found)
    }
    assert len(asked) > 10
    assert asked <= set(CHANGES)


# -- trainings of all kinds ------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [30.0, 1e12])
def test_after_a_divergence(rate):
    with pytest.raises(lw.TrainingDiverged) as caught:
        fit(y=NUMBERS, yv=NUMBERS_V, optimizer=lw.optim.SGD(rate), epochs=40)
    made = trial(caught.value.run, {"learning_rate": 1e-3})
    assert made.improves
    assert made.share > 0.9
    assert made.score_after > 0
    assert np.isfinite(made.after)
    assert "better" in made.text


def test_a_trial_that_diverges_is_no_better(healthy):
    made = trial(healthy, {"optimizer": lw.optim.SGD(1e12)})
    assert made is None or not made.improves


def test_weights_of_rows_and_classes():
    weight = np.where(Y == 0, 3.0, 1.0)
    run = lw.train(
        layers(4, 16, 3), (X, Y), validation=(XV, YV, np.ones(200)), sample_weight=weight,
        class_weight=[1.0, 2.0, 1.0], learning_rate=1e-6, epochs=5,
    )  # fmt: skip
    made = trial(run, {"learning_rate": 0.02})
    assert made.improves
    assert made.run.config["class_weight"] == [1.0, 2.0, 1.0]
    np.testing.assert_array_equal(made.run.data.weight, run.data.weight)
    np.testing.assert_array_equal(made.run.validation.weight, run.validation.weight)


def test_class_weights_are_judged_by_classes():
    """Rows of a rare class count as much as all of the others."""
    rare = (np.arange(400) % 20 == 0).astype(int)
    x = np.random.default_rng(0).standard_normal((400, 4)).astype(np.float32)
    x[:, 0] += 1.5 * rare
    run = fit(layers(4, 8, 2), rare, rare, x, x, epochs=15, learning_rate=0.01)
    made = trial(run, {"class_weight": "balanced"})
    assert made.improves
    p = [np.asarray(net(x), np.float64) for net in (run.net, made.run.net)]
    losses = [np.logaddexp(0, (a[:, 0] - a[:, 1]) * np.where(rare == 1, 1, -1)) for a in p]
    means = [(each[rare == 0].mean() + each[rare == 1].mean()) / 2 for each in losses]
    assert made.before == pytest.approx(means[0], rel=1e-4)
    assert made.after == pytest.approx(means[1], rel=1e-4)


def test_a_target_on_another_scale():
    y, yv = 1e4 + 300 * NUMBERS, 1e4 + 300 * NUMBERS_V
    for shape in ((-1,), (-1, 1)):
        run = fit(y=y.reshape(shape), yv=yv.reshape(shape), learning_rate=0.01)
        made = trial(run, {"scale_target": True})
        assert made.improves
        predicted = made.run.net(XV)[:, 0] * y.std() + y.mean()
        r2 = 1 - ((predicted - yv) ** 2).sum() / ((yv - yv.mean()) ** 2).sum()
        assert made.score_after == pytest.approx(r2, rel=1e-3)
        assert made.run.validation.target.std() < 2


def test_inputs_on_other_scales():
    scales = np.array([1e4, 1, 1e-4, 0], "f")
    shifted = (X + 3) * scales + 5, (XV + 3) * scales + 5
    run = fit(x=shifted[0], xv=shifted[1], learning_rate=0.01)
    made = trial(run, {"scale_inputs": True})
    assert made.improves
    fed = made.run.data.inputs[0]
    np.testing.assert_allclose(fed[:, :2].mean(0), 0, atol=1e-2)
    np.testing.assert_allclose(fed[:, :2].std(0), 1, rtol=1e-2)
    assert not fed[:, 3].any()


def test_classes_that_were_fed_as_numbers():
    run = fit(layers(4, 16, 1), Y.astype(np.float32), YV.astype(np.float32), loss="mse", epochs=15)
    made = trial(run, {"as_classes": 3, "epochs": 30, "learning_rate": 0.01})
    assert made.run.loss == "cross_entropy"
    assert made.score_after == (made.run.net(XV).argmax(1) == YV).mean()
    rounded = np.clip(np.round(run.net(XV)[:, 0]), 0, 2)
    assert made.score_before == (rounded == YV).mean()
    squares = (run.net(XV).astype(float) - np.arange(3)) ** 2
    wide = squares[np.arange(len(YV)), YV].mean()
    said = np.exp(-squares / (2 * wide))
    said /= said.sum(1, keepdims=True)
    assert made.before == pytest.approx(((said - np.eye(3)[YV]) ** 2).sum(1).mean() / 2, rel=1e-5)


# -- comparing -------------------------------------------------------------------------------------


def test_one_validation_row_shows_nothing(slow):
    run = replace(slow, validation=Rows((XV[:1],), YV[:1]))
    made = trial(run, {"learning_rate": 0.01})
    assert np.isnan(made.error)
    assert not made.improves


def test_a_net_that_gives_nan_is_worse_than_any(healthy):
    broken = layers(4, 16, 3)
    broken[2].weight.value = np.full((3, 16), np.nan)
    bad = replace(healthy, net=broken)
    better, worse = compare(bad, healthy), compare(healthy, bad)
    assert better.improves
    assert better.share > 0.9
    assert not worse.improves
    assert not compare(bad, bad).improves
    assert not compare(healthy, healthy).improves


def test_without_a_column_both_networks_do_without_it():
    """What leans on a column that will not be there is worse then than what never had it."""
    given, asked = (
        np.concatenate([x, (y[:, None] - 1) * 3.0], 1).astype(np.float32)
        for x, y in ((X, Y), (XV, YV))
    )
    run = fit(layers(5, 16, 3), x=given, xv=asked, epochs=20, learning_rate=0.01)
    made = trial(run, {"without_columns": [4]})
    unknown = asked.copy()
    unknown[:, 4] = given[:, 4].mean(dtype=np.float64)
    assert made.score_before == (run.net(unknown).argmax(1) == YV).mean()
    assert made.score_after == (made.run.net(unknown).argmax(1) == YV).mean()
    assert made.improves
    assert (run.net(asked).argmax(1) == YV).mean() > made.score_after
    np.testing.assert_array_equal(run.validation.inputs[0], asked)
    assert "with the column not known, validation loss" in made.text
