"""Modules: layers, activations, losses and initialisation."""

from . import initialisation, losses
from .activations import (
    ACTIVATIONS,
    ELU,
    GELU,
    SELU,
    Function,
    Identity,
    LeakyReLU,
    LogSoftmax,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    activation,
)
from .batch_norm import BatchNorm1d
from .dropout import Dropout
from .embedding import Embedding
from .flatten import Flatten
from .initialisation import INITIALISERS, initialiser, seed
from .layer_norm import LayerNorm
from .linear import Linear
from .losses import LOSSES, Loss
from .module import Module
from .parameter import Buffer, Parameter
from .sequential import Sequential
from .trace import Trace, current_trace

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "INITIALISERS",
    "LOSSES",
    "SELU",
    "BatchNorm1d",
    "Buffer",
    "Dropout",
    "Embedding",
    "Flatten",
    "Function",
    "Identity",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Loss",
    "Mish",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "Trace",
    "activation",
    "current_trace",
    "initialisation",
    "initialiser",
    "losses",
    "seed",
]
