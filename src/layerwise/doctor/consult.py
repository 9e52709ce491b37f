"""`doctor`: what `layerwise.doctor(...)` calls, for a training, a saved model or an estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import OptionError, TrainingDiverged
from ..model.model import Model
from ..nn.notes import notes_of
from ..training.run import Run
from .case import Case
from .diagnose import Tried, decide, diagnose, suspect, try_remedies
from .diagnosis import Diagnosis
from .examine import examine
from .kept import FOUND, case_of, found_in, to_summary
from .table_case import TableCase
from .table_diagnosis import diagnose_table

QUICK = 2.0
"""Seconds that trials of what is all but sure may take, at least."""

SIGNS_OF_A_TRAINING = ("seconds", "steps", "stopped", "config", "data")
"""Parts of a summary by which a training is told from another one of the same network."""


def doctor(
    patient: Run | TrainingDiverged | Model | Any,
    *,
    names: Sequence[str] = (),
    classes: Sequence[str] = (),
    trials: bool = True,
    seconds: float | None = None,
) -> Diagnosis:
    """Find out what went wrong in a training, why, and what to change.

    The doctor reads the rows that the training was given to learn from and to validate, the
    network as a graph, and what was recorded while it trained (`Run.probes`, `Run.history`).
    What it suspects it tries: a short training with the remedy, judged on the validation rows.

    What it read and found is kept in `Run.remarks`, and by the network: a model that is saved after
    that carries it, and `lw.doctor(lw.load(path))` and ``layerwise doctor FILE`` look at it again.

    Parameters
    ----------
    patient : what `layerwise.train` returned, or the `TrainingDiverged` that it raised; a saved
        `Model`, whose record is read again by the rules, without trials; or a fitted `Classifier`
        or `Regressor`, as its method `doctor` does.
    names : of the input's columns, for a training.
    classes : what the classes are called, in the order of their numbers, for a training.
    trials : whether remedies are tried. Without, what is only suspected is a note.
    seconds : for all trials; by default three times as long as the training took, at least 5.

    Returns
    -------
    Diagnosis : findings, the alarms first.

    Raises
    ------
    OptionError : something else, or a model without a record.

    Examples
    --------
    >>> run = lw.train(net, (X, y), validation=(Xv, yv))  # doctest: +SKIP
    >>> lw.doctor(run)  # doctest: +SKIP
    """
    if isinstance(patient, TrainingDiverged):
        patient = patient.run
    if isinstance(patient, Run):
        case = examine(patient, names, classes)
        found = suspect(case)
        tried = try_remedies(patient, found, seconds) if trials else (Tried(f, None) for f in found)
        return remember(patient, case, decide(list(tried), case))
    if isinstance(patient, Model):
        return again(patient.summary)
    own = getattr(patient, "doctor", None)
    if callable(own):
        found_by_own = own()
        assert isinstance(found_by_own, Diagnosis)
        return found_by_own
    raise OptionError(
        "doctor: expected what layerwise.train returns, or the error that it raises, a "
        f"layerwise.Model, or a fitted Classifier or Regressor, got {type(patient).__name__}"
    )


def confirmed(run: Run, case: Case, seconds: float | None = None) -> Diagnosis:
    """What the rules are sure of, each confirmed by a trial; what they suspect are notes.

    Quicker than `doctor`: where all is well nothing is trained.

    Parameters
    ----------
    seconds : for all trials; by default as long as the training took, at least 2.
    """
    found = suspect(case)
    allowed = max(QUICK, run.seconds) if seconds is None else seconds
    sure = [finding for finding in found if finding.sure]
    tried = {each.finding.name: each for each in try_remedies(run, sure, allowed)}
    return decide([tried.get(f.name, Tried(f, None)) for f in found], case)


def remember(run: Run, case: Case, found: Diagnosis) -> Diagnosis:
    """Keep a diagnosis with its run and its network, to be saved with them; gives it back."""
    run.remarks |= to_summary(case, found)
    notes, summary = notes_of(run.net), run.summary()
    noted = notes.training or {}
    # Only if this was the network's last training: the notes are about that one.
    if all(name in noted and noted[name] == summary[name] for name in SIGNS_OF_A_TRAINING):
        notes.training = summary
    return found


def again(summary: dict[str, Any]) -> Diagnosis:
    """Look at the case of a model's summary with today's rules.

    What was tried after the training holds still: a finding of that name is as it was then, and a
    suspicion that was dismissed then is not told again.

    Raises
    ------
    OptionError : the summary keeps no case.
    """
    case = case_of(summary)
    now = diagnose_table(case) if isinstance(case, TableCase) else diagnose(case)
    before = found_in(summary)
    told = {finding.name: finding for finding in before}
    found = []
    for finding in now:
        then = told.get(finding.name)
        if then is not None and then.trial is not None:
            found.append(then)
        elif then is not None or finding.sure or FOUND not in summary:
            found.append(finding)
    return Diagnosis([*(f for f in found if f.is_alarm), *(f for f in found if not f.is_alarm)])


__all__ = ["again", "confirmed", "doctor", "remember"]
