"""What a remedy means for a `Classifier` or `Regressor`, whose networks are not written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .finding import Remedy

SAME = (
    "batch_size", "class_weight", "clip_norm", "dropout", "early_stopping", "epochs",
    "label_smoothing", "learning_rate", "optimizer", "schedule",
)  # fmt: skip
"""Changes of `layerwise.doctor.trial` that are parameters of estimators by the same name."""

RENAMED = {"replace_activations": "activation", "insert_activations": "activation"}


def parameters_for(changes: Mapping[str, Any], hidden: tuple[int, ...] = ()) -> dict[str, Any]:
    """The parameters of an estimator that make a remedy's changes; {} where none does.

    Parameters
    ----------
    changes : of a remedy.
    hidden : sizes of the hidden layers as they were.
    """
    found: dict[str, Any] = {}
    for name, value in changes.items():
        if name in SAME:
            found[name] = value
        elif name in RENAMED:
            found[RENAMED[name]] = value
        elif name == "width":
            found["hidden_layer_sizes"] = tuple(max(int(value), n) for n in hidden or (value,))
        elif name == "scale_inputs":
            found["normalise"] = "robust"
        elif name == "scale_target":
            found["normalise_target"] = True
    return found


def for_tables(remedy: Remedy | None, hidden: tuple[int, ...] = ()) -> Remedy | None:
    """A remedy with the Python of estimators, and without what only a network's author can do."""
    if remedy is None:
        return None
    if not remedy.changes or "without_columns" in remedy.changes:
        return replace(remedy, python="")
    stronger = for_tables(remedy.stronger, hidden)
    parameters = parameters_for(remedy.changes, hidden)
    shown = ", ".join(f"{name}={_short(value)!r}" for name, value in parameters.items())
    return replace(remedy, flag=remedy.flag if parameters else "", python=shown, stronger=stronger)


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


__all__ = ["for_tables", "parameters_for"]
