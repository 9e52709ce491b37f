"""Saved models for commands that are about models of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..model import Model, load
from .errors import Failure


def load_translator(path: Path) -> Any:
    """The `layerwise.translation.TranslationModel` of a file; raises `Failure` for others."""
    model = load(path)
    if isinstance(model, Model):
        raise Failure(f"{path} is no translator: use `layerwise predict` and `layerwise show`")
    return model.model_


def load_model(path: Path) -> Model:
    """The model of a file; raises `Failure` for a translator, which has commands of its own."""
    model = load(path)
    if not isinstance(model, Model):
        raise Failure(
            f"{path} is a translator: `layerwise translate` translates with it and shows where it "
            "looked, `layerwise show` and `layerwise report` say what is in it and how good it is"
        )
    return model
