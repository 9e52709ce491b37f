"""The learning-rate range test: which rates are too small, good, and too large for a network.

Smith 2017, "Cyclical learning rates for training neural networks" (arXiv 1506.01186), section 3.3:
train while the rate grows, and see where the loss begins to fall and where it ceases to. As in
Smith 2018 (arXiv 1803.09820) and fast.ai, the rate grows exponentially.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..compiler import Feeds, State
from ..errors import DataError, OptionError
from ..nn.module import Module
from .loop import Loop
from .options import ClassWeight, whole
from .prepare import prepare
from .text_plot import text_plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST, MOST = 300, 1000
"""Steps of a test, if the caller names no number; between them it is three epochs."""

MEMORY = 0.05
"""The part of the test over which losses are averaged. Shorter is noisy, longer lags behind."""

FACTOR = 4.0
"""A loss so many times the lowest is beyond hope (fast.ai's rule; `_end` has it for all losses)."""

BELOW_LOWEST = 4.0
"""The suggestion is the rate of the lowest loss, divided by this."""

SMALLER = 3.0
"""What a suggestion that fails its trial is divided by."""

TRIALS = 4
"""At most so many rates are tried."""

FLAT = 0.5
"""Smoothed losses within so many standard deviations of the lowest are as low as it."""

NEARLY = 0.02
"""And so are those within this part of the whole fall: few rows are soon known by heart, and then
the loss creeps towards 0 at any rate."""

NOISE = 3.0
"""A fall of fewer standard deviations of the smoothed loss may be chance."""

EDGE = 0.1
"""The part of the whole fall of the loss that counts as a fall, or as a rise."""

CHUNK = 50
"""Steps between two looks at whether to stop; it changes no result."""


@dataclass(frozen=True, eq=False)
class RangeTest:
    """What `find_learning_rate` found.

    Attributes
    ----------
    suggestion : the rate to train with.
    reason : why, in sentences.
    rates, losses, smoothed : float64, (steps,). The rate of each step, the loss of its rows before
        the update, and the mean of the last losses. They end where the loss had diverged.
    too_small_below : rates below it had brought less than a tenth of the fall of the loss.
    diverges_above : above it the loss had risen again by a tenth of its fall, or became NaN; None
        if it did neither up to the highest rate.
    optimizer, loss, batch_size : what the rate was found for.
    """

    suggestion: float
    reason: str
    rates: np.ndarray = field(repr=False)
    losses: np.ndarray = field(repr=False)
    smoothed: np.ndarray = field(repr=False)
    too_small_below: float
    diverges_above: float | None
    optimizer: str
    loss: str
    batch_size: int

    def draw(self, path: str | Path | None = None) -> Figure:
        """Draw the loss against the rate, with the suggestion; see `insight.draw_range_test`.

        Parameters
        ----------
        path : of a file to write, .png, .svg or .pdf; None writes none.

        Raises
        ------
        OptionError : a suffix that is none of these.
        """
        # Pictures are in a room below this one; only who wants one enters it.
        from ..insight.drawing import draw_range_test
        from ..insight.drawing.files import check_suffix

        target = None if path is None else check_suffix(path)
        figure = draw_range_test(self)
        if target is not None:
            figure.savefig(target)
        return figure

    def text(self, width: int = 60, height: int = 8) -> str:
        """The smoothed loss against the rate as lines of text, for a terminal of a width."""
        label = f"suggested: {self.suggestion:g}"
        return text_plot(
            self.rates, self.smoothed, width, height, mark=self.suggestion, label=label
        )

    def __str__(self) -> str:
        return f"learning rate {self.suggestion:g}. {self.reason}"


def find_learning_rate(
    net: Module,
    data: tuple[Any, Any],
    *,
    loss: Any = None,
    optimizer: Any = "adam",
    batch_size: int = 32,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int | None = None,
    seed: int = 0,
    sample_weight: Any = None,
    class_weight: ClassWeight = None,
    label_smoothing: float = 0.0,
    clip_norm: float | None = None,
    threads: int | None = None,
    backend: str | None = None,
) -> RangeTest:
    """Find a learning rate for a network, data and an optimiser; the network stays as it is.

    A copy of the weights is trained while the rate grows exponentially. The loss is smoothed by an
    exponential mean over a twentieth of the steps, corrected for its start at 0. It has diverged
    when it is NaN or infinite, or as far above its lowest as three times that (or three times the
    whole fall, if that is more); that ends the test and is no error.

    The suggestion is a quarter of the rate at which the smoothed loss has come down to its lowest:
    the first where it is above that by less than chance, or a fiftieth of its whole fall, explains.
    But the test came to that rate slowly, and a training begins with it. So it is tried, from the
    first weights, for as many steps as the test took up to it; if the loss is then higher than it
    was in the test, by more than a tenth of the whole fall, a third of the rate is tried, and so
    on.

    Parameters
    ----------
    net, data, loss, optimizer, batch_size, seed : as for `layerwise.train`. The optimiser's own
        rate plays no part.
    lowest, highest : the first and the last rate.
    steps : of the test; by default three epochs, but at least 300 and at most 1,000. Rows are
        shuffled anew when all were visited.
    sample_weight, class_weight, label_smoothing, clip_norm, threads, backend : as for
        `layerwise.train`.

    Returns
    -------
    RangeTest : the suggestion, why, and the losses; it can be drawn.

    Raises
    ------
    DataError, ShapeError, DTypeError : as `layerwise.train`; DataError also if the loss is NaN or
        infinite before the first update.
    OptionError : an option that does not exist or makes no sense.
    """
    if not 0 < lowest < highest < math.inf:
        raise OptionError(
            f"expected lowest and highest rates with 0 < lowest < highest, got {lowest:g} and "
            f"{highest:g}"
        )
    if steps is not None:
        steps = whole("steps", steps, 20)
    loop = prepare(
        net, data, loss=loss, optimizer=optimizer, learning_rate=None, schedule="constant",
        epochs=1, batch_size=batch_size, seed=seed, sample_weight=sample_weight,
        class_weight=class_weight, label_smoothing=label_smoothing, clip_norm=clip_norm,
        early_stopping=None, restore_best=False, shuffle=True, threads=threads, backend=backend,
        checkpoint=None, resume=False, on_epoch=None, progress=None, chunk_seconds=1.0,
    )  # fmt: skip
    course = _Course(loop, steps)
    rates = np.geomspace(lowest, highest, course.steps)
    losses = course.run(rates, stop_early=True)
    if not np.isfinite(losses[0]):
        raise DataError(
            f"the loss is {losses[0]:g} before the first update, so no learning rate can help; "
            "look for predictions that the loss cannot take, such as probabilities of exactly 0"
        )
    rates = rates[: len(losses)]
    smoothed = smooth(losses, course.memory)
    usual = loop.options.optimizer.learning_rate
    found = _judge(rates, losses, smoothed, course.memory, len(losses) < course.steps, usual)
    suggestion, tried = found.rate, ""
    if found.sure:
        suggestion, tried = _try(course, found, rates, smoothed)
    return RangeTest(
        suggestion=suggestion,
        reason=found.reason + tried,
        rates=rates,
        losses=losses,
        smoothed=smoothed,
        too_small_below=found.too_small,
        diverges_above=found.diverges,
        optimizer=type(loop.options.optimizer).__name__,
        loss=loop.options.loss.name,
        batch_size=course.rows,
    )


class _Course:
    """Steps from the network's weights, as often as wanted, over the same rows in the same order.

    Attributes
    ----------
    steps : how many there are.
    rows : in each.
    memory : steps over which losses are averaged.
    """

    def __init__(self, loop: Loop, steps: int | None) -> None:
        self._loop = loop
        count = len(loop.rows)
        self.rows = min(loop.options.batch_size, count)
        if steps is None:
            steps = min(max(3 * math.ceil(count / self.rows), FEWEST), MOST)
        self.steps = steps
        self.memory = max(2.0, MEMORY * steps)
        assert loop.permutations is not None
        epochs = math.ceil(steps * self.rows / count)
        orders = [loop.permutations[epoch] for epoch in range(epochs)]
        self._order = np.concatenate(orders)[: steps * self.rows]
        self._first = loop.state.copy()

    def run(self, rates: np.ndarray, stop_early: bool = False) -> np.ndarray:
        """The loss of each step, float64, at most as many as rates; they end where it is lost."""
        loop, steps = self._loop, len(rates)
        feeds = Feeds(
            loop.feeds.rows,
            self.rows,
            order=self._order[: steps * self.rows],
            per_step={"learning_rate": rates},
            fixed=loop.fixed,
        )
        state = State(self._first)
        losses = np.zeros(0)
        while len(losses) < steps:
            count = min(CHUNK, steps - len(losses))
            found = loop.plan.train.run(state, feeds, len(losses), count)["loss"]
            losses = np.append(losses, found.astype(np.float64))
            end = _end(losses, self.memory if stop_early else math.inf)
            if end < len(losses):
                return losses[:end]
        return losses


def smooth(losses: np.ndarray, memory: float) -> np.ndarray:
    """The exponential mean of losses over about `memory` steps, corrected for its start at 0.

    m <- b m + (1 - b) loss with b = 1 - 1 / memory, over 1 - b^t (Kingma & Ba 2015, "Adam",
    section 3). Shape (steps,) both.
    """
    keep, mean, means = 1 - 1 / memory, 0.0, []
    for t, loss in enumerate(losses, 1):
        mean = keep * mean + (1 - keep) * float(loss)
        means.append(mean / (1 - keep**t))
    return np.array(means)


def _end(losses: np.ndarray, memory: float) -> int:
    """How many losses there are before the first that is NaN, infinite, or beyond hope."""
    finite = np.isfinite(losses)
    count = len(losses) if finite.all() else int(np.argmin(finite))
    if not count or math.isinf(memory):
        return max(count, 1)
    smoothed = smooth(losses[:count], memory)
    lowest = np.minimum.accumulate(smoothed)
    # Losses that may be below 0 have no multiples that mean anything, so their fall is what counts.
    height = np.maximum(lowest, smoothed[0] - lowest)
    lost = smoothed > lowest + (FACTOR - 1) * np.maximum(height, 1e-12)
    lost[: int(memory)] = False
    return int(np.argmax(lost)) + 1 if lost.any() else count


class _Finding(NamedTuple):
    """What the losses of the test say, before the trial."""

    rate: float
    fall: float
    """Of the smoothed loss, from its start to its lowest."""
    too_small: float
    diverges: float | None
    reason: str
    sure: bool
    """Whether the fall is more than noise."""


def _judge(
    rates: np.ndarray,
    losses: np.ndarray,
    smoothed: np.ndarray,
    memory: float,
    ended: bool,
    usual: float,
) -> _Finding:
    """Read the curve.

    Parameters
    ----------
    ended : whether the loss was lost before the highest rate.
    usual : the optimiser's own rate, for want of anything better.
    """
    noise = _noise(losses, memory)
    low, start = float(smoothed.min()), float(losses[: math.ceil(memory)].mean())
    # Where the loss is flat, chance decides where it is lowest, so the first such place is taken.
    fall = max(start - low, 0.0)
    bottom = int(np.argmax(smoothed <= low + max(FLAT * noise, NEARLY * fall)))
    # The first smoothed losses are means of few, so the curve may dip before it falls for good.
    high = np.flatnonzero(smoothed[:bottom] > start - EDGE * fall)
    risen = np.flatnonzero(smoothed[bottom:] > low + max(EDGE * fall, 2 * NOISE * noise))
    too_small = float(rates[high[-1] + 1 if len(high) else 0])
    diverges = float(rates[bottom + risen[0]]) if len(risen) else None
    if diverges is None and ended:
        diverges = float(rates[-1])
    if fall <= NOISE * noise:
        rate = min(usual, float(rates[-1])) if diverges is None else _tidy(diverges / 10)
        reason = _why_unsure(diverges, ended and len(losses) < memory)
        return _Finding(rate, fall, too_small, diverges, reason, False)
    rate = _tidy(rates[bottom] / BELOW_LOWEST)
    reason = (
        f"The loss was down to its lowest, {low:.3g}, at the rate {rates[bottom]:.2g}; a quarter "
        f"of that is one to begin with. Below {too_small:.2g} the loss hardly falls"
    )
    if diverges is not None:
        what = "becomes NaN or infinite" if ended and not len(risen) else "rises"
        reason += f"; above {diverges:.2g} it {what}."
    else:
        reason += f", and up to {rates[-1]:.2g} it does not rise: try highest={rates[-1] * 100:g}."
    return _Finding(rate, fall, too_small, diverges, reason, True)


def _why_unsure(diverges: float | None, at_once: bool) -> str:
    if at_once:
        return (
            f"The loss diverged at once, at {diverges:.2g}, so this is a guess: bring the inputs "
            "to one scale, or give a smaller lowest."
        )
    where = "the optimiser's own" if diverges is None else f"a tenth of {diverges:.2g}, where it"
    where += " rate" if diverges is None else " diverges"
    return (
        "The loss did not fall at any rate by more than it varies from step to step, so this is a "
        f"guess ({where}): are the inputs on one scale, and can the target be told from them? More "
        "rows in a step, or more steps, make the test less noisy."
    )


def _noise(losses: np.ndarray, memory: float) -> float:
    """The standard deviation of the smoothed loss for a rate of 0, from neighbouring losses."""
    if len(losses) < 3:
        return 0.0
    # The median of |normal| is 0.674 deviations, and a difference has two of them.
    each = float(np.median(np.abs(np.diff(losses)))) / (0.674 * math.sqrt(2))
    return each / math.sqrt(2 * memory - 1)


def _try(
    course: _Course, found: _Finding, rates: np.ndarray, smoothed: np.ndarray
) -> tuple[float, str]:
    """Train with the rate from the first weights, and with smaller ones until one does well."""
    rate, tried = found.rate, ""
    for _ in range(TRIALS):
        count = min(max(int(np.searchsorted(rates, rate)), CHUNK), course.steps)
        losses = course.run(np.full(count, rate))
        came = float(smooth(losses, course.memory)[-1])
        expected = float(smoothed[min(count, len(smoothed)) - 1])
        if len(losses) == count and came <= expected + EDGE * found.fall:
            return rate, tried + (f" One with {rate:g} did." if tried else "")
        rate = _tidy(rate / SMALLER)
        tried = (
            f" But a training that began with {found.rate:g} did not do as well as the test, which "
            "came to it slowly."
        )
    return rate, tried + " Nor did smaller ones; clip the gradients, or warm up."


def _tidy(rate: float) -> float:
    """Two digits, as more would only pretend to be known."""
    return float(f"{rate:.2g}")
