"""Ctrl-C at moments at which Python loses it, or makes something else of it."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

AGAIN = 0.02
"""Seconds until a Ctrl-C that was lost is sent again."""

IMPORTING = "<frozen importlib"
"""What the file names of the frames of an import begin with."""


_within_import = False
"""Whether the last Ctrl-C came while a module was imported."""


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """See to it that each Ctrl-C arrives, and that nothing shows the traceback of one.

    Within a callback, such as that of a weak reference, of which building a graph has many, Python
    prints "Exception ignored in" and goes on as if there had been no Ctrl-C: it is sent again.
    Within an import, C code may print the traceback and raise an ImportError in its place: nothing
    is printed, and `came_within_import` says what that error was. Nothing is done outside of the
    main thread, or where the signal has another handler already, or is ignored.
    """
    global _within_import
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    hook, shown = sys.unraisablehook, sys.excepthook

    def lost(unraisable: Any) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            _soon_again()
        else:
            hook(unraisable)

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            shown(kind, error, trace)

    _within_import = False
    signal.signal(signal.SIGINT, _interrupted)
    sys.unraisablehook, sys.excepthook = lost, show
    try:
        yield
    finally:
        sys.unraisablehook, sys.excepthook = hook, shown
        signal.signal(signal.SIGINT, signal.default_int_handler)


def came_within_import() -> bool:
    """Whether an import was interrupted, so that any error may be the interrupt's."""
    return _within_import


def _interrupted(number: int, frame: FrameType | None) -> None:
    global _within_import
    _within_import = _is_importing(frame)
    signal.default_int_handler(number, frame)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(IMPORTING):
            return True
        frame = frame.f_back
    return False


def _soon_again() -> None:
    def later() -> None:
        time.sleep(AGAIN)
        _thread.interrupt_main()

    _thread.start_new_thread(later, ())


__all__ = ["came_within_import", "interrupts_kept"]
