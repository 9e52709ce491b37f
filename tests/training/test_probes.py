"""Probes: they change no bit of a training, and what they say is what happened."""

import json
import os
import threading
import time
import weakref

import numpy as np
import pytest

import layerwise as lw
from layerwise.backends import reference
from layerwise.backends.native import team
from layerwise.training import plan, probes
from layerwise.training.probes import ProbedLayer, ProbeRecord, every
from layerwise.training.stream import train_stream

nn = lw.nn
random = np.random.default_rng(11)
X = random.standard_normal((83, 6)).astype(np.float32)
NUMBER = (X @ [1.0, -2.0, 0.5, 0.0, 0.0, 1.0] + 0.1 * X[:, 0] ** 2).astype(np.float32)
CLASS = X[:, :3].argmax(1)
WORDS = random.integers(0, 9, (83, 4)).astype(np.int32)


def sequential(*layers):
    """Modules whose first weights are always the same; functions make those with weights."""
    with nn.seed(4):
        return nn.Sequential(*(layer() if callable(layer) else layer for layer in layers))


def dense(*activations, ends=3, width=7, **options):
    layers = [lambda: nn.Linear(6, width, **options)]
    for activation in activations:
        layers += [activation, lambda: nn.Linear(width, width, **options)]
    return sequential(*layers[:-1], lambda: nn.Linear(width, ends, **options))


class Residual(nn.Module):
    """Functions between modules, and a module that is called twice."""

    def __init__(self) -> None:
        with nn.seed(4):
            self.first, self.inner, self.last = nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x):
        hidden = lw.relu(self.first(x))
        hidden = hidden + lw.tanh(self.inner(hidden))
        return self.last(lw.gelu(self.inner(hidden)))


CASES = {
    "relu": (lambda: dense(nn.ReLU), {}),
    "deep tanh": (lambda: dense(nn.Tanh, nn.Tanh, nn.Sigmoid), {"clip_norm": 0.1}),
    "gelu": (lambda: dense(nn.GELU, nn.SiLU), {"optimizer": "adamw", "label_smoothing": 0.1}),
    "momentum": (lambda: dense(nn.ELU), {"optimizer": lw.optim.SGD(0.05, momentum=0.9)}),
    "class weights": (lambda: dense(nn.ReLU), {"class_weight": "balanced"}),
    "row weights": (lambda: dense(nn.ReLU), {"sample_weight": np.arange(83) % 3}),
    "softmax": (lambda: sequential(lambda: nn.Linear(6, 3), nn.Softmax), {"loss": "nll"}),
    "batch norm": (
        lambda: sequential(
            lambda: nn.Linear(6, 9), lambda: nn.BatchNorm1d(9), nn.ReLU, lambda: nn.Linear(9, 3)
        ),
        {"batch_size": 41},
    ),
    "layer norm": (
        lambda: sequential(
            lambda: nn.Linear(6, 9), lambda: nn.LayerNorm(9), nn.Mish, lambda: nn.Linear(9, 3)
        ),
        {"clip_norm": 1.0, "label_smoothing": 0.2},
    ),
    "dropout": (
        lambda: sequential(
            lambda: nn.Linear(6, 16), nn.LeakyReLU, lambda: nn.Dropout(0.4),
            lambda: nn.Linear(16, 16), nn.Tanh, lambda: nn.Dropout(0.1), lambda: nn.Linear(16, 3),
        ),
        {},
    ),
    "words": (
        lambda: sequential(
            lambda: nn.Embedding(9, 5), lambda: nn.Linear(5, 4), nn.Tanh, nn.Flatten,
            lambda: nn.Linear(16, 3),
        ),
        {"x": WORDS},
    ),
    "residual": (Residual, {"optimizer": "sgd", "learning_rate": 0.1}),
    "numbers": (lambda: dense(nn.ReLU, ends=1), {"y": NUMBER, "loss": "huber"}),
    "float64": (lambda: dense(nn.Softplus, ends=1, dtype="float64"), {"y": NUMBER, "loss": "mse"}),
    "wide": (lambda: dense(nn.ReLU, nn.Tanh, width=150), {"batch_size": 83}),
}  # fmt: skip


