"""Faults of the options: rate, epochs, batches, when to stop, and probabilities that mislead."""

from dataclasses import replace

import numpy as np

from benchmarks.doctor.drawing import Needs
from benchmarks.doctor.experiment import Experiment
from benchmarks.doctor.faults.fault import Fault

WIDE = {
    "tuning": ((128,), (128, 128), (256,), (256, 256)),
    "scoring": ((200,), (200, 200), (160,), (160, 160)),
}

SMALL = {"tuning": ((16,), (12, 12), (32,)), "scoring": ((20,), (14, 14), (24,))}


def rate(experiment: Experiment, strength: str, random: np.random.Generator):
    factor = float(strength)
    return experiment, experiment.using(learning_rate=experiment.options["learning_rate"] * factor)


def few_epochs(experiment: Experiment, strength: str, random: np.random.Generator):
    return experiment, experiment.using(epochs=int(strength), early_stopping=None)


def batch(experiment: Experiment, strength: str, random: np.random.Generator):
    size = len(experiment.split.x) if strength == "all" else int(strength)
    return experiment, experiment.using(batch_size=size)


def small_batch(experiment: Experiment, strength: str, random: np.random.Generator):
    """As many rows as before, so many more steps, and the rate that suits large batches."""
    healthy = experiment.using(epochs=min(experiment.options["epochs"], 40))
    return healthy, healthy.using(batch_size=int(strength))


def too_long(experiment: Experiment, strength: str, random: np.random.Generator):
    """Few rows and many epochs, and the last one's weights are kept; the pair keeps the best."""
    rows = random.permutation(len(experiment.split.x))[: int(strength.split()[0])]
    split = experiment.split
    if split.classes:
        # One row of each class, or there is nothing to tell apart.
        firsts = [int(np.flatnonzero(split.y == c)[0]) for c in range(split.classes)]
        rows = np.unique(np.concatenate([firsts, rows]))
    few = replace(experiment, split=split.only(rows)).using(
        batch_size=16, epochs=int(random.integers(150, 300)), optimizer="adam",
        learning_rate=float(random.choice([1e-3, 2e-3, 3e-3])),
    )  # fmt: skip
    return few.using(early_stopping=15), few.using(early_stopping=None, restore_best=False)


def miscalibrated(experiment: Experiment, strength: str, random: np.random.Generator):
    kind, value = strength.split()
    if kind == "long":
        return too_long(experiment, value, random)
    return experiment, experiment.using(label_smoothing=float(value))


def plateau(experiment: Experiment, strength: str, random: np.random.Generator):
    """A rate that is too high for the end; the pair lowers it.

    Both keep the last weights: the best epoch of a loss that bounces is a good one by chance. Small
    networks and few epochs, so that this does no harm by itself.
    """
    options = experiment.options
    high = options["learning_rate"] * float(strength)
    epochs = min(options["epochs"], int(random.integers(20, 40)))
    base = experiment.using(learning_rate=high, epochs=epochs, restore_best=False)
    return base.using(schedule="cosine"), base.using(schedule="constant")


FAULTS = (
    Fault("learning_rate_too_high", rate, ("30", "100", "10")),
    Fault("learning_rate_too_low", rate, ("0.03", "0.01", "0.001"),
          Needs(no_early_stopping=True)),
    Fault("too_few_epochs", few_epochs, ("1", "2", "3"), Needs(batches=(32, 64, 128))),
    Fault("batch_too_large", batch, ("all",), Needs(batches=(16, 32), no_early_stopping=True)),
    Fault(
        "batch_too_small", small_batch, ("1", "2"),
        Needs(batches=(64, 128), constant_rate=True, normalisations=("", "layer"),
              rate_factor=2.0),
    ),
    Fault(
        "overfitting", too_long, ("40", "80", "150"),
        Needs(kinds=("numbers",), widths=WIDE, activations=("relu", "tanh", "gelu"), plain=True,
              constant_rate=True),
    ),
    Fault(
        "overfitting", too_long, ("40 rows", "80 rows", "150 rows"),
        Needs(kinds=("classes", "binary"), widths=WIDE, activations=("relu", "tanh", "gelu"),
              plain=True, constant_rate=True),
        # Where only the probabilities became worse, they mislead: the same by another name.
        also={f"{n} rows": ("miscalibrated",) for n in (40, 80, 150)},
    ),
    Fault(
        "miscalibrated", miscalibrated, ("long 100", "long 200"),
        Needs(kinds=("classes", "binary"), widths=WIDE, activations=("relu", "tanh", "gelu"),
              plain=True, constant_rate=True),
        harm=("log_loss",), unharmed=("error",),
        also=dict.fromkeys(("long 100", "long 200"), ("overfitting",)),
    ),
    Fault(
        "miscalibrated", miscalibrated, ("smoothed 0.3", "smoothed 0.5"),
        Needs(kinds=("classes",)), harm=("log_loss",), unharmed=("error",),
    ),
    Fault(
        "plateau", plateau, ("3", "6"),
        Needs(batches=(8, 16), widths=SMALL, plain=True, constant_rate=True,
              no_early_stopping=True, optimizers=("sgd", "adam")),
        also=dict.fromkeys(("3", "6"), ("learning_rate_too_high",)),
    ),
)  # fmt: skip
