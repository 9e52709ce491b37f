"""`layerwise train ... --fix`: remedies are tried, and what helps is kept."""

import json

import numpy as np
import pandas as pd
import pytest

import layerwise as lw
from layerwise import nn
from layerwise.cli import fixing
from layerwise.cli.screen import Screen
from layerwise.cli.table.checking import with_parameters
from layerwise.doctor import fix

SMALL = ("--hidden", "16", "--epochs", "6")


@pytest.fixture(scope="module")
def slow_run():
    """A training at a rate that is too low by far."""
    random = np.random.default_rng(0)
    x = random.standard_normal((300, 4)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    with nn.seed(0):
        net = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
    return lw.train(
        net, (x[:200], y[:200]), validation=(x[200:], y[200:]), learning_rate=1e-6, epochs=10
    )


def test_a_rate_that_is_too_low_is_raised(command, folder):
    result = json.loads(command("train", "digits", *SMALL, "--lr", "1e-6", "--fix", "--json")[1])
    fixed = result["fix"]
    assert fixed["kept"][0]["finding"] == "learning_rate_too_low"
    for kept in fixed["kept"]:
        assert kept["gain"] > 2 * kept["gain_error"]
    assert result["test_accuracy"] > 0.8
    assert result["learning_rate"] > 1e-6
    before = float(fixed["test_before"].removeprefix("accuracy ").removesuffix("%"))
    assert before < 50
    model = lw.load("digits.safetensors")
    assert model.summary["fix"] == fixed
    assert model.summary["config"]["learning_rate"] == result["learning_rate"]
    images, labels = lw.data.load_digits()
    test = lw.data.split_rows(labels, 0).test
    right = model.predict_probabilities(images[test]).argmax(1) == labels[test]
    assert right.mean() == pytest.approx(result["test_accuracy"])


def test_it_says_what_it_gained(command, folder):
    code, out, err = command("train", "digits", *SMALL, "--dropout", "0.95", "--fix")
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    assert "tried --dropout 0.2 (dropout is too strong): validation loss" in flat
    assert "! warning: dropout is too strong" in flat
    assert "fixed --dropout 0.2: validation loss" in flat
    assert " before, accuracy " in flat
    assert out.splitlines()[-1] == "model saved in digits.safetensors"


def test_nothing_helps(capsys):
    tried = fixing.Tested(
        "plateau", "perhaps stuck", "--schedule cosine", 1.0, 0.99, 0.01, 0.02, False
    )
    with Screen() as screen:
        fixing.show_fixing(screen, fixing.Fixing((), (), "accuracy 90%", "accuracy 90%", False))
        fixing.show_trial(screen, tried)
        fixing.show_fixing(
            screen, fixing.Fixing((tried,), (), "accuracy 90%", "accuracy 90%", True)
        )
    said = " ".join(capsys.readouterr().out.split())
    assert "fix there was nothing to try" in said
    assert "--schedule cosine (stuck): validation loss 1 to 0.99, not better than by chance" in said
    assert "fix stopped: what is best so far is kept" in said
    assert "nothing that was tried helped; the first training is kept" in said


def test_a_healthy_training_is_left_as_it_is():
    random = np.random.default_rng(0)
    x = random.standard_normal((400, 4)).astype(np.float32)
    y = x @ [1.0, -1.0, 0.5, 0.0] + 0.1 * random.standard_normal(400)
    net = nn.Sequential(nn.Linear(4, 1))
    run = lw.train(net, (x[:300], y[:300]), validation=(x[300:], y[300:]), learning_rate=0.02)
    fixed = fix(run)
    assert fixed.steps == ()
    assert fixed.run is run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("digits", "--fix", "--no-doctor"), "--no-doctor"),
        (("t.csv", "--target", "y", "--fix", "--cv", "3"), "--cv"),
        (("t.csv", "--target", "y", "--fix", "--stream"), "--stream"),
    ],
)
def test_what_does_not_go_together(command, folder, arguments, said):
    pd.DataFrame({"x": range(50), "y": ["a", "b"] * 25}).to_csv("t.csv", index=False)
    code, _, err = command("train", *arguments)
    assert code == 2
    assert said in err


