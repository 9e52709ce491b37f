"""Every option of `layerwise train`: what it is for, where it counts, what it is when unsaid."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import OptionError

Kind = Literal["text", "whole", "number", "rate", "flag", "names", "sizes"]

AUTO = "auto"
"""How "leave it to the recipe" is written where something must be written."""


@dataclass(frozen=True)
class Setting:
    """One option.

    Attributes
    ----------
    name : as on the command line without the dashes in front, and in a configuration file.
    kind : of its value; a rate is a number or "find".
    about : what it does, for the comment in a configuration file.
    digits, table : its value when unsaid, for the digits and for a table; None is for the recipe to
        decide.
    where : "both", "digits", "table", "pictures" or "pairs" (of sentences): what it can be said
        for; pictures and pairs take some of the others too, see `cli.pictures`, `cli.translation`.
    """

    name: str
    kind: Kind
    about: str
    digits: Any = None
    table: Any = None
    where: Literal["both", "digits", "table", "pictures", "pairs", "texts"] = "both"

    @property
    def key(self) -> str:
        """Its name in Python."""
        return self.name.replace("-", "_")


def _both(name: str, kind: Kind, about: str, digits: Any = None, table: Any = None) -> Setting:
    return Setting(name, kind, about, digits, table)


def _table(name: str, kind: Kind, about: str, default: Any = None) -> Setting:
    return Setting(name, kind, about, table=default, where="table")


SECTIONS: dict[str, tuple[Setting, ...]] = {
    "Data": (
        _table("target", "text", "The column to predict."),
        _table("task", "text", "regression, binary or classes."),
        _table("columns", "names", "The only columns to predict from."),
        _table("categorical", "names", "Columns that are categories, whatever they look like."),
        _table("drop", "names", "Columns to leave out."),
        _table("weight", "text", "A column that says how much each row counts."),
        _table("class-weight", "text", "balanced: every class counts alike."),
        Setting("source-column", "text", "Of pairs: what to translate.", where="pairs"),
        Setting("target-column", "text", "Of pairs: the translations.", where="pairs"),
    ),
    "Measuring": (
        _table(
            "stream", "flag", "Read the file in parts while training, whatever its size.", False
        ),
        _table("test-size", "number", "Part of the rows that is kept for the test.", 0.25),
        _table("cv", "whole", "Measure by so many folds in place of a single test part."),
        _table("group", "text", "Rows with the same value here are kept together."),
        _table("time", "text", "Test on the latest rows by this column."),
    ),
    "Network": (
        _table("preset", "text", "fast, default or best.", "default"),
        _table("ensemble", "whole", "Members of each kind, trained on so many folds."),
        _both("hidden", "sizes", "Sizes of the hidden layers, or none.", "256,128"),
        _both("activation", "text", "After each hidden layer.", "relu"),
        Setting(
            "architecture",
            "text",
            "Of pictures: convolution, attention or dense.",
            where="pictures",
        ),
        Setting("text", "text", "The column with texts to tell apart.", where="texts"),
        Setting("vectors", "text", "Of texts: a file of word vectors.", where="texts"),
        Setting("train-vectors", "flag", "Of texts: train them further.", False, where="texts"),
        Setting("vocabulary", "text", "Of pairs: bpe, words or characters.", where="pairs"),
        _both("dropout", "number", "Chance that a hidden unit is off in a training step.", 0.3),
    ),
    "Training": (
        _both("epochs", "whole", "Passes over the training rows, at most.", 30),
        _both("batch-size", "whole", "Rows in a training step.", 32),
        _both("optimizer", "text", "sgd (with momentum), adam or adamw.", "adam"),
        _table("loss", "text", "mse, mae, huber, poisson or quantile(0.9), for a number."),
        _both("lr", "rate", "Learning rate, the highest of the schedule; find searches for it."),
        _both("lr-picture", "text", "Where --lr find draws what it saw."),
        _both("schedule", "text", "How the learning rate changes.", "one_cycle"),
        _both("weight-decay", "number", "Pull of the weights towards 0."),
        _both("label-smoothing", "number", "Part of the target shared among all classes.", 0.1),
        _both("early-stopping", "whole", "Epochs without a better validation loss, then stop."),
        _both("seed", "whole", "Decides the split, the first weights, the order, dropout.", 0, 0),
        Setting("checkpoint", "text", "Keep the state of the training here.", where="digits"),
        Setting("resume", "flag", "Go on from the checkpoint.", False, where="digits"),
    ),
    "Machine": (
        _both("threads", "whole", "The most to use."),
        _both("backend", "text", "native (machine code) or reference (NumPy).", "native", "native"),
    ),
    "Doctor": (
        _both("doctor", "flag", "Say what went wrong, why, and what to change.", True, True),
        _both("fix", "flag", "Try the remedies, and keep what helps.", False, False),
        _both("probes", "flag", "Record what each layer does while it trains.", True, True),
    ),
    "Output": (
        _both("out", "text", "Where the model is saved."),
        _both("report", "text", "Where a page about the model is written; none if unsaid."),
        _both("quiet", "flag", "Show the result only.", False, False),
        _both("json", "flag", "Print one JSON object and nothing else.", False, False),
    ),
}

SETTINGS: dict[str, Setting] = {s.key: s for each in SECTIONS.values() for s in each}


def chosen(said: Mapping[str, Any], where: Literal["digits", "table"]) -> dict[str, Any]:
    """The value of every option: what was said, else what it is when unsaid.

    Parameters
    ----------
    said : values by key; None where nothing was said.

    Raises
    ------
    OptionError : an option that does not count here was said.
    """
    values = {}
    for key, setting in SETTINGS.items():
        value = said.get(key)
        if setting.where not in ("both", where):
            if value not in (None, False):
                raise OptionError(_misplaced(setting))
            continue
        values[key] = getattr(setting, where) if value is None else value
    return values


def _misplaced(setting: Setting) -> str:
    if setting.where == "table":
        return (
            f"--{setting.name} is for tables, as in `layerwise train customers.csv --target paid`; "
            "the digits have nothing to choose there"
        )
    if setting.where == "pairs":
        return (
            f"--{setting.name} is for pairs of sentences, as in `layerwise train pairs.tsv --task "
            "translate`"
        )
    if setting.where == "texts":
        return (
            f"--{setting.name} is for texts, as in `layerwise train reviews.csv --target label "
            "--text body`"
        )
    if setting.where == "pictures":
        return f"--{setting.name} is for pictures, as in `layerwise train FOLDER --task pictures`"
    return f"--{setting.name} is for `layerwise train digits`; leave it out for a table"


def names_in(option: str, given: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Names of columns in text such as a,b, in which quotes may hold a comma; or in a list."""
    if not isinstance(given, str):
        return tuple(given)
    names = [name.strip() for name in next(csv.reader([given], skipinitialspace=True), [])]
    if not names or not all(names):
        raise OptionError(f"{option}: expected names of columns such as age,income, got '{given}'")
    return tuple(names)
