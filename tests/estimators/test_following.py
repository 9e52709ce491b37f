"""Callbacks, lines on the screen, and ends before the end."""

import os
import signal
import threading

import numpy as np
import pytest
from cases import POOLED, QUICK, numbers
from sklearn.base import clone

from layerwise import Classifier, Regressor
from layerwise.training import Epoch

X, Y = numbers()


def test_functions_are_called_after_each_epoch():
    seen = []
    model = Classifier(**QUICK, callbacks=lambda member, epoch: seen.append((member, epoch)))
    model.fit(X, Y)
    assert [member for member, _ in seen] == [0] * 4
    assert [epoch for _, epoch in seen] == list(model.history_[0])
    assert isinstance(seen[0][1], Epoch)


def test_a_function_may_end_the_fit():
    def enough(member, epoch):
        return False if epoch.epoch == 3 else None

    model = Classifier(**{**QUICK, "epochs": 50}, callbacks=[enough]).fit(X, Y)
    assert model.n_iter_ == 3
    assert model.predict(X).shape == Y.shape
    pooled = Classifier(**{**POOLED, "epochs": 50}, callbacks=enough).fit(X, Y)
    assert max(map(len, pooled.history_)) <= 5


def test_errors_of_functions_come_out():
    def fail(member, epoch):
        raise LookupError("no")

    for settings in (QUICK, POOLED):
        model = Classifier(**settings, callbacks=fail)
        with pytest.raises(LookupError):
            model.fit(X, Y)
        assert not hasattr(model, "ensemble_")


def test_nothing_is_printed_unasked(capsys):
    Classifier(**POOLED).fit(X, Y)
    assert capsys.readouterr() == ("", "")


def test_verbose(capsys):
    model = Classifier(**POOLED, verbose=True).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(model.ensemble_.members) + 1
    assert lines[0].startswith(f"member 1 of {len(lines) - 1}, linear: 6 epochs, kept epoch ")
    assert lines[-1].startswith("weights: linear ")
    Regressor(**QUICK, verbose=2).fit(X, X[:, 0])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 + 2
    assert lines[0].startswith("member 1, epoch 1: training loss ")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_control_c_ends_the_fit(n_jobs):
    before = threading.active_count()

    def press(member, epoch):
        if epoch.epoch == 2:
            os.kill(os.getpid(), signal.SIGINT)

    model = Classifier(**{**POOLED, "epochs": 2000}, n_jobs=n_jobs, early_stopping=False)
    model.set_params(callbacks=press)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert threading.active_count() == before
    assert not hasattr(model, "ensemble_")
    assert model.set_params(callbacks=None, epochs=2).fit(X, Y).n_iter_ == 2


# -- scikit-learn's callbacks ----------------------------------------------------------------------

protocol = pytest.importorskip("sklearn.callback", reason="before scikit-learn 1.9")


class Recorder:
    """A callback that notes the tasks."""

    def __init__(self, stop_at=None):
        self.events, self.scores, self.stop_at = [], [], stop_at

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X, y):
        self.events.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator, metadata):
        self.events.append(("end", context.task_name, context.task_id))
        if fitted_estimator is not None:
            self.scores.append((context.task_name, fitted_estimator.score(X, y)))
        return context.task_name == "epoch" and context.task_id == self.stop_at


def test_the_tree_of_tasks():
    recorder = Recorder()
    model = Classifier(**{**QUICK, "epochs": 2}).set_callbacks(recorder).fit(X, Y)
    assert recorder.events == [
        "setup",
        ("begin", "fit", 0),
        ("begin", "member", 0),
        ("begin", "epoch", 0),
        ("end", "epoch", 0),
        ("begin", "epoch", 1),
        ("end", "epoch", 1),
        ("end", "member", 0),
        ("end", "fit", 0),
        "teardown",
    ]
    assert [name for name, _ in recorder.scores] == ["epoch", "epoch", "fit"]
    assert recorder.scores[-1][1] == model.score(X, Y)


def test_members_in_threads_and_refits():
    recorder = Recorder()
    settings = {**POOLED, "members": 3, "refit": True, "n_jobs": 2}
    Classifier(**settings).set_callbacks(recorder).fit(X, Y)
    begun = [e for e in recorder.events if e[:2] == ("begin", "member")]
    ended = [e for e in recorder.events if e[:2] == ("end", "member")]
    assert len(begun) == len(ended) == len({e[2] for e in begun})
    assert len([s for s in recorder.scores if s[0] == "epoch"]) > len(begun)


def test_a_callback_ends_a_member():
    model = Classifier(**{**POOLED, "epochs": 9}).set_callbacks(Recorder(stop_at=2)).fit(X, Y)
    assert {len(history) for history in model.history_} == {3}


def test_scoring_monitor():
    monitor = protocol.ScoringMonitor(scoring="accuracy")
    model = Classifier(**QUICK).set_callbacks(monitor).fit(X, Y)
    rows = monitor.get_logs().data
    epochs = [row["accuracy"] for row in rows if row["task_name"] == "epoch"]
    assert len(epochs) == 4
    (whole,) = [row["accuracy"] for row in rows if row["task_name"] == "fit"]
    assert whole == model.score(X, Y)


def test_progress_bar(capsys):
    Classifier(**QUICK).set_callbacks(protocol.ProgressBar()).fit(X, Y)
    assert "fit" in capsys.readouterr().out


def test_inside_a_search():
    from sklearn.model_selection import GridSearchCV

    recorder = Recorder()
    model = Regressor(**{**QUICK, "epochs": 2}).set_callbacks(recorder)
    GridSearchCV(model, {"dropout": [0, 0.1]}, cv=2).fit(X, X[:, 0])
    assert clone(model)._skl_callbacks
    assert np.isfinite([score for _, score in recorder.scores]).all()
