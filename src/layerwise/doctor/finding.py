"""`Finding`: one thing that the doctor noticed, with its evidence, its cause and its remedy."""

from __future__ import annotations

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
    """

    text: str
    flag: str = ""
    python: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)


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

    @property
    def is_alarm(self) -> bool:
        """Whether something should be done: a warning or an error."""
        return self.level != "note"

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON can hold it."""
        found = asdict(self)
        found["numbers"] = {name: float(value) for name, value in self.numbers.items()}
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Finding:
        """The inverse of `as_dict`."""
        remedy = data.get("remedy")
        given = {name: data.get(name) for name in cls.__dataclass_fields__}
        given["sure"] = bool(data.get("sure", True))
        given["remedy"] = None if remedy is None else Remedy(**remedy)
        given["numbers"] = dict(data.get("numbers") or {})
        return cls(**given)  # type: ignore[arg-type]
