"""Runs to look at: trainings that have not begun, or few and short ones."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import layerwise as lw
from layerwise.training.prepare import prepare
from layerwise.training.run import Run

nn = lw.nn

OPTIONS: dict[str, Any] = {
    "optimizer": "adam", "learning_rate": None, "schedule": "constant", "epochs": 1,
    "batch_size": 32, "seed": 0, "early_stopping": None, "restore_best": True, "shuffle": True,
    "threads": None, "checkpoint": None, "resume": False, "on_epoch": None, "progress": None,
    "chunk_seconds": 0.2, "backend": "reference",
}  # fmt: skip


def not_begun(net: nn.Module, data: Any, **options: Any) -> Run:
    """The run of a training before its first step; nothing is compiled for it."""
    return prepare(net, data, **OPTIONS | options).record


def layers(*sizes: int, activation: str | None = "relu", **options: Any) -> nn.Sequential:
    """Linear layers of these sizes with an activation between any two."""
    made: list[nn.Module] = []
    with nn.seed(1):
        for inputs, outputs in itertools.pairwise(sizes):
            if made and activation:
                made.append(nn.activation(activation))
            made.append(nn.Linear(inputs, outputs, **options))
    return nn.Sequential(*made)


def blobs(rows: int = 240, columns: int = 4, classes: int = 3, seed: int = 0) -> Any:
    """Rows around one point for each class, float32, and their classes."""
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, rows)
    middles = 2 * np.random.default_rng(99).standard_normal((classes, columns))
    x = middles[y] + random.standard_normal((rows, columns))
    return x.astype(np.float32), y
