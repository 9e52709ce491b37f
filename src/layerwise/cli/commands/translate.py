"""`layerwise translate`: its help and its options; the work is in `cli.translate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import nothing_half_done
from .shared import Backend, Json, SavedModel


def translate(
    model: SavedModel,
    text: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]...", show_default="lines on standard input", help="To translate."
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Translate each line of a file instead.")
    ] = None,
    beam: Annotated[
        int, typer.Option(help="Hypotheses that are followed; 1 is greedy, and quickest.")
    ] = 4,
    show_alignment: Annotated[
        bool,
        typer.Option("--show-alignment", help="Show at which words each written word looked."),
    ] = False,
    json: Json = False,
    backend: Backend = "native",
) -> None:
    """Translate texts with a model of `layerwise train PAIRS --task translate`."""
    with nothing_half_done():
        from ..translate import run_translate

        run_translate(model, text or [], file, beam, show_alignment, json, backend)
