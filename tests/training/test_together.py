"""Work on several threads: it ends together, whatever happens."""

import os
import queue
import signal
import threading
import time

import pytest

from layerwise.training.together import run_together


def counted():
    return [t for t in threading.enumerate() if t.is_alive()]


@pytest.mark.parametrize("threads", [1, 3])
def test_all_that_waits_is_done(threads):
    waiting, done = queue.SimpleQueue(), []
    for number in range(20):
        waiting.put(number)

    def work():
        while True:
            try:
                done.append(waiting.get_nowait())
            except queue.Empty:
                return

    run_together(work, threads, lambda: pytest.fail("nothing failed"))
    assert sorted(done) == list(range(20))


@pytest.mark.parametrize("threads", [1, 3])
def test_a_failure_stops_the_others_and_is_raised(threads):
    before, stopped, first = counted(), threading.Event(), threading.Lock()

    def work():
        if first.acquire(blocking=False):
            raise ValueError("broken")
        assert stopped.wait(20)

    with pytest.raises(ValueError, match="broken"):
        run_together(work, threads, stopped.set)
    assert stopped.is_set()
    assert counted() == before


@pytest.mark.skipif(os.name == "nt", reason="signals of another kind")
def test_an_interrupt_waits_for_all_threads():
    before, stopped, ended = counted(), threading.Event(), []
    begun = threading.Barrier(3)

    def work():
        if begun.wait(20) == 0:
            os.kill(os.getpid(), signal.SIGINT)
        assert stopped.wait(20)
        time.sleep(0.05)
        ended.append(1)

    with pytest.raises(KeyboardInterrupt):
        run_together(work, 3, stopped.set)
    assert ended == [1, 1, 1]
    assert counted() == before
