"""Ask the doctor about a record, and say how its answer compares with the truth."""

import importlib
from dataclasses import dataclass
from typing import Any

from benchmarks.doctor import faults
from benchmarks.doctor.run import counts
from benchmarks.doctor.trials import Patient, remembered


@dataclass(frozen=True)
class Verdict:
    """The doctor's answer about one run.

    Attributes
    ----------
    fault, strength, half, number
        Of the record; the strength of a healthy run is "".
    alarms, notes
        Names, in the doctor's order.
    improved
        Whether the first alarm's remedy improved the run; None if that was not tried.
    counts
        Whether the run is one that the suite is about: harmful, or healthy. Nothing is asked about
        others, so they have neither alarms nor notes.
    """

    fault: str
    strength: str
    half: str
    number: int
    alarms: tuple[str, ...]
    notes: tuple[str, ...]
    improved: bool | None
    counts: bool

    @property
    def right(self) -> tuple[str, ...]:
        """The names of the true cause: its own, then those that are as right."""
        if self.fault == faults.HEALTHY:
            return ()
        return faults.of(self.fault, self.strength).right(self.strength)

    @property
    def first(self) -> str:
        """The cause named first; "" without an alarm."""
        return self.alarms[0] if self.alarms else ""


def diagnosis_of(case_as_json: dict[str, Any], patient: Patient | None) -> Any:
    """The doctor's diagnosis: of a case alone, or with trials where there is a patient."""
    from layerwise.doctor.case import Case

    module = importlib.import_module("layerwise.doctor.diagnose")
    case = Case.from_json(case_as_json)
    if patient is None:
        return module.diagnose(case)
    with remembered():
        tried = list(module.try_remedies(patient, module.suspect(case)))
    return module.decide(tried, case)


def judge(record: dict, patient: Patient | None, case: str = "case") -> Verdict:
    """The doctor's answer about a record.

    Parameters
    ----------
    patient
        For trials; None asks the rules alone, so that what only a trial could tell is a note.
    case
        Which of the record's cases: ``case``, or ``pair_case`` for the healthy pair.
    """
    healthy = case == "pair_case"
    matters = record["pair_is_useful"] if healthy else counts(record)
    # Nobody asks what is said of runs that do not count.
    diagnosis = diagnosis_of(record[case], patient) if matters else None
    alarms = diagnosis.alarms if diagnosis is not None else ()
    return Verdict(
        fault=faults.HEALTHY if healthy else record["fault"],
        strength="" if healthy else record.get("strength", ""),
        half=record["half"],
        number=record["number"],
        alarms=tuple(f.name for f in alarms),
        notes=tuple(f.name for f in diagnosis.notes) if diagnosis is not None else (),
        improved=_improved(alarms, patient),
        counts=matters,
    )


def _improved(alarms: Any, patient: Patient | None) -> bool | None:
    if not alarms or patient is None:
        return None
    remedy = alarms[0].remedy
    if remedy is None or not remedy.changes:
        return None
    real = importlib.import_module("layerwise.doctor.trial").trial
    shown = patient.trial(dict(remedy.changes), real)
    return None if shown is None else shown.improves
