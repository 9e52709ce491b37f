"""Fork, threads of Python, interrupts: an executable lives in a real process."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from programs import mlp, same, transformer

from layerwise import graph
from layerwise.backends import native
from layerwise.backends.native import team
from layerwise.compiler import Feeds, Program, State

HERE = Path(__file__).parent

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
ignore_fork_warning = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(team, "SMALL_WORK", 0)
    monkeypatch.setattr(team.Team, "next_call", lambda *_: (2, 2))


def in_child(function):
    """What a function gives in a forked child."""
    receive, send = multiprocessing.Pipe(duplex=False)

    def work():
        send.send(function())

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    try:
        assert receive.poll(60), "the child hangs"
        return receive.recv()
    finally:
        child.kill()
        child.join()
        receive.close()
        send.close()


# -- fork ------------------------------------------------------------------------------------------


@forks
@ignore_fork_warning
def test_compiled_in_the_parent_and_run_in_the_child(two_threads):
    example = mlp()
    executable = native.compile(example.program, 2)
    here = example.train(executable)
    assert same(in_child(lambda: example.train(executable)), here)
    assert same(example.train(executable), here)


@forks
@ignore_fork_warning
def test_compiled_in_the_child(two_threads):
    example = transformer()
    there = in_child(lambda: example.train(native.compile(example.program, 2)))
    assert same(there, example.train(native.compile(example.program, 2)))


@forks
@ignore_fork_warning
def test_fork_while_another_thread_compiles():
    example = mlp()
    executable = native.compile(example.program, 2)
    here = example.train(executable)
    running = threading.Event()
    running.set()

    def compile_until_told():
        number = 0
        while running.is_set():
            number += 1
            native.compile(Program({"y": graph.exp(graph.variable("v", (3, number)))}))

    thread = threading.Thread(target=compile_until_told)
    thread.start()
    try:
        for _ in range(3):
            found = in_child(lambda: (example.train(executable), _fresh()))
            assert same(found[0], here)
            assert found[1] == 3.0
    finally:
        running.clear()
        thread.join()


@forks
@ignore_fork_warning
def test_fork_while_another_thread_runs(two_threads):
    """A lock that is held in the parent must not be held for ever in the child."""
    example = mlp()
    executable = native.compile(example.program, 2)
    here = example.train(executable)
    running = threading.Event()
    running.set()

    def run_until_told():
        while running.is_set():
            example.train(executable, epochs=40)

    thread = threading.Thread(target=run_until_told)
    thread.start()
    try:
        time.sleep(0.02)
        for _ in range(3):
            assert same(in_child(lambda: example.train(executable)), here)
    finally:
        running.clear()
        thread.join()


def _fresh():
    v = graph.variable("v", (2,))
    state = State({v: np.array([1.0, 2.0])})
    return float(native.compile(Program({"y": graph.sum(v)})).run(state, Feeds())["y"][0])


def _in_worker(name):
    example = {"mlp": mlp, "transformer": transformer}[name]()
    return example.train(native.compile(example.program))


@forks
@ignore_fork_warning
def test_workers_of_a_pool():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        there = pool.map_async(_in_worker, ["mlp", "transformer", "mlp"]).get(60)
    here = _in_worker("mlp")
    assert same(there[0], here)
    assert same(there[2], here)


# -- several Python threads ------------------------------------------------------------------------


def at_once(*functions):
    """Run functions in threads of their own; gives what they gave."""
    results = [None] * len(functions)

    def work(number, function):
        results[number] = function()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    return results


def test_several_executables_at_once(two_threads):
    examples = [mlp(), transformer(), mlp("float64")]
    executables = [native.compile(e.program, 2) for e in examples]
    alone = [e.train(x) for e, x in zip(examples, executables, strict=True)]

    def fit(example, executable):
        return lambda: [example.train(executable) for _ in range(5)]

    for results, wanted in zip(at_once(*map(fit, examples, executables)), alone, strict=True):
        assert all(same(r, wanted) for r in results)


def test_one_executable_in_several_threads(two_threads):
    """Its arena serves one run at a time; each run gets its own results."""
    example = mlp()
    executable = native.compile(example.program, 2)
    wanted = {epochs: example.train(executable, epochs=epochs) for epochs in (1, 2, 5)}
    runs = [lambda n=n: [example.train(executable, epochs=n) for _ in range(4)] for n in wanted]
    for results, alone in zip(at_once(*runs), wanted.values(), strict=True):
        assert all(same(r, alone) for r in results)


def test_compiling_and_fitting_at_once():
    example = transformer()
    results = at_once(*[lambda: example.train(native.compile(example.program)) for _ in range(4)])
    assert all(same(r, results[0]) for r in results)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_no_thread_outlives_a_run(two_threads):
    example = mlp()
    executable = native.compile(example.program, 2)
    before = len(os.listdir("/proc/self/task"))
    example.train(executable)
    deadline = time.monotonic() + 1
    while len(os.listdir("/proc/self/task")) > before and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(os.listdir("/proc/self/task")) == before


# -- interrupts ------------------------------------------------------------------------------------

COUNTING = """
    import sys, threading, time
    import numpy as np
    from layerwise import graph
    from layerwise.backends import native
    from layerwise.backends.native import team
    from layerwise.compiler import Feeds, Program, State

    threads = int(sys.argv[1])
    if threads > 1:
        team.SMALL_WORK = 0
        chosen = team.Team.next_call
        def next_call(self, operations, kernels, seconds):
            return chosen(self, operations, kernels, seconds)[0], threads
        team.Team.next_call = next_call
    count = graph.variable("count", (), "int32")
    w = graph.variable("w", (64, 64))
    x = graph.input("x", (32, 64))
    loss, (g,) = graph.value_and_gradients(graph.mean(graph.square(graph.tanh(x @ w))), [w])
    copy = graph.variable("copy", (64, 64))
    program = Program({"loss": loss},
                      {count: count + 1, w: w - g * 1e-6, copy: copy - g * 1e-6})
    executable = native.compile(program, threads)
    start = np.random.default_rng(0).normal(size=(64, 64)).astype("float32")
    fixed = {"x": np.random.default_rng(1).normal(size=(32, 64))}
    def states():
        return State({count: 0, w: start, copy: start})
    def feeds(steps):
        return Feeds(fixed=fixed, steps=steps)
    executable.run(states(), feeds(10))
    state, many = states(), feeds(3_000_000)
    print("ready", flush=True)
    try:
        executable.run(state, many)
        print("not interrupted")
    except KeyboardInterrupt:
        raised = time.perf_counter()
        steps = int(state[count])
        again = states()
        executable.run(again, feeds(steps))
        same = all(np.array_equal(state[v], again[v]) for v in (count, w, copy))
        print("interrupted", 0 < steps < 3_000_000, same, raised, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_is_answered_within_a_second(threads):
    """The state is that after a whole number of steps."""
    command = [sys.executable, "-c", textwrap.dedent(COUNTING), str(threads)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.4)
            process.send_signal(signal.SIGINT)
            sent = time.perf_counter()
            shown = process.communicate(timeout=20)[0]
            # Beside other workers of the tests the processors are busy.
            limit = 5 if "PYTEST_XDIST_WORKER" in os.environ else 1
            assert float(shown.split()[-1]) - sent < limit
        finally:
            process.kill()
    assert shown.split()[:3] == ["interrupted", "True", "True"]
