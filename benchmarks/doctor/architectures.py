"""The architectures, in two halves, and the networks they become."""

from dataclasses import dataclass

import numpy as np

import layerwise as lw

WIDTHS = {
    "tuning": [
        (16,), (32,), (64,), (128,), (256,), (32, 32), (64, 32), (64, 64), (128, 128),
        (32, 32, 32), (64, 64, 64), (48, 48, 48, 48),
    ],
    "scoring": [
        (24,), (48,), (96,), (200,), (24, 24), (48, 48), (100, 50), (160, 80), (200, 200),
        (40, 40, 40), (100, 100, 50), (80, 60, 40, 20),
    ],
}  # fmt: skip
ACTIVATIONS = {
    "tuning": ["relu", "relu", "tanh", "leaky_relu", "silu", "sigmoid"],
    "scoring": ["relu", "relu", "tanh", "gelu", "elu", "sigmoid"],
}
DEEP = {"tuning": (6, 8, 10), "scoring": (7, 9, 12)}
"""Hidden layers of networks that are deep on purpose."""

DEEP_WIDTHS = {"tuning": (16, 32), "scoring": (24, 40)}

MODULES = {
    "relu": lw.nn.ReLU,
    "leaky_relu": lw.nn.LeakyReLU,
    "elu": lw.nn.ELU,
    "gelu": lw.nn.GELU,
    "silu": lw.nn.SiLU,
    "tanh": lw.nn.Tanh,
    "sigmoid": lw.nn.Sigmoid,
    "softmax": lw.nn.Softmax,
    "log_softmax": lw.nn.LogSoftmax,
}
NORMALISATIONS = {"batch": lw.nn.BatchNorm1d, "layer": lw.nn.LayerNorm}


@dataclass(frozen=True)
class Architecture:
    """A network of linear layers.

    Attributes
    ----------
    widths
        Units of the hidden layers.
    activation
        Key of `MODULES`, or "" for none.
    normalisation
        "", ``batch`` or ``layer``, before each activation.
    dropout
        After each activation; 0 for none.
    ending
        What follows the last linear layer, keys of `MODULES`.
    """

    widths: tuple[int, ...]
    activation: str
    normalisation: str = ""
    dropout: float = 0.0
    ending: tuple[str, ...] = ()

    def __str__(self) -> str:
        parts = ["x".join(map(str, self.widths)), self.activation or "linear"]
        parts += [self.normalisation] * bool(self.normalisation)
        parts += [f"dropout{self.dropout:g}"] * bool(self.dropout)
        return "-".join([*parts, *self.ending])

    def build(self, columns: int, outputs: int, seed: int) -> lw.nn.Sequential:
        """The network, with initial weights that follow from the seed."""
        layers: list[lw.nn.Module] = []
        with lw.nn.seed(seed):
            for width in self.widths:
                layers.append(lw.nn.Linear(columns, width))
                if self.normalisation:
                    layers.append(NORMALISATIONS[self.normalisation](width))
                if self.activation:
                    layers.append(MODULES[self.activation]())
                if self.dropout:
                    layers.append(lw.nn.Dropout(self.dropout))
                columns = width
            layers.append(lw.nn.Linear(columns, outputs))
            layers += [MODULES[name]() for name in self.ending]
            return lw.nn.Sequential(*layers)


def linear_layers(net: lw.nn.Module) -> list[lw.nn.Linear]:
    return [module for _, module in net.named_modules() if isinstance(module, lw.nn.Linear)]


def draw(half: str, random: np.random.Generator) -> Architecture:
    """An architecture that a practitioner would try."""
    widths = WIDTHS[half][random.integers(len(WIDTHS[half]))]
    activation = str(random.choice(ACTIVATIONS[half]))
    # Several layers of sigmoids are a fault by themselves.
    if activation == "sigmoid":
        widths = widths[:1]
    normalisation = str(random.choice(["", "batch", "layer"], p=[0.7, 0.15, 0.15]))
    strong_enough = min(widths) >= 48
    dropout = float(random.choice([0.1, 0.2, 0.3, 0.4])) if random.random() < 0.3 else 0.0
    return Architecture(widths, activation, normalisation, dropout if strong_enough else 0.0)
