"""What the doctor found in the training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..data import ReportData
from ..page import FindingCard, Findings, Omission, Section

if TYPE_CHECKING:
    from ...doctor.finding import Finding


def doctor_section(data: ReportData) -> Section | Omission:
    """A card for each finding, in the doctor's order: what causes others stands first."""
    if data.diagnosis is None:
        return Omission("Diagnosis", data.absent["diagnosis"])
    alarms, notes = len(data.diagnosis.alarms), len(data.diagnosis.notes)
    lead = "The doctor looked at the data, the training and its outcome and found nothing to say."
    if alarms or notes:
        parts = [
            f"{number} {word}{'s' * (number != 1)}"
            for number, word in ((alarms, "alarm"), (notes, "note"))
            if number
        ]
        lead = (
            f"The doctor looked at the data, the training and its outcome: {' and '.join(parts)}."
        )
    cards = [_card(each) for each in data.diagnosis]
    return Section("diagnosis", "Diagnosis", lead, [Findings(cards)] if cards else [])


def _card(each: Finding) -> FindingCard:
    places = []
    if each.layer:
        places.append(f"layer {each.layer}")
    if each.epoch:
        places.append(f"epoch {each.epoch}")
    remedy = each.remedy
    return FindingCard(
        level=each.level,
        title=each.title,
        evidence=each.evidence,
        cause=each.cause,
        remedy="" if remedy is None else remedy.text,
        flag="" if remedy is None else remedy.flag,
        python="" if remedy is None else remedy.python,
        trial=each.trial or "",
        where=", ".join(places),
        guide=each.guide,
    )
