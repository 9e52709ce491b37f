"""`--lr find`: the learning-rate range test on the training rows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from ..nn.module import Module
from ..training import RangeTest, find_learning_rate
from .recipe import Options, Recipe
from .screen import Screen, can_show


def find_rate(
    options: Options, recipe: Recipe, net: Module, inputs: np.ndarray, labels: np.ndarray
) -> RangeTest:
    """Find the rate for the rows given; what `train` is asked for is asked for here too."""
    return find_learning_rate(
        net,
        (inputs, labels),
        loss="cross_entropy",
        label_smoothing=options.label_smoothing,
        optimizer=recipe.optimizer,
        batch_size=options.batch_size,
        seed=options.seed,
        threads=options.threads,
        backend=recipe.backend,
    )


def with_rate(recipe: Recipe, rate: float) -> Recipe:
    """The same recipe with another learning rate."""
    optimizer = dataclasses.replace(recipe.optimizer, learning_rate=rate)
    return dataclasses.replace(recipe, optimizer=optimizer)


def show_rate(screen: Screen, test: RangeTest, picture: Path) -> None:
    """Say what was found and why, with the curve where the screen has the characters for it."""
    screen.field("rate", f"{test.suggestion:g}. {test.reason}")
    if can_show(test.text()):
        screen.line()
        for line in test.text(min(screen.width, 100) - 3).splitlines():
            screen.line(f"  {line}")
        screen.line()
    screen.field("picture", f"{picture}")
