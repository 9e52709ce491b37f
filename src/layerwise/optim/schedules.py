"""Learning-rate schedules: large steps first, small steps near the minimum.

A schedule gives the rate of every step as an array, which is fed to the steps of a run. It knows
steps and epochs: a `Duration` may be a number of steps (a whole number), a fraction of the run
(between 0 and 1), or text such as ``"3 epochs"``, ``"500 steps"`` or ``"10%"``.
"""

from __future__ import annotations

import copy
import math
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from .. import errors
from ..errors import OptionError

Duration = int | float | str


def in_steps(duration: Duration, total_steps: int, steps_per_epoch: int) -> int:
    """A duration as a number of steps, rounded.

    Raises `OptionError` for a negative or unreadable one.
    """
    if isinstance(duration, str):
        found = re.fullmatch(r"\s*(\d*\.?\d+)\s*(steps?|epochs?|%)\s*", duration)
        if not found:
            raise OptionError(
                f"expected a duration such as 500 (steps), 0.1 (of the run), '3 epochs' or '10%', "
                f"got {duration!r}"
            )
        number, unit = float(found[1]), found[2].rstrip("s")
        return round(number * {"step": 1, "epoch": steps_per_epoch, "%": total_steps / 100}[unit])
    if isinstance(duration, float) and 0 < duration < 1:
        return round(duration * total_steps)
    if duration < 0 or duration != int(duration):
        raise OptionError(
            "expected a whole number of steps or a fraction of the run, from 0 to 1, got "
            f"{duration}; write '{duration} epochs' for epochs"
        )
    return int(duration)


@dataclass(kw_only=True)
class Schedule:
    """Base of schedules; one is the function `factors`.

    Attributes
    ----------
    warmup : a `Duration` in which the rate first rises linearly to where the schedule begins
        (Goyal et al. 2017, "Accurate, large minibatch SGD", section 2.2). The schedule's own time
        starts when it ends.
    """

    warmup: Duration = 0

    name: ClassVar[str]
    """The name in `SCHEDULES`."""

    def __post_init__(self) -> None:
        in_steps(self.warmup, 100, 10)

    def rates(
        self, base: float, first: int, steps: int, total_steps: int, steps_per_epoch: int
    ) -> np.ndarray:
        """The learning rates of the steps first, first + 1, ..., first + steps - 1.

        Parameters
        ----------
        base : the optimiser's learning rate.
        first, steps : which steps, counted from 0 over all epochs.
        total_steps : steps in the whole run.
        steps_per_epoch : steps in one epoch.

        Returns
        -------
        float64, shape (steps,).
        """
        number = np.arange(first, first + steps, dtype=np.float64)
        warm = in_steps(self.warmup, total_steps, steps_per_epoch)
        length = max(total_steps - warm, 1)
        position = np.minimum(np.maximum(number - warm, 0), length)
        factors = self.factors(position, length, max(steps_per_epoch, 1))
        if first >= warm:
            return base * factors
        return base * np.minimum((number + 1) / warm, 1.0) * factors

    def factors(self, position: np.ndarray, length: int, steps_per_epoch: int) -> np.ndarray:
        """The rate over the base rate at steps `position` of `length` after the warm-up."""
        raise NotImplementedError

    def observe(self, metric: float) -> None:
        """Take note of the validation measure at the end of an epoch."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint must hold to go on: plain numbers by name."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state()`."""


@dataclass(kw_only=True)
class Constant(Schedule):
    """The same rate throughout."""

    name: ClassVar[str] = "constant"

    def factors(self, position: np.ndarray, length: int, steps_per_epoch: int) -> np.ndarray:
        """Ones."""
        return np.ones_like(position)


@dataclass(kw_only=True)
class StepDecay(Schedule):
    """The rate times `factor` after every `every` (a `Duration`)."""

    every: Duration = "10 epochs"
    factor: float = 0.1

    name: ClassVar[str] = "step"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_factor(self.name, "factor", self.factor)
        if isinstance(self.every, int | float) and not self.every > 0:
            raise OptionError(f"step: expected every above 0, got {self.every}")

    def factors(self, position: np.ndarray, length: int, steps_per_epoch: int) -> np.ndarray:
        """factor^floor(position / every)."""
        every = max(in_steps(self.every, length, steps_per_epoch), 1)
        return self.factor ** np.floor(position / every)


@dataclass(kw_only=True)
class ExponentialDecay(Schedule):
    """The rate times `factor` over each epoch, a little at every step."""

    factor: float = 0.95

    name: ClassVar[str] = "exponential"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_factor(self.name, "factor", self.factor)

    def factors(self, position: np.ndarray, length: int, steps_per_epoch: int) -> np.ndarray:
        """factor^(position in epochs)."""
        return self.factor ** (position / steps_per_epoch)


@dataclass(kw_only=True)
class CosineDecay(Schedule):
    """Half a cosine from the base rate down to `final` times it at the end of the run.

    Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts", equation 5,
    without restarts.
    """

    final: float = 0.0

    name: ClassVar[str] = "cosine"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_factor(self.name, "final", self.final, zero=True)

    def factors(self, position: np.ndarray, length: int, steps_per_epoch: int) -> np.ndarray:
        """(1 + cos(pi position / length)) / 2, from 1 down to `final`."""
        return _cosine(1.0, self.final, position / length)


