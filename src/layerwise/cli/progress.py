"""Progress of a training, epoch by epoch: a table of lines that stay, and a live line below."""

from __future__ import annotations

import time

from .. import training
from .screen import Screen

LINES = 15
"""About as many lines stay, however many epochs there are."""

PATIENCE = 5.0
"""Seconds after which a line is due whatever its number: slow epochs are worth one each."""

COLUMNS = ("epoch", "loss", "val.loss", "acc", "val.acc", "rate", "rows/s", "left")
WIDTHS = (8, 7, 9, 7, 8, 8, 7, 6)  # 60 in all: fits in a narrow terminal


class Progress:
    """Shows a training as it goes.

    Parameters
    ----------
    screen : where to.
    epochs : how many there will be at most.
    lines : about as many stay.
    """

    def __init__(self, screen: Screen, epochs: int, lines: int = LINES) -> None:
        self.screen = screen
        self.epochs = epochs
        self._every = _nice_step(epochs, lines)
        self._began = self._shown = time.monotonic()
        self._done = 0
        self._waiting: str | None = None

    def begin(self) -> None:
        """Show the head of the table."""
        self.screen.line()
        self.screen.line(_row(COLUMNS), "bold")

    def steps_done(self, now: training.Progress) -> None:
        """Show how far the epoch is, on the live line."""
        cells = (
            _of(now.epoch, now.epochs),
            f"{now.loss:.4f}",
            *("", "", ""),
            f"{now.learning_rate:.2g}",
            _short(now.samples_per_second),
            duration(now.seconds * (1 / now.fraction - 1)) if now.fraction else "",
        )
        self.screen.live(f"{_row(cells)}  {_bar(now.fraction)}")

    def epoch_ended(self, epoch: training.Epoch) -> None:
        """Show an epoch on a line that stays, if one is due."""
        now = time.monotonic()
        # A resumed training does not begin at 1.
        self._done += 1
        left = (now - self._began) / self._done * (self.epochs - epoch.epoch)
        self._waiting = _describe(epoch, self.epochs, left)
        regular = epoch.epoch in (1, self.epochs) or epoch.epoch % self._every == 0
        if regular or now - self._shown > PATIENCE:
            self._show()

    def end(self) -> None:
        """Take the live line away; the last epoch stays."""
        self.screen.end_live()
        self._show()

    def _show(self) -> None:
        if self._waiting is not None:
            self.screen.line(self._waiting)
            self._shown = time.monotonic()
            self._waiting = None


def _describe(epoch: training.Epoch, epochs: int, left: float) -> str:
    return _row(
        (
            _of(epoch.epoch, epochs),
            f"{epoch.training_loss:.4f}",
            _number(epoch.validation_loss),
            _percent(epoch.training_accuracy),
            _percent(epoch.validation_accuracy),
            f"{epoch.learning_rate:.2g}",
            _short(epoch.samples_per_second),
            duration(left),
        )
    )


def _row(cells: tuple[str, ...]) -> str:
    return "".join(cell.rjust(width) for cell, width in zip(cells, WIDTHS, strict=True))


def _of(epoch: int, epochs: int) -> str:
    """An epoch's number and how many there are; the number alone where both are too long."""
    both = f"{epoch}/{epochs}"
    return both if 2 * len(str(epochs)) < WIDTHS[0] else str(epoch)


def _nice_step(epochs: int, lines: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, ... that leaves few enough lines."""
    steps = (factor * 10**power for power in range(9) for factor in (1, 2, 5))
    return next((step for step in steps if epochs / step <= lines), epochs)


def _bar(fraction: float, width: int = 20) -> str:
    filled = round(fraction * width)
    return "[" + "#" * filled + "." * (width - filled) + "]"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _short(value: float) -> str:
    """A count in 3 digits: 950, 12.3k, 4.56M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size * 0.9995:
            return f"{value / size:.3g}{letter}"
    return f"{value:.0f}"


def duration(seconds: float) -> str:
    """A time in few letters: 1.2s, 34s, 5m06, 1h30."""
    if seconds < 60:
        return f"{seconds:.1f}s" if seconds < 9.95 else f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}"
    return f"{minutes // 60}h{minutes % 60:02d}"
