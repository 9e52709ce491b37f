"""The same seed gives the same bits, whatever happens in between."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import layerwise as lw


def build():
    with lw.nn.seed(1):
        return lw.nn.Sequential(
            lw.nn.Linear(8, 16), lw.nn.BatchNorm1d(16), lw.nn.ReLU(), lw.nn.Dropout(0.3),
            lw.nn.Linear(16, 3),
        )  # fmt: skip


def fit(backend, data, **options):
    net = build()
    run = lw.train(net, data, loss="cross_entropy", backend=backend.name,
                   **{"epochs": 4, "validation": data, "schedule": "cosine"} | options)  # fmt: skip
    return net.state_dict(), run


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


def losses(run):
    return run.history["training_loss"], run.history["validation_loss"]


@pytest.mark.parametrize(
    "other", [{}, {"chunk_seconds": 1e-9}, {"chunk_seconds": 10.0}, {"threads": 1}, {"threads": 2}]
)
def test_same_bits(backend, classes, other):
    weights, run = fit(backend, classes)
    again, second = fit(backend, classes, **other)
    assert same(weights, again)
    assert losses(run) == losses(second)


def test_another_seed_gives_other_bits(backend, classes):
    assert not same(fit(backend, classes)[0], fit(backend, classes, seed=1)[0])


def test_without_shuffling_rows_come_as_they_stand(backend, classes):
    weights, _ = fit(backend, classes, shuffle=False)
    assert same(weights, fit(backend, classes, shuffle=False)[0])
    assert not same(weights, fit(backend, classes)[0])


class Killed(BaseException):
    """Not an Exception, so nothing handles it: as near to kill -9 as one process comes."""


@pytest.mark.parametrize("at", [1, 2, 3])
def test_resumes_after_an_epoch(backend, classes, tmp_path, at):
    weights, run = fit(backend, classes, early_stopping=50)
    options = {"checkpoint": tmp_path / "c.safetensors", "resume": True, "early_stopping": 50}

    def kill(epoch):
        if epoch.epoch == at:
            raise Killed

    with pytest.raises(Killed):
        fit(backend, classes, on_epoch=kill, **options)
    resumed, second = fit(backend, classes, **options)
    assert same(weights, resumed)
    assert losses(run) == losses(second)
    assert (run.best_epoch, run.steps) == (second.best_epoch, second.steps)


def test_resumes_within_an_epoch(backend, classes, tmp_path, monkeypatch):
    from layerwise.training import loop

    weights, run = fit(backend, classes)
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    options = {"checkpoint": tmp_path / "c.safetensors", "resume": True, "chunk_seconds": 1e-9}

    def kill(progress):
        if (progress.epoch, progress.step) == (2, 4):
            raise Killed

    with pytest.raises(Killed):
        fit(backend, classes, progress=kill, **options)
    resumed, second = fit(backend, classes, **options)
    assert same(weights, resumed)
    assert losses(run) == losses(second)


def test_reduce_on_plateau_resumes(backend, classes, tmp_path):
    schedule = lw.optim.ReduceOnPlateau(patience=0, threshold=0.5)
    weights, run = fit(backend, classes, schedule=schedule)
    rates = run.history["learning_rate"]
    assert rates[-1] < rates[0]
    options = {"checkpoint": tmp_path / "c.safetensors", "resume": True, "schedule": schedule}

    def kill(epoch):
        if epoch.epoch == 3:
            raise Killed

    with pytest.raises(Killed):
        fit(backend, classes, on_epoch=kill, **options)
    resumed, second = fit(backend, classes, **options)
    assert same(weights, resumed)
    assert second.history["learning_rate"] == rates


SCRIPT = """
import sys, time
import numpy as np
import layerwise as lw

random = np.random.default_rng(7)
x = random.standard_normal((210, 8)).astype(np.float32)
with lw.nn.seed(1):
    net = lw.nn.Sequential(lw.nn.Linear(8, 16), lw.nn.ReLU(), lw.nn.Linear(16, 3))

def told(epoch):
    print("epoch", epoch.epoch, flush=True)
    if slow:
        time.sleep(0.2)

backend, checkpoint, slow = sys.argv[1], sys.argv[2], len(sys.argv) > 3
run = lw.train(
    net, (x, x[:, :3].argmax(1)), loss="cross_entropy", epochs=8, backend=backend,
    checkpoint=checkpoint, resume=True, on_epoch=told,
)
print([p.value.tobytes().hex() for p in net.parameters()], run.history["training_loss"])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_kill_9_and_resume(backend, tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT), backend.name]
    whole = subprocess.run(
        [*command, str(tmp_path / "whole")], capture_output=True, text=True, check=True
    )
    process = subprocess.Popen(
        [*command, str(tmp_path / "killed"), "slowly"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line == "epoch 3\n":
            os.kill(process.pid, signal.SIGKILL)
            break
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    resumed = subprocess.run(
        [*command, str(tmp_path / "killed")], capture_output=True, text=True, check=True
    )
    assert resumed.stdout.startswith("epoch 4\n")
    assert resumed.stdout.splitlines()[-1] == whole.stdout.splitlines()[-1]
    assert not list(tmp_path.glob(".*")), "temporary files were left"


@pytest.mark.skipif(os.name != "posix", reason="signals to a child")
def test_ctrl_c_before_the_first_step_keeps_nothing(backend, classes, monkeypatch):
    from layerwise.training.loop import Loop

    def stop(self, feeds, began, done_before):
        raise KeyboardInterrupt

    monkeypatch.setattr(Loop, "_train_chunk", stop)
    net = build()
    first = net.state_dict()
    with pytest.raises(KeyboardInterrupt):
        lw.train(net, classes, loss="cross_entropy", backend=backend.name)
    assert same(net.state_dict(), first)


def test_ctrl_c_keeps_the_best_weights(backend, classes):
    import threading

    net = build()
    best = {}

    def keep(epoch):
        if epoch.validation_loss == min([*seen, epoch.validation_loss]):
            best.update(net.state_dict())
        seen.append(epoch.validation_loss)
        if epoch.epoch == 3:
            timer.start()

    seen: list[float] = []
    timer = threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT))
    began = time.monotonic()
    run = lw.train(net, classes, validation=classes, epochs=10**6, loss="cross_entropy",
                   backend=backend.name, on_epoch=keep)  # fmt: skip
    timer.join()
    assert run.stopped == "interrupted"
    assert time.monotonic() - began < 20
    assert run.best_epoch == 1 + int(np.argmin(run.history["validation_loss"]))
    if len(seen) == len(run.history):
        assert same(net.state_dict(), best)
