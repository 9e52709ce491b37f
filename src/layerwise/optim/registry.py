"""Optimisers by name."""

from __future__ import annotations

import dataclasses

from .. import errors
from .adam import Adam, AdamW
from .optimizer import Optimizer
from .sgd import SGD

OPTIMIZERS: dict[str, type[Optimizer]] = {kind.name: kind for kind in (SGD, Adam, AdamW)}


def optimizer(given: str | Optimizer | None, learning_rate: float | None = None) -> Optimizer:
    """The optimiser of a name (Adam when None) or the given one, with a learning rate if given.

    Raises `OptionError` with the nearest valid name.
    """
    if given is None:
        given = "adam"
    if isinstance(given, str):
        kind = OPTIMIZERS.get(given.lower())
        if kind is None:
            raise errors.unknown("optimizer", given, OPTIMIZERS)
        given = kind()
    if not isinstance(given, Optimizer):
        raise TypeError(f"expected an optimiser or its name, got {given!r}")
    if learning_rate is None:
        return given
    return dataclasses.replace(given, learning_rate=learning_rate)
