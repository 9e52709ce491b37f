"""`Case`: all that the rules read about one training, as plain numbers.

A case can be written as JSON, so a saved model carries its own, and `layerwise doctor MODEL` looks
at it again without the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from ..training.history import History
from ..training.probes import ProbeRecord
from ..training.run import Divergence


@dataclass(frozen=True)
class DataFacts:
    """The training rows, before any training.

    Scales are root mean squares of columns; columns that are constant do not count among them.

    Attributes
    ----------
    rows, columns : how many there are.
    largest_scale, median_scale, smallest_scale : of the columns.
    widest : number of the column with the largest scale.
    offset : the largest ratio of a column's mean, without sign, to its standard deviation.
    offset_column : its number.
    constant, duplicated : numbers of columns; a duplicated one comes with the one it equals.
    leaks : column, how well it predicts the target alone (accuracy or R2), and how well all others
        do together.
    copies : numbers of those of them along which the classes lie as far apart as if somebody had
        written down their numbers.
    runner_up : how well the second best of the columns predicts the target alone; 1 where that is
        not known.
    names : of the columns; empty where they have none.
    kind : what the columns are: "columns" of a table, "pixels", or "features" of words.
    height, width : of pictures; 0 of other data.
    """

    rows: int = 0
    columns: int = 0
    largest_scale: float = 1.0
    median_scale: float = 1.0
    smallest_scale: float = 1.0
    widest: int = 0
    offset: float = 0.0
    offset_column: int = 0
    constant: tuple[int, ...] = ()
    duplicated: tuple[tuple[int, int], ...] = ()
    leaks: tuple[tuple[int, float, float], ...] = ()
    copies: tuple[int, ...] = ()
    runner_up: float = 1.0
    names: tuple[str, ...] = ()
    kind: str = "columns"
    height: int = 0
    width: int = 0

    def name(self, column: int) -> str:
        """What to call a column."""
        if self.height and self.width:
            down, across = divmod(column % (self.height * self.width), self.width)
            return f"pixel ({down}, {across})"
        return f"'{self.names[column]}'" if self.names else f"column {column}"

    def drop_option(self, columns: Sequence[int]) -> str:
        """The option of the command line that leaves columns out; '' where they have no names."""
        return f"--drop {','.join(self.names[c] for c in columns)}" if self.names else ""


@dataclass(frozen=True)
class TargetFacts:
    """The target of the training rows.

    Attributes
    ----------
    kind : classes, binary or numbers, as the loss takes it.
    counts : rows of each class; () for numbers.
    mean, deviation, low, high : of numbers.
    looks_like : ``class numbers`` or ``one-hot rows``, where a loss for numbers is fed with what
        seems to be classes; ``numbers`` where a loss for classes is fed with many of them in an
        order; else ''.
    distinct : different values of a single number.
    names : of the classes; empty where they have none.
    """

    kind: str = "numbers"
    counts: tuple[int, ...] = ()
    mean: float = 0.0
    deviation: float = 1.0
    low: float = 0.0
    high: float = 1.0
    looks_like: str = ""
    distinct: int = 0
    names: tuple[str, ...] = ()

    def name(self, code: int) -> str:
        """What to call a class."""
        return f"'{self.names[code]}'" if self.names else str(code)


@dataclass(frozen=True)
class LayerFacts:
    """One module of the network that has parameters, or an activation.

    Attributes
    ----------
    path, layer : where and what.
    kind : linear, activation, norm, dropout or other.
    units, inputs : sizes of the last axis of output and input.
    rate : of dropout.
    flat_ends : at how many of its two ends an activation is flat: 2 for sigmoid, 1 for ReLU.
    open_units : part of an activation's units that are open for at least one of the rows that were
        looked at; NaN for others.
    saturated : part of an activation's values where it is flat; NaN for others.
    spread : standard deviation of its outputs.
    """

    path: str
    layer: str
    kind: str
    units: int
    inputs: int
    rate: float = 0.0
    flat_ends: int = 0
    open_units: float = float("nan")
    saturated: float = float("nan")
    spread: float = float("nan")


@dataclass(frozen=True)
class GraphFacts:
    """The network as a graph.

    Attributes
    ----------
    layers : in the order of the forward pass.
    stacked : pairs of linear layers with nothing nonlinear between them, by path.
    ends_in : what the last layer's output goes through: '' (nothing), relu, sigmoid, tanh, softmax,
        or other.
    softmaxes : how many of them follow each other at the end.
    alike : linear layers, but the last, whose units all began with the same weights, by path.
    parameters : how many numbers training sets.
    """

    layers: tuple[LayerFacts, ...] = ()
    stacked: tuple[tuple[str, str], ...] = ()
    ends_in: str = ""
    softmaxes: int = 0
    alike: tuple[str, ...] = ()
    parameters: int = 0

    def of_kind(self, kind: str) -> list[LayerFacts]:
        """The layers of a kind."""
        return [layer for layer in self.layers if layer.kind == kind]


@dataclass(frozen=True)
class Measures:
    """How good something predicts some rows.

    Attributes
    ----------
    loss : mean of the rows' losses, without class weights or smoothing: cross-entropy for classes,
        squared error by the target's variance for numbers.
    error : standard error of that mean.
    score : accuracy, or R2.
    signal : of a simple model, how much better it predicts than it does when it learns shuffled
        targets, in standard deviations of the latter.
    """

    loss: float = float("nan")
    error: float = float("nan")
    score: float = float("nan")
    signal: float = float("nan")


@dataclass(frozen=True)
class OutcomeFacts:
    """What came out: the trained net on training and validation rows, beside simple rules.

    Attributes
    ----------
    training, validation : the net as it is, in evaluation mode.
    constant : predicting the classes' frequencies, or the mean, on the validation rows.
    linear, nearest : a linear model and nearest neighbours, learned from the training rows.
    recalls : part of each class's validation rows that is found.
    calibration : expected calibration error; `calibration_noise` is what chance alone gives.
    tempered : the validation loss with the best temperature, and `temperature` that one, fitted on
        half of the rows and measured on the others.
    validation_rows : how many there were.
    sums_to_one : whether the net's probabilities of a row's classes do.
    """

    training: Measures = field(default_factory=Measures)
    validation: Measures = field(default_factory=Measures)
    constant: Measures = field(default_factory=Measures)
    linear: Measures = field(default_factory=Measures)
    nearest: Measures = field(default_factory=Measures)
    recalls: tuple[float, ...] = ()
    calibration: float = float("nan")
    calibration_noise: float = float("nan")
    tempered: float = float("nan")
    temperature: float = 1.0
    sums_to_one: bool = True
    validation_rows: int = 0


@dataclass(frozen=True)
class Case:
    """All that the rules read.

    Attributes
    ----------
    loss : its name. `output` turns the net's output into a prediction.
    options : those of the training, as `Run.config` has them.
    steps_per_epoch : minibatches.
    stopped, best_epoch, restored : as in `Run`.
    """

    loss: str
    output: str
    options: Mapping[str, Any]
    steps_per_epoch: int
    stopped: str
    best_epoch: int | None
    restored: bool
    data: DataFacts = field(default_factory=DataFacts)
    target: TargetFacts = field(default_factory=TargetFacts)
    graph: GraphFacts = field(default_factory=GraphFacts)
    outcome: OutcomeFacts = field(default_factory=OutcomeFacts)
    divergence: Divergence | None = None
    history: History = field(default_factory=History)
    probes: ProbeRecord | None = None

    # -- what several rules ask --------------------------------------------------------------------

    @property
    def is_classification(self) -> bool:
        """Whether the target is one of several classes, or yes or no."""
        return self.target.kind in ("classes", "binary")

    @property
    def learning_rate(self) -> float:
        """The optimiser's, before any schedule."""
        return float(self.options.get("learning_rate", float("nan")))

    @property
    def optimizer(self) -> str:
        """Its name in lower case: sgd, adam, adamw, or that of a class of the user's."""
        return str(self.options.get("optimizer", "")).partition("(")[0].lower()

    @property
    def skill(self) -> float:
        """1 - loss / loss of a constant prediction, on validation rows: 0 is nothing learned."""
        constant = self.outcome.constant.loss
        return 1 - self.outcome.validation.loss / constant if constant > 0 else float("nan")

    @property
    def reference_score(self) -> float:
        """The better score of the two simple models."""
        scores = (self.outcome.linear.score, self.outcome.nearest.score)
        known = [s for s in scores if np.isfinite(s)]
        return max(known) if known else float("nan")

    @property
    def score_noise(self) -> float:
        """Standard error of the validation score, by the number of rows."""
        rows, score = self.outcome.validation_rows, self.outcome.validation.score
        if not rows or not np.isfinite(score):
            return float("nan")
        if self.is_classification:
            smooth = (score * rows + 1) / (rows + 2)
            return float(np.sqrt(smooth * (1 - smooth) / rows))
        return float(np.sqrt(min(max(1 - score, 0.02), 1.0) * 4 / rows))

    # -- as JSON -----------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """The case as JSON can hold it; NaN is kept as None."""
        found: dict[str, Any] = {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if f.name in ("loss", "output", "steps_per_epoch", "stopped", "best_epoch", "restored")
        }
        found["options"] = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in self.options.items()
        }
        for name in PARTS:
            found[name] = _plain(asdict(getattr(self, name)))
        found["divergence"] = None if self.divergence is None else list(self.divergence)
        # In a history None is what was not measured, so NaN has a name of its own.
        found["history"] = {
            name: [str(v) if isinstance(v, float) and not np.isfinite(v) else v for v in values]
            for name, values in self.history.as_columns(most=300).items()
        }
        found["probes"] = None if self.probes is None else self.probes.as_json()
        return found

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Case:
        """The inverse of `to_json`."""
        given: dict[str, Any] = {
            name: data[name]
            for name in (
                "loss", "output", "options", "steps_per_epoch", "stopped", "best_epoch", "restored",
            )
        }  # fmt: skip
        for name, part in PARTS.items():
            given[name] = _made(part, data[name])
        divergence = data["divergence"]
        given["divergence"] = None if divergence is None else Divergence(*divergence)
        given["history"] = History.from_columns(
            {
                name: [float(v) if isinstance(v, str) else v for v in values]
                for name, values in data["history"].items()
            }
        )
        given["probes"] = None if data["probes"] is None else ProbeRecord.from_json(data["probes"])
        return cls(**given)


