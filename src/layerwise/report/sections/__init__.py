"""The sections of the page, in order; each is a function of `ReportData`."""

from __future__ import annotations

from collections.abc import Callable

from ..data import ReportData
from ..page import Omission, Section
from .activations import activations_section
from .classification import classification_section
from .columns import columns_section
from .doctor import doctor_section
from .layers import layers_section
from .learning import learning_section
from .looked import looked_section
from .network import network_section
from .player import player_section
from .probes import probes_section
from .regression import regression_section

SECTIONS: tuple[Callable[[ReportData], Section | Omission | None], ...] = (
    doctor_section,
    player_section,
    classification_section,
    regression_section,
    columns_section,
    looked_section,
    learning_section,
    probes_section,
    layers_section,
    network_section,
    activations_section,
)
"""What a decision needs stands first, what explains it after; None is not even missed."""

__all__ = ["SECTIONS"]
