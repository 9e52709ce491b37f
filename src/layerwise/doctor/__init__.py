"""The doctor: what went wrong in a training, why, and what to change.

``layerwise.doctor(run)`` gives a `Diagnosis`; the module can be called, see `room`. The same is
said of a saved model and of a fitted `Classifier` or `Regressor`.
"""

from __future__ import annotations

import sys

from .case import Case
from .consult import doctor
from .diagnose import diagnose
from .diagnosis import Diagnosis
from .examine import examine
from .finding import Finding, Remedy
from .fix import Fixed, fix
from .room import Room
from .table_case import TableCase
from .trial import Trial, trial

sys.modules[__name__].__class__ = Room

__all__ = [
    "Case",
    "Diagnosis",
    "Finding",
    "Fixed",
    "Remedy",
    "TableCase",
    "Trial",
    "diagnose",
    "doctor",
    "examine",
    "fix",
    "trial",
]
