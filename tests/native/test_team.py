"""How many threads: what the machine allows, and falling back to one where two are slower."""

import _thread
import os
import signal
import subprocess
import sys
import threading
import time
import types

import numpy as np
import pytest

from layerwise import graph
from layerwise.backends import native
from layerwise.backends.native import team
from layerwise.backends.native.team import SMALL_WORK, Team, available_cores
from layerwise.compiler import Feeds, Program, State

LARGE = 10 * SMALL_WORK
THREADS = 1


class Machine:
    """Runs steps in pretended time: seconds of a step by the number of threads."""

    def __init__(self, seconds, threads=2):
        self.seconds = seconds
        self.team = Team(threads)
        self.calls = []

    def run(self, calls, operations=LARGE):
        for _ in range(calls):
            steps, threads = self.team.next_call(operations, 20, 0.1)
            self.calls.append((threads, steps * self.seconds[threads]))
            self.team.observe(threads, steps, steps * self.seconds[threads])

    def share(self, threads, last=100):
        """Part of the last calls' time that was spent on so many threads."""
        recent = self.calls[-last:]
        return sum(s for t, s in recent if t == threads) / sum(s for _, s in recent)


def test_small_work_stays_on_one_thread():
    machine = Machine({1: 1e-5, 2: 1e-9})
    machine.run(50, SMALL_WORK / 2)
    assert {t for t, _ in machine.calls} == {1}


def test_one_thread_at_most():
    machine = Machine({1: 1e-3}, threads=1)
    machine.run(50)
    assert {t for t, _ in machine.calls} == {1}


def test_two_threads_while_they_are_quicker():
    machine = Machine({1: 2e-3, 2: 1.1e-3})
    machine.run(100)
    assert machine.share(2) > 0.95


def test_one_thread_when_two_are_slower():
    machine = Machine({1: 28e-6, 2: 389e-6})
    machine.run(100)
    assert machine.share(1) > 0.9
    # Trials are short, so that a bad one costs little.
    assert max(s for t, s in machine.calls[20:] if t == 2) < 0.03


def test_two_threads_are_tried_again_when_the_other_process_is_gone():
    machine = Machine({1: 1e-3, 2: 5e-3})
    machine.run(60)
    assert machine.share(1, 40) > 0.9
    machine.seconds[2] = 0.6e-3
    machine.run(40)
    assert machine.share(2, 10) > 0.9


def test_one_thread_when_another_process_comes():
    machine = Machine({1: 1e-3, 2: 0.6e-3})
    machine.run(60)
    machine.seconds[2] = 5e-3
    machine.run(30)
    assert machine.share(1, 20) > 0.9


def test_calls_last_about_as_long_as_asked():
    machine = Machine({1: 3e-4, 2: 2e-4})
    machine.run(40)
    long = [s for _, s in machine.calls[10:] if s > 0.02]
    assert long
    assert all(0.05 < s < 0.2 for s in long)


def test_steps_that_take_much_longer_than_modelled():
    """The first call is short, because an interrupt waits for its end."""
    for threads in (1, 2):
        machine = Machine({1: 0.05, 2: 0.04}, threads)
        machine.run(10)
        assert all(s <= 0.5 for _, s in machine.calls)


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_steps_of_another_size(factor):
    """A program that predicted row by row, then gets a thousand rows at a time."""
    machine = Machine({1: 1e-3, 2: 0.7e-3})
    machine.run(40)
    machine.seconds = {t: s * factor for t, s in machine.seconds.items()}
    machine.calls.clear()
    machine.run(40, LARGE * factor)
    assert all(s <= max(0.2, machine.seconds[1]) for _, s in machine.calls)


def test_threads_run_and_end():
    seen = set()
    barrier = threading.Barrier(3, timeout=10)

    def work(number):
        barrier.wait()
        seen.add(number)

    Team(3).run(work, 3, entered=lambda: True)
    assert seen == {0, 1, 2}
    assert living() == 1


def test_an_error_in_a_thread_is_raised():
    def work(number):
        if number == 1:
            raise ValueError("thread 1")

    with pytest.raises(ValueError, match="thread 1"):
        Team(2).run(work, 2, entered=lambda: True)


