"""The doctor at the end of `layerwise train FILE`: what it says, and --fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...doctor import Diagnosis, Finding, diagnose, examine
from ...doctor.compare_table import Comparison, compare_held_out
from ...doctor.fix import MOST_TRIALS, ROUNDS
from ...doctor.remedies import changes_of
from ...doctor.table_remedy import for_tables, parameters_for
from ...errors import TrainingDiverged
from ..errors import Failure
from ..findings import show_findings
from ..fixing import Fixing, Tested, certain, options_in, show_fixing, show_trial
from ..screen import Screen
from .fitting import Fitted
from .options import Options
from .progress import MemberProgress
from .rows import Part, Rows

FIELDS = {
    "activation": "activation",
    "batch_size": "batch_size",
    "class_weight": "class_weight",
    "dropout": "dropout",
    "early_stopping": "patience",
    "epochs": "epochs",
    "hidden_layer_sizes": "hidden",
    "label_smoothing": "label_smoothing",
    "learning_rate": "learning_rate",
    "optimizer": "optimizer",
    "schedule": "schedule",
}
"""Options of the command by the parameters of estimators that they become."""

FitWith = Callable[[Options, float | None, MemberProgress], Fitted]
"""A fit of the same rows with other options and another learning rate."""


@dataclass(frozen=True, eq=False)
class Checked:
    """A fit that the doctor has seen.

    Attributes
    ----------
    fitted : to be saved; `before` the first one.
    diagnosis : of it, and `first` of the first one; None with --no-doctor.
    tried, kept : the remedies that --fix tried, and those that went in.
    interrupted : whether Ctrl-C ended the fixing, or the doctor's work.
    """

    fitted: Fitted
    before: Fitted | None
    diagnosis: Diagnosis | None
    first: Diagnosis | None = None
    tried: tuple[Tested, ...] = ()
    kept: tuple[Tested, ...] = ()
    interrupted: bool = False

    def fixing(self, test: str, test_before: str) -> Fixing:
        """What --fix did, with the test's figures of both fits."""
        return Fixing(self.tried, self.kept, test, test_before, self.interrupted)


def look(options: Options, fitted: Fitted) -> Checked:
    """Ask the doctor, without --fix."""
    try:
        return Checked(fitted, None, fitted.estimator.doctor() if options.doctor else None)
    except KeyboardInterrupt:  # the training is done, and is saved in any case
        return Checked(fitted, None, None, interrupted=True)


def why_diverged(error: TrainingDiverged) -> Diagnosis:
    """What the doctor says of a member whose loss became NaN at every rate that was tried."""
    found = diagnose(examine(error.run))
    return Diagnosis([replace(each, remedy=for_tables(each.remedy)) for each in found])


def say_why_diverged(options: Options, error: TrainingDiverged) -> None:
    """Show it."""
    if options.doctor and not options.json:
        with Screen() as screen:
            show_findings(screen, why_diverged(error), alarms_only=True)


