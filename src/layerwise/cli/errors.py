"""A command that was right but could not be done, or not to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Failure(Exception):  # noqa: N818 - not a bug, and never seen as a traceback
    """One clear message for the person at the keyboard, and an exit code."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


INTERRUPTED = 130
"""Exit code after Ctrl-C, by the custom of shells: 128 and the signal's number."""


class Ended(int):
    """The exit code of a command that has said itself how it ended."""


STOPPED = "stopped; nothing was written"

BEFORE_TRAINING = "interrupted before training began; nothing was saved"
"""Of `layerwise train`: a training that Ctrl-C ends gives what it has."""


@contextmanager
def nothing_half_done(message: str = STOPPED) -> Iterator[None]:
    """Answer Ctrl-C outside of the training, where there is nothing to keep."""
    try:
        yield
    except KeyboardInterrupt:
        raise Failure(message, INTERRUPTED) from None


@contextmanager
def model_is_saved(out: Path) -> Iterator[None]:
    """Answer Ctrl-C where the page about a model is written, which is saved in `out` by then."""
    with nothing_half_done(f"stopped: the model is saved in {out}, its report is not written"):
        yield
