"""`ReportData`: all that one report shows, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..model.layers import Layer
from ..training.history import History
from .facts.classification import Classification
from .facts.columns import Columns
from .facts.curves import ActivationCurve
from .facts.layers import Layers
from .facts.looked import LookedAt
from .facts.outcome import Outcome
from .facts.regression import Regression
from .facts.rows import Part
from .facts.task import Task
from .facts.texts import ReadMistake
from .player import Playable

if TYPE_CHECKING:
    from ..doctor.diagnosis import Diagnosis
    from ..training.probes import ProbeRecord


@dataclass(eq=False)
class ReportData:
    """What is known. Whatever is None is left out of the page; `absent` says why.

    Attributes
    ----------
    title : of the page.
    task : the question.
    layers : the network's table of layers.
    parameters : numbers that training has set.
    summary : what the model remembers of its training.
    history : epochs of the training.
    probes : what was seen inside of the training.
    outcome : the result on held-out rows.
    diagnosis : what the doctor found.
    inside : what each layer makes of the rows.
    columns : of a table.
    looked : where a network of pictures looked.
    read : mistakes of a model of texts.
    classification, regression : on held-out rows.
    player : the network for the page.
    activations : its activation functions.
    pictures : of the held-out rows, (n, height, width).
    held_out : those rows.
    absent : by the attribute that is None, the reason, a sentence.
    notes : more that people should know.
    """

    title: str
    task: Task
    layers: tuple[Layer, ...]
    parameters: int
    summary: Mapping[str, Any]
    history: History | None = None
    probes: ProbeRecord | None = None
    outcome: Outcome | None = None
    diagnosis: Diagnosis | None = None
    inside: Layers | None = None
    columns: Columns | None = None
    looked: LookedAt | None = None
    classification: Classification | None = None
    read: tuple[ReadMistake, ...] = ()
    regression: Regression | None = None
    player: Playable | None = None
    activations: tuple[ActivationCurve, ...] = ()
    pictures: np.ndarray | None = None
    held_out: Part | None = None
    absent: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