def fit(make, options, **others):
    given = {"x": X, "y": CLASS, "epochs": 3, "batch_size": 9} | options | others
    x, y = given.pop("x"), given.pop("y")
    return lw.train(make(), (x, y), validation=(x[:20], y[:20]), **given)


def assert_same_training(first, second):
    weights = second.net.state_dict()
    for name, value in first.net.state_dict().items():
        np.testing.assert_array_equal(value, weights[name], err_msg=name)
    for name in ("training_loss", "training_accuracy", "validation_loss"):
        assert first.history[name] == second.history[name]


@pytest.mark.parametrize("case", CASES)
def test_weights_are_the_same_bit_by_bit(case, monkeypatch):
    make, options = CASES[case]
    plain = fit(make, options, probes=False)
    probed = fit(make, options)
    assert plain.probes is None
    assert len(probed.probes) >= 3
    assert_same_training(plain, probed)
    monkeypatch.setattr(team.Team, "next_call", lambda *_: (2, 2))
    forked = fit(make, options, threads=2)
    assert_same_training(plain, forked)
    for name, values in probed.probes.values.items():
        np.testing.assert_array_equal(values, forked.probes.values[name], err_msg=name)


def test_chunks_change_no_probe():
    make, options = CASES["dropout"]
    whole, cut = fit(make, options), fit(make, options, chunk_seconds=1e-9)
    np.testing.assert_array_equal(whole.probes.steps, cut.probes.steps)
    for name, values in whole.probes.values.items():
        np.testing.assert_array_equal(values, cut.probes.values[name], err_msg=name)


def test_backends_see_the_same():
    for case in ("softmax", "batch norm", "residual"):
        make, options = CASES[case]
        # Adam would blow up rounding errors in the gradients of what batch normalisation undoes.
        options = options | {"optimizer": lw.optim.SGD(0.05)}
        options.pop("learning_rate", None)
        first, second = (fit(make, options, backend=name) for name in ("native", "reference"))
        assert len(first.probes) == len(second.probes)
        for name, values in first.probes.values.items():
            wanted = second.probes.values[name]
            np.testing.assert_allclose(values, wanted, 2e-3, 1e-5, err_msg=f"{case}: {name}")


# -- what is measured ------------------------------------------------------------------------------


def numpy_training(weights, x, y, rate, momentum, batch, epochs):
    """A tanh layer, a ReLU layer and a softmax, trained in float64; what each step looks like."""
    w1, b1, w2, b2, w3, b3 = (np.array(w, np.float64) for w in weights)
    parameters = [w1, b1, w2, b2, w3, b3]
    speed = [np.zeros_like(p) for p in parameters]
    for _ in range(epochs):
        for start in range(0, len(x), batch):
            rows, truth = x[start : start + batch], np.eye(3)[y[start : start + batch]]
            n = len(rows)
            w1, b1, w2, b2, w3, b3 = parameters
            z1 = rows @ w1.T + b1
            h1 = np.tanh(z1)
            z2 = h1 @ w2.T + b2
            h2 = np.maximum(z2, 0)
            z3 = h2 @ w3.T + b3
            p = np.exp(z3) / np.exp(z3).sum(1, keepdims=True)
            # Gradients of each row's own loss.
            d3 = p - truth
            e2 = d3 @ w3
            d2 = e2 * (z2 > 0)
            e1 = d2 @ w2
            d1 = e1 * (1 - h1**2)
            gradients = [
                d1.T @ rows / n, d1.sum(0) / n, d2.T @ h1 / n, d2.sum(0) / n, d3.T @ h2 / n,
                d3.sum(0) / n,
            ]  # fmt: skip
            speed = [momentum * s + g for s, g in zip(speed, gradients, strict=True)]
            moved = [-rate * s for s in speed]
            layers, arriving = [z1, h1, z2, h2, z3], [d1, e1, d2, e2, d3]
            closed = [None, np.abs(1 - h1**2) < 0.02, None, z2 <= 0, None]
            yield {
                "loss": -np.log(p[truth > 0]).mean(),
                "rows": n,
                "mean": [a.mean() for a in layers],
                "spread": [a.std() for a in layers],
                "zeros": [np.nan, 0.0, np.nan, (h2 == 0).mean(), np.nan],
                "saturated": [np.nan if c is None else c.mean() for c in closed],
                "silent": [np.nan if c is None else c.all(0).mean() for c in closed],
                "output_gradient": [np.sqrt((d**2).sum(1).mean()) for d in arriving],
                "weight": [np.sqrt((p**2).sum()) for p in parameters],
                "gradient": [np.sqrt((g**2).sum()) for g in gradients],
                "update": [np.sqrt((m**2).sum()) for m in moved],
            }
            parameters = [p + m for p, m in zip(parameters, moved, strict=True)]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 2e-4)])
