"""`layerwise explain`: its help and its options; the work is in `cli.explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import Failure, nothing_half_done
from .shared import Backend, Json, SavedModel


def explain(
    model: SavedModel,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="Raw values, as predict takes them; one of its rows is explained. Or a picture.",
            show_default=False,
        ),
    ] = None,
    row: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help="Which row of data; 1 is the first below the header.",
            show_default=False,
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Of models of texts: the text itself, in place of FILE and --row.",
            show_default=False,
        ),
    ] = None,
    class_name: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="NAME",
            help="The class to explain.",
            show_default="the predicted one",
        ),
    ] = None,
    background: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Rows to compare with, such as those of the training; 100 of them are drawn.",
            show_default="the file itself",
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="shapley, or, of models that take arrays of numbers, integrated_gradients; of"
            " pictures attention or gradient.",
            show_default="integrated_gradients or attention where possible",
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(
            help="Of shapley: more make the errors smaller.",
            show_default="400",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides what is drawn.")] = 0,
    json: Json = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A picture too: .png, .svg or .pdf.")
    ] = None,
    backend: Backend = "native",
) -> None:
    """Say what each column of one row, or each word of a text, added to its prediction.

    Of a picture, show where the network looked.
    """
    with nothing_half_done():
        if text is not None:
            if file is not None or row is not None:
                raise Failure("expected FILE and --row, or --text, got both", 2)
            if background is not None or method is not None or out is not None:
                raise Failure("--background, --method and --out are not for models of texts", 2)
            from ..text.explain import run_explain_text

            run_explain_text(model, text, class_name, json, backend)
            return
        if file is None:
            raise Failure(
                "expected FILE and --row, or --text for a model of texts; a picture needs no row", 2
            )
        if row is None:
            from ..explain_picture import run_explain_picture

            given = {"class": class_name, "background": background, "samples": samples}
            run_explain_picture(model, file, given, method, seed, json, out, backend)
            return
        from ..explain import run_explain

        run_explain(
            model, file, row, class_name=class_name, background=background, method=method,
            samples=samples, seed=seed, as_json=json, out=out, backend=backend,
        )  # fmt: skip
