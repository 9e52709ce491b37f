"""`TableCase`: what the rules read about an ensemble of networks for a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .case import Case

MOST_PROBES = 60
"""Probes of each member that a saved model keeps."""


@dataclass(frozen=True)
class MemberCase:
    """One member of a kind, which stands for its kind.

    Attributes
    ----------
    kind : name of the kind, such as ``piecewise``.
    weight : the kind's part of the ensemble's prediction, 0 to 1.
    case : of the member's training; the columns are the encoded ones.
    """

    kind: str
    weight: float
    case: Case


@dataclass(frozen=True)
class TableCase:
    """An ensemble: the whole, and a member of each kind.

    Attributes
    ----------
    whole : the raw columns by name, the raw target, and the outcome of the ensemble on rows that
        the members in question had not seen. It has no history, probes or layers of its own.
    members : one of each kind, of the first division of the rows.
    """

    whole: Case
    members: tuple[MemberCase, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The case as JSON can hold it."""
        members = []
        for member in self.members:
            case = member.case.to_json()
            if member.case.probes is not None:
                case["probes"] = member.case.probes.as_json(MOST_PROBES)
            members.append({"kind": member.kind, "weight": round(member.weight, 4), "case": case})
        return {"whole": self.whole.to_json(), "members": members}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TableCase:
        """The inverse of `to_json`."""
        members = [
            MemberCase(str(each["kind"]), float(each["weight"]), Case.from_json(each["case"]))
            for each in data["members"]
        ]
        return cls(Case.from_json(data["whole"]), tuple(members))


__all__ = ["MemberCase", "TableCase"]
