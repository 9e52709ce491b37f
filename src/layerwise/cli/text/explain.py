"""`layerwise explain` for models of texts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import backends
from ...errors import OptionError
from ...model import Model
from ..choices import choose
from ..loading import load_model
from ..plain_json import print_json
from ..screen import Screen
from .rows import texts_in


def run_explain_text(
    path: Path, text: str, class_name: str | None, as_json: bool, backend: str
) -> None:
    """`layerwise explain MODEL --text "..."`."""
    with backends.using(choose("--backend", backend, backends.NAMES)):
        model = load_model(path)
        if model.texts is None:
            other = "a FILE and a --row" if model.pictures is None else "a picture"
            raise OptionError(f"--text: {path} is no model of texts; name {other}")
        _explain(model, text, class_name, as_json, {"model": str(path)})


def explain_row(
    model: Model,
    path: Path,
    file: Path,
    row: int,
    class_name: str | None,
    as_json: bool,
    backend: str,
) -> None:
    """`layerwise explain MODEL FILE --row 17` for a model of texts; rows are counted from 1."""
    texts = texts_in(model, file)
    if row > len(texts):
        raise OptionError(
            f"--row: expected 1 to {len(texts):,}, as {file} has {len(texts):,} rows of data; got "
            f"{row:,}"
        )
    about = {"model": str(path), "file": str(file), "row": row}
    with backends.using(backend):
        _explain(model, texts[row - 1], class_name, as_json, about)


def _explain(
    model: Model, text: str, class_name: str | None, as_json: bool, about: Mapping[str, Any]
) -> None:
    from ...insight.explain_text import explain_text

    found = explain_text(model, text, class_name)
    if as_json:
        print_json({**about, **found.as_dict()})
        return
    with Screen() as screen:
        first, *others = found.text().splitlines()
        screen.line(first, "bold")
        for line in others:
            screen.line(line)
