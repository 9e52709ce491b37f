"""How many threads a run uses, and running them.

Small work runs on one thread. For larger work one thread and all threads are tried and timed, and
the quicker is kept; now and then the other is tried again, because other processes come and go.
The result does not depend on the choice.
"""

from __future__ import annotations

import _thread
import contextlib
import math
import os
import sys
import time
from collections.abc import Callable

SMALL_WORK = 4e6
"""Operations in a step below which a second thread costs more than it helps."""

TRIAL_SECONDS = 0.01
"""Length of a call that only finds out how quick a number of threads is."""

RETRY_SECONDS = 0.5
"""Time on one thread after which all are tried again: another process may have gone."""

SLOWER = 1.3
"""All threads taking so many times their best step make one thread worth a trial."""

ADVANTAGE = 1.1
"""How much quicker one thread must be to be preferred."""


def available_cores() -> int:
    """Cores that this process may use.

    The least of: affinity, the control group's quota, OMP_NUM_THREADS, and the limit that
    threadpoolctl, if anybody imported it, has set for other libraries when a program is compiled.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    quota = _control_group_quota()
    if quota is not None:
        cores = min(cores, max(1, int(quota)))
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if wanted.isdigit() and int(wanted) > 0:
        cores = min(cores, int(wanted))
    limit = _pool_limit()
    if limit is not None:
        cores = min(cores, limit)
    return max(cores, 1)


def _control_group_quota() -> float | None:
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else int(quota) / int(period)


def _pool_limit() -> int | None:
    pools = sys.modules.get("threadpoolctl")
    if pools is None:
        return None
    limits = [pool.get("num_threads") for pool in pools.threadpool_info()]
    return min((n for n in limits if n), default=None)


class Team:
    """Chooses between one thread and all of them, and runs a function on so many."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._forget(0.0)

    def _forget(self, operations: float) -> None:
        self._operations = operations
        self._warm = False
        self._seconds: dict[int, float] = {}
        self._least = math.inf
        self._since_trial = 0.0

    def next_call(self, operations: float, kernels: int, seconds: float) -> tuple[int, int]:
        """How many steps the next call should run to last about `seconds`, on how many threads."""
        if not self._operations / 2 <= operations <= self._operations * 2:
            # Steps of another size: what the others took says nothing about these.
            self._forget(operations)
        estimate = operations / 4e10 + kernels * 1e-7
        if self.threads == 1 or operations < SMALL_WORK:
            # The first call is short: the estimate may be far off, and an interrupt must wait.
            length = seconds if 1 in self._seconds else min(TRIAL_SECONDS, seconds)
            estimate = self._seconds.get(1, estimate)
            return max(1, int(length / max(estimate, 1e-9))), 1
        if not self._warm:
            return 1, self.threads
        trial, threads = self._choose()
        estimate = self._seconds.get(threads, estimate)
        length = min(TRIAL_SECONDS, seconds) if trial else seconds
        return max(1, int(length / max(estimate, 1e-9))), threads

    def _choose(self) -> tuple[bool, int]:
        """Whether the next call is a trial, and on how many threads it runs."""
        for threads in (self.threads, 1):
            if threads not in self._seconds:
                return True, threads
        one, all_ = self._seconds[1], self._seconds[self.threads]
        due = self._since_trial > RETRY_SECONDS
        if all_ > one * ADVANTAGE:
            return due, self.threads if due else 1
        return (True, 1) if due and all_ > self._least * SLOWER else (False, self.threads)

    def observe(self, threads: int, steps: int, seconds: float) -> None:
        """Learn how long a call took."""
        if threads > 1 and not self._warm:
            # The first step meets cold caches and untouched memory, and says nothing.
            self._warm = True
            return
        each = seconds / steps
        used = min(self._seconds, key=self._seconds.__getitem__, default=threads)
        self._since_trial = self._since_trial + seconds if threads == used else 0.0
        self._seconds[threads] = each
        if threads == self.threads:
            self._least = min(self._least, each)

    def run(self, work: Callable[[int], None], threads: int, entered: Callable[[], bool]) -> None:
        """Call work(0), ..., work(threads - 1) at the same time; returns when all have.

        ``work(0)`` runs on the calling thread; `entered` tells whether it has begun, so that an
        interrupt cannot keep it from a barrier where the others wait. No thread outlives the call,
        so a fork or a shutdown never meets one.
        """
        if threads == 1:
            work(0)
            return
        _Call(work, threads, entered).run()


class _Call:
    """One function on several threads, which no interrupt can tear apart.

    Plain flags and one raw lock are all there is, because an interrupt can leave what `threading`
    builds of them half-way through, with its locks shut. The caller's thread takes part because a
    system places a thread that is started beside a busy one on another processor at once; two
    that are started before their caller falls asleep may share one for milliseconds.
    """

    def __init__(
        self, work: Callable[[int], None], threads: int, entered: Callable[[], bool]
    ) -> None:
        self._work = work
        self._entered = entered
        self._helpers = threads - 1
        self._go: bool | None = None
        self._ended: list[int] = []
        self._errors: list[BaseException] = []
        self._last = _thread.allocate_lock()

    def run(self) -> None:
        """Start the helpers, do the caller's part, and wait for the rest."""
        self._last.acquire()
        try:
            for number in range(1, self._helpers + 1):
                _thread.start_new_thread(self._help, (number,))
            self._go = True
            self._work(0)
        finally:
            self._finish()
        if self._errors:
            raise self._errors[0]

    def _help(self, number: int) -> None:
        # All work or, when one could not be started, none.
        while self._go is None:
            time.sleep(1e-5)
        if not self._go:
            return
        try:
            self._work(number)
        except BaseException as error:
            self._errors.append(error)
        self._ended.append(number)
        if len(self._ended) == self._helpers:
            with contextlib.suppress(RuntimeError):  # two may both see that they are the last
                self._last.release()

    def _finish(self) -> None:
        """Do the caller's part if an interrupt prevented it; wait, however often interrupted."""
        try:
            if self._go is None:
                self._go = False
            while self._go and not self._entered():
                self._work(0)
            while self._go and len(self._ended) < self._helpers:
                # Not for ever: an interrupt may come just after the lock was taken.
                self._last.acquire(timeout=0.05)
        except BaseException:
            self._finish()
            raise
