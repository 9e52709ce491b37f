"""How well the classes can be told apart after each layer, beside the same network untrained."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, overload

import numpy as np

from ..errors import DataError, OptionError
from ..model import Model
from ..nn.module import Module
from ..nn.notes import notes_of
from .layer_outputs import Rows, layer_graph, layer_outputs, rows_of
from .linear_probe import Score, class_score, components, number_score

MOST_ROWS = 4096
"""Training rows that a probe is fitted to; of more, a random choice."""

INPUT = "input"


@dataclass(frozen=True)
class LayerScore:
    """What a linear probe reads after one layer.

    Attributes
    ----------
    path, layer : the layer; for the network's input the path is ``input``.
    width : numbers that the layer gives for a row.
    trained, error : the score on held-out rows and its standard error.
    untrained, untrained_error : the same in the network with fresh weights; None where it was not
        measured.
    """

    path: str
    layer: str
    width: int
    trained: float
    error: float
    untrained: float | None = None
    untrained_error: float | None = None


@dataclass(frozen=True)
class Separability(Sequence[LayerScore]):
    """Scores of linear probes after each layer, in the order of the forward pass. Print it.

    Attributes
    ----------
    rows : one `LayerScore` for the input and for each layer.
    measure : ``accuracy`` for classes, ``r2`` for numbers.
    classes : number of classes; None for numbers.
    training_rows, held_out_rows : how many rows the probes were fitted to and tested on.
    """

    rows: tuple[LayerScore, ...]
    measure: str
    classes: int | None
    training_rows: int
    held_out_rows: int

    @overload
    def __getitem__(self, index: int) -> LayerScore: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LayerScore, ...]: ...
    def __getitem__(self, index: int | slice) -> LayerScore | tuple[LayerScore, ...]:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def best(self) -> LayerScore:
        """The layer after which the probe does best; the first of equals."""
        return max(self.rows, key=lambda row: row.trained)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return asdict(self) | {"rows": [asdict(row) for row in self.rows]}

    def __str__(self) -> str:
        def shown(value: float | None, error: float | None) -> str:
            if value is None or error is None:
                return ""
            if self.measure == "accuracy":
                return f"{value:.1%} ± {error:.1%}"
            return f"{value:.3f} ± {error:.3f}"

        compared = any(row.untrained is not None for row in self.rows)
        what = "right" if self.measure == "accuracy" else "R2"
        table = [("after", "", "width", f"{what}, trained", f"{what}, untrained")]
        table += [
            (
                row.path,
                row.layer,
                f"{row.width:,}",
                shown(row.trained, row.error),
                shown(row.untrained, row.untrained_error),
            )
            for row in self.rows
        ]
        keep = 5 if compared else 4
        widths = [max(len(line[i]) for line in table) for i in range(keep)]
        return "\n".join(
            "  ".join(
                line[i].ljust(width) if i < 2 else line[i].rjust(width)
                for i, width in enumerate(widths)
            ).rstrip()
            for line in table
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(str(self))}</pre>"


def separability(
    net: Module | Model,
    training: tuple[Any, Any],
    held_out: tuple[Any, Any],
    untrained: bool = True,
    seed: int = 0,
    paths: Sequence[str] | None = None,
) -> Separability:
    """How well a linear model tells the target from what each layer gives.

    After the input and after every layer, a linear model is fitted to the layer's outputs for the
    training rows and tested on the held-out rows: multinomial logistic regression for classes,
    ridge regression for numbers. Where a layer makes the classes easier to tell apart, the score
    rises over that of the input. A layer of random weights can do so too, as it makes more features
    out of few; what the training has done is the difference to the untrained network.

    Alain & Bengio 2016, "Understanding intermediate layers using linear classifier probes".

    Parameters
    ----------
    net : a network, or a model with its preprocessing, loaded or not.
    training : (X, y) that the probes are fitted to; the rows on which the network was trained, or
        some of them (of more than 4,096, a random choice). X as the network takes it; y classes of
        any kind (n,), one-hot rows, or numbers (n,) or (n, columns).
    held_out : (X, y) on which neither the network nor a probe was trained.
    untrained : whether to measure the network with fresh weights too. It cannot be measured for a
        loaded model, whose file does not say how layers begin.
    seed : of the fresh weights and of the choice of rows.
    paths : the layers wanted, beside the input; every layer when None.

    Returns
    -------
    Accuracies, or R2, with their standard errors, which say how much they would change with other
    held-out rows. They know nothing of how much they would change with other first weights.

    Raises
    ------
    DataError : no rows, not as many targets as rows, or a single class.
    OptionError : no such layer, or several answers for each row.
    """
    rows, targets = _pair("training", net, training)
    others, truth = _pair("held_out", net, held_out)
    if len(targets) > MOST_ROWS:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(targets))[:MOST_ROWS])
        rows = Rows(rows.module, tuple(a[chosen] for a in rows.arrays))
        targets = targets[chosen]
    classes: int | None = None
    if _are_numbers(net, targets):
        fit, expected = np.asarray(targets, np.float64), np.asarray(truth, np.float64)
        if not (np.isfinite(fit).all() and np.isfinite(expected).all()):
            raise DataError("expected finite numbers in y, got NaN or infinity")
    else:
        fit, expected, classes = _class_numbers(targets, truth)

    def scores(module: Module, with_input: bool) -> dict[str, tuple[int, Score]]:
        """Width and score by layer."""
        inside = layer_outputs(module, rows.arrays, paths)
        outside = layer_outputs(module, others.arrays, paths)
        if with_input:
            inside = {INPUT: _joined(rows)} | inside
            outside = {INPUT: _joined(others)} | outside
        found: dict[str, tuple[int, Score]] = {}
        before: tuple[np.ndarray, tuple[int, Score]] | None = None
        for name, values in inside.items():
            # Dropout passes everything on when it is off.
            if before is not None and np.array_equal(before[0], values):
                found[name] = before[1]
                continue
            features = components(
                values.reshape(len(fit), -1), outside[name].reshape(len(expected), -1), seed
            )
            if classes is None:
                score = number_score(features, fit, expected)
            else:
                score = class_score(features, fit, expected, classes)
            found[name] = (values.size // len(fit), score)
            before = (values, found[name])
        return found

    trained = scores(rows.module, with_input=True)
    fresh = _untrained(rows.module, seed) if untrained else None
    compared = scores(fresh, with_input=False) if fresh is not None else {}
    if compared:
        compared[INPUT] = trained[INPUT]
    graph = layer_graph(rows)
    layers = []
    for name, (width, score) in trained.items():
        other = compared.get(name, (0, None))[1]
        layer = "" if name == INPUT else graph.describe(name)
        layers.append(LayerScore(name, layer, width, *score, *(other or (None, None))))
    measure = "r2" if classes is None else "accuracy"
    return Separability(tuple(layers), measure, classes, len(fit), len(expected))


def _pair(name: str, net: Module | Model, data: Any) -> tuple[Rows, np.ndarray]:
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise DataError(f"{name}: expected a pair (X, y), got {type(data).__name__}")
    rows, y = rows_of(net, data[0]), np.asarray(data[1])
    if y.ndim == 0 or len(y) != len(rows.arrays[0]):
        raise DataError(
            f"{name}: expected a target for each of {len(rows.arrays[0])} rows, got y of shape "
            f"{y.shape}"
        )
    return rows, y


def _are_numbers(net: Module | Model, y: np.ndarray) -> bool:
    if y.dtype.kind != "f":
        return False
    inner = net.net if isinstance(net, Model) else net
    summary = net.summary if isinstance(net, Model) else notes_of(inner).training
    return (summary or {}).get("target", "numbers") == "numbers"


def _class_numbers(training: Any, held_out: Any) -> tuple[np.ndarray, np.ndarray, int]:
    """Class numbers of both parts; -1 for a class that only the held-out rows have."""
    parts = []
    for y in (training, held_out):
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        if y.ndim == 2 and y.dtype.kind in "bif" and (y != 0).sum(1).max(initial=0) <= 1:
            y = y.argmax(1)
        if y.ndim != 1:
            raise OptionError(
                f"expected one class for each row, (n,) or one-hot (n, classes), got y of shape "
                f"{y.shape}; of several answers give one column at a time"
            )
        parts.append(y)
    names, first = np.unique(parts[0], return_inverse=True)
    if len(names) < 2:
        raise DataError("expected at least two classes among the training rows, got one")
    place = np.minimum(np.searchsorted(names, parts[1]), len(names) - 1)
    return first, np.where(names[place] == parts[1], place, -1), len(names)


def _joined(rows: Rows) -> np.ndarray:
    count = len(rows.arrays[0])
    return np.concatenate([a.reshape(count, -1).astype(np.float32) for a in rows.arrays], 1)


def _untrained(module: Module, seed: int) -> Module | None:
    """A copy with fresh weights; None where a layer does not say how it begins."""
    fresh = copy.deepcopy(module)
    try:
        fresh.reset_parameters(seed)
    except NotImplementedError:
        return None
    return fresh


__all__ = ["LayerScore", "Separability", "separability"]
