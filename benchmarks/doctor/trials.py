"""Trials of remedies, made once: what a trial shows follows from the run and the change alone."""

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

from benchmarks.doctor.experiment import train
from benchmarks.doctor.pairs import Key, experiment_of


class Shown(NamedTuple):
    """What a trial showed: the part of `layerwise.doctor.Trial` that is kept."""

    improves: bool
    share: float
    text: str
    before: float
    after: float
    score_before: float
    score_after: float
    gain: float
    error: float
    epochs: int


class Patient:
    """A run for the doctor that is trained only if a trial is made that is not known yet.

    Parameters
    ----------
    key
        Whose run it is.
    known
        What trials showed, by the change as JSON; None where nothing could be tried.
    """

    seconds = 60.0
    """The doctor gives trials time by this. On an idle machine the least is enough for such short
    runs; what else the machine does must not decide what a trial shows."""

    def __init__(self, key: Key, known: dict[str, list | None]):
        self.key, self.known = key, dict(known)
        self.added: dict[str, list | None] = {}
        self._run: Any = None

    def trial(self, changes: dict[str, Any], real: Any) -> Shown | None:
        """What the change shows, from what is known or by the doctor's own trial, `real`."""
        name = json.dumps(changes, sort_keys=True, default=repr)
        if name not in self.known:
            if self._run is None:
                self._run = train(experiment_of(self.key)).run
            made = real(self._run, changes, self.seconds)
            self.known[name] = self.added[name] = None if made is None else list(
                Shown(bool(made.improves), *(getattr(made, n) for n in Shown._fields[1:]))
            )  # fmt: skip
        found = self.known[name]
        return None if found is None else Shown(*found)


@contextmanager
def remembered() -> Iterator[None]:
    """While open, the doctor's trials of a `Patient` are those that it knows."""
    # The module; the package has a function of the same name.
    module = importlib.import_module("layerwise.doctor.diagnose")
    real = importlib.import_module("layerwise.doctor.trial").trial

    def trial(run: Patient, changes: Any, seconds: float | None = None) -> Shown | None:
        return run.trial(dict(changes), real)

    with mock.patch.object(module, "trial", trial):
        yield