@dataclass(kw_only=True)
class OneCycle(Schedule):
    """Up from `start` times the base rate to the base rate, then down to `final` times it.

    Smith & Topin 2018, "Super-convergence: very fast training of neural networks using large
    learning rates", with cosines in place of straight lines. The base rate is the peak.

    Attributes
    ----------
    rise : the part of the run in which the rate goes up.
    start, final : first and last rate, over the base rate.
    """

    rise: float = 0.3
    start: float = 1 / 25
    final: float = 1 / 250_000

    name: ClassVar[str] = "one_cycle"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.rise < 1:
            raise OptionError(f"one_cycle: expected rise between 0 and 1, got {self.rise}")
        _check_factor(self.name, "start", self.start, zero=True)
        _check_factor(self.name, "final", self.final, zero=True)

    def factors(self, position: np.ndarray, length: int, steps_per_epoch: int) -> np.ndarray:
        """Two half cosines that meet at 1."""
        peak = max(int(self.rise * length), 1)
        up = _cosine(self.start, 1.0, position / peak)
        down = _cosine(1.0, self.final, (position - peak) / max(length - peak, 1))
        return np.where(position < peak, up, down)


@dataclass(kw_only=True)
class ReduceOnPlateau(Schedule):
    """The rate times `factor` when the validation measure has stopped improving.

    Attributes
    ----------
    factor : between 0 and 1.
    patience : epochs without improvement that are put up with; the next one lowers the rate.
    threshold : an improvement is more than this part of the best measure.
    cooldown : epochs after a reduction in which nothing is counted.
    minimum : the smallest rate over the base rate.
    higher_is_better : whether the measure grows as the model improves (accuracy), or falls (loss).
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    cooldown: int = 0
    minimum: float = 0.0
    higher_is_better: bool = False
    _scale: float = field(default=1.0, init=False, repr=False)
    _best: float | None = field(default=None, init=False, repr=False)
    _waited: int = field(default=0, init=False, repr=False)
    _resting: int = field(default=0, init=False, repr=False)

    name: ClassVar[str] = "reduce_on_plateau"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_factor(self.name, "factor", self.factor)
        _check_factor(self.name, "minimum", self.minimum, zero=True)
        for option in ("patience", "threshold", "cooldown"):
            if getattr(self, option) < 0:
                raise OptionError(
                    f"{self.name}: expected {option} of at least 0, got {getattr(self, option)}"
                )

    def factors(self, position: np.ndarray, length: int, steps_per_epoch: int) -> np.ndarray:
        """The scale that observations have led to so far."""
        return np.full_like(position, self._scale)

    def observe(self, metric: float) -> None:
        """Count an epoch that brought no improvement; a measure of NaN brings none."""
        # Down is better from here on.
        value = -float(metric) if self.higher_is_better else float(metric)
        least = math.inf if self._best is None else self._best - self.threshold * abs(self._best)
        if value < least:
            self._best, self._waited = value, 0
        else:
            self._waited += 1
        if self._resting > 0:
            self._resting -= 1
            self._waited = 0
        elif self._waited > self.patience:
            self._scale = max(self._scale * self.factor, self.minimum)
            self._resting = self.cooldown
            self._waited = 0

    def state(self) -> dict[str, Any]:
        """Scale, best measure and counts."""
        return {
            "scale": self._scale,
            "best": self._best,
            "waited": self._waited,
            "resting": self._resting,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state()`."""
        self._scale, self._best = state["scale"], state["best"]
        self._waited, self._resting = state["waited"], state["resting"]


def _cosine(start: float, end: float, progress: np.ndarray) -> np.ndarray:
    return end + (start - end) * (1 + np.cos(np.pi * np.clip(progress, 0, 1))) / 2


def _check_factor(owner: str, option: str, value: float, zero: bool = False) -> None:
    if not (0 <= value <= 1 if zero else 0 < value <= 1):
        low = "from 0" if zero else "above 0 and up"
        raise OptionError(f"{owner}: expected {option} {low} to 1, got {value!r}")


SCHEDULES: dict[str, type[Schedule]] = {
    kind.name: kind
    for kind in (Constant, StepDecay, ExponentialDecay, CosineDecay, OneCycle, ReduceOnPlateau)
}


def schedule(given: str | Schedule | None, **options: Any) -> Schedule:
    """A schedule of one's own for a run: by name with options, or a copy of the given object.

    Raises `OptionError` with the nearest valid name.
    """
    if given is None:
        return Constant(**options)
    if isinstance(given, str):
        kind = SCHEDULES.get(given.lower().replace("-", "_"))
        if kind is None:
            raise errors.unknown("schedule", given, SCHEDULES)
        return kind(**options)
    if isinstance(given, Schedule):
        # A schedule may learn from what it observes; one run must not change the next.
        return copy.copy(given)
    raise TypeError(f"expected a schedule or its name, got {given!r}")
