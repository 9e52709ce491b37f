"""The presets: what the settings that are "auto" become, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import unknown
from ..tabular import Recipe


@dataclass(frozen=True)
class Preset:
    """Values for settings that are "auto".

    Attributes
    ----------
    kinds : of member; see `layerwise.tabular.KINDS`.
    folds : parts that the rows are divided into; None is what their number suggests.
    repeats : divisions of the rows.
    pace : factor on the epochs.
    cost : members trained, which is what time and size grow with.
    """

    kinds: tuple[str, ...]
    folds: int | None
    repeats: int
    pace: float
    cost: str


EVERY_KIND = Recipe().kinds

PRESETS: dict[str, Preset] = {
    "fast": Preset(("piecewise",), 1, 1, 0.4, "1 network, of fewer epochs"),
    "default": Preset(EVERY_KIND, None, 1, 1.0, "a member of every kind for each fold"),
    "best": Preset(EVERY_KIND, None, 2, 1.0, "twice that of default"),
}


def preset(name: str) -> Preset:
    """The preset of a name; raises `OptionError` with the nearest name."""
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]