def test_when_a_thread_cannot_be_started_none_works(monkeypatch):
    start = _thread.start_new_thread
    started, worked = [], []

    def failing(function, arguments):
        if started:
            raise RuntimeError("can't start new thread")
        started.append(start(function, arguments))

    monkeypatch.setattr(_thread, "start_new_thread", failing)
    with pytest.raises(RuntimeError, match="new thread"):
        Team(3).run(worked.append, 3, entered=lambda: True)
    assert started
    assert worked == []
    assert living() == 1


def living():
    """Threads of this process, once those that are about to end have ended."""
    if not sys.platform.startswith("linux"):
        return 1
    deadline = time.monotonic() + 1
    while len(os.listdir("/proc/self/task")) > THREADS and time.monotonic() < deadline:
        time.sleep(0.001)
    return max(1, 1 + len(os.listdir("/proc/self/task")) - THREADS)


@pytest.fixture(autouse=True)
def _other_threads():
    """Libraries of the tests have threads of their own; `living` must not count them."""
    global THREADS
    if sys.platform.startswith("linux"):
        THREADS = len(os.listdir("/proc/self/task"))


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals")
def test_interrupts_never_leave_threads_behind():
    """Interrupts at any moment: before all have started, while they work, while we wait."""
    x = graph.input("x", (graph.batch, 8))
    count = graph.variable("count", (), "int32")
    total = graph.sum(graph.exp(x))
    executable = native.compile(Program({"total": total}, {count: count + 1}), threads=2)
    executable.team.next_call = lambda *_: (40, 2)
    feeds = Feeds({"x": np.zeros((64 * 200, 8), "float32")}, batch_size=64)
    state = State({count: np.zeros((), "int32")})
    armed = []

    def interrupt(*_):
        if armed:
            raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    interrupted = 0
    try:
        for number in range(150):
            before = int(state[count])
            try:
                armed.append(True)
                signal.setitimer(signal.ITIMER_REAL, 1e-5 + number * 1e-5)
                executable.run(state, feeds)
                armed.clear()
            except KeyboardInterrupt:
                armed.clear()
                interrupted += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert (int(state[count]) - before) % 40 == 0
            assert living() == 1
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert interrupted > 30


# -- cores -----------------------------------------------------------------------------------------


@pytest.fixture
def eight(monkeypatch):
    """A machine of eight cores, without limits."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(team, "_control_group_quota", lambda: None)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)


@pytest.mark.parametrize(
    ("wanted", "cores"),
    [("", 8), ("3", 3), ("1", 1), ("99", 8), ("0", 8), ("4,2", 4), ("many", 8), (" 2 ", 2)],
)
def test_omp_num_threads(eight, monkeypatch, wanted, cores):
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    assert available_cores() == cores


@pytest.mark.parametrize(("quota", "cores"), [(None, 8), (2.5, 2), (0.5, 1), (64.0, 8)])
def test_quota_of_the_control_group(eight, monkeypatch, quota, cores):
    monkeypatch.setattr(team, "_control_group_quota", lambda: quota)
    assert available_cores() == cores


@pytest.mark.parametrize(("limits", "cores"), [([], 8), ([4, 2], 2), ([None, 3], 3), ([99], 8)])
def test_limits_of_threadpoolctl(eight, monkeypatch, limits, cores):
    pools = types.SimpleNamespace(threadpool_info=lambda: [{"num_threads": n} for n in limits])
    monkeypatch.setitem(sys.modules, "threadpoolctl", pools)
    assert available_cores() == cores


def test_threadpoolctl_itself(monkeypatch):
    pools = pytest.importorskip("threadpoolctl")
    if not pools.threadpool_info():
        pytest.skip("NumPy's library of products has no threads that can be limited")
    with pools.threadpool_limits(1):
        assert available_cores() == 1


def test_omp_num_threads_reaches_executables():
    code = (
        "from layerwise import graph; from layerwise.backends import native;"
        "from layerwise.compiler import Program;"
        "print(native.compile(Program({'y': graph.iota(3)})).team.threads)"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    shown = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True,
                           check=True, text=True)  # fmt: skip
    assert shown.stdout.strip() == "1"
