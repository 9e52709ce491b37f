"""A process that measures one fit after another, and may hang or crash without harm."""

import multiprocessing
import os
import traceback
from pathlib import Path

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)


class Worker:
    """One model's process.

    Parameters
    ----------
    model
        A key of `benchmarks.tabular.peers.MODELS`.
    threads
        How many threads the model may use.
    log
        The file that whatever the libraries print is appended to.
    """

    def __init__(self, model: str, threads: int, log: Path):
        self.model = model
        self.threads = threads
        self.log = log
        self.process = None
        self.connection = None

    def measure(self, set_name: str, seed: int, limit: float) -> dict:
        """Measure one fit; gives ``{"error": ...}`` where it fails or takes over `limit` seconds.

        The process ends with a hang or a crash, and the next measurement starts another.
        """
        if self.process is None:
            self._start()
        self.connection.send((set_name, seed))
        if not self.connection.poll(limit):
            self.process.kill()
            self._forget()
            return {"error": f"TimeoutError: not done after {limit:g} seconds"}
        try:
            return self.connection.recv()
        except EOFError:
            self.process.join()
            code = self.process.exitcode
            self._forget()
            return {"error": f"ChildProcessError: the process ended with exit code {code}"}

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.connection.send(None)
            self._forget()

    def _start(self) -> None:
        # Libraries read these when they are loaded, so the process must be born with them.
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(self.threads)))
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(theirs, self.model, self.threads, self.log), daemon=True
        )
        self.process.start()
        theirs.close()

    def _forget(self) -> None:
        self.process.join()
        self.connection.close()
        self.process = self.connection = None


def _serve(connection, model: str, threads: int, log: Path) -> None:
    with log.open("a") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    while (request := connection.recv()) is not None:
        set_name, seed = request
        try:
            from benchmarks.tabular.measure import measure

            answer = measure(set_name, seed, model, threads)
        except Exception as error:
            print(f"{model}, {set_name}, seed {seed}", flush=True)
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        connection.send(answer)
