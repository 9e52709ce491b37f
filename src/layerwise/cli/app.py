"""The commands of `layerwise`, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import __version__
from .commands.doctor import doctor
from .commands.explain import explain
from .commands.plot import plot
from .commands.predict import predict
from .commands.report import report
from .commands.show import show
from .commands.train import ABOUT as ABOUT_TRAIN
from .commands.train import EXAMPLES as EXAMPLES_OF_TRAIN
from .commands.train import train
from .commands.translate import translate
from .commands.words import words

EXAMPLES = """
Examples:

  layerwise train digits

  layerwise train customers.csv --target churned

  layerwise show customers.safetensors

  layerwise doctor customers.safetensors

  layerwise predict customers.safetensors new.csv --out predicted.csv

  layerwise explain customers.safetensors new.csv --row 17

  layerwise plot sigmoid

  layerwise translate pairs.safetensors "Open the file" --show-alignment

  layerwise words glove.6B.50d.txt --nearest king --analogy man king woman

  layerwise report customers.safetensors
"""

app = typer.Typer(
    name="layerwise",
    help="Neural networks that train fast on the computer you already have.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"layerwise {__version__}")
        raise typer.Exit


@app.callback()
def layerwise(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Neural networks that train fast on the computer you already have."""


app.command(help=ABOUT_TRAIN, epilog=EXAMPLES_OF_TRAIN)(train)
for command in (predict, show, doctor, explain, plot, report, translate, words):
    app.command()(command)


__all__ = ["app"]
