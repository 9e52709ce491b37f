"""Draw an experiment that a practitioner would call sensible: what faults are put into."""

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.doctor import architectures
from benchmarks.doctor.architectures import Architecture
from benchmarks.doctor.datasets import DATASETS, names_of, split_of
from benchmarks.doctor.experiment import Experiment
from benchmarks.doctor.targets import ClassNumbers, Numbers
from layerwise import optim

SPLITS = 12
"""Different divisions of the rows of one data set."""


@dataclass(frozen=True)
class Needs:
    """What a fault needs to be one; empty tuples allow everything.

    Attributes
    ----------
    kinds
        Of data sets: ``classes``, ``binary``, ``numbers``.
    without
        Data sets that the fault cannot be put into, or does not harm.
    curved
        Only data sets that no linear model comes near.
    activations
        One of these, in place of what is drawn.
    widths
        Hidden layers, in place of what is drawn, for each half.
    least_depth
        Hidden layers, at least.
    plain
        Without normalisation and dropout.
    optimizers
        ``adam``, ``adamw`` or ``sgd``.
    batches
        Batch sizes.
    constant_rate
        No schedule.
    no_early_stopping
        The training runs to its last epoch.
    normalisations
        Those allowed: "" for none, ``batch``, ``layer``.
    rate_factor
        Of the rate that is drawn, for networks or batches that need another one.
    """

    kinds: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    curved: bool = False
    activations: tuple[str, ...] = ()
    widths: dict[str, tuple[tuple[int, ...], ...]] | None = None
    least_depth: int = 1
    plain: bool = False
    optimizers: tuple[str, ...] = ()
    batches: tuple[int, ...] = ()
    constant_rate: bool = False
    no_early_stopping: bool = False
    normalisations: tuple[str, ...] = ("", "batch", "layer")
    rate_factor: float = 1.0


def generator_of(*names: Any) -> np.random.Generator:
    """The generator of a draw; it follows from the names."""
    return np.random.default_rng([zlib.crc32(str(name).encode()) for name in names])


def draw(half: str, needs: Needs, random: np.random.Generator) -> Experiment:
    """A sensible experiment of a half that a fault can be put into."""
    data = _choice(random, [name for name in names_of(half) if _fits(name, needs)])
    split = split_of(data, int(random.integers(SPLITS)))
    architecture = _architecture(half, needs, random)
    target = Numbers() if not split.classes else ClassNumbers(
        single=split.classes == 2 and random.random() < 0.5
    )  # fmt: skip
    options = _options(needs, len(split.x), random)
    return Experiment(data, split, architecture, target, options, int(random.integers(10**6)))


def _choice(random: np.random.Generator, options: Any) -> Any:
    return options[random.integers(len(options))]


def _fits(name: str, needs: Needs) -> bool:
    data_set = DATASETS[name]
    allowed = not needs.kinds or data_set.kind in needs.kinds
    return allowed and name not in needs.without and (data_set.curved or not needs.curved)


def _architecture(half: str, needs: Needs, random: np.random.Generator) -> Architecture:
    while True:
        drawn = architectures.draw(half, random)
        widths = _choice(random, needs.widths[half]) if needs.widths else drawn.widths
        activation = _choice(random, needs.activations) if needs.activations else drawn.activation
        if len(widths) < needs.least_depth:
            continue
        if activation == "sigmoid" and len(widths) > 1 and not needs.activations:
            continue
        if needs.plain:
            return Architecture(widths, activation)
        if drawn.normalisation not in needs.normalisations:
            continue
        dropout = drawn.dropout if min(widths) >= 48 else 0.0
        return Architecture(widths, activation, drawn.normalisation, dropout)


def _options(needs: Needs, rows: int, random: np.random.Generator) -> dict[str, Any]:
    names = needs.optimizers or ("adam", "adam", "adamw", "sgd")
    name = _choice(random, names)
    if name == "sgd":
        rate = 10 ** random.uniform(-2, -1.3)
        optimizer: Any = optim.SGD(momentum=0.9)
    else:
        rate = 10 ** random.uniform(-3, -2.3)
        optimizer = name
    schedule = "constant"
    if not needs.constant_rate:
        schedule = str(random.choice(["constant", "cosine", "one_cycle"], p=[0.6, 0.2, 0.2]))
    if schedule == "one_cycle":
        rate *= 2
    rate *= needs.rate_factor
    batch = int(_choice(random, needs.batches or (16, 32, 64, 128)))
    # Steps so small a set cannot give in a sensible number of epochs would be noise.
    batch = max(8, min(batch, rows // 6)) if not needs.batches else batch
    steps = random.uniform(1200, 3000)
    epochs = int(np.clip(round(steps / (rows / batch)), 15, 150))
    options: dict[str, Any] = {
        "optimizer": optimizer,
        "learning_rate": float(f"{rate:.3g}"),
        "schedule": schedule,
        "epochs": epochs,
        "batch_size": batch,
    }
    if schedule == "constant" and not needs.no_early_stopping and random.random() < 0.5:
        options["early_stopping"] = int(random.choice([10, 20]))
    return options
