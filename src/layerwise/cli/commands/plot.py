"""`layerwise plot`: its help and its options; the work is in `cli.plot`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import nothing_half_done


def plot(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="An activation, such as sigmoid, or all.")
    ],
    low: Annotated[float, typer.Option("--from", help="The left end of the x axis.")] = -6.0,
    high: Annotated[float, typer.Option("--to", help="The right end of the x axis.")] = 6.0,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where to draw: .png, .svg or .pdf.",
            show_default="NAME.png in this folder",
        ),
    ] = None,
) -> None:
    """Draw an activation and its derivative, or all activations in one picture."""
    with nothing_half_done():
        from ..plot import run_plot

        run_plot(name, low, high, out)
