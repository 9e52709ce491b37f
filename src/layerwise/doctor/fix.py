"""`fix`: try the remedies of what was found, keep the best that helps, and look again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ..training.run import Run
from .case import Case
from .consult import confirmed, remember
from .diagnose import Tried, decide, suspect
from .diagnosis import Diagnosis
from .examine import examine
from .finding import Finding
from .remedies import changes_of
from .trial import SECONDS, Trial, trial

ROUNDS = 3
"""A remedy may uncover what another illness hid, or be a step of several in one direction."""

MOST_TRIALS = 4
"""In a round; the causes of others come first."""

LEAST = 0.01
"""Part of a constant prediction's loss: a gain of less is not worth another network."""

OTHER_DATA = (
    "as_classes", "as_numbers", "loss", "outputs", "scale_inputs", "scale_target",
    "without_columns",
)  # fmt: skip
"""Changes after which a network takes other inputs or gives other outputs than the one before, so
that it cannot take its place."""


@dataclass(frozen=True)
class Step:
    """A remedy that was kept.

    Attributes
    ----------
    finding : what it is for.
    trial : what it showed; its run is the training that took the place of the one before.
    """

    finding: Finding
    trial: Trial


@dataclass(frozen=True)
class Fixed:
    """What came of trying remedies.

    Attributes
    ----------
    before, run : the training as it was, and the one to be kept; the same if nothing helped.
    steps : the remedies that were kept, in order.
    tried : all trials that were made.
    first : the diagnosis of the training as it was, with the trials of its remedies.
    case, diagnosis : of the training that is kept.
    interrupted : whether Ctrl-C ended it.
    """

    before: Run
    run: Run
    steps: tuple[Step, ...]
    tried: tuple[Tried, ...]
    first: Diagnosis
    case: Case
    diagnosis: Diagnosis
    interrupted: bool = False


def fix(
    run: Run,
    *,
    names: Sequence[str] = (),
    classes: Sequence[str] = (),
    rounds: int = ROUNDS,
    on_trial: Callable[[Finding, Trial | None], object] | None = None,
) -> Fixed:
    """Try the remedies of what the doctor finds or suspects, and keep what helps.

    Each remedy is a whole training from the same first weights, judged row by row on the
    validation rows. Of those that are better by more than their noise, and by a hundredth of what a
    constant prediction loses, the best takes the place of the run, and the doctor looks again.
    Ctrl-C ends it and keeps the best so far.

    Parameters
    ----------
    run : what `layerwise.train` returned, or the run of a `TrainingDiverged`, with validation rows.
    names : of the input's columns.
    classes : what the classes are called, in the order of their numbers.
    rounds : how often, at most.
    on_trial : called with a finding and None before its trial, and with the trial after it.

    Returns
    -------
    Fixed : the network of its run is a new one; that of the run given is left as it is.
    """
    fixing = _Fixing(run, names, classes, on_trial)
    try:
        for _ in range(rounds):
            if not fixing.round():
                break
    except KeyboardInterrupt:
        fixing.interrupted = True
    return fixing.result()


class _Fixing:
    def __init__(
        self,
        run: Run,
        names: Sequence[str],
        classes: Sequence[str],
        on_trial: Callable[[Finding, Trial | None], object] | None,
    ) -> None:
        self.before = self.run = run
        self.names, self.classes, self.on_trial = names, classes, on_trial
        self.steps: list[Step] = []
        self.tried: list[Tried] = []
        self.first: Diagnosis | None = None
        self.last: tuple[Case, Diagnosis] | None = None
        self.interrupted = False

    def round(self) -> bool:
        """Try what there is to be tried; whether something helped and another round may too."""
        case = examine(self.run, self.names, self.classes)
        found = suspect(case)
        results: dict[str, Tried] = {}
        earlier = len(self.tried)
        try:
            for finding in [f for f in found if _can_be_tried(f, self.run)][:MOST_TRIALS]:
                results[finding.name] = self._try_all(finding)
                if self.interrupted:
                    break
        except KeyboardInterrupt:
            self.interrupted = True
        decided = [results.get(f.name, Tried(f, None)) for f in found]
        diagnosis = decide(decided, case)
        self.first = self.first or diagnosis
        # Not only of the findings that were done with: Ctrl-C may have come between two trials.
        constant = case.outcome.constant.loss
        best = _best(self.tried[earlier:], LEAST * constant if constant > 0 else 0.0)
        if best is None:
            self.last = case, diagnosis
            return False
        self.steps.append(best)
        assert best.trial.run is not None
        self.run, self.last = best.trial.run, None
        return not self.interrupted

    def _try_all(self, finding: Finding) -> Tried:
        """The best of a finding's remedy and its stronger forms."""
        best, remedy = Tried(finding, None), finding.remedy
        while remedy is not None and not self.interrupted:
            made = Tried(replace(finding, remedy=remedy), None)
            made = made._replace(trial=self._try(made.finding))
            self.tried.append(made)
            if made.trial is None:
                break
            if best.trial is None or made.trial.after < best.trial.after:
                best = made
            remedy = remedy.stronger
        return best

    def _try(self, finding: Finding) -> Trial | None:
        if self.on_trial is not None:
            self.on_trial(finding, None)
        probes = self.run.probes is not None
        seconds = max(SECONDS, 2 * self.run.seconds)
        changes = changes_of(finding)
        made = trial(self.run, changes, seconds, probes)
        if made is not None and made.run is not None:
            if made.improves and made.run.stopped == "on_epoch":
                # It was cut off for the time that it took, and is worth to be done in full.
                made = trial(self.run, changes, math.inf, probes)
            if made is not None and made.run is not None:
                self.interrupted |= made.run.stopped == "interrupted"
        if self.on_trial is not None and made is not None:
            self.on_trial(finding, made)
        return made

    def result(self) -> Fixed:
        if self.last is None:
            case = examine(self.run, self.names, self.classes)
            seconds = 0.0 if self.interrupted else None
            self.last = case, confirmed(self.run, case, seconds)
        case, diagnosis = self.last
        remember(self.run, case, diagnosis)
        return Fixed(
            before=self.before,
            run=self.run,
            steps=tuple(self.steps),
            tried=tuple(self.tried),
            first=self.first or diagnosis,
            case=case,
            diagnosis=diagnosis,
            interrupted=self.interrupted,
        )


def _can_be_tried(finding: Finding, run: Run) -> bool:
    changes = changes_of(finding)
    if not finding.is_alarm or any(name in changes for name in OTHER_DATA):
        return False
    # What would be as it is already shows nothing.
    return any(name not in run.config or run.config[name] != v for name, v in changes.items())


def _best(tried: Iterable[Tried], least: float) -> Step | None:
    """The remedy that helps most, of those that help at all and gain so much."""
    helped = [
        Step(each.finding, each.trial)
        for each in tried
        if each.trial is not None
        and each.trial.improves
        and each.trial.gain >= least
        and each.trial.run is not None
        and each.trial.run.stopped != "loss became NaN"
    ]
    return max(helped, key=lambda step: step.trial.gain, default=None)


__all__ = ["Fixed", "Step", "fix"]
