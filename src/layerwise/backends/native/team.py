"""How many threads a run uses, and running them.

Small work runs on one thread. For larger work one thread and all threads are tried and timed, and
the quicker is kept; now and then the other is tried again, because other processes come and go.
The result does not depend on the choice.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

SMALL_WORK = 4e6
"""Operations in a step below which a second thread costs more than it helps."""

RETRY = 16
"""Calls between two trials of the number of threads that is not in use."""

TRIAL = 0.1
"""Length of a trial call, in usual calls."""


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
        self._seconds: dict[int, float] = {}
        self._calls = 0

    def next_call(self, operations: float, kernels: int, seconds: float) -> tuple[int, int]:
        """How many steps the next call should run to last about `seconds`, on how many threads."""
        share = 1.0
        if self.threads == 1 or operations < SMALL_WORK:
            threads = 1
        elif self.threads not in self._seconds:
            threads, share = self.threads, TRIAL
        elif 1 not in self._seconds:
            threads, share = 1, TRIAL
        else:
            best, other = sorted((1, self.threads), key=self._seconds.__getitem__)
            self._calls += 1
            trial = self._calls % RETRY == 0
            threads, share = (other, TRIAL) if trial else (best, 1.0)
        estimate = self._seconds.get(threads, operations / 2e10 + kernels * 1e-7)
        return max(1, int(share * seconds / max(estimate, 1e-9))), threads

    def observe(self, threads: int, steps: int, seconds: float) -> None:
        """Learn how long a call took."""
        each = seconds / steps
        known = self._seconds.get(threads)
        self._seconds[threads] = each if known is None else 0.5 * (known + each)

    def run(self, work: Callable[[int], None], threads: int) -> None:
        """Call work(0), ..., work(threads - 1) at the same time; returns when all have.

        No thread outlives the call, so a fork or a shutdown never meets one.
        """
        if threads == 1:
            work(0)
            return
        gate = threading.Event()

        def wait_and_work(number: int) -> None:
            gate.wait()
            work(number)

        helpers = [
            threading.Thread(target=wait_and_work, args=(number,), daemon=True)
            for number in range(1, threads)
        ]
        started: list[threading.Thread] = []
        try:
            for helper in helpers:
                helper.start()
                started.append(helper)
            gate.set()
            work(0)
        finally:
            for helper in started:
                helper.join()
