"""`layerwise explain MODEL PICTURE`: where a network of pictures looked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .. import backends
from ..errors import OptionError
from ..insight.drawing.files import check_suffix
from ..insight.looked import METHODS, Looked, where_it_looked
from .choices import choose
from .errors import Failure
from .files import check_writable
from .loading import load_model
from .plain_json import print_json
from .screen import Screen, can_show
from .translate import PLAIN_SHADES, SHADES

WIDEST = 24
"""Cells of a drawn map in a line, each two characters wide; larger maps are for --out."""


def run_explain_picture(
    model_path: Path,
    file: Path,
    given: Mapping[str, Any],
    method: str | None,
    seed: int,
    as_json: bool,
    out: Path | None,
    backend: str,
) -> None:
    """Do the command.

    Parameters
    ----------
    given : options that are for rows only, by name; None where nothing was said.
    """
    backend = choose("--backend", backend, backends.NAMES)
    model = load_model(model_path)
    if model.pictures is None:
        raise Failure(f"Missing option '--row', which row of {file} is to be explained", 2)
    for name, value in given.items():
        if value is not None:
            raise OptionError(f"--{name} is not for models of pictures; leave it out")
    if method is not None:
        method = choose("--method", method, METHODS)
    if file.is_dir():
        raise OptionError(f"{file} is a folder: name one picture in it")
    if out is not None:
        out = check_suffix(out)
        check_writable(out)
    with backends.using(backend):
        probabilities = np.asarray(model.predict_probabilities([file]))[0]
        looked = where_it_looked(model, [file], method, seed)
    best = int(probabilities.argmax())
    answer = str((model.classes or range(len(probabilities)))[best])
    if out is not None:
        from ..insight import draw_looked

        draw_looked(looked, [answer], path=out)
    if as_json:
        facts = {
            "model": str(model_path),
            "file": str(file),
            "predicted": answer,
            "probability": float(probabilities[best]),
            "method": looked.method,
            "patch": list(looked.patch),
            "map": np.round(looked.patches[0].astype(float), 5).tolist(),
            "picture": None if out is None else str(out),
        }
        print_json(facts)
        return
    with Screen() as screen:
        screen.line(f"{answer}: {probabilities[best]:.1%}", "bold")
        _show(screen, looked)
        if out is not None:
            screen.line(f"picture: {out}")


def _show(screen: Screen, looked: Looked) -> None:
    """The map in shades, a cell for each patch; the darkest was looked at most."""
    down, across = looked.patches.shape[1:]
    high, wide = looked.patch
    screen.say(
        f"where it looked ({looked.method}), in squares of {high} x {wide} pixels; the strongest "
        "was looked at most:"
    )
    if across > min(WIDEST, screen.width // 2 - 2):
        screen.say(f"({down} x {across} squares are too many to show here; name --out MAP.png)")
        return
    shades = SHADES if can_show(SHADES) else PLAIN_SHADES
    grid = looked.patches[0]
    levels = np.minimum(grid / max(float(grid.max()), 1e-12) * len(shades), len(shades) - 1)
    for row in levels.astype(int):
        screen.line("  " + "".join(shades[level] * 2 for level in row).rstrip())


__all__ = ["run_explain_picture"]
