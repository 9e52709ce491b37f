"""Faults of the columns: scales, leaks, constant and repeated columns."""

from dataclasses import replace

import numpy as np

from benchmarks.doctor.drawing import Needs
from benchmarks.doctor.experiment import Experiment
from benchmarks.doctor.faults.fault import Fault


def unscaled(experiment: Experiment, strength: str, random: np.random.Generator):
    split = experiment.split
    columns = split.x.shape[1]
    scale, shift = np.ones(columns), np.zeros(columns)
    if strength == "mild":
        scale = 10 ** random.uniform(-1, 2, columns)
    elif strength == "wide":
        scale = 10 ** random.uniform(-2, 4, columns)
        shift = scale * random.uniform(-3, 3, columns)
    elif strength == "shifted":
        shift = random.uniform(10, 100, columns)
    elif strength == "large":
        scale = np.full(columns, 10 ** random.uniform(2, 4))
    elif strength == "one":
        scale[random.integers(columns)] = 10 ** random.uniform(3, 5)

    def moved(x: np.ndarray) -> np.ndarray:
        return (x * scale + shift).astype(np.float32)

    split = replace(split, x=moved(split.x), validation_x=moved(split.validation_x))
    return experiment, replace(experiment, split=split)


def leaking(experiment: Experiment, strength: str, random: np.random.Generator):
    split = experiment.split

    def copy(y: np.ndarray) -> np.ndarray:
        values = y.astype(np.float64)
        if split.classes:
            values = (values - (split.classes - 1) / 2) / max((split.classes - 1) / 2, 1)
        spread = float(strength) * (1.0 if not split.classes else 1 / max(split.classes - 1, 1))
        return (values + random.normal(0, spread, len(y)))[:, None]

    leaked = split.with_columns(copy(split.y), copy(split.validation_y))
    return experiment, replace(experiment, split=leaked)


def constant(experiment: Experiment, strength: str, random: np.random.Generator):
    split = experiment.split
    count, value = int(random.integers(1, 4)), float(strength)
    added = [np.full((len(x), count), value) for x in (split.x, split.validation_x)]
    return experiment, replace(experiment, split=split.with_columns(*added))


def duplicated(experiment: Experiment, strength: str, random: np.random.Generator):
    split = experiment.split
    column = random.integers(split.x.shape[1], size=int(strength))
    added = [x[:, column] for x in (split.x, split.validation_x)]
    return experiment, replace(experiment, split=split.with_columns(*added))


FAULTS = (
    Fault(
        "unscaled_inputs", unscaled, ("wide", "mild", "shifted", "large", "one"),
        Needs(without=("sine",)),
    ),
    Fault("leaking_column", leaking, ("0.02", "0.05", "0.1"), counts_always=True),
    Fault("constant_column", constant, ("0", "1", "5"), is_note=True, counts_always=True),
    Fault("duplicated_column", duplicated, ("1", "2"), is_note=True, counts_always=True),
)  # fmt: skip
