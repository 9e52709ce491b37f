"""Faults of the first weights, and what deep stacks make of them."""

from dataclasses import replace
from functools import partial

import numpy as np

import layerwise as lw
from benchmarks.doctor.architectures import linear_layers
from benchmarks.doctor.drawing import Needs
from benchmarks.doctor.experiment import Experiment
from benchmarks.doctor.faults.fault import Fault
from benchmarks.doctor.faults.of_networks import DEEP_STACKS

RELU_LIKE = ("relu", "relu", "leaky_relu", "elu", "gelu", "silu")


def _scaled(factor: float, last: bool, net: lw.nn.Module, random: np.random.Generator) -> None:
    layers = linear_layers(net)
    for layer in layers if last else layers[:-1]:
        layer.weight.value = layer.weight.value * np.float32(factor)


def _equal(value: float, net: lw.nn.Module, random: np.random.Generator) -> None:
    """All weights of a layer alike, and all biases 0: its units stay alike for ever."""
    for layer in linear_layers(net):
        layer.weight.value = np.full_like(layer.weight.value, value)
        layer.bias.value = np.zeros_like(layer.bias.value)


def _shifted(low: float, high: float, part: float, net: lw.nn.Module, random) -> None:
    """Biases of a part of each hidden layer's units, so many sizes of their weights away from 0."""
    for layer in linear_layers(net)[:-1]:
        size = np.linalg.norm(layer.weight.value, axis=1)
        moved = random.random(len(size)) < part
        sign = 1.0 if low < 0 else random.choice([-1.0, 1.0], len(size))
        shift = random.uniform(low, high, len(size)) * sign * size * moved
        layer.bias.value = (layer.bias.value + shift).astype(np.float32)


def initialisation(experiment: Experiment, strength: str, random: np.random.Generator):
    damage = {
        "x10": partial(_scaled, 10.0, True),
        "x30": partial(_scaled, 30.0, True),
        "x0.01": partial(_scaled, 0.01, True),
        "x0.001": partial(_scaled, 0.001, True),
        "zero": partial(_equal, 0.0),
        "equal": partial(_equal, float(random.uniform(0.02, 0.1))),
    }[strength]
    return experiment, replace(experiment, damage=damage)


def vanishing(experiment: Experiment, strength: str, random: np.random.Generator):
    """A deep stack of sigmoids, or of tanh with small weights; its pair has ReLU there."""
    healthy = experiment.shaped(activation="relu")
    if strength == "sigmoid":
        return healthy, experiment.shaped(activation="sigmoid")
    faulty = experiment.shaped(activation="tanh")
    return healthy, replace(faulty, damage=partial(_scaled, float(strength.split()[1]), False))


def exploding(experiment: Experiment, strength: str, random: np.random.Generator):
    return experiment, replace(experiment, damage=partial(_scaled, float(strength), False))


def dead(experiment: Experiment, strength: str, random: np.random.Generator):
    part, low = strength.split()
    damage = partial(_shifted, -float(low) - 2, -float(low), float(part))
    return experiment, replace(experiment, damage=damage)


def saturated(experiment: Experiment, strength: str, random: np.random.Generator):
    kind, size = strength.split()
    if kind == "weights":
        return experiment, replace(experiment, damage=partial(_scaled, float(size), False))
    damage = partial(_shifted, float(size), float(size) + 3, 0.95)
    return experiment, replace(experiment, damage=damage)


FAULTS = (
    Fault(
        "bad_initialisation", initialisation, ("x10", "zero", "equal", "x30"),
        Needs(activations=RELU_LIKE, plain=True),
    ),
    Fault(
        "bad_initialisation", initialisation, ("x0.01", "x0.001"),
        Needs(activations=RELU_LIKE, plain=True, least_depth=3),
    ),
    Fault(
        "vanishing_gradient", vanishing, ("sigmoid", "tanh 0.1", "tanh 0.3"),
        Needs(widths=DEEP_STACKS, plain=True, optimizers=("sgd",), no_early_stopping=True,
              rate_factor=0.5),
        also={"tanh 0.1": ("bad_initialisation",), "tanh 0.3": ("bad_initialisation",)},
    ),
    Fault(
        "exploding_gradient", exploding, ("1.5", "2", "3"),
        Needs(widths=DEEP_STACKS, activations=("relu", "leaky_relu"), plain=True,
              optimizers=("sgd",), rate_factor=0.3),
        also=dict.fromkeys(("1.5", "2", "3"), ("bad_initialisation",)),
    ),
    Fault(
        "dead_relu", dead, ("1 3", "0.95 5", "1 6", "0.98 4"),
        Needs(activations=("relu",), plain=True),
    ),
    Fault(
        "saturated_activation", saturated, ("weights 10", "biases 8", "weights 30", "biases 15"),
        Needs(activations=("tanh", "sigmoid", "tanh"), plain=True),
        also=dict.fromkeys(("weights 10", "weights 30"), ("bad_initialisation",)),
    ),
)  # fmt: skip
