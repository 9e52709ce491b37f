"""`Rule`: what a rule is. There is one file for each in `rules`."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from .case import Case
from .finding import Finding, Level, Remedy


class Rule(ABC):
    """One thing that can be wrong with a training, and how it shows.

    A rule reads a case and changes nothing. It compares measures of the training with each other
    (one layer's with another's, the loss with that of a constant prediction), so that it does not
    depend on the scale of the data, and looks at more than one step, so that noise does not set it
    off.
    """

    name: ClassVar[str]
    """Of its findings."""

    title: ClassVar[str]
    """What is wrong, in a few words."""

    cause: ClassVar[str]
    """Why that happens, in a sentence for a learner."""

    guide: ClassVar[str]
    """The guide's page on the concept."""

    source: ClassVar[str]
    """Where the rule, or its measure, comes from."""

    stage: ClassVar[int] = 2
    """What it is about: 0 the data, 1 the network and its settings, 2 how it trained."""

    @abstractmethod
    def look(self, case: Case) -> Finding | None:
        """The finding, or None where all is well or nothing can be said."""

    def found(self, level: Level, evidence: str, remedy: Remedy | None, **others: Any) -> Finding:
        """A finding of this rule; `others` are fields of `Finding`."""
        numbers = others.get("numbers", {})
        others["numbers"] = {n: float(v) for n, v in numbers.items() if math.isfinite(v)}
        given: dict[str, Any] = {
            "title": self.title, "cause": self.cause, "guide": self.guide, "stage": self.stage,
        } | others  # fmt: skip
        return Finding(name=self.name, level=level, evidence=evidence, remedy=remedy, **given)
