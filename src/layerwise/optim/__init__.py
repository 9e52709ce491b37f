"""Optimisers, gradient clipping and learning-rate schedules."""

from .adam import Adam, AdamW
from .clipping import clip_by_norm, global_norm
from .gradient import Gradient, RowGradient, WholeGradient, gradients_of
from .optimizer import Optimizer, Step
from .registry import OPTIMIZERS, optimizer
from .schedules import (
    SCHEDULES,
    Constant,
    CosineDecay,
    Duration,
    ExponentialDecay,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
    schedule,
)
from .sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "AdamW",
    "Constant",
    "CosineDecay",
    "Duration",
    "ExponentialDecay",
    "Gradient",
    "OneCycle",
    "Optimizer",
    "ReduceOnPlateau",
    "RowGradient",
    "Schedule",
    "Step",
    "StepDecay",
    "WholeGradient",
    "clip_by_norm",
    "global_norm",
    "gradients_of",
    "optimizer",
    "schedule",
]
