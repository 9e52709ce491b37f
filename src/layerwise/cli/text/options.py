"""The options of `layerwise train reviews.csv --target label --text body`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import OptionError
from ..asked import check_asked
from ..choices import layer_sizes
from ..classified import Asked, asked_of

PLAIN = ("epochs", "batch_size", "optimizer", "schedule", "dropout", "label_smoothing",
         "early_stopping", "class_weight")  # fmt: skip
"""Options that go to `TextClassifier` under their own names."""

KNOWN = {
    *PLAIN, "text", "target", "vectors", "train_vectors", "hidden", "lr", "test_size", "seed",
    "threads", "backend", "doctor", "probes", "out", "report", "quiet", "json",
}  # fmt: skip


@dataclass(frozen=True)
class Options(Asked):
    """What was asked for, checked.

    Attributes
    ----------
    data : a table.
    text, target : its columns.
    """

    data: str
    text: str
    target: str


def options_of(data: str, given: Mapping[str, Any]) -> Options:
    """Check every option.

    Parameters
    ----------
    data : a table; - is standard input.
    given : the options that were said, by key.

    Raises
    ------
    OptionError : an option that is not for texts, or a value that cannot be used.
    Failure : the model could not be written.
    """
    check_asked(given, KNOWN, "texts")
    target = given.get("target")
    if target is None:
        raise OptionError("--text needs --target, the column with the classes")
    name = "texts" if data == "-" else Path(data).name.split(".")[0]
    asked = asked_of(given, PLAIN, name, test_size=0.25)
    asked["classifier"] |= {
        "vectors": _vectors(given),
        "train_vectors": bool(given.get("train_vectors")),
    }
    if given.get("hidden") is not None:
        asked["classifier"]["hidden_layer_sizes"] = layer_sizes("--hidden", given["hidden"])
    return Options(data=data, text=str(given["text"]), target=str(target), **asked)


def _vectors(given: Mapping[str, Any]) -> str | None:
    """The file of word vectors, which is there."""
    path = given.get("vectors")
    if path is None:
        if given.get("train_vectors"):
            raise OptionError("--train-vectors needs --vectors, the file to begin from")
        return None
    if not Path(path).is_file():
        raise OptionError(f"--vectors: there is no file {path}")
    return str(path)


__all__ = ["KNOWN", "Options", "options_of"]
