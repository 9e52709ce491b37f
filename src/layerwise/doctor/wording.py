"""What columns and rows are called where the data is no table."""

from __future__ import annotations

import re
from dataclasses import replace

from .finding import Finding, Remedy

ABOUT_COLUMNS = frozenset(
    ("constant_column", "duplicated_column", "leaking_column", "no_signal", "unscaled_inputs")
)
"""Findings that speak of columns. Others may have the name of a class in them, which stays."""

NAMES = {
    "pixels": {"column": "pixel", "row": "picture"},
    "features": {"column": "feature"},
}
"""By `DataFacts.kind`, what stands in place of the words for tables, in which the rules speak."""


def in_words_of(finding: Finding, kind: str) -> Finding:
    """The finding with the words that fit the data; as it is where that is a table.

    Parameters
    ----------
    kind : `DataFacts.kind`.
    """
    names = NAMES.get(kind)
    if names is None or finding.name not in ABOUT_COLUMNS:
        return finding

    def told(text: str) -> str:
        for table, own in names.items():
            text = re.sub(rf"\b{table}(s?)\b", rf"{own}\1", text)
        return text

    def remedied(remedy: Remedy | None) -> Remedy | None:
        if remedy is None:
            return None
        return replace(remedy, text=told(remedy.text), stronger=remedied(remedy.stronger))

    return replace(
        finding,
        title=told(finding.title),
        evidence=told(finding.evidence),
        cause=told(finding.cause),
        remedy=remedied(finding.remedy),
    )


__all__ = ["in_words_of"]
