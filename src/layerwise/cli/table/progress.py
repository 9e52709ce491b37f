"""Progress of a fit, member by member, and Ctrl-C."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...tabular import Watch
from ...training import Epoch
from ..errors import INTERRUPTED, Failure
from ..progress import duration
from ..screen import Screen

LINES = 8
"""About as many lines stay of a fit, where there is no live line."""

PATIENCE = 5.0
"""Seconds after which a line is due in any case."""


class MemberProgress:
    """Shows a fit as it goes, and ends it when it is told to.

    Parameters
    ----------
    screen : where to.
    what : what is fitted, such as "fold 2 of 5"; "" for the only fit.
    lasting : whether lines of it stay, where there is no live line.

    Attributes
    ----------
    watch : of the fit, set by it: how many members there are.
    interrupted : whether the fit is to end.
    """

    def __init__(self, screen: Screen, what: str = "", lasting: bool = True) -> None:
        self.lasting = lasting
        self.screen, self.what = screen, f"{what}  " if what else ""
        self.watch: Watch | None = None
        self.interrupted = False
        self._began = self._shown = time.monotonic()
        self._seen: set[int] = set()
        self._lines = 0

    def __call__(self, member: int, epoch: Epoch) -> Any:
        """Follow an epoch; False ends the fit."""
        self._seen.add(member)
        self._show(epoch)
        return False if self.interrupted else None

    @property
    def has_begun(self) -> bool:
        """Whether an epoch of any member has ended."""
        return bool(self._seen)

    def end(self) -> None:
        """Take the live line away, and say what was done."""
        self.screen.end_live()
        count = len(self._seen)
        members = "1 member" if count == 1 else f"{count} members"
        seconds = duration(time.monotonic() - self._began)
        self.screen.line(f"  {self.what}{members} trained in {seconds}")

    def _show(self, epoch: Epoch) -> None:
        done = self.watch.trained if self.watch is not None else len(self._seen) - 1
        planned = self.watch.planned if self.watch is not None else 0
        now = time.monotonic()
        text = f"  {self.what}member {min(done + 1, planned) or done + 1}"
        if planned:
            text += f" of {planned}"
        text += f"  epoch {epoch.epoch}"
        if not self.what:
            held_out = epoch.validation_loss is not None
            loss = epoch.validation_loss if held_out else epoch.training_loss
            text += f"  {'val.loss' if held_out else 'loss'} {loss:.4f}"
        if done and planned:
            left = (now - self._began) / done * (planned - done)
            text += f"  {duration(left)} left"
        due = planned and done * LINES // planned > self._lines
        if self.lasting and not self.screen.is_live and (due or now - self._shown > PATIENCE):
            self._lines = max(self._lines, done * LINES // max(planned, 1))
            self._shown = now
            self.screen.line(text[: self.screen.width])
        self.screen.live(text)


@contextmanager
def until_interrupted(progress: MemberProgress) -> Iterator[None]:
    """End the fit at the first Ctrl-C and keep what it has; a second one is an interrupt.

    So is the first one where no epoch has ended yet, as there is nothing to keep.

    Raises
    ------
    Failure : the fit was interrupted. `progress.interrupted` is true then too.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(number: int, frame: Any) -> None:
        progress.interrupted = True
        signal.signal(signal.SIGINT, before)
        if not progress.has_begun:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    except KeyboardInterrupt:
        when = "" if progress.has_begun else " before the first epoch had ended"
        raise Failure(f"interrupted{when}; nothing was saved", INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGINT, before)
