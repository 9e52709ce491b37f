"""What a saved model keeps of the doctor's work: the case, and what was found.

A model's summary has the history and the probes of its training already, so the case is written
without them, and put together with them again when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import OptionError
from .case import Case
from .diagnosis import Diagnosis
from .table_case import TableCase

CASE, FOUND = "case", "doctor"
"""Keys of a model's summary."""

HOW = (
    "run `layerwise train` again, or, in Python, call lw.doctor(run) before saving the network, or "
    "save a Classifier or Regressor with its save method"
)


def to_summary(case: Case | TableCase, found: Diagnosis | None = None) -> dict[str, Any]:
    """What a model's summary keeps: JSON values by name.

    Parameters
    ----------
    case : of the training whose summary it is; its history and probes are left out.
    found : what was said of it, with the trials that were made.
    """
    if isinstance(case, TableCase):
        kept = case.to_json()
    else:
        kept = case.to_json()
        del kept["history"], kept["probes"]
    return {CASE: kept} if found is None else {CASE: kept, FOUND: found.as_dicts()}


def case_of(summary: Mapping[str, Any]) -> Case | TableCase:
    """The case that a model's summary keeps, together with its history and probes.

    Raises
    ------
    OptionError : it keeps none; the message says how to get one.
    """
    kept = summary.get(CASE)
    if not isinstance(kept, Mapping):
        made = summary.get("layerwise")
        version = f" (layerwise {made})" if made else ""
        raise OptionError(
            "the model carries no record of its training for the doctor: it was saved by an older "
            f"version{version}, with --no-doctor, or without the doctor having looked; {HOW}"
        )
    try:
        if "members" in kept:
            return TableCase.from_json(kept)
        own = {"history": summary.get("history") or {}, "probes": summary.get("probes")}
        return Case.from_json({**kept, **own})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise OptionError(
            f"the model's record of its training cannot be read ({error!r}): it was written by "
            f"another version of layerwise; {HOW}"
        ) from None


def found_in(summary: Mapping[str, Any]) -> Diagnosis:
    """What was said when the model was trained; nothing where that is not kept."""
    return Diagnosis.from_dicts(list(summary.get(FOUND) or ()))


__all__ = ["CASE", "FOUND", "HOW", "case_of", "found_in", "to_summary"]
