"""From the parameters of an `ImageClassifier` to a `PictureRecipe`, each checked first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data.pictures import Augmentation, size_of
from ..errors import OptionError, unknown
from ..pictures import ARCHITECTURES, PictureRecipe
from .options import below_one, number_or_auto, whole, whole_or_auto

MODES = ("auto", "grey", "colour")

PATIENCE = 5
"""Epochs without a better one that end a training, where `early_stopping` is True."""


def recipe_of(given: Any) -> PictureRecipe:
    """The recipe that an estimator's parameters ask for.

    Parameters
    ----------
    given : the estimator.

    Raises
    ------
    OptionError : a value that does not exist.
    """
    if not callable(given.architecture) and given.architecture not in ARCHITECTURES:
        raise unknown("architecture", given.architecture, ARCHITECTURES)
    if given.mode not in MODES:
        raise unknown("mode", given.mode, MODES)
    size_of(given.size)
    below_one("validation_fraction", given.validation_fraction)
    dropout = given.dropout
    automatic = isinstance(dropout, str) and dropout == "auto"
    return PictureRecipe(
        architecture=given.architecture,
        augmentation=_augmentation(given.augmentation),
        epochs=whole_or_auto("epochs", given.epochs, 1, None),
        batch_size=whole_or_auto("batch_size", given.batch_size, 1, None),
        learning_rate=number_or_auto("learning_rate", given.learning_rate, above=True),
        weight_decay=number_or_auto("weight_decay", given.weight_decay),
        dropout=None if automatic else below_one("dropout", dropout),
        optimizer=given.optimizer,
        schedule=given.schedule,
        label_smoothing=number_or_auto("label_smoothing", given.label_smoothing) or 0.0,
        clip_norm=None if given.clip_norm is None else number_or_auto("clip_norm", given.clip_norm),
        patience=_patience(given.early_stopping),
        probes=bool(given.probes),
    )


def _augmentation(given: Any) -> Augmentation | None:
    """None is what the architecture gets usually, as in a `PictureRecipe`."""
    if isinstance(given, str) and given == "auto":
        return None
    if given is None:
        return Augmentation()
    if not isinstance(given, Augmentation):
        raise OptionError(
            f"augmentation: expected 'auto', None or a layerwise.data.Augmentation, got {given!r}"
        )
    return given


def _patience(given: Any) -> int | None:
    if given is None or isinstance(given, bool | np.bool_):
        return PATIENCE if given else None
    return whole("early_stopping", given, 1)


__all__ = ["recipe_of"]
