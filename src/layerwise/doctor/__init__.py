"""The doctor: what went wrong in a training, why, and what to change.

``layerwise.doctor(run)`` gives a `Diagnosis`. The room can be called because its main use is one
function, and a function of this name beside a package of this name would hide one or the other.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .case import Case
from .diagnose import diagnose, doctor
from .diagnosis import Diagnosis
from .examine import examine
from .finding import Finding, Remedy
from .trial import Trial, trial


class _Room(ModuleType):
    """A module that can be called."""

    def __call__(self, *given: Any, **options: Any) -> Diagnosis:
        return doctor(*given, **options)


_Room.__call__.__doc__ = doctor.__doc__
sys.modules[__name__].__class__ = _Room

__all__ = [
    "Case",
    "Diagnosis",
    "Finding",
    "Remedy",
    "Trial",
    "diagnose",
    "doctor",
    "examine",
    "trial",
]
