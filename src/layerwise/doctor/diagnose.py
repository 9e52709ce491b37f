"""From a case to a diagnosis; and, where a training is at hand, with trials of the remedies."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..errors import OptionError, TrainingDiverged
from ..training.run import Run
from .case import Case
from .diagnosis import Diagnosis
from .examine import examine
from .finding import Finding
from .rules import RULES
from .trial import NOISE, SECONDS, Trial, trial


class Tried(NamedTuple):
    """A finding with the trial of its remedy; None where none was made."""

    finding: Finding
    trial: Trial | None


def diagnose(case: Case) -> Diagnosis:
    """What the rules find in a case, without any trial.

    What only a trial could tell is a note.
    """
    return decide([Tried(finding, None) for finding in suspect(case)])


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
    seconds : for all trials; by default three times as long as the training took, at least 5.

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
    return decide(list(try_remedies(run, suspect(case), seconds)), case.outcome.constant.loss)


def suspect(case: Case) -> list[Finding]:
    """What the rules find, the causes of others first; among it what only a trial can tell."""
    found = [rule.look(case) for rule in RULES]
    return [f for f in found if f is not None]


def try_remedies(
    run: Run, found: Sequence[Finding], seconds: float | None = None
) -> Iterator[Tried]:
    """A trial for each finding whose remedy can be tried, as long as there is time."""
    left = max(SECONDS, 3 * run.seconds) if seconds is None else seconds
    for finding in found:
        best: Tried | None = None
        remedy = finding.remedy if finding.is_alarm else None
        while remedy is not None and remedy.changes and left > 0:
            began = time.monotonic()
            result = trial(run, remedy.changes, left)
            left -= time.monotonic() - began
            if result is None:
                break
            if best is None or best.trial is None or result.after < best.trial.after:
                best = Tried(replace(finding, remedy=remedy), result)
            remedy = remedy.stronger
        yield best or Tried(finding, None)


def decide(tried: Sequence[Tried], constant: float = 0.0) -> Diagnosis:
    """Which findings are alarms, and in which order.

    Parameters
    ----------
    tried : the findings in the order of the rules.
    constant : the loss of a constant prediction, of which a remedy must take a part away.
    """
    alarms: list[tuple[tuple[float, ...], Finding]] = []
    worth = [t for f, t in tried if t is not None and f.stage > 1 and _is_worth_it(f, t, constant)]
    lowest = min((t.after + t.error / 2 for t in worth), default=0.0)
    notes: list[Finding] = []
    for number, (finding, result) in enumerate(tried):
        if not finding.is_alarm:
            notes.append(finding)
        elif result is None:
            if finding.sure:
                alarms.append(((finding.stage, 0.0, number), finding))
            else:
                notes.append(_as_note(finding))
        elif _is_worth_it(finding, result, constant):
            shown = replace(finding, trial=result.text, sure=True)
            # Among what happened in training, what helps most is the likeliest cause; what helps
            # as much, but for noise, comes in the order of the rules.
            tied = finding.stage < 2 or result.after <= lowest
            alarms.append(((finding.stage, 0.0 if tied else result.after, number), shown))
        elif finding.sure and finding.stage == 1 and result.gain > -NOISE * result.error:
            # Plain to see, though this trial could not show what it costs.
            alarms.append(((finding.stage, 0.0, number), replace(finding, trial=result.text)))
        elif finding.sure and finding.level == "error":
            # A training that broke off is ill, whatever the trial showed.
            alarms.append(
                ((finding.stage, result.after, number), replace(finding, trial=result.text))
            )
        elif finding.sure:
            notes.append(replace(finding, level="note", trial=result.text))
    alarms.sort(key=lambda pair: pair[0])
    return Diagnosis([*(finding for _, finding in alarms), *notes])


def _is_worth_it(finding: Finding, result: Trial, constant: float) -> bool:
    remedy = finding.remedy
    if remedy is None or not result.improves:
        return False
    return result.share >= remedy.worth and result.gain >= remedy.least * constant


def _as_note(finding: Finding) -> Finding:
    return replace(finding, level="note", title=f"perhaps {finding.title}")


__all__ = ["Tried", "decide", "diagnose", "doctor", "suspect", "try_remedies"]
