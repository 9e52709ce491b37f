"""`Finding`: one thing that the doctor noticed, with its evidence, its cause and its remedy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Level = Literal["note", "warning", "error"]

LEVELS: tuple[Level, ...] = ("note", "warning", "error")


@dataclass(frozen=True)
class Remedy:
    """What to change.

    Attributes
    ----------
    text : in words.
    flag : options of the command line, such as ``--lr 0.001``; '' where there is none.
    python : the same for `layerwise.train`, such as ``learning_rate=0.001``.
    changes : what a trial changes, by name; see `layerwise.doctor.trial`. Empty where no trial can
        show anything.
    stronger : the same once more, for where this is not enough.
    worth : part of the validation loss that it must take away for an alarm.
    least : part of a constant prediction's loss that it must take away.
    missing : part of what can be learned that it must bring: its gain by what the network that was
        trained with it takes off a constant prediction's loss.
    decides : whether a trial that does not help speaks against the finding.
    """

    text: str
    flag: str = ""
    python: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    stronger: Remedy | None = None
    worth: float = 0.1
    least: float = 0.01
    missing: float = 0.0
    decides: bool = True


@dataclass(frozen=True)
class Finding:
    """One thing that the doctor noticed.

    Attributes
    ----------
    name : of the finding, such as ``learning_rate_too_high``.
    level : note (harmless, or good to know), warning (the result suffers), or error (the result
        is of no use).
    title : in a few words.
    evidence : what was seen, with numbers, the layer and the epoch.
    cause : why that happens, in a sentence.
    remedy : what to change; None where nothing can be done about it.
    guide : the guide's page on the concept, without ``.md``.
    layer : path of the layer in question.
    epoch : in which it was first seen, counted from 1.
    numbers : the evidence for programs.
    trial : what a trial of the remedy showed, in a sentence; None if none was made.
    stage : what it is about: 0 the data, 1 the network and its settings, 2 how it trained, 3 what
        such a training leads to.
    sure : whether the evidence is enough; if not, only a trial that helps makes an alarm of it.
    """

    name: str
    level: Level
    title: str
    evidence: str
    cause: str
    remedy: Remedy | None
    guide: str
    layer: str | None = None
    epoch: int | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    trial: str | None = None
    sure: bool = True
    stage: int = 2

    @property
    def is_alarm(self) -> bool:
        """Whether something should be done: a warning or an error."""
        return self.level != "note"

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON can hold it."""
        found = asdict(self)
        # JSON has no number for these, so they are written in words.
        found["numbers"] = {
            name: float(value) if math.isfinite(value) else str(float(value))
            for name, value in self.numbers.items()
        }
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        """The inverse of `as_dict`."""
        remedy = data.get("remedy")
        given = {name: data.get(name) for name in cls.__dataclass_fields__}
        given["sure"] = bool(data.get("sure", True))
        given["remedy"] = None if remedy is None else _remedy(remedy)
        given["stage"] = int(data.get("stage", 2))
        numbers = data.get("numbers") or {}
        given["numbers"] = {name: float(value) for name, value in numbers.items()}
        return cls(**given)  # type: ignore[arg-type]


def _remedy(data: Mapping[str, Any]) -> Remedy:
    stronger = data.get("stronger")
    return Remedy(**dict(data) | {"stronger": None if stronger is None else _remedy(stronger)})
