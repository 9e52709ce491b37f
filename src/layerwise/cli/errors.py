"""A command that was right but could not be done, or not to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Failure(Exception):  # noqa: N818 - not a bug, and never seen as a traceback
    """One clear message for the person at the keyboard, and an exit code."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


INTERRUPTED = 130
"""Exit code after Ctrl-C, by the custom of shells: 128 and the signal's number."""


@contextmanager
def nothing_half_done() -> Iterator[None]:
    """Answer Ctrl-C outside of the training, where there is nothing to keep."""
    try:
        yield
    except KeyboardInterrupt:
        raise Failure("stopped; nothing was written", INTERRUPTED) from None
