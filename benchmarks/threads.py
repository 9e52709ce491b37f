"""Two threads against one, on an idle machine and on a busy one.

``python -m benchmarks.threads [A B ...] [--repeats 15] [--seconds 2]`` trains each case of
`benchmarks.step_time` on one thread and on all, in turn, first on an otherwise idle machine and
then while another process keeps a core busy, and prints the ratio of the medians.
"""

import argparse
import statistics
import subprocess
import sys
import time

import layerwise as lw
from benchmarks.step_time.cases import CASES, LEARNING_RATE
from benchmarks.step_time.ours import build_network

BUSY = "while True: pass"


def seconds_per_step(case, network, data, threads: int | None, seconds: float) -> float:
    """Train for about so many seconds; gives the mean time of a step."""
    began = time.perf_counter()
    spent = 0.0
    steps = 0
    while time.perf_counter() - began < seconds:
        run = lw.train(
            network,
            data,
            loss=case.loss,
            optimizer=lw.optim.Adam(LEARNING_RATE),
            epochs=4,
            batch_size=case.batch_size,
            threads=threads,
        )
        spent += sum(epoch.seconds for epoch in run.history[1:])
        steps += 3 * case.steps
    return spent / steps


def ratio(case, repeats: int, seconds: float) -> tuple[float, float, float]:
    """Medians on all threads and on one, and the first divided by the second."""
    data = case.data()
    network = build_network(case)
    times: dict[int | None, list[float]] = {None: [], 1: []}
    for _ in range(repeats):
        for threads, found in times.items():
            found.append(seconds_per_step(case, network, data, threads, seconds))
    many, one = (statistics.median(times[threads]) for threads in (None, 1))
    return many, one, many / one


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time all threads against one.")
    parser.add_argument("cases", nargs="*", metavar="CASE", default=list(CASES))
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    print("          idle machine                   another process busy")
    print("case  all threads  one thread  ratio  all threads  one thread  ratio")
    for letter in options.cases:
        cells = []
        for busy in (False, True):
            other = subprocess.Popen([sys.executable, "-c", BUSY]) if busy else None
            try:
                many, one, quotient = ratio(CASES[letter], options.repeats, options.seconds)
            finally:
                if other:
                    other.kill()
                    other.wait()
            cells.append(f"{many * 1e6:11.1f}  {one * 1e6:10.1f}  {quotient:5.2f}")
        print(f"{letter:4}  {'  '.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
