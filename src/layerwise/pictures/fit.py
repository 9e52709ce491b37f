"""`fit`: a network trained to tell pictures apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .. import nn, optim
from ..data.pictures import Augmentation, PictureKind
from ..model import Model
from ..training import Progress, Run, train
from ..training.augmented import train_augmented
from ..training.history import Epoch
from .networks import network
from .recipe import PictureRecipe


@dataclass
class FittedPictures:
    """A trained network, and what its pictures are like.

    Attributes
    ----------
    net : from standardised pictures (n, channels, height, width) to a number for each class.
    kind : of the pictures.
    mean, deviation : float32 (channels, 1, 1), of the training pictures' pixels.
    run : the training.
    augmentation : what was changed in every epoch.
    """

    net: nn.Module
    kind: PictureKind
    mean: np.ndarray
    deviation: np.ndarray
    run: Run
    augmentation: Augmentation

    def model(self, classes: Any = None, summary: dict[str, Any] | None = None) -> Model:
        """The whole as a `layerwise.Model` that takes pictures as they come."""
        about = self.run.summary() | {"augmentation": _as_dict(self.augmentation)}
        return Model(
            self.net,
            classes=classes,
            # No function of this method's own, which could not be pickled.
            preprocess=partial(_standardise, mean=self.mean, deviation=self.deviation),
            pictures=self.kind,
            output="softmax",
            target="classes",
            summary=about | (summary or {}),
        )


def fit(
    pictures: np.ndarray,
    codes: np.ndarray,
    kind: PictureKind,
    classes: int,
    recipe: PictureRecipe = PictureRecipe(),  # noqa: B008 - it is frozen
    *,
    weight: np.ndarray | None = None,
    validation: tuple[Any, ...] | None = None,
    seed: int = 0,
    threads: int | None = None,
    backend: str | None = None,
    on_epoch: Callable[[Epoch], Any] | None = None,
    progress: Callable[[Progress], Any] | None = None,
) -> FittedPictures:
    """Train a network on pictures.

    Parameters
    ----------
    pictures : float32 (n, channels, height, width), of one kind.
    codes : int32 (n,) numbers of classes.
    kind : of the pictures.
    classes : how many there are.
    recipe : how.
    weight : (n,) at least 0, or None.
    validation : (pictures, codes) or with weights, to choose the best epoch by; None keeps the
        last.
    seed : of first weights, order, dropout and augmentation.
    threads, backend, on_epoch, progress : as for `layerwise.train`.

    Raises
    ------
    OptionError, DataError, TrainingDiverged : as `layerwise.train` does.
    """
    mean, deviation = _scale_of(pictures)
    standard = _standardise(pictures, mean, deviation)
    with nn.seed(seed):
        net = network(recipe.architecture, kind, classes, recipe.dropout)
    if validation is not None:
        validation = (_standardise(validation[0], mean, deviation), *validation[1:])
    augmentation = recipe.augmentation_for(kind)
    options: dict[str, Any] = {
        "validation": validation,
        "loss": "cross_entropy",
        "sample_weight": weight,
        "label_smoothing": recipe.label_smoothing,
        "clip_norm": recipe.clip_norm,
        "optimizer": _optimizer(recipe),
        "schedule": recipe.schedule,
        "epochs": recipe.epochs_for(len(codes)),
        "batch_size": recipe.batch_size_for(len(codes)),
        "early_stopping": recipe.patience if validation is not None else None,
        "seed": seed,
        "shuffle": recipe.shuffle,
        "threads": threads,
        "backend": backend,
        "on_epoch": on_epoch,
        "progress": progress,
        "probes": recipe.probes,
    }
    if augmentation:
        # Beyond the picture lies what is darkest: the background of scans and of cut-outs.
        dark = float(standard.min())

        def change(rows: np.ndarray, epoch: int, out: np.ndarray) -> None:
            augmentation.apply(rows, seed, epoch, dark, out)

        run = train_augmented(net, (standard, codes), change, **options)
    else:
        run = train(net, (standard, codes), **options)
    return FittedPictures(net, kind, mean, deviation, run, augmentation)


def _standardise(pictures: Any, mean: np.ndarray, deviation: np.ndarray) -> Any:
    """Pictures of mean 0 and deviation 1, as an array or in a graph."""
    return (pictures - mean) / deviation


def _scale_of(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each channel, float32 (channels, 1, 1)."""
    mean = pictures.mean((0, 2, 3), dtype=np.float64)
    deviation = np.empty_like(mean)
    for channel, centre in enumerate(mean):
        # One channel at a time: a float64 copy of all pictures would not always fit.
        total = sum(
            float(np.square(part - centre, dtype=np.float64).sum())
            for part in np.array_split(pictures[:, channel], max(1, len(pictures) // 4096))
        )
        deviation[channel] = np.sqrt(total / pictures[:, channel].size)
    # A channel that is the same everywhere says nothing, at any scale.
    deviation = np.where(deviation > 0, deviation, 1.0)
    shape = (-1, 1, 1)
    return mean.reshape(shape).astype(np.float32), deviation.reshape(shape).astype(np.float32)


def _optimizer(recipe: PictureRecipe) -> Any:
    pace = recipe.pace
    rate = pace.learning_rate if recipe.learning_rate is None else recipe.learning_rate
    if recipe.optimizer == "adamw":
        decay = pace.weight_decay if recipe.weight_decay is None else recipe.weight_decay
        return optim.AdamW(learning_rate=rate, weight_decay=decay)
    return optim.optimizer(recipe.optimizer, rate)


def _as_dict(augmentation: Augmentation) -> dict[str, Any]:
    return {
        "shift": int(augmentation.shift),
        "flip": bool(augmentation.flip),
        "rotation": float(augmentation.rotation),
        "erase": float(augmentation.erase),
    }
