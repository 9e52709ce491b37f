"""Measure every model on every set and seed, and continue where an earlier run stopped."""

from benchmarks.tabular import results
from benchmarks.tabular.datasets import index
from benchmarks.tabular.worker import Worker

LARGE_ROWS = 10_000


def seeds_of(set_name: str, seeds: list[int], seeds_of_large: int) -> list[int]:
    """Leave out seeds of sets above 10,000 rows, which take long and whose scores vary little."""
    return seeds[:seeds_of_large] if index()[set_name]["rows"] > LARGE_ROWS else seeds


def run(options) -> None:
    """Measure what is not in the results file yet; `options` are those of the command line."""
    done = results.read(options.results)
    keys = [
        results.Key(set_name, seed, model)
        for model in options.models
        for set_name in options.sets
        for seed in seeds_of(set_name, options.seeds, options.seeds_of_large)
    ]
    wanted = [key for key in keys if key not in done or key.model in options.again]
    print(f"{len(wanted)} fits, {len(keys) - len(wanted)} are in {options.results} already")
    worker = None
    for count, key in enumerate(wanted, start=1):
        if worker is None or worker.model != key.model:
            if worker is not None:
                worker.close()
            worker = Worker(key.model, options.threads, options.log)
        measurement = worker.measure(key.set_name, key.seed, options.limit)
        results.append(options.results, key, {**measurement, "threads": options.threads})
        print(f"{count:5} {progress(key, measurement)}", flush=True)
    if worker is not None:
        worker.close()


def progress(key: results.Key, measurement: dict) -> str:
    """One line about one measurement."""
    what = f"{key.model:15} {key.set_name:14} seed {key.seed}"
    if "error" in measurement:
        return f"{what}  FAILED: {measurement['error'].splitlines()[0][:100]}"
    scores = "  ".join(f"{name} {value:<9.5g}" for name, value in measurement["scores"].items())
    return f"{what}  {scores}  {measurement['fit_seconds']:.2f} s"