PARTS: dict[str, type] = {
    "data": DataFacts,
    "target": TargetFacts,
    "graph": GraphFacts,
    "outcome": OutcomeFacts,
}
_NESTED: dict[tuple[type, str], type] = {
    (GraphFacts, "layers"): LayerFacts,
    **{
        (OutcomeFacts, name): Measures
        for name in ("training", "validation", "constant", "linear", "nearest")
    },
}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float | np.floating):
        return (
            float(f"{value:.7g}") if np.isfinite(value) else None if value != value else str(value)
        )
    return value.item() if isinstance(value, np.generic) else value


def _made(kind: type, data: Mapping[str, Any]) -> Any:
    """A dataclass from JSON: lists become tuples, None NaN, and inner dataclasses are made too."""
    given: dict[str, Any] = {}
    for item in fields(kind):
        if item.name not in data:
            continue
        value, inner = data[item.name], _NESTED.get((kind, item.name))
        if inner is not None:
            value = (
                tuple(_made(inner, each) for each in value)
                if isinstance(value, list)
                else _made(inner, value)
            )
        given[item.name] = _thawed(value, numbers="str" not in str(item.type))
    return kind(**given)


def _thawed(value: Any, numbers: bool) -> Any:
    """Lists as tuples, and, of numbers, what JSON has none for; a column may be named 'inf'."""
    if isinstance(value, list):
        return tuple(_thawed(each, numbers) for each in value)
    if numbers and value is None:
        return float("nan")
    return float(value) if numbers and isinstance(value, str) else value


__all__ = [
    "Case", "DataFacts", "GraphFacts", "LayerFacts", "Measures", "OutcomeFacts",
    "TargetFacts",
]  # fmt: skip
