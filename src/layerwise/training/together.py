"""The same work on several threads of Python, each of which runs its own compiled programs."""

from __future__ import annotations

import threading
from collections.abc import Callable


def run_together(work: Callable[[], None], threads: int, stop: Callable[[], None]) -> None:
    """Call `work` on so many threads at once; returns when all have ended.

    Compiled programs leave the interpreter's lock, so where there are several independent ones
    this uses the cores better than giving all threads to each program: nobody waits for anybody.

    Parameters
    ----------
    work : takes what is to be done from a queue until that is empty.
    stop : tells `work` to end soon. Called on an interrupt, which comes to this thread only, and
        when one of the threads has failed.

    Raises
    ------
    Whatever the first thread to fail did, or KeyboardInterrupt; no thread outlives the call.
    """
    if threads == 1:
        try:
            work()
        except BaseException:
            stop()
            raise
        return
    failures: list[BaseException] = []
    # Events, since a join that Ctrl-C interrupts takes a running thread for ended (bpo-45274).
    ended = [threading.Event() for _ in range(threads)]

    def begin(end: threading.Event) -> None:
        try:
            work()
        except BaseException as failure:
            failures.append(failure)
            stop()
        finally:
            end.set()

    team = [threading.Thread(target=begin, args=(end,), daemon=True) for end in ended]
    try:
        for each in team:
            each.start()
        for end in ended:
            while not end.wait(0.2):
                pass
    except BaseException:
        stop()
        for each, end in zip(team, ended, strict=True):
            if each.ident is not None:
                end.wait()
        raise
    finally:
        for each in team:
            if each.ident is not None:
                each.join()
    if failures:
        raise failures[0]


__all__ = ["run_together"]
