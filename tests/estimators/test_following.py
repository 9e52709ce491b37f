"""Callbacks, lines on the screen, and ends before the end."""

import os
import signal
import threading

import pytest
from estimator_cases import POOLED, QUICK, numbers

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

    pressed = []

    def press(member, epoch):
        if epoch.epoch == 2 and not pressed:
            pressed.append(member)
            os.kill(os.getpid(), signal.SIGINT)

    model = Classifier(**{**POOLED, "epochs": 2000}, n_jobs=n_jobs, early_stopping=False)
    model.set_params(callbacks=press)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert threading.active_count() == before
    assert not hasattr(model, "ensemble_")
    assert model.set_params(callbacks=None, epochs=2).fit(X, Y).n_iter_ == 2
