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

  layerwise train digits --lr find

  layerwise train digits --lr 3 --fix

  layerwise train digits --report

  layerwise train pairs.tsv --task translate

  layerwise train digits --json --out model.safetensors

  layerwise train customers.csv --target churned

  layerwise train sales.parquet --target amount --time month --drop note,id

  layerwise train customers.csv --target churned --print-config > churn.toml

  layerwise train reviews.csv --target label --text body --vectors glove.6B.50d.txt

  layerwise train --config churn.toml
"""

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

ABOUT_TRAIN = (
    "Train on a table or on the digits, measure the result on rows that it has never seen, and "
    "save it.\n\n"
    "A quarter of the rows is kept for the test. On a table several networks are trained, each "
    "validated on another part of the other rows, and predict together; on the digits it is one "
    "network, validated on a fifth of them. Ctrl-C stops early and saves what is trained."
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

# What several commands take.
SavedModel = Annotated[Path, typer.Argument(metavar="MODEL", help="A saved model.")]
Backend = Annotated[
    str, typer.Option(help="native (machine code) or reference (NumPy, slow, simple).")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]

TABLE, MEASURING = "Data (of tables)", "Measuring (of tables)"
NETWORK, TRAINING, MACHINE, OUTPUT = "Network", "Training", "Machine", "Output"
DOCTOR = "Doctor"


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
        str | None,
        typer.Argument(
            metavar="DATA",
            show_default=False,
            help="What to train on: a table (CSV, TSV, also with .gz, Parquet, Arrow/Feather; - is"
            " standard input); a folder of pictures with a sub-folder for each class, IDX files or"
            " .npz; or digits, 8x8 images of 0 to 9.",
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="To predict.", rich_help_panel=TABLE)
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            help="regression, binary or classes; pictures for a folder of them; translate for pairs"
            " of sentences.",
            show_default="what the target looks like",
            rich_help_panel=TABLE,
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Tell texts apart: the column that has them.",
            rich_help_panel=TABLE,
        ),
    ] = None,
    vectors: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Of texts: word vectors (GloVe, word2vec, fastText .vec), kept as they are.",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    train_vectors: Annotated[
        bool | None,
        typer.Option(
            "--train-vectors",
            help="Of texts: train the word vectors further.",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="The only columns to use.", rich_help_panel=TABLE),
    ] = None,
    categorical: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Columns that are categories, whatever they look like.",
            rich_help_panel=TABLE,
        ),
    ] = None,
    drop: Annotated[
        str | None, typer.Option(metavar="A,B", help="To leave out.", rich_help_panel=TABLE)
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="How much each row counts.", rich_help_panel=TABLE),
    ] = None,
    class_weight: Annotated[
        str | None,
        typer.Option(help="balanced: every class counts alike.", rich_help_panel=TABLE),
    ] = None,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream",
            help="Read the file in parts while training, in bounded memory; by itself for files "
            "that are large beside the memory. Makes one network, in one pass over the rows.",
            rich_help_panel=MEASURING,
        ),
    ] = None,
    test_size: Annotated[
        float | None,
        typer.Option(
            help="Part of the rows that is kept for the test.",
            show_default="0.25",
            rich_help_panel=MEASURING,
        ),
    ] = None,
    cv: Annotated[
        int | None,
        typer.Option(
            metavar="FOLDS",
            help="Cross-validate in place of a test part; the saved model then learns from all"
            " rows.",
            rich_help_panel=MEASURING,
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Rows with the same value here, such as those of one patient, stay together.",
            rich_help_panel=MEASURING,
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Test on the latest rows, and validate on the latest of the others.",
            rich_help_panel=MEASURING,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Of tables: fast, default or best.",
            show_default="default",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    ensemble: Annotated[
        int | None,
        typer.Option(
            metavar="MEMBERS",
            help="Of tables: members of each kind.",
            show_default="by the number of rows",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(
            help="Sizes of the hidden layers, such as 256,128, or none.",
            show_default="256,128 for the digits",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    architecture: Annotated[
        str | None,
        typer.Option(
            help="Of pictures: convolution, attention (which shows where it looked) or dense; of"
            " pairs of sentences: transformer or gru.",
            show_default="convolution, transformer",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    source_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Of pairs of sentences: what to translate.",
            show_default="the first",
            rich_help_panel=TABLE,
        ),
    ] = None,
    target_column: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Of pairs of sentences: the translations.",
            show_default="the second",
            rich_help_panel=TABLE,
        ),
    ] = None,
    vocabulary: Annotated[
        str | None,
        typer.Option(
            help="Of pairs of sentences: bpe (pieces of words), words or characters.",
            show_default="by the texts",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    activation: Annotated[
        str | None,
        typer.Option(
            help="After each hidden layer: relu, leaky_relu, elu, selu, gelu, silu, mish, softplus,"
            " sigmoid, tanh or identity.",
            show_default="relu for the digits",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    dropout: Annotated[
        float | None,
        typer.Option(
            help="Chance that a hidden unit is off in a training step.",
            show_default="0.3 for the digits",
            rich_help_panel=NETWORK,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            help="Passes over the training rows, at most.",
            show_default="30 for the digits",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            help="Rows in a training step.",
            show_default="32 for the digits",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(
            help="sgd (with momentum), adam or adamw.",
            show_default="adam for the digits",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    lr: Annotated[
        str | None,
        typer.Option(
            metavar="RATE|find",
            help="Learning rate, the highest of the schedule; find searches for it.",
            show_default="0.005 for the digits, for sgd 0.05",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    lr_picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where --lr find draws the losses that it saw (.png, .svg or .pdf).",
            show_default="beside the model",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            help="How the learning rate changes: constant, step, exponential, cosine, one_cycle or"
            " reduce_on_plateau.",
            show_default="one_cycle for the digits",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            help="For a table whose target is a number: mse, mae, huber, poisson, or "
            "quantile(0.9), what nine of ten stay below.",
            show_default="by the target",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    weight_decay: Annotated[
        float | None,
        typer.Option(
            help="Pull of the weights towards 0.",
            show_default="0 for the digits, for adamw 0.01",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    label_smoothing: Annotated[
        float | None,
        typer.Option(
            help="Part of the target shared among all classes; keeps the net from being too sure.",
            show_default="0.1 for the digits",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    early_stopping: Annotated[
        int | None,
        typer.Option(
            "--early-stopping",
            "--patience",
            metavar="EPOCHS",
            help="Stop after so many epochs without a better validation loss.",
            show_default="never for the digits",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Decides the split, the first weights, the order and dropout; the same seed gives"
            " the same net.",
            show_default="0",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Of the digits: keep the state of the training here.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    resume: Annotated[
        bool | None,
        typer.Option(
            "--resume", help="Go on from --checkpoint, if it exists.", rich_help_panel=TRAINING
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            help="The most to use.", show_default="as many as help", rich_help_panel=MACHINE
        ),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            help="native (machine code) or reference (NumPy, slow, simple).",
            show_default="native",
            rich_help_panel=MACHINE,
        ),
    ] = None,
    doctor: Annotated[
        bool | None,
        typer.Option(
            "--doctor/--no-doctor",
            help="Say at the end what went wrong, why, and what to change.",
            show_default="doctor",
            rich_help_panel=DOCTOR,
        ),
    ] = None,
    fix: Annotated[
        bool | None,
        typer.Option(
            "--fix",
            help="Try the remedies of what the doctor finds or suspects, and keep what helps on the"
            " validation rows by more than chance.",
            rich_help_panel=DOCTOR,
        ),
    ] = None,
    probes: Annotated[
        bool | None,
        typer.Option(
            "--probes/--no-probes",
            help="Record what each layer does while it trains; costs a few percent of the time.",
            show_default="probes",
            rich_help_panel=DOCTOR,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where the model is saved.",
            show_default="the data's name with .safetensors",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    report: Annotated[
        str | None,
        typer.Option(
            metavar="[FILE.html]",
            help="Write a page about the model too; without a name, beside it.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Options in a TOML file; those of the command line win.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    print_config: Annotated[
        bool,
        typer.Option(
            "--print-config",
            help="Print the options as a TOML file, and do nothing else.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    quiet: Annotated[
        bool | None,
        typer.Option("--quiet", "-q", help="Show the result only.", rich_help_panel=OUTPUT),
    ] = None,
    json: Annotated[
        bool | None,
        typer.Option(
            "--json", help="Print one JSON object and nothing else.", rich_help_panel=OUTPUT
        ),
    ] = None,
) -> int:
    """Do `layerwise train`; gives the exit code."""
    said = {
        name: value
        for name, value in locals().items()
        if name not in ("data", "config", "print_config")
    }
    with nothing_half_done():
        from .start import start_training

        return start_training(data, said, config, print_config)


@app.command()
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
        from .predict import run_predict

        run_predict(model, file, out, backend)


@app.command()
def show(model: SavedModel) -> None:
    """Show a saved model: its columns, layers, parameters, and how it was trained and tested."""
    with nothing_half_done():
        from .show import run_show

        run_show(model)


@app.command()
def doctor(
    model: SavedModel,
    json: Json = False,
) -> None:
    """Say what went wrong in the training of a saved model, why, and what to change."""
    with nothing_half_done():
        from .doctor import run_doctor

        run_doctor(model, json)


@app.command()
def explain(
    model: SavedModel,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="Raw values, as predict takes them; one of its rows is explained.",
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
            help="shapley, or, of models that take arrays of numbers, integrated_gradients.",
            show_default="integrated_gradients where possible",
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
    """Say what each column of one row, or each word of a text, added to its prediction."""
    with nothing_half_done():
        if text is not None:
            from .text import run_explain_text

            run_explain_text(model, text, class_name, json, backend)
            return
        if file is None or row is None:
            raise Failure("expected FILE and --row, or --text for a model of texts", 2)
        from .explain import run_explain

        run_explain(
            model, file, row, class_name=class_name, background=background, method=method,
            samples=samples, seed=seed, as_json=json, out=out, backend=backend,
        )  # fmt: skip


@app.command()
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
        from .plot import run_plot

        run_plot(name, low, high, out)


@app.command()
def report(
    model: SavedModel,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The table that it was trained on, for its held-out rows.",
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
        from .report import run_report

        run_report(model, data, out, backend)


@app.command()
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
        from .translate import run_translate

        run_translate(model, text or [], file, beam, show_alignment, json, backend)


@app.command()
def words(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Word vectors: GloVe text, word2vec text or binary, fastText .vec, also with .gz.",
        ),
    ],
    nearest: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="Show the words like this one; may be repeated."),
    ] = None,
    analogy: Annotated[
        tuple[str, str, str] | None,
        typer.Option(metavar="A B C", help="A is to B as C is to what?"),
    ] = None,
    count: Annotated[int, typer.Option(help="Words of each answer.")] = 10,
    picture: Annotated[
        Path | None,
        typer.Option("--map", metavar="FILE", help="Draw a map: .png, .svg or .pdf."),
    ] = None,
    drawn: Annotated[
        str | None,
        typer.Option(
            "--words",
            metavar="A,B",
            help="The words on the map.",
            show_default="those of the answers, else the first 100",
        ),
    ] = None,
    method: Annotated[str, typer.Option(help="Of the map: pca or tsne.")] = "pca",
    similarity: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Measure on pairs of words with people's scores."),
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Measure on analogies, as in questions-words.txt."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="WORDS", help="Read the first so many words only.")
    ] = None,
    any_case: Annotated[
        bool, typer.Option("--any-case", help="Look for unknown words in other cases too.")
    ] = False,
    errors: Annotated[
        str, typer.Option(help="For words that are not UTF-8: strict, replace or skip.")
    ] = "strict",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Save the vectors in another format; .gz packs them."),
    ] = None,
    format: Annotated[
        str, typer.Option(help="Of --out: word2vec, word2vec-binary, glove or fasttext.")
    ] = "word2vec",
    json: Json = False,
) -> None:
    """Look words up in a file of word vectors: neighbours, analogies, a map, measures."""
    with nothing_half_done():
        from .words import Asked, run_words

        asked = Asked(
            nearest or [], analogy, count, picture, drawn, method, similarity, questions, limit,
            any_case, errors, out, format, json,
        )  # fmt: skip
        run_words(file, asked)


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
