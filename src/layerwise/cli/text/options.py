"""The options of `layerwise train reviews.csv --target label --text body`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import backends
from ...errors import OptionError
from ..asked import check_asked, files_written
from ..choices import choose, layer_sizes

PLAIN = ("epochs", "batch_size", "optimizer", "schedule", "dropout", "label_smoothing",
         "early_stopping", "class_weight")  # fmt: skip
"""Options that go to `TextClassifier` under their own names."""

KNOWN = {
    *PLAIN, "text", "target", "vectors", "train_vectors", "hidden", "lr", "test_size", "seed",
    "threads", "backend", "doctor", "probes", "out", "report", "quiet", "json",
}  # fmt: skip


@dataclass(frozen=True)
class Options:
    """What was asked for, checked.

    Attributes
    ----------
    data : a table.
    text, target : its columns.
    classifier : parameters of `TextClassifier`.
    """

    data: str
    text: str
    target: str
    classifier: dict[str, Any]
    test_size: float
    seed: int
    doctor: bool
    out: Path
    report: Path | None
    quiet: bool
    json: bool


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
    out, report = files_written(given, "texts" if data == "-" else Path(data).name.split(".")[0])
    share = given.get("test_size")
    seed = int(given.get("seed") or 0)
    classifier = {key: given[key] for key in PLAIN if given.get(key) is not None} | {
        "random_state": seed,
        "n_jobs": given.get("threads"),
        "backend": choose("--backend", given.get("backend") or "native", backends.NAMES),
        "probes": given.get("probes") is not False,
        "vectors": _vectors(given),
        "train_vectors": bool(given.get("train_vectors")),
    }
    if given.get("lr") is not None:
        classifier["learning_rate"] = given["lr"]
    if given.get("hidden") is not None:
        classifier["hidden_layer_sizes"] = layer_sizes("--hidden", given["hidden"])
    return Options(
        data=data,
        text=str(given["text"]),
        target=str(target),
        classifier=classifier,
        test_size=0.25 if share is None else float(share),
        seed=seed,
        doctor=given.get("doctor") is not False,
        out=out,
        report=report,
        quiet=bool(given.get("quiet")),
        json=bool(given.get("json")),
    )


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
