"""`layerwise predict`: its help and its options; the work is in `cli.predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import nothing_half_done
from .shared import Backend, SavedModel


def predict(
    model: SavedModel,
    file: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Raw values, one row for each prediction. For a model of a table any format that"
            " train reads (- is standard input), with the columns of the training in any order; for"
            " one of pictures, pictures or a folder; for another one CSV in the order of its"
            " columns, where a header is skipped.",
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="CSV", help="Where to write; - is standard output.")
    ] = Path("-"),
    backend: Backend = "native",
) -> None:
    """Predict for each row of a file: the class and the probability of every class, or a number."""
    with nothing_half_done():
        from ..predict import run_predict

        run_predict(model, file, out, backend)
