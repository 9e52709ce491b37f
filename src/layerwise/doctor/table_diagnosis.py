"""The diagnosis of an ensemble for a table: what its members show, and what the whole shows."""

from __future__ import annotations

from dataclasses import replace

from ..tabular.kinds import IN_WORDS
from .diagnose import diagnose
from .diagnosis import Diagnosis
from .finding import Finding, Remedy
from .remedies import changes_of
from .rules import RULES
from .table_case import MemberCase, TableCase
from .table_remedy import for_tables

OF_THE_WHOLE = (
    "class_imbalance", "constant_column", "duplicated_column", "leaking_column", "miscalibrated",
    "no_signal", "wrong_loss",
)  # fmt: skip
"""Findings that concern the table, its target or the predictions, rather than one network."""

HARM = 0.25
"""Kinds with an alarm harm the ensemble if they have this part of its weight together; those that
predict badly get hardly any."""

HARM_OF_THE_RECIPE = 0.5
"""The same where nobody chose the settings in question: they are tuned on many tables, and what is
odd about them in a kind or two is how they work."""

SETTINGS = (
    "activation", "batch_size", "clip_norm", "dropout", "early_stopping", "epochs",
    "hidden_layer_sizes", "label_smoothing", "learning_rate", "optimizer", "schedule",
    "weight_decay",
)  # fmt: skip
"""Parameters of estimators that decide how a network is made and trained."""


def diagnose_table(case: TableCase) -> Diagnosis:
    """What the rules find: each finding once, with the kinds of member in which it was seen."""
    order = {rule.name: place for place, rule in enumerate(RULES)}
    found = [
        replace(finding, remedy=_remedy(finding))
        for finding in diagnose(case.whole)
        if finding.name in OF_THE_WHOLE
    ]
    chosen = set(case.whole.options.get("given") or ()) & set(SETTINGS)
    seen: dict[str, list[tuple[MemberCase, Finding]]] = {}
    for member in sorted(case.members, key=lambda each: -each.weight):
        for finding in diagnose(member.case):
            if finding.name in OF_THE_WHOLE or _is_harmless(member, finding):
                continue
            if finding.sure or chosen:
                seen.setdefault(finding.name, []).append((member, finding))
    for each in seen.values():
        weight = sum(member.weight for member, finding in each if finding.is_alarm)
        if chosen or weight >= HARM_OF_THE_RECIPE:
            found.append(_merged(each, weight >= HARM))
    found.sort(key=lambda f: (not f.is_alarm, order.get(f.name, len(order))))
    return Diagnosis(found)


def _is_harmless(member: MemberCase, finding: Finding) -> bool:
    # What a member knows by heart is worth nothing, and is lost with its later epochs: the best
    # one on rows that it has not seen is kept, and how sure it may be is measured there too.
    return finding.name == "overfitting" and member.case.restored


def _merged(seen: list[tuple[MemberCase, Finding]], harms: bool) -> Finding:
    """One finding for all kinds of member in which it was seen, the most weighty first."""
    alarms = [(member, finding) for member, finding in seen if finding.is_alarm]
    member, finding = (alarms or seen)[0]
    if alarms and not harms:
        finding = replace(finding, level="note", title=f"perhaps {finding.title}", sure=False)
    others = [IN_WORDS.get(each.kind, each.kind) for each, _ in seen if each is not member]
    more = f"; also in {' and '.join(others)}" if others else ""
    words = IN_WORDS.get(member.kind, member.kind)
    hidden = tuple(each.units for each in member.case.graph.of_kind("linear")[:-1])
    return replace(
        finding,
        evidence=f"in {words} ({member.weight:.0%} of the weight): {finding.evidence}{more}",
        remedy=for_tables(finding.remedy, hidden),
    )


def _remedy(finding: Finding) -> Remedy | None:
    remedy = finding.remedy
    if remedy is not None:
        changed = for_tables(replace(remedy, changes=changes_of(finding)))
        # The rule's own changes stay: they say whether it needs a trial.
        remedy = None if changed is None else replace(changed, changes=remedy.changes)
    if remedy is not None and remedy.flag.startswith("--drop "):
        names = remedy.flag.removeprefix("--drop ").split(",")
        return replace(remedy, python=f"roles={dict.fromkeys(names, 'dropped')}")
    return remedy


__all__ = ["HARM", "OF_THE_WHOLE", "diagnose_table"]
