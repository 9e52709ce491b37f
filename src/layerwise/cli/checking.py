"""The doctor at the end of `layerwise train digits`: what it says, and --fix."""

from __future__ import annotations

from dataclasses import dataclass

from ..doctor import Diagnosis, Finding, Fixed, Trial, diagnose, examine, fix
from ..doctor.consult import confirmed, remember
from ..doctor.remedies import changes_of
from ..errors import TrainingDiverged
from ..training import Run
from .findings import show_findings
from .fixing import Fixing, Tested, certain, options_in, show_fixing, show_trial
from .recipe import Options
from .screen import Screen


@dataclass(frozen=True)
class Checked:
    """A training that the doctor has seen.

    Attributes
    ----------
    run : that is to be saved.
    diagnosis : of it; None with --no-doctor.
    fixed : what --fix did; None without.
    interrupted : whether Ctrl-C ended the training, the fixing or the doctor's work.
    """

    run: Run
    diagnosis: Diagnosis | None
    fixed: Fixed | None = None
    interrupted: bool = False


def look(options: Options, run: Run, screen: Screen) -> Checked:
    """Examine a training, and with --fix try the remedies."""
    ended = run.stopped == "interrupted"
    if not options.doctor:
        return Checked(run, None, None, ended)
    if options.fix and not ended:
        fixed = _fix(run, screen)
        return Checked(fixed.run, fixed.diagnosis, fixed, fixed.interrupted)
    try:
        case = examine(run)
        # After Ctrl-C nobody waits for trials.
        found = confirmed(run, case, 0.0 if ended else None)
        return Checked(run, remember(run, case, found), None, ended)
    except KeyboardInterrupt:  # the training is done, and is saved in any case
        return Checked(run, None, None, True)


def look_diverged(options: Options, error: TrainingDiverged, screen: Screen) -> Checked:
    """Say why a loss became NaN; with --fix, find a training whose loss does not.

    Raises
    ------
    TrainingDiverged : the one given, if nothing helps.
    """
    screen.end_live()
    if options.fix:
        fixed = _fix(error.run, screen)
        if fixed.steps:
            return Checked(fixed.run, fixed.diagnosis, fixed, fixed.interrupted)
    if options.doctor and not options.json:
        with Screen() as loud:
            show_findings(loud, diagnose(examine(error.run)), alarms_only=True)
    raise error


def _fix(run: Run, screen: Screen) -> Fixed:
    screen.line()

    def on_trial(finding: Finding, trial: Trial | None) -> None:
        if trial is None:
            screen.live(f"  trying {_change(finding)} ({certain(finding.title)})")
            return
        screen.end_live()
        show_trial(screen, tested(finding, trial))

    return fix(run, on_trial=on_trial)


def tested(finding: Finding, trial: Trial) -> Tested:
    """A trial in few words."""
    return Tested(
        name=finding.name,
        title=finding.title,
        change=_change(finding),
        before=trial.before,
        after=trial.after,
        gain=trial.gain,
        error=trial.error,
        helped=trial.improves,
        balanced="class_weight" in changes_of(finding),
    )


def fixing_of(fixed: Fixed, test: str, test_before: str) -> Fixing:
    """What --fix did, with the test's figures of the training that is kept and of the first."""
    return Fixing(
        tried=tuple(tested(t.finding, t.trial) for t in fixed.tried if t.trial is not None),
        kept=tuple(tested(step.finding, step.trial) for step in fixed.steps),
        test=test,
        test_before=test_before,
        interrupted=fixed.interrupted,
    )


def show_checked(options: Options, checked: Checked, fixing: Fixing | None) -> None:
    """What the doctor found, and what --fix did; with --quiet the alarms only."""
    if checked.diagnosis is None or options.json:
        return
    with Screen() as loud, Screen(quiet=options.quiet) as screen:
        if checked.fixed is not None and checked.fixed.steps:
            show_findings(screen, checked.fixed.first, alarms_only=True)
        if fixing is not None:
            show_fixing(screen, fixing)
            if checked.fixed is not None and checked.fixed.steps:
                screen.line("  after that:")
        show_findings(loud, checked.diagnosis, alarms_only=options.quiet)
        screen.line()


def _change(finding: Finding) -> str:
    remedy = finding.remedy
    return "" if remedy is None else options_in(remedy.flag, remedy.python, remedy.text)


__all__ = ["Checked", "fixing_of", "look", "look_diverged", "show_checked"]
