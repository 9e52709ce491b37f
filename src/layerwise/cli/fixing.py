"""`layerwise train ... --fix`: what is said while remedies are tried, and about what came of it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from ..doctor.trial import WORST
from .screen import Screen


@dataclass(frozen=True)
class Tested:
    """A remedy that was tried.

    Attributes
    ----------
    name, title : of the finding that it is for.
    change : the option, or what else was changed.
    before, after : the validation loss.
    gain, error : mean difference of the rows' losses, and its standard error.
    helped : whether that is more than chance.
    balanced : whether every class counted alike in the loss.
    """

    name: str
    title: str
    change: str
    before: float
    after: float
    gain: float
    error: float
    helped: bool
    balanced: bool = False

    @property
    def losses(self) -> str:
        """The validation losses, in words."""
        if not self.before < WORST:
            return f"validation loss no number before, {self.after:.4g} now"
        alike = " (every class counting alike)" if self.balanced else ""
        return f"validation loss{alike} {self.before:.4g} to {self.after:.4g}"

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "finding": self.name,
            "change": self.change,
            "validation_loss_before": _finite(self.before),
            "validation_loss_after": _finite(self.after),
            "gain": self.gain,
            "gain_error": self.error,
            "helped": self.helped,
            "balanced": self.balanced,
        }


@dataclass(frozen=True)
class Fixing:
    """What --fix did.

    Attributes
    ----------
    tried : all remedies that were tried. `kept` are those that went in, in order.
    test : the test's figure of the result, as text; `test_before` that of the training before.
    interrupted : whether Ctrl-C ended it.
    """

    tried: tuple[Tested, ...]
    kept: tuple[Tested, ...]
    test: str
    test_before: str
    interrupted: bool

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "tried": [each.as_dict() for each in self.tried],
            "kept": [each.as_dict() for each in self.kept],
            "test_before": self.test_before,
            "test": self.test,
            "interrupted": self.interrupted,
        }


def options_in(flag: str, python: str, text: str) -> str:
    """What a remedy changes, as short as it can be said."""
    return flag or python or text


def show_trial(screen: Screen, tested: Tested) -> None:
    """One line or two about a trial that has ended."""
    what = "better" if tested.helped else "not better than by chance"
    screen.field(
        "tried",
        f"{tested.change} ({certain(tested.title)}): {tested.losses}, {what}",
    )


def show_fixing(screen: Screen, fixing: Fixing) -> None:
    """What helped, what it gained on validation, and, once, on the test rows."""
    if fixing.interrupted:
        screen.field("fix", "stopped: what is best so far is kept")
    if not fixing.tried:
        if not fixing.interrupted:
            screen.field("fix", "there was nothing to try")
        return
    if not fixing.kept:
        screen.field("fix", "nothing that was tried helped; the first training is kept")
        return
    for each in fixing.kept:
        known = each.before < WORST
        gain = f", a gain of {each.gain:.3g} +- {each.error:.2g}" if known else ""
        screen.field("fixed", f"{each.change}: {each.losses}{gain}")
    screen.field("test", f"{fixing.test_before} before, {fixing.test} now")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def certain(title: str) -> str:
    """A finding's title without what says that it was only suspected."""
    return re.sub(r"^(perhaps|probably) ", "", title)


__all__ = ["Fixing", "Tested", "certain", "options_in", "show_fixing", "show_trial"]
