"""What a fault is: how it is put into a sensible experiment, and what counts as finding it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.doctor.drawing import Needs
from benchmarks.doctor.experiment import Experiment

Apply = Callable[[Experiment, str, np.random.Generator], tuple[Experiment, Experiment]]
"""From an experiment and a strength to the healthy one and the faulty one."""


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes
    ----------
    name
        Of the finding that is right.
    apply
        Puts it in. The healthy experiment is the one given, unless the fault needs another pair,
        such as the same network with other activations.
    strengths
        Names of its kinds and degrees; they take turns.
    needs
        Of the experiments it is put into.
    harm
        Which losses must be worse: any of these.
    unharmed
        Losses that must not be worse, or the fault is another one.
    is_note
        The right finding is a note, and no alarm should come: the fault is harmless.
    counts_always
        It counts whether the validation rows show it or not, as they share it.
    also
        For a strength, other names that are as right, because cause and remedy are the same.
    remediable
        Whether anything can be done about it.
    """

    name: str
    apply: Apply
    strengths: tuple[str, ...]
    needs: Needs = field(default_factory=Needs)
    harm: tuple[str, ...] = ("log_loss", "error", "squared")
    unharmed: tuple[str, ...] = ()
    is_note: bool = False
    counts_always: bool = False
    also: dict[str, tuple[str, ...]] | None = None
    remediable: bool = True

    def right(self, strength: str) -> tuple[str, ...]:
        """All names that are right for a strength, its own first."""
        return (self.name, *(self.also or {}).get(strength, ()))
