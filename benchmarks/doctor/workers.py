"""Processes that work beside each other, on one thread each."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

_limits: list = []


def one_thread() -> None:
    """Keep the libraries of this process on one thread: several processes share the machine."""
    # Only libraries that are loaded can be limited.
    import sklearn.ensemble  # noqa: F401
    from threadpoolctl import threadpool_limits

    _limits.append(threadpool_limits(1))


def pool(jobs: int) -> ProcessPoolExecutor:
    """So many processes; fresh ones, as forking one that holds machine code is not safe."""
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=one_thread)
