"""`Room`: the class of the module `layerwise.doctor`, which can be called.

Its main use is one function, and a function beside a package of the same name would hide one or
the other. `layerwise/__init__.pyi` gives the name `doctor` this type, so that checkers of types
know both the call and what is in the room.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..errors import TrainingDiverged
from ..model.model import Model
from ..training.run import Run
from . import case, consult, diagnosis, finding
from .diagnose import diagnose
from .examine import examine
from .fix import Fixed, fix
from .trial import Trial, trial


class Room(ModuleType):
    """A module that can be called."""

    if TYPE_CHECKING:
        Case = case.Case
        Diagnosis = diagnosis.Diagnosis
        Finding = finding.Finding
        Fixed = Fixed
        Remedy = finding.Remedy
        Trial = Trial
        diagnose = staticmethod(diagnose)
        doctor = staticmethod(consult.doctor)
        examine = staticmethod(examine)
        fix = staticmethod(fix)
        trial = staticmethod(trial)

    def __call__(
        self,
        patient: Run | TrainingDiverged | Model | Any,
        *,
        names: Sequence[str] = (),
        classes: Sequence[str] = (),
        trials: bool = True,
        seconds: float | None = None,
    ) -> diagnosis.Diagnosis:
        """See `layerwise.doctor.doctor`."""
        return consult.doctor(patient, names=names, classes=classes, trials=trials, seconds=seconds)


Room.__call__.__doc__ = consult.doctor.__doc__

__all__ = ["Room"]
