"""The learning rate of every step of a run, drawn before it is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...errors import OptionError
from ...optim import Schedule
from ...optim import schedule as find

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACROSS = 3
"""Panels in a row."""


def draw_schedule(
    schedules: str | Schedule | Sequence[str | Schedule] | Mapping[str, str | Schedule],
    learning_rate: float = 1e-3,
    epochs: int = 20,
    steps_per_epoch: int = 100,
    losses: Sequence[float] | None = None,
) -> Figure:
    """Draw the learning rate over a run, for one schedule or a panel for each of several.

    Parameters
    ----------
    schedules : names or objects of `layerwise.optim`; in a dict, with a title for each.
    learning_rate : the optimiser's rate, which the schedules scale.
    epochs, steps_per_epoch : the length of the run.
    losses : validation losses of the epochs, for a schedule that observes them; without any,
        reduce_on_plateau never lowers the rate.

    Raises
    ------
    OptionError : a schedule that does not exist, or a run without steps.
    """
    from . import style

    if isinstance(schedules, str | Schedule):
        schedules = [schedules]
    if not isinstance(schedules, Mapping):
        schedules = {s if isinstance(s, str) else s.name: s for s in schedules}
    if not schedules:
        raise OptionError("draw_schedule: expected at least one schedule")
    columns = min(len(schedules), ACROSS)
    figure, panels = style.panels(
        columns, width=2.8 if columns > 1 else 4.2, height=2.2 if columns > 1 else 2.8,
        rows=-(-len(schedules) // columns), sharey=True,
    )  # fmt: skip
    x = np.arange(epochs * steps_per_epoch) / steps_per_epoch
    for number, (axes, (name, given)) in enumerate(zip(panels, schedules.items(), strict=False)):
        y = rates(given, learning_rate, epochs, steps_per_epoch, losses)
        style.line(axes, x, y, number)
        axes.set_ylim(0, learning_rate * 1.06)
        axes.margins(x=0.02)
        style.title(axes, name.replace("_", " "), "epochs done")
    for axes in panels[::columns]:
        axes.set_ylabel("learning rate", fontsize=9.5, color=style.INK)
    for axes in panels[len(schedules) :]:
        axes.set_visible(False)
    return figure


def rates(
    schedule: str | Schedule,
    learning_rate: float,
    epochs: int,
    steps_per_epoch: int,
    losses: Sequence[float] | None = None,
) -> np.ndarray:
    """The learning rate of every step: float64, shape (epochs * steps_per_epoch,)."""
    if epochs < 1 or steps_per_epoch < 1:
        raise OptionError(
            f"expected at least one epoch of one step, got {epochs} of {steps_per_epoch}"
        )
    own = find(schedule)
    total, found = epochs * steps_per_epoch, []
    for epoch in range(epochs):
        first = epoch * steps_per_epoch
        found.append(own.rates(learning_rate, first, steps_per_epoch, total, steps_per_epoch))
        if losses is not None and epoch < len(losses):
            own.observe(losses[epoch])
    return np.concatenate(found)


__all__ = ["draw_schedule", "rates"]
