"""From a case to a diagnosis; and, where a training is at hand, with trials of the remedies."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from ..errors import OptionError, TrainingDiverged
from ..training.run import Run
from .case import Case
from .diagnosis import Diagnosis
from .examine import examine
from .finding import Finding
from .rules import RULES
from .trial import SECONDS, trial

WORTH = 0.1
"""A remedy must take this part off the validation loss for an alarm."""

MOST_TRIALS = 4


def diagnose(case: Case) -> Diagnosis:
    """What the rules find in a case, without any trial.

    What only a trial could tell is a note.
    """
    found = _look(case)
    return Diagnosis(_ordered([f if f.sure else _as_note(f) for f in found]))


def doctor(
    run: Run | TrainingDiverged,
    *,
    names: Sequence[str] = (),
    trials: bool = True,
    seconds: float | None = None,
) -> Diagnosis:
    """Find out what went wrong in a training, why, and what to change.

    The doctor reads the rows that the training was given to learn from and to validate, the
    network as a graph, and what was recorded while it trained (`Run.probes`, `Run.history`).
    What it suspects it tries: a short training with the remedy, judged on the validation rows.

    Parameters
    ----------
    run : what `layerwise.train` returned, or the `TrainingDiverged` that it raised.
    names : of the input's columns.
    trials : whether remedies are tried. Without, what is only suspected is a note.
    seconds : for all trials; by default twice as long as the training took, at least 5.

    Returns
    -------
    Diagnosis : findings, the alarms first.
    """
    if isinstance(run, TrainingDiverged):
        run = run.run
    if not isinstance(run, Run):
        raise OptionError(
            f"doctor: expected what layerwise.train returns, or the error that it raises, got "
            f"{type(run).__name__}"
        )
    case = examine(run, names)
    if not trials:
        return diagnose(case)
    return Diagnosis(_ordered(_tried(run, _look(case), seconds)))


def _look(case: Case) -> list[Finding]:
    found = [rule.look(case) for rule in RULES]
    return [f for f in found if f is not None]


def _as_note(finding: Finding) -> Finding:
    return replace(finding, level="note", title=f"perhaps {finding.title}")


def _ordered(found: Sequence[Finding]) -> list[Finding]:
    """Alarms before notes; else the rules' own order, which is that of causes."""
    return sorted(found, key=lambda f: not f.is_alarm)


def _tried(run: Run, found: Sequence[Finding], seconds: float | None) -> list[Finding]:
    left = max(SECONDS, 2 * run.seconds) if seconds is None else seconds
    tried: list[Finding] = []
    count = 0
    for finding in found:
        changes = finding.remedy.changes if finding.remedy is not None else {}
        if not finding.is_alarm or not changes or count >= MOST_TRIALS or left <= 0:
            tried.append(finding if finding.sure else _as_note(finding))
            continue
        began = time.monotonic()
        result = trial(run, finding, left)
        left -= time.monotonic() - began
        count += 1
        if result is None:
            tried.append(finding if finding.sure else _as_note(finding))
        elif result.improves and result.share >= WORTH:
            tried.append(replace(finding, trial=result.text, sure=True))
        else:
            tried.append(replace(_as_note(finding), trial=result.text))
    return tried


__all__ = ["diagnose", "doctor"]
