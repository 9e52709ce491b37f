"""Arithmetic of the suite: shares of verdicts, by fault and half."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.doctor import faults
from benchmarks.doctor.judge import Verdict


@dataclass(frozen=True)
class Row:
    """The figures of one fault in one half, over the runs that count.

    Attributes
    ----------
    drawn, counting
        All runs, and those that are harmful.
    detected
        With an alarm. Of a fault that is a note: with that note.
    first, first_or_as_right
        With the right cause as the first alarm; the second also takes names that are as right.
        Of a fault that is a note: with that note and without any alarm.
    anywhere
        With a right cause among the alarms.
    suspected
        With a right cause among all findings, notes too.
    improved, tried
        Runs whose first alarm's remedy made them better, and those where that was tried.
    """

    fault: str
    half: str
    drawn: int
    counting: int
    detected: int
    first: int
    first_or_as_right: int
    anywhere: int
    suspected: int
    improved: int
    tried: int


def row_of(fault: str, half: str, verdicts: Sequence[Verdict]) -> Row:
    """The figures of the verdicts on one fault in one half."""
    judged = [v for v in verdicts if v.counts]

    def of(test: Callable[[Verdict], bool]) -> int:
        return sum(map(test, judged))

    if faults.FAULTS[fault][0].is_note:
        seen, clean = of(lambda v: fault in v.notes), of(lambda v: _is_noted(v))
        figures = {"detected": seen, "first": clean, "first_or_as_right": clean, "anywhere": seen}
    else:
        figures = {
            "detected": of(lambda v: bool(v.alarms)),
            "first": of(lambda v: v.first == fault),
            "first_or_as_right": of(lambda v: v.first in v.right),
            "anywhere": of(lambda v: bool(set(v.right) & set(v.alarms))),
        }
    return Row(
        fault,
        half,
        len(verdicts),
        len(judged),
        **figures,
        suspected=of(lambda v: bool(set(v.right) & {*v.alarms, *v.notes})),
        improved=of(lambda v: v.improved is True),
        tried=of(lambda v: v.improved is not None),
    )


def _is_noted(verdict: Verdict) -> bool:
    return verdict.fault in verdict.notes and not verdict.alarms


def rows_of(verdicts: Iterable[Verdict], half: str) -> list[Row]:
    """A row for each fault that has verdicts in a half, in the order of the faults."""
    by_fault: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.half == half and verdict.fault != faults.HEALTHY:
            by_fault.setdefault(verdict.fault, []).append(verdict)
    return [row_of(name, half, by_fault[name]) for name in faults.FAULTS if name in by_fault]


@dataclass(frozen=True)
class Totals:
    """The four figures that the doctor is measured by, each as a count and what it is of.

    Attributes
    ----------
    detected, first, first_or_as_right
        Harmful runs of faults that are no notes; see `Row`.
    false_alarms
        Healthy runs with an alarm.
    improved
        Harmful runs, of faults that have a remedy, that the first alarm's remedy made better.
    """

    detected: tuple[int, int]
    first: tuple[int, int]
    first_or_as_right: tuple[int, int]
    false_alarms: tuple[int, int]
    improved: tuple[int, int]


def totals_of(verdicts: Sequence[Verdict], half: str) -> Totals:
    """The figures of one half; `verdicts` may hold both."""
    rows = [r for r in rows_of(verdicts, half) if not faults.FAULTS[r.fault][0].is_note]
    healthy = [v for v in verdicts if v.half == half and v.fault == faults.HEALTHY and v.counts]
    remediable = [r for r in rows if faults.FAULTS[r.fault][0].remediable]
    counting = sum(r.counting for r in rows)
    return Totals(
        (sum(r.detected for r in rows), counting),
        (sum(r.first for r in rows), counting),
        (sum(r.first_or_as_right for r in rows), counting),
        (sum(bool(v.alarms) for v in healthy), len(healthy)),
        (sum(r.improved for r in remediable), sum(r.counting for r in remediable)),
    )


def confusion(verdicts: Iterable[Verdict], half: str) -> dict[str, Counter[str]]:
    """For each fault, how often each cause was named first ("" for none), over runs that count."""
    found: dict[str, Counter[str]] = {}
    for verdict in verdicts:
        if verdict.half == half and verdict.counts:
            found.setdefault(verdict.fault, Counter())[verdict.first] += 1
    return found
