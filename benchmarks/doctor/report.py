"""Tables of what the doctor says of a suite."""

import sys
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.doctor import faults, storage
from benchmarks.doctor.judge import Verdict, judge
from benchmarks.doctor.score import Totals, confusion, rows_of, totals_of
from benchmarks.doctor.trials import Patient
from benchmarks.doctor.workers import pool

GOALS = {"detected": 0.95, "first": 0.85, "false_alarms": 0.01, "improved": 0.90}


def report(options) -> None:
    """Print everything; `options` are those of the command line."""
    verdicts = list(verdicts_of(options))
    for half in options.half:
        print_faults(verdicts, half)
        print_confusion(verdicts, half)
        print_false_alarms(verdicts, half)
    print_totals({half: totals_of(verdicts, half) for half in options.half}, options.trials)
    if options.trials is None:
        print("\nRules alone: what only a trial could tell counts as no alarm (see --trials).")


# -- asking the doctor -----------------------------------------------------------------------------


def verdicts_of(options) -> Iterator[Verdict]:
    """The doctor's verdicts on the records that count, and on healthy pairs where they are kept."""
    records = (
        record
        for record in storage.read(options.out)
        if "error" not in record
        and record["fault"] in options.faults
        and record["half"] in options.half
    )
    if options.trials is None:
        for record in records:
            yield judge(record, None)
            if "pair_case" in record:
                yield judge(record, None, "pair_case")
        return
    yield from _with_trials(records, options.trials, options.jobs)


def _with_trials(records: Iterator[dict], path: Path, jobs: int) -> Iterator[Verdict]:
    """Verdicts with trials, of which those in the file are not made again."""
    known: dict[tuple, dict] = {}
    for line in storage.read(path):
        known.setdefault(tuple(line["key"]), {})[line["changes"]] = line["shown"]
    with pool(jobs) as workers:
        while batch := list(islice(records, 200)):
            asked = [(record, known.get(storage.key_of(record), {})) for record in batch]
            answers = workers.map(_ask, asked, chunksize=5)
            for record, (verdict, added) in zip(batch, answers, strict=True):
                for changes, shown in added.items():
                    key = list(storage.key_of(record))
                    storage.append(path, {"key": key, "changes": changes, "shown": shown})
                yield verdict
            print(".", end="", file=sys.stderr, flush=True)


def _ask(asked: tuple[dict, dict]) -> tuple[Verdict, dict]:
    record, known = asked
    patient = Patient(storage.key_of(record), known)
    return judge(record, patient), patient.added


# -- printing --------------------------------------------------------------------------------------


def percent(part: int, whole: int) -> str:
    return f"{part / whole:7.1%}" if whole else f"{'-':>7}"


def print_faults(verdicts: list[Verdict], half: str) -> None:
    print(f"\n{half.upper()}: harmful runs; detected by any alarm; right cause first (or one as")
    print("right), among the alarms, among all findings; first alarm's remedy improved the run")
    print(
        f"{'':22} {'runs':>5} {'harmful':>7} {'detected':>8} {'first':>7} {'or as r.':>8} "
        f"{'alarms':>7} {'findings':>8} {'improved':>8}"
    )
    for row in rows_of(verdicts, half):
        of = row.counting
        note = " (a note: 'first' is without alarms)" if faults.FAULTS[row.fault][0].is_note else ""
        print(
            f"{row.fault:22} {row.drawn:5} {of:7}  {percent(row.detected, of)} "
            f"{percent(row.first, of)}  {percent(row.first_or_as_right, of)} "
            f"{percent(row.anywhere, of)}  {percent(row.suspected, of)}  "
            f"{percent(row.improved, of if row.tried else 0)}{note}"
        )


def print_confusion(verdicts: list[Verdict], half: str) -> None:
    print(f"\n{half}: the cause named first, where it is another one than the fault")
    for fault, named in confusion(verdicts, half).items():
        others = [(n, c) for n, c in named.most_common() if n != fault]
        if fault == faults.HEALTHY or faults.FAULTS[fault][0].is_note:
            others = [(n, c) for n, c in others if n]
        if others:
            print(f"{fault:22} " + ", ".join(f"{n or 'nothing'} {c}" for n, c in others))


def print_false_alarms(verdicts: list[Verdict], half: str) -> None:
    healthy = [v for v in verdicts if v.half == half and v.fault == faults.HEALTHY and v.counts]
    which = Counter(name for v in healthy for name in v.alarms)
    alarmed = sum(bool(v.alarms) for v in healthy)
    print(f"\n{half}: {alarmed} of {len(healthy)} healthy runs with an alarm")
    for name, times in which.most_common():
        numbers = [str(v.number) for v in healthy if name in v.alarms][:12]
        print(f"  {name:22} {times:4}  (numbers {', '.join(numbers)})")


def print_totals(totals: dict[str, Totals], trials: Path | None) -> None:
    print(f"\n{'':22} " + " ".join(f"{half:>20}" for half in totals) + "   goal")
    for name in Totals.__dataclass_fields__:
        if name == "improved" and trials is None:
            continue
        cells = []
        for found in totals.values():
            part, whole = getattr(found, name)
            cells.append(f"{percent(part, whole)} ({part:4}/{whole:4})")
        goal = GOALS.get(name)
        sign = "at most" if name == "false_alarms" else "at least"
        print(f"{name:22} " + "  ".join(cells) + (f"   {sign} {goal:.0%}" if goal else ""))
