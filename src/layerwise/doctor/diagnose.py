"""From a case to a diagnosis; and, where a training is at hand, with trials of the remedies."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..training.run import Run
from .case import Case
from .diagnosis import Diagnosis
from .finding import Finding
from .rules import RULES
from .trial import NOISE, SECONDS, Trial, trial
from .wording import in_words_of

PERHAPS = "perhaps "
"""How the title of a suspicion begins that nobody tried."""

FAILED, SIGNAL = 0.05, 5.0
"""Part of a constant prediction's loss that was taken away, and a simple model's signal."""

UNFINISHED = ("too_few_epochs", "batch_too_large", "learning_rate_too_low")
"""Findings that need a loss that still fell at the end."""

FAR = 1.2
"""A trial whose loss is so many times as large speaks against the finding."""


class Tried(NamedTuple):
    """A finding with the trial of its remedy; None where none was made."""

    finding: Finding
    trial: Trial | None


def diagnose(case: Case) -> Diagnosis:
    """What the rules find in a case, without any trial.

    What only a trial could tell is a note.
    """
    return decide([Tried(finding, None) for finding in suspect(case)], case)


def suspect(case: Case) -> list[Finding]:
    """What the rules find, the causes of others first; among it what only a trial can tell."""
    found = [rule.look(case) for rule in RULES]
    return [in_words_of(f, case.data.kind) for f in found if f is not None]


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


def decide(tried: Sequence[Tried], case: Case) -> Diagnosis:
    """Which findings are alarms, and in which order; `tried` comes in the order of the rules."""
    constant = case.outcome.constant.loss
    constant = constant if np.isfinite(constant) else 0.0
    worth = [t for f, t in tried if t is not None and f.stage > 1 and _is_worth_it(f, t, constant)]
    lowest = min((t.after + t.error / 2 for t in worth), default=0.0)
    alarms: list[_Placed] = []
    notes: list[Finding] = []
    for number, (finding, result) in enumerate(tried):
        shown = finding if result is None else replace(finding, trial=result.text)
        if not finding.is_alarm:
            notes.append(finding)
        elif result is None or not _decides(finding):
            if finding.sure:
                alarms.append(_Placed(finding.stage, 0.0, number, True, shown))
            else:
                notes.append(_as_note(shown))
        elif _is_worth_it(finding, result, constant):
            # Among what happened in training, what helps most is the likeliest cause; what helps
            # as much, but for noise, comes in the order of the rules.
            tied = finding.stage < 2 or result.after <= lowest
            place = 0.0 if tied else result.after
            alarms.append(_Placed(finding.stage, place, number, True, replace(shown, sure=True)))
        elif finding.sure and (finding.level == "error" or _is_plain(finding, result)):
            alarms.append(_Placed(finding.stage, result.after, number, False, shown))
        elif finding.sure:
            notes.append(replace(shown, level="note"))
    alarms.sort()
    if alarms and alarms[0].stage == 0:
        # What the data explains needs no other cause, unless that was shown to be one; a training
        # that broke off stays an error all the same.
        kept = [a for a in alarms if a.proven or a.finding.level == "error"]
        notes += [replace(a.finding, level="note") for a in alarms if a not in kept]
        alarms = kept
    found = [a.finding for a in alarms]
    if not found and _has_failed(case):
        found, notes = _likeliest(notes)
    return Diagnosis([*found, *notes])


class _Placed(NamedTuple):
    """An alarm and its place among others, by which these sort."""

    stage: int
    place: float
    number: int
    proven: bool
    finding: Finding


def _decides(finding: Finding) -> bool:
    return finding.remedy is None or finding.remedy.decides


def _is_plain(finding: Finding, result: Trial) -> bool:
    """Plain to see in the network, though this trial could not show what it costs."""
    near = result.gain > -NOISE * result.error and result.after < FAR * result.before
    return finding.stage == 1 and near


def _has_failed(case: Case) -> bool:
    """Whether the network learned next to nothing where simple models learn something."""
    signals = (case.outcome.linear.signal, case.outcome.nearest.signal)
    return case.skill < FAILED and any(s > SIGNAL for s in signals)


def _likeliest(notes: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Of a training that failed: what was only suspected is an alarm, for something is wrong."""
    suspected = [note for note in notes if not note.sure and note.stage in (1, 2)]
    if not suspected:
        return [], list(notes)
    # A loss that was on its way down when the training ended is no sign of too large steps.
    first = next((note for note in suspected if note.name in UNFINISHED), suspected[0])
    alarm = replace(first, level="warning", title=f"probably {first.title.removeprefix(PERHAPS)}")
    return [alarm], [note for note in notes if note is not first]


def _is_worth_it(finding: Finding, result: Trial, constant: float) -> bool:
    remedy = finding.remedy
    if remedy is None or not result.improves:
        return False
    learned = remedy.missing * max(constant - result.after, 0.0)
    return (
        result.share >= remedy.worth
        and result.gain >= remedy.least * constant
        and result.gain >= learned
    )


def _as_note(finding: Finding) -> Finding:
    return replace(finding, level="note", title=f"{PERHAPS}{finding.title}")


__all__ = ["Tried", "decide", "diagnose", "suspect", "try_remedies"]
