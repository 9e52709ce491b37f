"""Draw a pair, train it, and say what came of it: one record of the suite."""

import time
from dataclasses import replace
from typing import Any, NamedTuple

from benchmarks.doctor import faults, reference
from benchmarks.doctor.datasets import split_of
from benchmarks.doctor.drawing import SPLITS, Needs, draw, generator_of
from benchmarks.doctor.experiment import Experiment, Trained, train
from benchmarks.doctor.measure import Paired, compare, losses


class Key(NamedTuple):
    """Which record: the so-and-so-many-th draw of a fault, or of ``healthy``, in a half."""

    fault: str
    half: str
    number: int


class Pair(NamedTuple):
    """Two experiments that differ in the fault."""

    healthy: Experiment
    faulty: Experiment
    strength: str


def pair_of(key: Key) -> Pair:
    """The pair; it follows from the key."""
    fault, strength = faults.variant(key.fault, key.number)
    random = generator_of(*key)
    base = draw(key.half, fault.needs, random)
    return Pair(*fault.apply(base, strength, random), strength)


def healthy_of(key: Key) -> tuple[Experiment, int]:
    """A healthy experiment, and the number of the division of its rows."""
    random = generator_of(*key)
    base = draw(key.half, Needs(), random)
    seed = int(random.integers(SPLITS))
    return replace(base, split=split_of(base.data, seed)), seed


def experiment_of(key: Key) -> Experiment:
    """The experiment whose case a record holds: the faulty one, or the healthy one."""
    return healthy_of(key)[0] if key.fault == faults.HEALTHY else pair_of(key).faulty


def make(key: Key, keep_pair: bool = False) -> dict[str, Any]:
    """The record of a key.

    Parameters
    ----------
    keep_pair
        Whether the healthy run's case is kept too.
    """
    began = time.perf_counter()
    record: dict[str, Any] = key._asdict()
    record |= healthy_record(key) if key.fault == faults.HEALTHY else pair_record(key, keep_pair)
    return record | {"seconds": round(time.perf_counter() - began, 3)}


def pair_record(key: Key, keep_pair: bool) -> dict[str, Any]:
    healthy, faulty, strength = pair_of(key)
    fault = faults.of(key.fault, strength)
    good, bad = train(healthy), train(faulty)
    fine = losses(good.predicted, healthy.split.validation_y)
    differences = compare(losses(bad.predicted, faulty.split.validation_y), fine)
    constant = reference.constant_losses(healthy.split)
    useful = not good.diverged and all(fine[n].mean() < constant[n].mean() for n in fine)
    harmful = bad.diverged or (
        any(d.is_worse for name, d in differences.items() if name in fault.harm)
        and not any(d.is_worse for name, d in differences.items() if name in fault.unharmed)
    )
    record = {
        "strength": strength,
        **description(faulty),
        "harmful": bool(harmful) and useful,
        "diverged": bad.diverged,
        "pair_is_useful": useful,
        "differences": {name: list(_short(d)) for name, d in differences.items()},
        "measures": [measures(good, healthy), measures(bad, faulty)],
        "case": case_of(bad),
    }
    return record | ({"pair_case": case_of(good)} if keep_pair else {})


def healthy_record(key: Key) -> dict[str, Any]:
    experiment, seed = healthy_of(key)
    trained = train(experiment)
    mine = losses(trained.predicted, experiment.split.validation_y)
    short = reference.shortfalls(mine, reference.reference_of(experiment.data, seed))
    return {
        **description(experiment),
        "healthy": not trained.diverged and max(short.values()) <= 0,
        "shortfalls": {name: float(f"{value:.4g}") for name, value in short.items()},
        "diverged": trained.diverged,
        "measures": [measures(trained, experiment)],
        "case": case_of(trained),
    }


def description(experiment: Experiment) -> dict[str, Any]:
    """What a person wants to know of an experiment."""
    return {
        "data": experiment.data,
        "rows": len(experiment.split.x),
        "architecture": str(experiment.architecture),
        "options": {
            name: value if isinstance(value, int | float | str | None) else repr(value)
            for name, value in experiment.options.items()
        },
        "seed": experiment.seed,
    }


def measures(trained: Trained, experiment: Experiment) -> dict[str, float]:
    found = losses(trained.predicted, experiment.split.validation_y)
    return {name: float(f"{values.mean():.4g}") for name, values in found.items()}


def case_of(trained: Trained) -> dict[str, Any]:
    """What the doctor reads of a run, as JSON."""
    from layerwise.doctor.examine import examine

    return examine(trained.run).to_json()


def _short(found: Paired) -> Paired:
    return Paired(*(float(f"{value:.4g}") for value in found))
