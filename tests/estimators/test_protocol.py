"""scikit-learn's callbacks: what they are told, and what they may end."""

import numpy as np
import pytest
from estimator_cases import POOLED, QUICK, numbers
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from layerwise import Classifier, Regressor

X, Y = numbers()

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
    recorder = Recorder()
    model = Regressor(**{**QUICK, "epochs": 2}).set_callbacks(recorder)
    GridSearchCV(model, {"dropout": [0, 0.1]}, cv=2).fit(X, X[:, 0])
    assert clone(model)._skl_callbacks
    assert np.isfinite([score for _, score in recorder.scores]).all()