def test_every_measure_is_what_numpy_finds(dtype, tolerance):
    with nn.seed(2):
        net = nn.Sequential(
            nn.Linear(6, 9, dtype=dtype), nn.Tanh(), nn.Linear(9, 12, dtype=dtype), nn.ReLU(),
            nn.Linear(12, 3, dtype=dtype),
        )  # fmt: skip
    # Some tanh units are saturated, and some ReLU units closed, for all rows.
    net[0].weight.value = net[0].weight.value * np.linspace(1, 30, 9)[:, None]
    net[2].bias.value = np.where(np.arange(12) < 3, -20, 0.3)
    x = X.astype(dtype) + np.array([2, 0, 0, 0, -1, 0], dtype)
    weights = [p.value for p in net.parameters()]
    run = lw.train(
        net, (x, CLASS), optimizer=lw.optim.SGD(0.05, momentum=0.9), batch_size=16, epochs=2,
        shuffle=False,
    )  # fmt: skip
    record = run.probes
    wanted = list(numpy_training(weights, x.astype(np.float64), CLASS, 0.05, 0.9, 16, 2))
    # 6 steps of 16 rows, the last of 3: all of the first epoch, and the first of the second.
    assert record.steps.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert record.epochs.tolist() == [1] * 6 + [2]
    assert record.values["rows"].tolist() == [16] * 5 + [3, 16]
    assert record.values["silent"][:, 3].min() >= 3 / 12
    assert 0 < record.values["saturated"][:, 1].min() < record.values["saturated"][:, 1].max() < 1
    assert [(each.path, each.units) for each in record.layers] == [
        ("0", 9), ("1", 9), ("2", 12), ("3", 12), ("4", 3),
    ]  # fmt: skip
    assert [each.activation for each in record.layers] == [None, "Tanh()", None, "ReLU()", None]
    assert record.parameters == ("0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias")
    assert record.sizes == (54, 9, 108, 12, 36, 3)
    for name, values in record.values.items():
        assert values.dtype == np.float64
        expected = np.array([wanted[step][name] for step in record.steps])
        np.testing.assert_allclose(values, expected, tolerance, 1e-12, err_msg=name)
    np.testing.assert_allclose(
        record.update_ratio(),
        [np.divide(wanted[s]["update"], wanted[s]["weight"]) for s in record.steps],
        tolerance,
    )


def test_a_spread_beside_a_large_mean_is_exact():
    """The difference of two large sums of squares would have no digit right."""
    net = nn.Linear(6, 1)
    net.weight.value = np.eye(6)[:1]
    x = X + np.array([1e4, 0, 0, 0, 0, 0], np.float32)
    run = lw.train(net, (x, NUMBER), learning_rate=1e-12, shuffle=False)
    batches = [x[i : i + 32, 0].astype(np.float64) for i in (0, 32, 64)]
    spread = run.probes.values["spread"][:3, 0]
    np.testing.assert_allclose(spread, [b.std() for b in batches], 1e-5)


