"""Faults of the network: its end, its activations, its size, its dropout."""

from dataclasses import replace

import numpy as np

from benchmarks.doctor.architectures import DEEP, DEEP_WIDTHS
from benchmarks.doctor.drawing import Needs
from benchmarks.doctor.experiment import Experiment
from benchmarks.doctor.faults.fault import Fault
from benchmarks.doctor.targets import ClassNumbers, OneHot


def ending(experiment: Experiment, strength: str, random: np.random.Generator):
    """Something after the last linear layer that the loss does not expect."""
    if strength in ("relu", "tanh", "sigmoid"):
        loss = "mse" if not experiment.split.classes else "cross_entropy"
        if experiment.split.classes:
            experiment = replace(experiment, target=ClassNumbers())
        return experiment, experiment.shaped(ending=(strength,)).using(loss=loss)
    if strength == "double_sigmoid":
        experiment = replace(experiment, target=ClassNumbers(single=True))
        return experiment, experiment.shaped(ending=("sigmoid",)).using(loss="bce_with_logits")
    experiment = replace(experiment, target=ClassNumbers())
    if strength == "double_softmax":
        return experiment, experiment.shaped(ending=("softmax", "softmax"))
    if strength == "softmax_nll":
        return experiment, experiment.shaped(ending=("softmax",)).using(loss="nll")
    if strength == "logits_nll":
        return experiment, experiment.using(loss="nll")
    faulty = replace(experiment, target=OneHot()).shaped(ending=("softmax",))
    return experiment, faulty.using(loss="mse")


def no_nonlinearity(experiment: Experiment, strength: str, random: np.random.Generator):
    return experiment, experiment.shaped(activation="")


def underfitting(experiment: Experiment, strength: str, random: np.random.Generator):
    """One to three hidden units, in the first layer or in all."""
    where, count = strength.split()
    # Of so few units dropout would leave none.
    experiment = experiment.shaped(dropout=0.0)
    widths = experiment.architecture.widths
    few = (int(count),) * len(widths) if where == "all" else (int(count), *widths[1:])
    return experiment, experiment.shaped(widths=few)


def strong_dropout(experiment: Experiment, strength: str, random: np.random.Generator):
    return experiment, experiment.shaped(dropout=float(strength))


def deep_widths(half: str) -> tuple[tuple[int, ...], ...]:
    return tuple((w,) * d for d in DEEP[half] for w in DEEP_WIDTHS[half])


DEEP_STACKS = {half: deep_widths(half) for half in DEEP}

FAULTS = (
    Fault("wrong_output", ending, ("relu", "tanh", "sigmoid"), Needs(kinds=("numbers",))),
    Fault(
        "wrong_output", ending,
        ("sigmoid", "double_softmax", "softmax_nll", "relu", "logits_nll", "tanh"),
        Needs(kinds=("classes",)),
    ),
    Fault("wrong_output", ending, ("double_sigmoid",), Needs(kinds=("binary",))),
    # Layer normalisation is a nonlinearity of its own.
    Fault(
        "no_nonlinearity", no_nonlinearity, ("all",),
        Needs(curved=True, normalisations=("", "batch")),
    ),
    Fault(
        "underfitting", underfitting, ("first 1", "all 1", "all 2", "first 2", "all 3"),
        Needs(without=("breast_cancer", "titanic", "pima", "credit", "churn", "linear",
                       "sparse_linear", "diabetes", "sacramento", "computers")),
    ),
    Fault("dropout_too_strong", strong_dropout, ("0.8", "0.9", "0.95"), Needs()),
)  # fmt: skip
