"""The options of `layerwise train`, by topic: what each is called, takes, and says in the help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TABLE, MEASURING = "Data (of tables)", "Measuring (of tables)"
NETWORK, TRAINING, MACHINE, OUTPUT = "Network", "Training", "Machine", "Output"
DOCTOR = "Doctor"

# -- data ------------------------------------------------------------------------------------------

Data = Annotated[
    str | None,
    typer.Argument(
        metavar="DATA",
        show_default=False,
        help="What to train on: a table (CSV, TSV, also with .gz, Parquet, Arrow/Feather; - is"
        " standard input); a folder of pictures with a sub-folder for each class, IDX files or"
        " .npz; or digits, 8x8 images of 0 to 9.",
    ),
]
Target = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="To predict.", rich_help_panel=TABLE)
]
Task = Annotated[
    str | None,
    typer.Option(
        help="regression, binary or classes; pictures for a folder of them; translate for pairs"
        " of sentences.",
        show_default="what the target looks like",
        rich_help_panel=TABLE,
    ),
]
Text = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Tell texts apart: the column that has them.",
        rich_help_panel=TABLE,
    ),
]
Columns = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="The only columns to use.", rich_help_panel=TABLE),
]
Categorical = Annotated[
    str | None,
    typer.Option(
        metavar="A,B",
        help="Columns that are categories, whatever they look like.",
        rich_help_panel=TABLE,
    ),
]
Drop = Annotated[
    str | None, typer.Option(metavar="A,B", help="To leave out.", rich_help_panel=TABLE)
]
Weight = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="How much each row counts.", rich_help_panel=TABLE),
]
ClassWeight = Annotated[
    str | None,
    typer.Option(help="balanced: every class counts alike.", rich_help_panel=TABLE),
]
SourceColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Of pairs of sentences: what to translate.",
        show_default="the first",
        rich_help_panel=TABLE,
    ),
]
TargetColumn = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Of pairs of sentences: the translations.",
        show_default="the second",
        rich_help_panel=TABLE,
    ),
]

# -- network ---------------------------------------------------------------------------------------

Vectors = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Of texts: word vectors (GloVe, word2vec, fastText .vec), kept as they are.",
        rich_help_panel=NETWORK,
    ),
]
TrainVectors = Annotated[
    bool | None,
    typer.Option(
        "--train-vectors",
        help="Of texts: train the word vectors further.",
        rich_help_panel=NETWORK,
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        help="Of tables: fast, default or best.",
        show_default="default",
        rich_help_panel=NETWORK,
    ),
]
Ensemble = Annotated[
    int | None,
    typer.Option(
        metavar="MEMBERS",
        help="Of tables: members of each kind.",
        show_default="by the number of rows",
        rich_help_panel=NETWORK,
    ),
]
Hidden = Annotated[
    str | None,
    typer.Option(
        help="Sizes of the hidden layers, such as 256,128, or none.",
        show_default="256,128 for the digits",
        rich_help_panel=NETWORK,
    ),
]
Architecture = Annotated[
    str | None,
    typer.Option(
        help="Of pictures: convolution, attention (which shows where it looked) or dense; of"
        " pairs of sentences: transformer or gru.",
        show_default="convolution, transformer",
        rich_help_panel=NETWORK,
    ),
]
Vocabulary = Annotated[
    str | None,
    typer.Option(
        help="Of pairs of sentences: bpe (pieces of words), words or characters.",
        show_default="by the texts",
        rich_help_panel=NETWORK,
    ),
]
Activation = Annotated[
    str | None,
    typer.Option(
        help="After each hidden layer: relu, leaky_relu, elu, selu, gelu, silu, mish, softplus,"
        " sigmoid, tanh or identity.",
        show_default="relu for the digits",
        rich_help_panel=NETWORK,
    ),
]
Dropout = Annotated[
    float | None,
    typer.Option(
        help="Chance that a hidden unit is off in a training step.",
        show_default="0.3 for the digits",
        rich_help_panel=NETWORK,
    ),
]

# -- measuring -------------------------------------------------------------------------------------

Stream = Annotated[
    bool | None,
    typer.Option(
        "--stream",
        help="Read the file in parts while training, in bounded memory; by itself for files "
        "that are large beside the memory. Makes one network, in one pass over the rows.",
        rich_help_panel=MEASURING,
    ),
]
TestSize = Annotated[
    float | None,
    typer.Option(
        help="Part of the rows that is kept for the test.",
        show_default="0.25; of pictures 0.2, of pairs of sentences 0.05",
        rich_help_panel=MEASURING,
    ),
]
Cv = Annotated[
    int | None,
    typer.Option(
        metavar="FOLDS",
        help="Cross-validate in place of a test part; the saved model then learns from all rows.",
        rich_help_panel=MEASURING,
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Rows with the same value here, such as those of one patient, stay together.",
        rich_help_panel=MEASURING,
    ),
]
Time = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Test on the latest rows, and validate on the latest of the others.",
        rich_help_panel=MEASURING,
    ),
]

# -- training --------------------------------------------------------------------------------------

Epochs = Annotated[
    int | None,
    typer.Option(
        help="Passes over the training rows, at most.",
        show_default="30 for the digits",
        rich_help_panel=TRAINING,
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        help="Rows in a training step.",
        show_default="32 for the digits",
        rich_help_panel=TRAINING,
    ),
]
Optimizer = Annotated[
    str | None,
    typer.Option(
        help="sgd (with momentum), adam or adamw.",
        show_default="adam for the digits",
        rich_help_panel=TRAINING,
    ),
]
Lr = Annotated[
    str | None,
    typer.Option(
        metavar="RATE|find",
        help="Learning rate, the highest of the schedule; find searches for it.",
        show_default="0.005 for the digits, for sgd 0.05",
        rich_help_panel=TRAINING,
    ),
]
LrPicture = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Where --lr find draws the losses that it saw (.png, .svg or .pdf).",
        show_default="beside the model",
        rich_help_panel=TRAINING,
    ),
]
Schedule = Annotated[
    str | None,
    typer.Option(
        help="How the learning rate changes: constant, step, exponential, cosine, one_cycle or"
        " reduce_on_plateau.",
        show_default="one_cycle for the digits",
        rich_help_panel=TRAINING,
    ),
]
Loss = Annotated[
    str | None,
    typer.Option(
        help="For a table whose target is a number: mse, mae, huber, poisson, or "
        "quantile(0.9), what nine of ten stay below.",
        show_default="by the target",
        rich_help_panel=TRAINING,
    ),
]
WeightDecay = Annotated[
    float | None,
    typer.Option(
        help="Pull of the weights towards 0.",
        show_default="0 for the digits, for adamw 0.01",
        rich_help_panel=TRAINING,
    ),
]
LabelSmoothing = Annotated[
    float | None,
    typer.Option(
        help="Part of the target shared among all classes; keeps the net from being too sure.",
        show_default="0.1 for the digits",
        rich_help_panel=TRAINING,
    ),
]
EarlyStopping = Annotated[
    int | None,
    typer.Option(
        "--early-stopping",
        "--patience",
        metavar="EPOCHS",
        help="Stop after so many epochs without a better validation loss.",
        show_default="never for the digits",
        rich_help_panel=TRAINING,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        help="Decides the split, the first weights, the order and dropout; the same seed gives"
        " the same net.",
        show_default="0",
        rich_help_panel=TRAINING,
    ),
]
Checkpoint = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Of the digits: keep the state of the training here.",
        rich_help_panel=TRAINING,
    ),
]
Resume = Annotated[
    bool | None,
    typer.Option(
        "--resume", help="Go on from --checkpoint, if it exists.", rich_help_panel=TRAINING
    ),
]

# -- machine ---------------------------------------------------------------------------------------

Threads = Annotated[
    int | None,
    typer.Option(help="The most to use.", show_default="as many as help", rich_help_panel=MACHINE),
]
Backend = Annotated[
    str | None,
    typer.Option(
        help="native (machine code) or reference (NumPy, slow, simple).",
        show_default="native",
        rich_help_panel=MACHINE,
    ),
]

# -- doctor ----------------------------------------------------------------------------------------

Doctor = Annotated[
    bool | None,
    typer.Option(
        "--doctor/--no-doctor",
        help="Say at the end what went wrong, why, and what to change.",
        show_default="doctor",
        rich_help_panel=DOCTOR,
    ),
]
Fix = Annotated[
    bool | None,
    typer.Option(
        "--fix",
        help="Try the remedies of what the doctor finds or suspects, and keep what helps on the"
        " validation rows by more than chance.",
        rich_help_panel=DOCTOR,
    ),
]
Probes = Annotated[
    bool | None,
    typer.Option(
        "--probes/--no-probes",
        help="Record what each layer does while it trains; costs a few percent of the time.",
        show_default="probes",
        rich_help_panel=DOCTOR,
    ),
]

# -- output ----------------------------------------------------------------------------------------

Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Where the model is saved.",
        show_default="the data's name with .safetensors",
        rich_help_panel=OUTPUT,
    ),
]
Report = Annotated[
    str | None,
    typer.Option(
        metavar="[FILE.html]",
        help="Write a page about the model too; without a name, beside it.",
        rich_help_panel=OUTPUT,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Options in a TOML file; those of the command line win.",
        rich_help_panel=OUTPUT,
    ),
]
PrintConfig = Annotated[
    bool,
    typer.Option(
        "--print-config",
        help="Print the options as a TOML file, and do nothing else.",
        rich_help_panel=OUTPUT,
    ),
]
Quiet = Annotated[
    bool | None,
    typer.Option("--quiet", "-q", help="Show the result only.", rich_help_panel=OUTPUT),
]
Json = Annotated[
    bool | None,
    typer.Option("--json", help="Print one JSON object and nothing else.", rich_help_panel=OUTPUT),
]
