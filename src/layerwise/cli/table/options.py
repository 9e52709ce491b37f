"""The options of `layerwise train FILE`, each checked before any work is done."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ... import backends, optim
from ...data.tables.goals import GOALS, Goal
from ...errors import OptionError
from ...estimators.presets import PRESETS
from ...nn.losses import find
from ..choices import between, check_fix, choose, layer_sizes
from ..files import check_report, check_writable, report_path
from ..recipe import ACTIVATIONS
from ..settings import names_in


@dataclass(frozen=True)
class Options:
    """What was asked for; None is left to the recipe.

    Attributes
    ----------
    learning_rate : a number, or "find".
    rate_picture : where the losses that "find" saw are drawn.
    folds : of the cross-validation; None measures on one test part.
    members : of each kind.
    """

    data: str
    target: str
    task: Goal | None
    columns: tuple[str, ...]
    categorical: tuple[str, ...]
    drop: tuple[str, ...]
    weight: str | None
    class_weight: str | None
    stream: bool
    test_size: float
    folds: int | None
    group: str | None
    time: str | None
    preset: str
    members: int | None
    hidden: tuple[int, ...] | None
    activation: str | None
    dropout: float | None
    epochs: int | None
    batch_size: int | None
    optimizer: str | None
    loss: str | None
    learning_rate: float | Literal["find"] | None
    rate_picture: Path | None
    schedule: str | None
    weight_decay: float | None
    label_smoothing: float | None
    patience: int | None
    seed: int
    threads: int | None
    backend: str
    doctor: bool
    fix: bool
    probes: bool
    out: Path
    report: Path | None
    quiet: bool
    json: bool

    @property
    def side_columns(self) -> dict[str, str]:
        """Options that name a column which is not predicted from: its name by the option."""
        given = {"--target": self.target, "--group": self.group, "--weight": self.weight}
        return {option: name for option, name in given.items() if name is not None}


def options_of(data: str, values: Mapping[str, Any]) -> Options:
    """Check every option.

    Parameters
    ----------
    data : the file; - is standard input.
    values : by the keys of `cli.settings`.

    Raises
    ------
    OptionError : a value that cannot be used; the message names the nearest.
    Failure : the model could not be written.
    """
    if values["target"] is None:
        raise OptionError(
            "--target: expected the column to predict, as in `layerwise train customers.csv "
            "--target paid`"
        )
    for key, least in (
        ("epochs", 1), ("batch_size", 1), ("threads", 1), ("early_stopping", 1), ("ensemble", 1),
        ("cv", 2),
    ):  # fmt: skip
        count = values[key]
        if count is not None and count < least:
            option = f"--{key.replace('_', '-')}"
            raise OptionError(f"{option}: expected a whole number of at least {least}, got {count}")
    between("--seed", values["seed"], 0, 2**32 - 1)
    for key in ("dropout", "label_smoothing", "test_size"):
        if values[key] is not None:
            between(f"--{key.replace('_', '-')}", values[key], 0, 1, open_high=True)
    if not values["test_size"]:
        raise OptionError(
            "--test-size: expected a part of the rows between 0 and 1, such as 0.25, got 0; to "
            "learn from all rows, measure with --cv 5"
        )
    rate = values["lr"]
    if isinstance(rate, float) and not 0 < rate < math.inf:
        raise OptionError(f"--lr: expected a number above 0, got {rate:g}")
    if values["weight_decay"] is not None:
        between("--weight-decay", values["weight_decay"], 0)
        if values["weight_decay"] == math.inf:
            raise OptionError("--weight-decay: expected a finite number, got inf")
    _check_measuring(values)
    lists = {
        key: names_in(f"--{key}", values[key]) if values[key] is not None else ()
        for key in ("columns", "categorical", "drop")
    }
    hidden = values["hidden"]
    out = Path(values["out"]) if values["out"] is not None else default_out(data)
    options = Options(
        data=data,
        target=values["target"],
        task=_chosen("task", values, GOALS),
        **lists,
        weight=values["weight"],
        class_weight=_chosen("class_weight", values, ("balanced",)),
        stream=bool(values["stream"]),
        test_size=float(values["test_size"]),
        folds=values["cv"],
        group=values["group"],
        time=values["time"],
        preset=choose("--preset", values["preset"], PRESETS),
        members=values["ensemble"],
        hidden=None if hidden is None else layer_sizes("--hidden", hidden),
        activation=_chosen("activation", values, ACTIVATIONS),
        dropout=values["dropout"],
        epochs=values["epochs"],
        batch_size=values["batch_size"],
        optimizer=_chosen("optimizer", values, optim.OPTIMIZERS),
        loss=_loss(values["loss"]),
        learning_rate=rate,
        rate_picture=None if values["lr_picture"] is None else Path(values["lr_picture"]),
        schedule=_chosen("schedule", values, optim.SCHEDULES),
        weight_decay=values["weight_decay"],
        label_smoothing=values["label_smoothing"],
        patience=values["early_stopping"],
        seed=values["seed"],
        threads=values["threads"],
        backend=choose("--backend", values["backend"], backends.NAMES),
        doctor=values["doctor"],
        fix=values["fix"],
        probes=values["probes"],
        out=out,
        report=report_path(values["report"], out),
        quiet=values["quiet"],
        json=values["json"],
    )
    _check_sides(options)
    _check_fix(options)
    check_writable(options.out, "--out")
    if options.report is not None:
        check_report(options.report)
    if options.rate_picture is not None:
        if rate != "find":
            raise OptionError("--lr-picture: expected --lr find too, which draws it")
        check_writable(options.rate_picture, "--lr-picture")
    return options


def default_out(data: str) -> Path:
    """The model's file for a table's file: of the same name, in the current folder."""
    if data == "-":
        return Path("model.safetensors")
    name = Path(data).name.removesuffix(".gz")
    return Path(f"{Path(name).stem or 'model'}.safetensors")


def _chosen(key: str, values: Mapping[str, Any], known: Any) -> Any:
    given = values[key]
    return None if given is None else choose(f"--{key.replace('_', '-')}", given, known)


def _loss(given: str | None) -> str | None:
    """The name of a loss for numbers; raises `OptionError` with the nearest."""
    if given is None:
        return None
    loss = find(given)
    if loss.target != "numbers":
        raise OptionError(
            f"--loss: '{loss.name}' is for classes, which have one loss here, cross-entropy; "
            "expected mse, mae, huber, poisson or quantile(0.9)"
        )
    if len(loss.levels) > 1:
        raise OptionError(
            f"--loss: expected one level, such as quantile(0.9), got '{loss.name}'; train a model "
            "for each, or use layerwise.Regressor, which takes several"
        )
    return loss.name


def _check_measuring(values: Mapping[str, Any]) -> None:
    if values["time"] is None:
        return
    for key, why in (
        ("group", "a group's rows would be torn apart"),
        ("cv", "folds would be tested on rows older than those that they learned from"),
    ):
        if values[key] is not None:
            raise OptionError(f"--time and --{key} cannot be combined: {why}; choose one of them")


def _check_fix(options: Options) -> None:
    check_fix(options.fix, options.doctor)
    if options.fix and options.folds is not None:
        raise OptionError(
            "--fix and --cv cannot be combined: every row is tested while cross-validating, so "
            "none is left to measure what the fix gained; leave --cv out"
        )
    if options.fix and options.stream:
        raise OptionError(
            "--fix fits several times, and a table that is read in parts is for one pass; leave "
            "--stream out, or train on a sample of the rows"
        )


def _check_sides(options: Options) -> None:
    """One column cannot be two things, nor be left out and needed."""
    seen: dict[str, str] = {}
    for option, name in options.side_columns.items():
        if name in seen:
            raise OptionError(
                f"{seen[name]} and {option} are both '{name}'; expected different columns"
            )
        seen[name] = option
    for option, names in (("--columns", options.columns), ("--categorical", options.categorical)):
        both = [name for name in names if name in seen]
        if both:
            raise OptionError(
                f"'{both[0]}' is {seen[both[0]]}, so it cannot be in {option}: leave it out there"
            )
    dropped = [name for name in (*options.columns, *options.categorical) if name in options.drop]
    if dropped:
        raise OptionError(f"'{dropped[0]}' is to be used and in --drop; expected one of both")