class Fixer:
    """--fix: fits again with the remedies, and keeps what helps.

    Parameters
    ----------
    fit : of the same rows.
    rate : the learning rate of the first fit; None is the recipe's.
    """

    def __init__(
        self,
        rows: Rows,
        part: Part,
        options: Options,
        rate: float | None,
        fit: FitWith,
        screen: Screen,
    ) -> None:
        self.options, self.rate, self.fit, self.screen = options, rate, fit, screen
        self.places = part.training if part.validation is None else part.validation
        self.weight = None if rows.weight is None else rows.weight[self.places]
        self.groups = None if rows.groups is None else rows.groups[self.places]
        if self.weight is not None and not self.weight.all():
            # Rows that do not count have no place in a fit.
            counted = self.weight > 0
            self.groups = None if self.groups is None else self.groups[counted]
            self.weight = self.weight[counted]
        self.fitted: set[tuple[Options, float | None]] = set()
        self.tried: list[Tested] = []
        self.kept: list[Tested] = []
        self.interrupted = False

    def run(self, fitted: Fitted | None, found: Diagnosis | None = None) -> Checked:
        """Try remedies for a fit; or, with None, for what was found of one that diverged.

        Raises
        ------
        LookupError : there is no fit, and no remedy gives one.
        """
        before, first = fitted, found
        for _ in range(ROUNDS):
            diagnosis = found if fitted is None else fitted.estimator.doctor()
            assert diagnosis is not None
            first = diagnosis if first is None else first
            best = self._best(fitted, diagnosis)
            if best is None:
                break
            fitted, tested, self.options, self.rate = best
            self.kept.append(tested)
            if len(self.kept) == 1:
                first = confirmed_by(diagnosis, tested)
            if self.interrupted:
                break
        if fitted is None:
            raise LookupError("no remedy gives a fit")
        return Checked(
            fitted, before, fitted.estimator.doctor(), first, tuple(self.tried), tuple(self.kept),
            self.interrupted,
        )  # fmt: skip

    def _best(
        self, fitted: Fitted | None, found: Diagnosis
    ) -> tuple[Fitted, Tested, Options, float | None] | None:
        """The fit with the remedy that helps most; None where none helps."""
        best: tuple[Fitted, Tested, Options, float | None] | None = None
        for finding, options, rate in self._candidates(found, fitted):
            made = self._fit(finding, options, rate)
            if self.interrupted:
                break
            if made is None:
                continue
            balanced = options.class_weight != self.options.class_weight
            tested = self._tested(finding, fitted, made, balanced)
            if tested is None:
                continue
            self.tried.append(tested)
            show_trial(self.screen, tested)
            if tested.helped and (best is None or tested.gain > best[1].gain):
                best = made, tested, options, rate
        return best

    def _candidates(
        self, found: Diagnosis, fitted: Fitted | None
    ) -> Iterator[tuple[Finding, Options, float | None]]:
        """Alarms and suspicions, with the options that their remedies ask for."""
        hidden, count = self.options.hidden or (), 0
        for finding in found:
            remedy = finding.remedy if finding.is_alarm or not finding.sure else None
            while remedy is not None and count < MOST_TRIALS:
                changes = changes_of(replace(finding, remedy=remedy))
                wanted = parameters_for(changes, hidden)
                options, rate = with_parameters(self.options, self.rate, wanted)
                changed = (options, rate) != (self.options, self.rate)
                if fitted is not None:
                    # The same rows must be held out, or they could not be compared.
                    options = replace(options, members=fitted.ensemble.folds)
                # What was fitted before has lost to what there is now.
                if changed and (options, rate) not in self.fitted:
                    self.fitted.add((options, rate))
                    count += 1
                    yield replace(finding, remedy=remedy), options, rate
                remedy = remedy.stronger

    def _fit(self, finding: Finding, options: Options, rate: float | None) -> Fitted | None:
        progress = MemberProgress(self.screen, f"trying {_change(finding)}", lasting=False)
        try:
            made = self.fit(options, rate, progress)
        except TrainingDiverged:
            made = None
        except Failure:
            # Ctrl-C, before this fit came to anything; what there was before it is kept.
            if not progress.interrupted:
                raise
            made = None
        finally:
            self.screen.end_live()
        self.interrupted = progress.interrupted
        return made

    def _tested(
        self, finding: Finding, fitted: Fitted | None, made: Fitted, balanced: bool
    ) -> Tested | None:
        facts: dict[str, Any] = {
            "name": finding.name,
            "title": finding.title,
            "change": _change(finding),
        }
        if fitted is None:
            # Any fit is better than one whose loss is no number.
            after = _loss(made)
            return Tested(**facts, before=np.nan, after=after, gain=0.0, error=0.0, helped=True)
        compared = self._compare(fitted, made, balanced)
        if compared is None:
            return None
        return Tested(
            **facts,
            before=compared.before,
            after=compared.after,
            gain=compared.gain,
            error=compared.error,
            helped=compared.improves,
            balanced=balanced,
        )

    def _compare(self, fitted: Fitted, made: Fitted, balanced: bool) -> Comparison | None:
        old, new = fitted.ensemble, made.ensemble
        if old.held_out is None or new.held_out is None:
            return None
        return compare_held_out(
            old.held_out,
            new.held_out,
            (old.task.loss, new.task.loss),
            weight=self.weight,
            groups=self.groups,
            balanced=balanced,
        )


def _loss(made: Fitted) -> float:
    """The mean loss of rows that the members had not seen."""
    held_out, loss = made.ensemble.held_out, made.ensemble.task.loss
    found = None if held_out is None else compare_held_out(held_out, held_out, (loss, loss))
    return np.nan if found is None else found.after


def confirmed_by(found: Diagnosis, tested: Tested) -> Diagnosis:
    """A diagnosis with what a fit with a remedy has shown: its finding is an alarm."""
    told = [
        each
        if each.name != tested.name
        else replace(
            each,
            level="warning" if each.level == "note" else each.level,
            title=certain(each.title),
            remedy=each.remedy and replace(each.remedy, flag=tested.change, stronger=None),
            trial=f"fitted again with {tested.change}: {tested.losses}",
            sure=True,
        )
        for each in found
    ]
    return Diagnosis([*(f for f in told if f.is_alarm), *(f for f in told if not f.is_alarm)])


def with_parameters(
    options: Options, rate: float | None, wanted: Mapping[str, Any]
) -> tuple[Options, float | None]:
    """The options, and the learning rate, that some parameters of an estimator stand for."""
    changes = {FIELDS[name]: value for name, value in wanted.items() if name in FIELDS}
    rate = changes.pop("learning_rate", rate)
    return replace(options, **changes), rate


def _change(finding: Finding) -> str:
    remedy = finding.remedy
    return "" if remedy is None else options_in(remedy.flag, remedy.python, remedy.text)


def show_checked(options: Options, checked: Checked, fixing: Fixing | None) -> None:
    """What the doctor found, and what --fix did; with --quiet the alarms only."""
    if checked.diagnosis is None:
        return
    with Screen() as loud, Screen(quiet=options.quiet) as screen:
        if fixing is not None:
            if fixing.kept and checked.first is not None:
                show_findings(screen, checked.first, alarms_only=True)
            show_fixing(screen, fixing)
            if fixing.kept:
                screen.line("  after that:")
        show_findings(loud, checked.diagnosis, alarms_only=options.quiet)
        screen.line()


__all__ = [
    "Checked",
    "Fixer",
    "look",
    "say_why_diverged",
    "show_checked",
    "why_diverged",
    "with_parameters",
]