def test_places_of_a_sequence_count():
    make, options = CASES["words"]
    run = fit(make, options, shuffle=False, epochs=1)
    first = make()
    seen = run.probes.values
    outputs = first[0](WORDS[:9]).astype(np.float64)
    assert outputs.shape == (9, 4, 5)
    hidden = first[2](first[1](outputs.astype(np.float32))).astype(np.float64)
    np.testing.assert_allclose(seen["mean"][0, :3:2], [outputs.mean(), hidden.mean()], rtol=1e-4)
    np.testing.assert_allclose(seen["spread"][0, :3:2], [outputs.std(), hidden.std()], rtol=1e-4)
    flat = 1 - hidden**2 < 0.02
    assert seen["saturated"][0, 2] == pytest.approx(flat.mean(), abs=1e-9)
    assert seen["silent"][0, 2] == flat.all(0).mean()


def test_gradients_are_noted_before_they_are_clipped():
    make = CASES["float64"][0]
    options = {"optimizer": "sgd", "y": NUMBER}
    plain, clipped = fit(make, options), fit(make, options, clip_norm=1e-3)
    first, second = (run.probes.values for run in (plain, clipped))
    np.testing.assert_allclose(first["gradient"][0], second["gradient"][0], rtol=1e-5)
    norm = np.sqrt((first["gradient"][0] ** 2).sum())
    np.testing.assert_allclose(second["update"][0], first["update"][0] * 1e-3 / norm, rtol=1e-5)


