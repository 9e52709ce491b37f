"""The options of `layerwise.train`, checked before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import optim
from ..errors import DataError, OptionError
from ..nn.losses import Loss, find
from .progress import Progress

ClassWeight = str | Sequence[float] | Mapping[int, float] | None


@dataclass(frozen=True)
class Settings:
    """Checked options; see `layerwise.train` for what they mean."""

    loss: Loss
    optimizer: optim.Optimizer
    schedule: optim.Schedule
    epochs: int
    batch_size: int
    seed: int
    class_weight: ClassWeight
    label_smoothing: float
    clip_norm: float | None
    early_stopping: int | None
    restore_best: bool
    shuffle: bool
    probes: bool
    threads: int | None
    checkpoint: Path | None
    resume: bool
    on_epoch: Callable[..., Any] | None
    progress: Callable[[Progress], Any] | None
    chunk_seconds: float

    def config(self) -> dict[str, Any]:
        """The options that decide the result, as JSON can hold them."""
        weight: Any = self.class_weight
        if isinstance(weight, Mapping):
            weight = {str(k): float(v) for k, v in weight.items()}
        elif weight is not None and not isinstance(weight, str):
            weight = [float(v) for v in weight]
        return {
            "loss": self.loss.name,
            "optimizer": repr(self.optimizer),
            "learning_rate": float(self.optimizer.learning_rate),
            "schedule": repr(self.schedule),
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "seed": self.seed,
            "class_weight": weight,
            "label_smoothing": float(self.label_smoothing),
            "clip_norm": None if self.clip_norm is None else float(self.clip_norm),
            "early_stopping": self.early_stopping,
            "restore_best": bool(self.restore_best),
            "shuffle": bool(self.shuffle),
        }


def settings(
    *,
    loss: Any,
    optimizer: Any,
    learning_rate: float | None,
    schedule: Any,
    checkpoint: Any,
    early_stopping: int | bool | None,
    **others: Any,
) -> Settings:
    """Check options; raises `OptionError`, or `TypeError` for a value of a wrong type."""
    for name in ("epochs", "batch_size"):
        others[name] = whole(name, others[name], 1)
    others["seed"] = whole("seed", others["seed"], 0)
    if others["threads"] is not None:
        others["threads"] = whole("threads", others["threads"], 1)
    if isinstance(early_stopping, bool):
        raise OptionError(
            "early_stopping: expected the number of epochs to wait for a better one, such as 10"
        )
    if early_stopping is not None:
        early_stopping = whole("early_stopping", early_stopping, 1)
    smoothing = others["label_smoothing"]
    if not 0 <= smoothing < 1:
        raise OptionError(f"label_smoothing: expected from 0 to below 1, got {smoothing!r}")
    clip = others["clip_norm"]
    if clip is not None and not 0 < clip < np.inf:
        raise OptionError(f"clip_norm: expected above 0 and finite, or None, got {clip!r}")
    if not others["chunk_seconds"] > 0:
        raise OptionError(f"chunk_seconds: expected above 0, got {others['chunk_seconds']!r}")
    if others["resume"] and checkpoint is None:
        raise OptionError("resume=True needs checkpoint=, the file to go on from")
    return Settings(
        loss=find(loss),
        optimizer=optim.optimizer(optimizer, learning_rate),
        schedule=optim.schedule(schedule),
        checkpoint=writable(checkpoint) if checkpoint is not None else None,
        early_stopping=early_stopping,
        **others,
    )


def whole(name: str, value: Any, least: int) -> int:
    """A whole number of at least `least`, else `OptionError`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise OptionError(f"{name}: expected a whole number of at least {least}, got {value!r}")
    return int(value)


def writable(path: Any) -> Path:
    """The path of a file that can be written; found out now rather than after the training.

    Raises `OptionError`.
    """
    path = Path(path).expanduser()
    folder = path.parent
    if path.is_dir():
        raise OptionError(f"expected the path of a file to write, but '{path}' is a folder")
    if not folder.is_dir():
        raise OptionError(f"cannot write '{path}': there is no folder '{folder}'; create it first")
    if not os.access(folder, os.W_OK):
        raise OptionError(f"cannot write '{path}': the folder '{folder}' is not writable")
    return path


def weights_of_classes(
    given: ClassWeight, loss: Loss, target: np.ndarray, classes: int
) -> np.ndarray | None:
    """Weight of each class, float64 of shape (classes,); None when all are equal by default.

    ``balanced`` is scikit-learn's rule, rows / (classes * rows of the class); King & Zeng 2001.
    """
    if given is None:
        return None
    if loss.target == "numbers":
        raise OptionError(
            f"class_weight: '{loss.name}' has no classes; use cross_entropy, nll, bce or "
            "bce_with_logits, or give sample_weight"
        )
    if isinstance(given, str):
        if given != "balanced":
            raise OptionError(f"class_weight: expected 'balanced' or weights, got {given!r}")
        counts = _counts(loss, target, classes)
        if not counts.all():
            empty = [int(c) for c in np.flatnonzero(counts == 0)]
            raise DataError(f"class_weight='balanced': no row has class {empty}; give weights")
        return counts.sum() / (classes * counts)
    if isinstance(given, Mapping):
        wrong = [k for k in given if not (isinstance(k, int | np.integer) and 0 <= k < classes)]
        if wrong:
            raise OptionError(
                f"class_weight: expected class numbers 0 to {classes - 1} as keys, got {wrong[0]!r}"
            )
        weights = np.array([float(given.get(c, 1.0)) for c in range(classes)])
    else:
        weights = np.asarray(given, np.float64)
    if weights.shape != (classes,):
        raise OptionError(
            f"class_weight: expected {classes} weights, one for each class, got {weights.shape}"
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise OptionError(f"class_weight: expected finite weights of at least 0, got {given!r}")
    return weights


def _counts(loss: Loss, target: np.ndarray, classes: int) -> np.ndarray:
    if loss.target == "binary":
        ones = float(target.sum(dtype=np.float64))
        return np.array([target.size - ones, ones])
    if target.dtype.kind == "f":
        return target.reshape(-1, classes).sum(0, dtype=np.float64)
    return np.bincount(target.reshape(-1), minlength=classes).astype(np.float64)
