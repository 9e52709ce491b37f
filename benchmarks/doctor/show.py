"""Print single runs of a suite: what they were, how harmful, and what the doctor says."""

from benchmarks.doctor import faults, storage
from benchmarks.doctor.judge import diagnosis_of, judge


def show(options) -> None:
    """Print runs that count; `options` are those of the command line."""
    shown = 0
    for record in storage.read(options.out):
        if record["fault"] not in options.faults or record["half"] not in options.half:
            continue
        if (
            "error" in record
            or record["case"] is None
            or (options.numbers and record["number"] not in options.numbers)
        ):
            continue
        verdict = judge(record, None)
        if options.wrong and (not verdict.counts or _is_right(verdict)):
            continue
        print_record(record, options.full)
        shown += 1
        if shown == options.limit:
            return


def _is_right(verdict) -> bool:
    if verdict.fault == faults.HEALTHY:
        return not verdict.alarms
    if faults.FAULTS[verdict.fault][0].is_note:
        return verdict.fault in verdict.notes and not verdict.alarms
    return verdict.first in verdict.right


def print_record(record: dict, full: bool) -> None:
    what = " ".join(f"{name}={value}" for name, value in record["options"].items())
    print(
        f"\n{record['fault']} {record.get('strength', '')} ({record['half']} {record['number']}) "
        f"on {record['data']} ({record['rows']} rows), {record['architecture']}\n  {what}"
    )
    before = record["measures"]
    counted = record.get("harmful", record.get("healthy"))
    kind = "healthy" if record["fault"] == faults.HEALTHY else "harmful"
    print(f"  {kind}: {counted}; " + " -> ".join(str(measures) for measures in before))
    for finding in diagnosis_of(record["case"], None):
        sure = "" if finding.sure else " (not sure)"
        print(f"  {finding.level:8}{finding.name}{sure}: {finding.evidence}")
    if full:
        history = record["case"]["history"]
        for name in ("training_loss", "validation_loss"):
            values = history.get(name) or []
            step = max(1, len(values) // 20)
            print(f"  {name}: " + " ".join(f"{v:.4g}" for v in values[::step] if v is not None))
