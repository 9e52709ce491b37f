"""Seconds of fit and of predict, the models taking turns in one run."""

import statistics
import time

from benchmarks.tabular.peers import CATBOOST, MLP
from benchmarks.tabular.report import ratio_summary
from benchmarks.tabular.worker import Worker

SEED = 0
# Long enough for the threads of the previous model to stop spinning and fall asleep.
PAUSE_SECONDS = 0.2


def time_models(options) -> None:
    """Time the models on each set and print seconds and ratios.

    Each model has a process of its own, idle between its turns. Its first fit there, where code is
    still loaded or compiled, is shown apart and not among the others.
    """
    workers = {name: Worker(name, options.threads, options.log) for name in options.models}
    medians: dict[str, dict[str, dict[str, float]]] = {name: {} for name in workers}
    print(f"{'':14} {'':15} {'first fit':>10} {'fit':>10} {'predict':>10}   seconds; medians of")
    print(f"{'':14} {'':15} {'':>10} {'':>10} {'':>10}   {options.repeats} fits after the first")
    try:
        for set_name in options.sets:
            for name, turns in take_turns(workers, set_name, options).items():
                failed = next((turn["error"] for turn in turns if "error" in turn), None)
                if failed:
                    print(f"{set_name:14} {name:15} failed: {failed.splitlines()[0]}", flush=True)
                    continue
                later = turns[1:]
                medians[name][set_name] = {
                    part: statistics.median(turn[part] for turn in later)
                    for part in ("fit_seconds", "predict_seconds")
                }
                fit, predict = medians[name][set_name].values()
                first = turns[0]["fit_seconds"]
                print(
                    f"{set_name:14} {name:15} {first:10.3f} {fit:10.3f} {predict:10.4f}", flush=True
                )
    finally:
        for worker in workers.values():
            worker.close()
    for peer in (CATBOOST, MLP):
        for name in workers:
            if peer in workers and name != peer:
                print(ratio_summary(name, medians[name], peer, medians[peer]))


def take_turns(workers: dict[str, Worker], set_name: str, options) -> dict[str, list[dict]]:
    """Let every model fit once more than asked, each turn beginning with another one."""
    turns: dict[str, list[dict]] = {name: [] for name in workers}
    names = list(workers)
    for repeat in range(options.repeats + 1):
        first = repeat % len(names)
        for name in names[first:] + names[:first]:
            if any("error" in turn for turn in turns[name]):
                continue
            time.sleep(PAUSE_SECONDS)
            turns[name].append(workers[name].measure(set_name, SEED, options.limit))
    return turns