def test_a_table_with_rare_classes(command, folder):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.standard_normal((900, 4)), columns=list("abcd"))
    noise = random.standard_normal(900)
    frame["rare"] = np.where(frame.a + frame.b + 0.8 * noise > 2.5, "yes", "no")
    frame.to_csv("rare.csv", index=False)
    fast = ("--preset", "fast", "--ensemble", "5", "--epochs", "15", "--threads", "2")
    code, out, _ = command("train", "rare.csv", "--target", "rare", *fast, "--fix")
    assert code == 0
    flat = " ".join(out.split())
    assert "! warning: rare classes are not found" in flat
    assert "fixed --class-weight balanced: validation loss (every class counting alike)" in flat
    assert "mean of the classes" in flat
    kept = lw.load("rare.safetensors").summary
    assert kept["fix"]["kept"][0]["change"] == "--class-weight balanced"
    assert "class_imbalance" not in {each["name"] for each in kept["doctor"]}


def test_a_table_at_a_rate_that_is_too_high(command, folder):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.standard_normal((600, 4)), columns=list("abcd"))
    frame["y"] = (3 * frame.a + frame.b * frame.c + random.normal(0, 0.3, 600)).round(3)
    frame.to_csv("t.csv", index=False)
    fast = ("--preset", "fast", "--epochs", "15", "--threads", "1", "--json")
    result = json.loads(command("train", "t.csv", "--target", "y", "--lr", 5, *fast, "--fix")[1])
    kept = result["fix"]["kept"]
    assert kept
    assert kept[0]["change"].startswith("--lr 0.")
    assert all(each["gain"] > 2 * each["gain_error"] for each in kept)
    plain = json.loads(command("train", "t.csv", "--target", "y", "--lr", 5, *fast)[1])
    assert result["test_r2"] > plain["test_r2"] + 0.1


def test_the_same_folds_are_held_out():
    from layerwise.cli.settings import chosen
    from layerwise.cli.table.options import options_of

    options = options_of("t.csv", chosen({"target": "y"}, "table"))
    changed, rate = with_parameters(
        options, None, {"learning_rate": 0.1, "dropout": 0.2, "hidden_layer_sizes": (64,)}
    )
    assert rate == 0.1
    assert changed.dropout == 0.2
    assert changed.hidden == (64,)
    assert changed.seed == options.seed
    assert with_parameters(options, None, {"normalise": "robust"}) == (options, None)


# -- in Python -------------------------------------------------------------------------------------


def test_the_network_that_was_given_is_left_as_it_is(slow_run):
    before = {name: held.value.copy() for name, held in slow_run.net.named_held()}
    fixed = fix(slow_run, rounds=1)
    assert fixed.steps
    assert fixed.before is slow_run
    assert fixed.run is not slow_run
    assert fixed.first[0].name == "learning_rate_too_low"
    assert fixed.run.remarks["doctor"] == fixed.diagnosis.as_dicts()
    for name, held in slow_run.net.named_held():
        assert np.array_equal(held.value, before[name])
    losses = [run.history[-1].validation_loss for run in (slow_run, fixed.run)]
    assert losses[1] < losses[0]


def test_ctrl_c_keeps_the_best_so_far(slow_run):
    seen = []

    def stop(finding, trial):
        if trial is not None:
            seen.append(trial)
        elif len(seen) == 2:
            raise KeyboardInterrupt

    fixed = fix(slow_run, on_trial=stop)
    assert fixed.interrupted
    assert len(seen) == 2
    best = max(seen, key=lambda trial: trial.gain)
    assert best.improves
    assert fixed.run is best.run
    at_once = fix(
        slow_run, on_trial=lambda finding, trial: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    assert at_once.interrupted
    assert at_once.run is slow_run
    assert at_once.steps == ()
