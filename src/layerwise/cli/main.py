"""The command `layerwise`. Each command's work is in a file of its own, imported when it runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import __version__
from .errors import Failure, nothing_half_done

EXAMPLES_OF_TRAIN = """
Examples:

  layerwise train digits

  layerwise train digits --hidden 512 --dropout 0.4 --epochs 50 --seed 7

  layerwise train digits --optimizer sgd --schedule cosine --early-stopping 10

  layerwise train digits --json --out model.safetensors
"""

EXAMPLES = """
Examples:

  layerwise train digits

  layerwise show digits.safetensors

  layerwise predict digits.safetensors new.csv --out predicted.csv
"""

ABOUT_TRAIN = (
    "Train a network, measure it on rows that it has never seen, and save it.\n\n"
    "A quarter of the rows is kept for the test, a fifth of the rest for validation. The weights "
    "that did best on the validation rows are saved. Ctrl-C stops early and saves them too."
)

app = typer.Typer(
    name="layerwise",
    help="Neural networks that train fast on the computer you already have.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

NETWORK, TRAINING, MACHINE, OUTPUT = "Network", "Training", "Machine", "Output"


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


@app.command(help=ABOUT_TRAIN, epilog=EXAMPLES_OF_TRAIN)
def train(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="What to train on: digits, 8x8 images of 0 to 9.")
    ],
    hidden: Annotated[
        str, typer.Option(help="Sizes of the hidden layers, or none.", rich_help_panel=NETWORK)
    ] = "256,128",
    activation: Annotated[
        str,
        typer.Option(
            help="After each hidden layer: relu, leaky_relu, elu, selu, gelu, silu, mish, softplus,"
            " sigmoid, tanh or identity.",
            rich_help_panel=NETWORK,
        ),
    ] = "relu",
    dropout: Annotated[
        float,
        typer.Option(
            help="Chance that a hidden unit is off in a training step.", rich_help_panel=NETWORK
        ),
    ] = 0.3,
    epochs: Annotated[
        int, typer.Option(help="Passes over the training rows.", rich_help_panel=TRAINING)
    ] = 30,
    batch_size: Annotated[
        int, typer.Option(help="Rows in a training step.", rich_help_panel=TRAINING)
    ] = 32,
    optimizer: Annotated[
        str, typer.Option(help="sgd (with momentum), adam or adamw.", rich_help_panel=TRAINING)
    ] = "adam",
    lr: Annotated[
        float | None,
        typer.Option(
            help="Learning rate, the highest of the schedule.",
            show_default="0.005, for sgd 0.05",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    schedule: Annotated[
        str,
        typer.Option(
            help="How the learning rate changes: constant, step, exponential, cosine, one_cycle or"
            " reduce_on_plateau.",
            rich_help_panel=TRAINING,
        ),
    ] = "one_cycle",
    weight_decay: Annotated[
        float | None,
        typer.Option(
            help="Pull of the weights towards 0.",
            show_default="0, for adamw 0.01",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    label_smoothing: Annotated[
        float,
        typer.Option(
            help="Part of the target shared among all classes; keeps the net from being too sure.",
            rich_help_panel=TRAINING,
        ),
    ] = 0.1,
    early_stopping: Annotated[
        int | None,
        typer.Option(
            "--early-stopping",
            "--patience",
            metavar="EPOCHS",
            help="Stop after so many epochs without a better validation loss.",
            show_default="never",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            help="Decides the split, the first weights, the order and dropout; the same seed gives"
            " the same net.",
            rich_help_panel=TRAINING,
        ),
    ] = 0,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keep the state of the training here.", rich_help_panel=TRAINING
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on from --checkpoint, if it exists.", rich_help_panel=TRAINING
        ),
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option(
            help="The most to use.", show_default="as many as help", rich_help_panel=MACHINE
        ),
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            help="native (machine code) or reference (NumPy, slow, simple).",
            rich_help_panel=MACHINE,
        ),
    ] = "native",
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="Where the model is saved.", rich_help_panel=OUTPUT),
    ] = Path("digits.safetensors"),
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", help="Show the result only.", rich_help_panel=OUTPUT),
    ] = False,
    json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print one JSON object and nothing else.", rich_help_panel=OUTPUT
        ),
    ] = False,
) -> int:
    """Do `layerwise train`; gives the exit code."""
    with nothing_half_done():
        from .recipe import Options
        from .train import run_train

        options = Options(
            data=data, hidden=hidden, activation=activation, dropout=dropout, epochs=epochs,
            batch_size=batch_size, optimizer=optimizer, learning_rate=lr, schedule=schedule,
            weight_decay=weight_decay, label_smoothing=label_smoothing, patience=early_stopping,
            seed=seed, checkpoint=checkpoint, resume=resume, threads=threads, backend=backend,
            out=out, quiet=quiet, json=json,
        )  # fmt: skip
        return run_train(options)


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model.")],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV (or .csv.gz) of raw values, one row for each prediction, in the order of the"
            " training data's columns; a header is skipped.",
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="CSV", help="Where to write; - is standard output.")
    ] = Path("-"),
    backend: Annotated[
        str, typer.Option(help="native (machine code) or reference (NumPy, slow, simple).")
    ] = "native",
) -> None:
    """Predict the class of each row of a CSV file, with the probability of every class."""
    with nothing_half_done():
        from .predict import run_predict

        run_predict(model, file, out, backend)


@app.command()
def show(model: Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model.")]) -> None:
    """Show a saved model: its layers, shapes, parameter counts, and how it was trained."""
    with nothing_half_done():
        from .show import run_show

        run_show(model)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code.

    0: done. 1: could not be done. 2: the command line was wrong. 130: stopped with Ctrl-C.
    """
    try:
        result: Any = app(
            args=None if arguments is None else list(arguments),
            prog_name="layerwise",
            standalone_mode=False,
        )
        return result if isinstance(result, int) else 0
    except Failure as failure:
        return _complain(str(failure), failure.exit_code)
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "show"):
            error.show()  # typer's own: usage, the mistake, and where the help is
            return int(getattr(error, "exit_code", 2))
        # The library's errors cost an import of NumPy, so they are looked at only when one came.
        from ..errors import DataError, ModelFileError, OptionError, TrainingDiverged

        if isinstance(error, OptionError):
            return _complain(str(error), 2)
        if isinstance(error, DataError | ModelFileError | TrainingDiverged):
            return _complain(str(error), 1)
        raise


def _complain(message: str, code: int) -> int:
    print(f"layerwise: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
