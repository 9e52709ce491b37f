"""`Diagnosis`: everything that the doctor found, the most likely cause first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, overload

from .finding import Finding

SIGNS = {"error": "x", "warning": "!", "note": "-"}
"""A sign for each level, beside its word."""

GUIDE = "docs/guide/{}.md"


class Diagnosis(Sequence[Finding]):
    """The findings in order: alarms first, and among them what causes the others first.

    It prints as text of at most 80 columns; ``diagnosis[0]`` is a finding.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._findings = tuple(findings)

    @overload
    def __getitem__(self, key: int) -> Finding: ...
    @overload
    def __getitem__(self, key: slice) -> Sequence[Finding]: ...
    def __getitem__(self, key: int | slice) -> Finding | Sequence[Finding]:
        return self._findings[key]

    def __len__(self) -> int:
        return len(self._findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._findings)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them."""
        return self._findings

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """The warnings and errors."""
        return tuple(f for f in self if f.is_alarm)

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What is good to know, and harms nothing."""
        return tuple(f for f in self if not f.is_alarm)

    def named(self, name: str) -> Finding | None:
        """The finding of a name, if there is one."""
        return next((f for f in self if f.name == name), None)

    @property
    def verdict(self) -> str:
        """One sentence for who reads no further."""
        alarms = self.alarms
        if not alarms:
            notes = len(self.notes)
            more = f" ({notes} note{'s' * (notes != 1)})" if notes else ""
            return f"healthy: nothing that harms the result was found{more}"
        worst = alarms[0]
        others = len(alarms) - 1
        more = f", and {others} more" if others else ""
        return f"{worst.title}{more}"

    def to_text(self, width: int = 80) -> str:
        """The findings with evidence, cause and remedy."""
        lines = textwrap.wrap(f"doctor: {self.verdict}", width, subsequent_indent=" " * 8)
        for finding in self:
            lines += ["", *_lines(finding, width)]
        return "\n".join(line.rstrip() for line in lines)

    def __repr__(self) -> str:
        return self.to_text()

    def as_dicts(self) -> list[dict[str, Any]]:
        """The findings as JSON can hold them."""
        return [finding.as_dict() for finding in self]

    @classmethod
    def from_dicts(cls, data: Sequence[dict[str, Any]]) -> Diagnosis:
        """The inverse of `as_dicts`."""
        return cls([Finding.from_dict(each) for each in data])


def _lines(finding: Finding, width: int) -> list[str]:
    head = f"{SIGNS[finding.level]} {finding.level}: {finding.title}"
    lines = textwrap.wrap(head, width, subsequent_indent="  ")
    remedy = finding.remedy
    change = None
    if remedy is not None:
        exact = " or ".join(part for part in (remedy.flag, remedy.python) if part)
        change = remedy.text + (f": {exact}" if exact else "")
    for name, text in (
        ("seen", finding.evidence),
        ("cause", finding.cause),
        ("change", change),
        ("trial", finding.trial),
        ("guide", GUIDE.format(finding.guide)),
    ):
        if text:
            indent = " " * 11
            lines += textwrap.wrap(
                text, width, initial_indent=f"  {name:9}", subsequent_indent=indent,
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
    return lines


__all__ = ["Diagnosis"]
