"""What a finding's remedy changes, for who tries it whatever the rules are sure of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .finding import Finding

SURE: dict[str, Mapping[str, Any]] = {"class_imbalance": {"class_weight": "balanced"}}
"""Changes of remedies that come without any where the finding needs no trial to be said."""


def changes_of(finding: Finding) -> Mapping[str, Any]:
    """The changes by name; see `layerwise.doctor.trial`. Empty where there is nothing to try."""
    if finding.remedy is None:
        return {}
    return finding.remedy.changes or SURE.get(finding.name, {})


__all__ = ["changes_of"]
