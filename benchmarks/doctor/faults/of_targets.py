"""Faults of the target: its scale, missing classes, labels without meaning; and the wrong loss."""

from dataclasses import replace

import numpy as np

from benchmarks.doctor.drawing import Needs
from benchmarks.doctor.experiment import Experiment
from benchmarks.doctor.faults.fault import Fault
from benchmarks.doctor.targets import CodeNumbers, Numbers, NumbersAsClasses, OneHot


def unscaled(experiment: Experiment, strength: str, random: np.random.Generator):
    scale, offset = {
        "prices": (random.uniform(100, 500), random.uniform(1000, 3000)),
        "far": (random.uniform(0.5, 5), random.uniform(500, 3000)),
        "large": (random.uniform(3e3, 3e4), random.uniform(1e4, 1e5)),
    }[strength]
    return experiment, replace(experiment, target=Numbers(scale, offset))


def imbalance(experiment: Experiment, strength: str, random: np.random.Generator):
    """One class (of two), or half of the classes, lose most of their training rows."""
    split, ratio = experiment.split, float(strength)
    rare = random.permutation(split.classes)[: max(1, split.classes // 2)]
    counts = np.bincount(split.y, minlength=split.classes)
    most = np.delete(counts, rare).max()
    kept = []
    for label in range(split.classes):
        rows = random.permutation(np.flatnonzero(split.y == label))
        kept.append(rows[: max(3, round(most / ratio))] if label in rare else rows)
    chosen = np.sort(np.concatenate(kept))
    return experiment, replace(experiment, split=split.only(chosen))


def shuffled(experiment: Experiment, strength: str, random: np.random.Generator):
    """Targets of other rows; of validation rows too, or the best epoch would find some signal."""
    split = experiment.split
    y, validation_y = (random.permutation(target) for target in (split.y, split.validation_y))
    return experiment, replace(experiment, split=replace(split, y=y, validation_y=validation_y))


def loss_for_numbers(experiment: Experiment, strength: str, random: np.random.Generator):
    """Classes as quantities."""
    loss, _, target = strength.partition(" ")
    coded = OneHot() if target == "one-hot" else CodeNumbers()
    return experiment, replace(experiment, target=coded).using(loss=loss)


def loss_for_classes(experiment: Experiment, strength: str, random: np.random.Generator):
    """Numbers as classes."""
    faulty = replace(experiment, target=NumbersAsClasses(int(strength.split()[-1])))
    return experiment, faulty.using(loss="cross_entropy")


def wrong_loss(experiment: Experiment, strength: str, random: np.random.Generator):
    apply = loss_for_classes if strength.startswith("classes") else loss_for_numbers
    return apply(experiment, strength, random)


FAULTS = (
    Fault(
        "unscaled_target", unscaled, ("prices", "far", "large"),
        Needs(kinds=("numbers",)),
    ),
    Fault(
        "class_imbalance", imbalance, ("20", "50", "100"),
        Needs(kinds=("classes", "binary"),
              without=("iris", "wine", "vowel", "digits", "churn", "credit", "satellite")),
    ),
    Fault(
        "no_signal", shuffled, ("both",), remediable=False,
    ),
    Fault(
        "wrong_loss", wrong_loss,
        ("mse one-hot", "mse codes", "mae one-hot", "mae codes"),
        Needs(kinds=("classes",)),
    ),
    Fault("wrong_loss", wrong_loss, ("mse codes", "mae codes"), Needs(kinds=("binary",))),
    Fault(
        "wrong_loss", wrong_loss, ("classes 60", "classes 150"),
        Needs(kinds=("numbers",)),
    ),
)  # fmt: skip