# -- when ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "first", "later"),
    [(1, 1, 16), (16, 1, 16), (39, 1, 16), (40, 2, 16), (339, 16, 16), (340, 17, 17),
     (10_000, 500, 500)],
)  # fmt: skip
def test_how_often(steps, first, later):
    assert every(steps, 0) == first
    assert every(steps, 1) == every(steps, 30) == later
    assert 20 <= -(-steps // first) <= 39 or steps < 20
    assert -(-steps // later) <= 39


def test_steps_and_epochs():
    x, y = np.tile(X, (9, 1)), np.tile(CLASS, 9)
    run = lw.train(dense(nn.ReLU), (x, y), batch_size=13, epochs=3)
    assert run.steps == 3 * 58
    first, later = np.arange(0, 58, 2), np.arange(0, 58, 16)
    wanted = np.concatenate([first, 58 + later, 116 + later])
    np.testing.assert_array_equal(run.probes.steps, wanted)
    np.testing.assert_array_equal(run.probes.epochs, 1 + wanted // 58)
    assert run.probes.steps.dtype == run.probes.epochs.dtype == np.int64


def an_empty_record():
    return ProbeRecord([ProbedLayer("0", "Linear(2, 3)", None, 3)], ["0.weight"], [6], [1])


def noted(steps, rows=4.0):
    """What a probe program with one layer gives in so many steps; outputs of all steps too."""
    names = ("sum 0", "square 0", "weight 0", "gradient 0", "update 0")
    block = np.ones((len(names), len(steps)), np.float32)
    steps = np.asarray(steps)
    results = dict(zip(names, block, strict=True)) | {"loss": np.ones(10_000, np.float32)}
    return results, np.ones(len(steps)), np.full(len(steps), rows), steps


def test_a_record_stays_small(monkeypatch):
    monkeypatch.setattr(probes, "MOST_KEPT", 90)
    record = an_empty_record()
    outputs = []
    for epoch in range(1, 1001):
        given = noted(np.arange(2) * 50 + 100 * (epoch - 1))
        outputs.append(weakref.ref(given[0]["loss"]))
        record.add(*given, epoch)
        assert len(record._waiting) <= probes.MOST_WAITING
    assert not any(each() is not None for each in outputs[:-1])
    assert 60 < len(record) <= 90
    assert record.steps[:30].tolist() == [50 * i for i in range(30)]
    assert record.steps[-1] == 50 * 1999
    np.testing.assert_array_equal(record.epochs, 1 + record.steps // 100)
    late = np.diff(record.steps[30:])
    assert late.min() > 0
    # Evenly spread, although they were let go in several rounds.
    assert late.max() <= 2 * np.median(late)
    assert all(len(values) == len(record) for values in record.values.values())


def test_a_long_training_keeps_so_many():
    run = lw.train(dense(nn.ReLU), (X[:8], CLASS[:8]), batch_size=4, epochs=2300)
    assert probes.MOST_KEPT * 0.9 < len(run.probes) <= probes.MOST_KEPT
    assert run.probes.steps[0] == 0
    assert run.probes.epochs[-1] == 2300
    assert (np.diff(run.probes.steps) > 0).all()


# -- as JSON ---------------------------------------------------------------------------------------


def through_json(record):
    return ProbeRecord.from_json(json.loads(json.dumps(record.as_json(), allow_nan=False)))


def test_json_keeps_the_record():
    run = fit(*CASES["residual"])
    again = through_json(run.probes)
    assert again.layers == run.probes.layers
    assert again.parameters == run.probes.parameters
    assert again.sizes == run.probes.sizes
    np.testing.assert_array_equal(again.steps, run.probes.steps)
    np.testing.assert_array_equal(again.epochs, run.probes.epochs)
    for name, values in run.probes.values.items():
        np.testing.assert_allclose(again.values[name], values, 6e-4, err_msg=name)
    assert again.as_json() == run.probes.as_json()
    assert repr(again) == f"ProbeRecord({len(again)} probes of {len(again.layers)} layers)"


def test_json_keeps_what_is_no_number():
    record = an_empty_record()
    results, losses, rows, steps = noted([0, 1, 2, 3, 4])
    results["sum 0"][:] = [np.nan, np.inf, -np.inf, 0, 1e-30]
    results["weight 0"][:] = [np.nan, np.inf, 1e-44, 3e38, 2]
    record.add(results, losses * [np.nan, np.inf, -np.inf, 1e300, -1e-300], rows, steps, 1)
    again = through_json(record)
    for name, values in record.values.items():
        np.testing.assert_allclose(again.values[name], values, 6e-4, err_msg=name)
    assert np.isnan(again.values["zeros"]).all()


def test_json_of_a_long_record_is_short():
    record = an_empty_record()
    record.add(*noted(np.arange(1000)), 1)
    again = through_json(record)
    assert len(again) == 150
    assert again.steps[:50].tolist() == list(range(50))
    assert again.steps[-1] == 999
    assert len(ProbeRecord.from_json(record.as_json(10_000))) == 1000
    empty = through_json(an_empty_record())
    assert len(empty) == 0
    assert empty.values["mean"].shape == (0, 1)


# -- trainings of other kinds ----------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1e-9, 10.0])
def test_a_divergence_keeps_the_probes_before_it(backend, chunk):
    with pytest.raises(lw.TrainingDiverged) as caught:
        lw.train(
            dense(nn.ReLU, ends=1), (X, NUMBER), optimizer=lw.optim.SGD(3.0), epochs=30,
            batch_size=16, chunk_seconds=chunk, backend=backend.name,
        )  # fmt: skip
    error = caught.value
    run = error.run
    assert run.divergence == (error.layer, error.step, error.epoch, str(error))
    assert run.divergence.step == run.steps > 0
    before = run.probes.steps < error.step
    first = every(6, 0)
    assert run.probes.steps[before][:6].tolist() == list(range(0, min(error.step, 6), first))
    assert np.isfinite(run.probes.values["loss"][before]).all()
    assert np.isfinite(run.probes.values["weight"][before]).all()
    through_json(run.probes)


def test_no_probes_and_nothing_to_probe():
    assert fit(*CASES["relu"], probes=False).probes is None

    class Bare(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter(np.ones((6, 1), np.float32))

        def forward(self, x):
            return lw.exp(x @ self.weight)

    run = lw.train(Bare(), (X, NUMBER), loss="mse", epochs=1, learning_rate=1e-6)
    assert [each.layer for each in run.probes.layers] == ["Bare()"]
    assert np.isfinite(run.probes.values["weight"]).all()


def test_a_resumed_training_has_the_probes_since(tmp_path):
    make, options = CASES["dropout"]
    whole = fit(make, options, epochs=4)
    path = tmp_path / "half.safetensors"
    fit(make, options, epochs=2, checkpoint=path)
    run = fit(make, options, epochs=4, checkpoint=path, resume=True)
    assert_same_training(whole, run)
    assert run.probes.epochs.tolist() == [3, 4]
    assert run.probes.steps.tolist() == [20, 30]
    for name, values in whole.probes.values.items():
        np.testing.assert_array_equal(values[-2:], run.probes.values[name], err_msg=name)


def test_the_same_plan_serves_two_trainings():
    net = dense(nn.ReLU)
    start = net.state_dict()
    first = lw.train(net, (X, CLASS), epochs=2)
    net.load_state_dict(start)
    second = lw.train(net, (X, CLASS), epochs=2)
    assert len(plan._plans[net]) == 1
    assert first.probes is not second.probes
    for name, values in first.probes.values.items():
        np.testing.assert_array_equal(values, second.probes.values[name])
    # With probes, without, and with them again.
    lw.train(net, (X, CLASS), epochs=1, probes=False)
    third = lw.train(net, (X, CLASS), epochs=1)
    assert third.probes.values["loss"][0] < first.probes.values["loss"][0]


def test_streams_are_probed_if_asked():
    def blocks():
        return ((X[i : i + 40], NUMBER[i : i + 40], None) for i in range(0, 80, 40))

    def streamed(**options):
        net = dense(nn.ReLU, ends=1)
        return train_stream(
            net, blocks, rows=80, block_rows=40, passes=2, batch_size=8, **options
        )  # fmt: skip

    plain, probed = streamed(), streamed(probes=True)
    assert plain.probes is None
    assert_same_training(plain, probed)
    # Blocks of 5 steps: all of the first, and the first one of the others.
    assert probed.probes.steps.tolist() == [0, 1, 2, 3, 4, 5, 10, 15]
    assert probed.probes.epochs.tolist() == [1, 1, 1, 1, 1, 2, 3, 4]


def test_several_fits_at_once():
    jobs = [CASES[name] for name in ("relu", "relu", "dropout", "layer norm")]
    wanted = [fit(*job) for job in jobs]
    found = [None] * len(jobs)

    def work(number):
        found[number] = fit(*jobs[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(wanted, found, strict=True):
        assert_same_training(one, other)
        for name, values in one.probes.values.items():
            np.testing.assert_array_equal(values, other.probes.values[name], err_msg=name)


# -- cost ------------------------------------------------------------------------------------------


def test_python_costs_little_per_epoch():
    """Executables that do nothing show what the loop and the record take."""
    net = dense(nn.ReLU, nn.Tanh)
    options = {"loss": "cross_entropy", "backend": "reference", "batch_size": 9}
    lw.train(net, (X, CLASS), epochs=1, **options)
    (made,) = plan._plans[net].values()

    class Idle(reference.ReferenceExecutable):
        def run(self, state, feeds, first=0, steps=None, sampling=None):
            found = dict.fromkeys(self.program.outputs, ones[:steps])
            if sampling is not None:
                few = ones[: len(sampling.steps(first, first + steps))]
                found |= dict.fromkeys(sampling.executable.program.outputs, few)
                found |= dict.fromkeys(self.program.outputs, ones[:steps])
            return found

    ones = np.ones(1000, np.float32)
    made.train = Idle(made.train.program)
    assert len(made.sampling(1).executable.program.outputs) > 30
    made.seconds_per_row = 1e-8
    seconds = {}
    for wanted in (False, True):
        took = []
        for _ in range(3):
            began = time.perf_counter()
            lw.train(net, (X, CLASS), epochs=200, probes=wanted, **options)
            took.append(time.perf_counter() - began)
        seconds[wanted] = min(took) / 200
    # Expected about 0.05 ms more; other work on the machine may make it several times that.
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    assert seconds[True] - seconds[False] < (0.5e-3 if alone else 2.5e-3)
