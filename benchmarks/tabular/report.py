"""Tables of what is in a results file."""

import statistics

import numpy as np

from benchmarks.tabular import results
from benchmarks.tabular.datasets import DATASETS
from benchmarks.tabular.peers import CATBOOST, CONSTANT, LINEAR, MLP, MODELS
from benchmarks.tabular.score import (
    BOARDS,
    Comparison,
    bootstrap_interval,
    compare,
    geometric_mean,
    unit,
)

TITLES = {1: "accuracy or R2", 2: "log loss or RMSE"}
QUIET = "Times are honest only if nothing else ran meanwhile; `time` takes turns between models."


class Measurements:
    """What was measured, by set, model and seed.

    Parameters
    ----------
    found
        What `benchmarks.tabular.results.read` gives.
    sets
        The sets to look at.
    """

    def __init__(self, found: dict[results.Key, dict], sets: list[str]):
        self.sets = [name for name in sets if any(key.set_name == name for key in found)]
        self.models = [name for name in MODELS if any(key.model == name for key in found)]
        self.found = {key: value for key, value in found.items() if key.set_name in self.sets}

    def scores(self, set_name: str, model: str, board: int) -> dict[int, float]:
        """Seed to score, of the fits that did not fail."""
        measure = BOARDS[board][DATASETS[set_name].task]
        return {
            key.seed: value["scores"][measure]
            for key, value in self.found.items()
            if (key.set_name, key.model) == (set_name, model) and "scores" in value
        }

    def compare(self, set_name: str, first: str, second: str, board: int) -> Comparison | None:
        """The first model against the second one."""
        return compare(
            self.scores(set_name, first, board),
            self.scores(set_name, second, board),
            BOARDS[board][DATASETS[set_name].task],
        )

    def failures(self) -> dict[results.Key, str]:
        """The errors of the fits that failed."""
        return {key: value["error"] for key, value in self.found.items() if "error" in value}

    def seconds(self, model: str) -> dict[str, dict[str, float]]:
        """For each set the median seconds of fit and of predict."""
        found = {}
        for set_name in self.sets:
            values = [
                value
                for key, value in self.found.items()
                if (key.set_name, key.model) == (set_name, model) and "scores" in value
            ]
            if values:
                found[set_name] = {
                    part: statistics.median(value[part] for value in values)
                    for part in ("fit_seconds", "predict_seconds")
                }
        return found


def report(options) -> None:
    """Print everything; `options` are those of the command line."""
    measurements = Measurements(results.read(options.results), options.sets)
    failures = measurements.failures()
    for board in BOARDS:
        print_means(measurements, board, failures)
    print_failures(failures)
    ours = options.model
    if ours in measurements.models:
        for board in BOARDS:
            if ours != CATBOOST:
                print_against(measurements, ours, CATBOOST, board)
            print_all_peers(measurements, ours, board)
            if ours != LINEAR:
                print_linear_flags(measurements, ours, board)
        print_times(measurements, ours)


def print_means(measurements: Measurements, board: int, failures) -> None:
    print(f"\nBoard {board}: {TITLES[board]}, mean over seeds")
    widths = {model: max(10, len(model) + 2) for model in measurements.models}
    print(f"{'':14}" + "".join(f"{name:>{width}}" for name, width in widths.items()))
    for set_name in measurements.sets:
        scores = {
            model: measurements.scores(set_name, model, board) for model in measurements.models
        }
        most = max(len(by_seed) for by_seed in scores.values())
        cells = []
        for model, by_seed in scores.items():
            failed = any((key.set_name, key.model) == (set_name, model) for key in failures)
            if by_seed:
                mark = "!" if failed else "~" if len(by_seed) < most else " "
                text = f"{np.mean(list(by_seed.values())):#.4g}{mark}"
            else:
                text = "failed " if failed else "- "
            cells.append(f"{text:>{widths[model]}}")
        print(f"{set_name:14}" + "".join(cells))
    print("~ fewer seeds than the others; ! some seeds failed; - not measured")


def print_failures(failures: dict[results.Key, str]) -> None:
    if failures:
        print("\nFailed")
    for key, error in failures.items():
        first_line = (error.splitlines() or [""])[0]
        print(f"  {key.model}, {key.set_name}, seed {key.seed}: {first_line[:160]}")


