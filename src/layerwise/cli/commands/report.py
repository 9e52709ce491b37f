"""`layerwise report`: its help and its options; the work is in `cli.report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import nothing_half_done
from .shared import Backend, SavedModel


def report(
    model: SavedModel,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What it was trained on, for its held-out rows: a table, texts, pictures or pairs."
            " A translator is measured on other pairs too.",
            show_default="where it was at the training",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where to write the page, an .html file.",
            show_default="beside the model",
        ),
    ] = None,
    backend: Backend = "native",
) -> None:
    """Write a page about a saved model: how good it is, what it looks at, how it was trained."""
    with nothing_half_done():
        from ..report import run_report

        run_report(model, data, out, backend)
