"""The command `layerwise`: its commands put together, and its exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

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
from .errors import INTERRUPTED, Failure

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code.

    0: done. 1: could not be done. 2: the command line or the data was wrong. 130: stopped with
    Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result: Any = app(
            args=_with_report_named(given),
            prog_name="layerwise",
            standalone_mode=False,
        )
        return result if isinstance(result, int) else 0
    except Failure as failure:
        return _complain(str(failure), failure.exit_code)
    except (KeyboardInterrupt, typer.Abort):  # before a command began
        return _complain("stopped; nothing was written", INTERRUPTED)
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "show"):
            error.show()  # typer's own: usage, the mistake, and where the help is
            return int(getattr(error, "exit_code", 2))
        # The library's errors cost an import of NumPy, so they are looked at only when one came.
        from ..errors import DataError, ModelFileError, OptionError, TrainingDiverged

        if isinstance(error, OptionError | DataError):
            return _complain(str(error), 2)
        if isinstance(error, ModelFileError | TrainingDiverged):
            return _complain(str(error), 1)
        raise


def _with_report_named(arguments: list[str]) -> list[str]:
    """The arguments, with --report as ``--report=`` where no page is named after it.

    The file may be left out, which the parser of options does not know.
    """
    found = list(arguments)
    if found[:1] != ["train"]:
        return found
    for place, argument in enumerate(found):
        following = found[place + 1] if place + 1 < len(found) else ""
        if argument == "--report" and not following.lower().endswith((".html", ".htm")):
            found[place] = "--report="
    return found


def _complain(message: str, code: int) -> int:
    print(f"layerwise: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