def units(measurements: Measurements, board: int) -> dict[str, float | None]:
    """For each set what CatBoost gains on the constant predictor."""
    return {
        set_name: unit(measurements.compare(set_name, CATBOOST, CONSTANT, board))
        for set_name in measurements.sets
    }


def print_against(measurements: Measurements, ours: str, peer: str, board: int) -> None:
    print(f"\n{ours} against {peer}, board {board} ({TITLES[board]}); positive: {ours} is better")
    print(f"{'':14} {'seeds':>5} {'difference':>11} {'std. error':>10} {'normalised':>11}")
    one = units(measurements, board)
    left_out = False
    verdicts = []
    for set_name in measurements.sets:
        comparison = measurements.compare(set_name, ours, peer, board)
        if comparison is None:
            print(f"{set_name:14} no seed has both")
            continue
        verdicts.append(comparison.verdict)
        size = one[set_name]
        left_out |= size is None
        normalised = f"{comparison.mean / size:+11.4f}" if size else f"{'left out':>11}"
        print(
            f"{set_name:14} {len(comparison.gains):5} {comparison.mean:+11.5g} "
            f"{comparison.standard_error:10.3g} {normalised}  {comparison.verdict}"
        )
    print(", ".join(f"{name}: {verdicts.count(name)}" for name in ("win", "tie", "loss")))
    if left_out:
        print(f"left out: {CATBOOST} gains nothing certain on the constant predictor there")


def print_all_peers(measurements: Measurements, ours: str, board: int) -> None:
    print(f"\nmean normalised difference of {ours} over sets, board {board}, 95% interval")
    one = units(measurements, board)
    for peer in measurements.models:
        if peer in (ours, CONSTANT):
            continue
        gains, verdicts = [], []
        for set_name in measurements.sets:
            comparison = measurements.compare(set_name, ours, peer, board)
            if comparison is not None:
                verdicts.append(comparison.verdict)
            if comparison is not None and one[set_name]:
                gains.append(comparison.gains / one[set_name])
        if gains:
            low, high = bootstrap_interval(gains)
            mean = np.mean([by_seed.mean() for by_seed in gains])
            counts = "/".join(str(verdicts.count(name)) for name in ("win", "tie", "loss"))
            print(
                f"  {peer:15} {mean:+8.4f}  [{low:+8.4f}, {high:+8.4f}]  {len(gains)} sets; "
                f"win/tie/loss on {len(verdicts)}: {counts}"
            )


def print_linear_flags(measurements: Measurements, ours: str, board: int) -> None:
    flagged = []
    for set_name in measurements.sets:
        comparison = measurements.compare(set_name, ours, LINEAR, board)
        if comparison is not None and comparison.mean < -comparison.spread:
            flagged.append(f"{set_name} ({comparison.mean:+.4g}, spread {comparison.spread:.2g})")
    print(
        f"worse than {LINEAR} by more than the spread over seeds: {', '.join(flagged) or 'never'}"
    )


def print_times(measurements: Measurements, ours: str) -> None:
    print(f"\nSeconds of fit and predict. {QUIET}")
    seconds = measurements.seconds(ours)
    for peer in (CATBOOST, MLP):
        if peer in measurements.models and peer != ours:
            print(ratio_summary(ours, seconds, peer, measurements.seconds(peer)))


def ratio_summary(
    ours: str,
    seconds: dict[str, dict[str, float]],
    peer: str,
    seconds_of_peer: dict[str, dict[str, float]],
) -> str:
    """Say how the times of two models compare over the sets that both have."""
    if not seconds.keys() & seconds_of_peer.keys():
        return f"no set has times of both {ours} and {peer}"
    lines = [f"{ours} takes so many times as long as {peer}:"]
    for part in ("fit_seconds", "predict_seconds"):
        ratios = {
            set_name: seconds[set_name][part] / seconds_of_peer[set_name][part]
            for set_name in seconds
            if set_name in seconds_of_peer
        }
        worst = max(ratios, key=ratios.get)
        lines.append(
            f"  {part.removesuffix('_seconds'):8} geometric mean "
            f"{geometric_mean(list(ratios.values())):.3f} over {len(ratios)} sets, "
            f"maximum {ratios[worst]:.3f} ({worst})"
        )
    return "\n".join(lines)
