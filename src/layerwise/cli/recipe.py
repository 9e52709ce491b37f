"""From the options of `layerwise train` to a network and an optimiser."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import backends, nn, optim
from ..errors import OptionError
from .choices import between, check_fix, choose, layer_sizes
from .files import check_report, check_writable

LEARNING_RATES = {"sgd": 0.05, "adam": 0.005, "adamw": 0.005}

# softmax and log_softmax are outputs; after a hidden layer they are a mistake.
ACTIVATIONS = tuple(name for name in nn.ACTIVATIONS if "softmax" not in name)


@dataclass(frozen=True)
class Options:
    """The options of the command, as they were given."""

    data: str
    hidden: str
    activation: str
    dropout: float
    epochs: int
    batch_size: int
    optimizer: str
    learning_rate: float | str | None
    """A number, or "find"."""
    lr_picture: Path | None
    schedule: str
    weight_decay: float | None
    label_smoothing: float
    patience: int | None
    seed: int
    checkpoint: Path | None
    resume: bool
    threads: int | None
    backend: str
    doctor: bool
    fix: bool
    probes: bool
    out: Path
    report: Path | None
    quiet: bool
    json: bool


@dataclass(frozen=True)
class Recipe:
    """What the options stand for.

    Attributes
    ----------
    sizes : width of each layer, from the input to the output.
    rate_picture : of the range test that is to find the learning rate; None if that is known.
    """

    sizes: tuple[int, ...]
    activation: str
    dropout: float
    optimizer: optim.Optimizer
    schedule: str
    backend: str
    rate_picture: Path | None = None

    def build(self, seed: int) -> nn.Sequential:
        """The network, with its first weights drawn from a seed."""
        layers: list[nn.Module] = []
        with nn.seed(seed):
            for number, (wide, narrow) in enumerate(zip(self.sizes, self.sizes[1:], strict=False)):
                if number:
                    layers.append(nn.activation(self.activation))
                    if self.dropout:
                        layers.append(nn.Dropout(self.dropout))
                layers.append(nn.Linear(wide, narrow))
        return nn.Sequential(*layers)

    def describe(self) -> str:
        """The layers in words."""
        between = f", {self.activation}" + (f", dropout {self.dropout:g}" if self.dropout else "")
        dense = [f"{n} to {m}" for n, m in zip(self.sizes, self.sizes[1:], strict=False)]
        return f"dense {f'{between}, dense '.join(dense)}"


def prepare(options: Options, inputs: int, outputs: int) -> Recipe:
    """Check every option before any work is done.

    Raises
    ------
    OptionError : an option has a value that cannot be used; the message names the nearest.
    Failure : a file could not be written.
    """
    for option, count in (
        ("--epochs", options.epochs),
        ("--batch-size", options.batch_size),
        ("--threads", options.threads),
        ("--early-stopping", options.patience),
    ):
        if count is not None and count < 1:
            raise OptionError(f"{option}: expected a whole number of at least 1, got {count}")
    between("--seed", options.seed, 0)
    between("--dropout", options.dropout, 0, 1, open_high=True)
    between("--label-smoothing", options.label_smoothing, 0, 1, open_high=True)
    if options.resume and options.checkpoint is None:
        raise OptionError("--resume: expected --checkpoint FILE too, the file to go on from")
    recipe = Recipe(
        sizes=(inputs, *layer_sizes("--hidden", options.hidden), outputs),
        activation=choose("--activation", options.activation, ACTIVATIONS),
        dropout=options.dropout,
        optimizer=_optimizer(options),
        schedule=choose("--schedule", options.schedule, optim.SCHEDULES),
        backend=choose("--backend", options.backend, backends.NAMES),
        rate_picture=_rate_picture(options),
    )
    check_writable(options.out, "--out")
    if options.report is not None:
        check_report(options.report)
    check_fix(options.fix, options.doctor)
    if options.checkpoint is not None:
        check_writable(options.checkpoint, "--checkpoint")
    return recipe


def _rate_picture(options: Options) -> Path | None:
    if options.learning_rate != "find":
        if options.lr_picture is not None:
            raise OptionError("--lr-picture: expected --lr find too, which draws it")
        return None
    from ..insight.drawing.files import check_suffix

    path = options.lr_picture
    if path is None:
        path = options.out.with_name(f"{options.out.stem}-learning-rate.png")
    check_suffix(path)
    check_writable(path, "--lr-picture")
    return path


def _optimizer(options: Options) -> optim.Optimizer:
    name = choose("--optimizer", options.optimizer, optim.OPTIMIZERS)
    rate = options.learning_rate
    if rate is None or isinstance(rate, str):
        rate = LEARNING_RATES[name]
    if not 0 < rate < float("inf"):
        raise OptionError(f"--lr: expected a number above 0, got {rate:g}")
    settings: dict[str, Any] = {"learning_rate": rate}
    if options.weight_decay is not None:
        between("--weight-decay", options.weight_decay, 0)
        settings["weight_decay"] = options.weight_decay
    if name == "sgd":
        settings["momentum"] = 0.9
    return optim.OPTIMIZERS[name](**settings)
