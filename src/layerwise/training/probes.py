"""Probes: what a training step looks like from inside, layer by layer.

A second program does what a training step does, to the last bit, and gives sums over activations,
gradients and weights besides. It takes the place of every k-th step, so that a look inside costs
little; `ProbeRecord` keeps what it saw, for the doctor and for pictures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import (
    Tensor,
    absolute,
    backpropagate,
    cast,
    constant,
    equal,
    greater,
    logical_not,
    mean,
    square,
    sum,
)
from ..graph.indexing import PutRows
from ..graph.stable import stabilise
from ..optim import Gradient, RowGradient
from .sites import SATURATED, Site

AN_EPOCH = 20
"""Probes in an epoch, where its steps are enough for that."""

SPARSE = 16
"""Steps for each probe, at least, so that probes cost a few percent of the time."""

MOST_KEPT = 2000
"""Probes that a record keeps: the first ones, and of the others some, evenly spread over steps."""

MOST_WAITING = 256
"""Chunks of steps whose measures are worked out together."""

OF_STEPS = ("loss", "rows")
OF_LAYERS = ("mean", "spread", "zeros", "saturated", "silent", "output_gradient")
OF_PARAMETERS = ("weight", "gradient", "update")


def every(steps: int, epoch: int) -> int:
    """Steps from one probe to the next, in an epoch of so many steps; `epoch` counts from 0.

    The first epoch, in which most goes wrong that can go wrong, is looked at more closely.
    """
    return max(1, steps // AN_EPOCH, SPARSE if epoch else 1)


def probe_outputs(
    sites: Sequence[Site],
    loss: Tensor,
    gradients: Mapping[str, Gradient],
    parameters: Mapping[str, Tensor],
    updates: Mapping[Tensor, Tensor],
) -> dict[str, Tensor]:
    """What the probe program gives beside the training program's outputs: scalars, by name.

    Parameters
    ----------
    sites : where to look.
    loss : of the minibatch, as it was before it was put into stable form.
    gradients, parameters : by the parameters' names. Of a parameter whose gradient is held by rows,
        only the rows that the step looks up are measured, in weight, gradient and update.
    updates : the training program's.
    """
    became = stabilise([loss, *(site.output for site in sites)])
    outputs = [became[site.output] for site in sites]
    seeds = {became[loss]: constant(1.0, loss.dtype)}
    arriving = backpropagate(seeds, outputs)
    made: dict[str, Tensor] = {}
    for number, (site, output) in enumerate(zip(sites, outputs, strict=True)):
        made[f"sum {number}"] = sum(output)
        # From the mean, as a difference of large sums would have few digits or none.
        made[f"square {number}"] = sum(square(output - mean(output)))
        if output in arriving:
            made[f"output_gradient {number}"] = sum(square(arriving[output]))
        if site.slope is not None:
            closed = greater(SATURATED * site.steepest, absolute(site.slope))
            made[f"saturated {number}"] = sum(cast(closed, output.dtype))
            open_rows = sum(cast(logical_not(closed), output.dtype), axis=0)
            made[f"silent {number}"] = sum(cast(equal(open_rows, 0.0), output.dtype))
    for number, (name, gradient) in enumerate(gradients.items()):
        parameter = parameters[name]
        before = gradient.take(parameter)
        made[f"gradient {number}"] = sum(square(gradient.values))
        made[f"weight {number}"] = sum(square(gradient.touched(before)))
        if parameter in updates:
            after = updates[parameter]
            if isinstance(gradient, RowGradient):
                # Not the table: its old and its new value would have to be kept side by side.
                assert isinstance(after.primitive, PutRows)
                after = after.inputs[2]
            made[f"update {number}"] = sum(square(gradient.touched(after - before)))
    return made


class ProbedLayer(NamedTuple):
    """A layer that probes looked at.

    Attributes
    ----------
    path : its path in the network.
    layer : the module as text, such as ``Linear(64, 256)``.
    activation : the same text where it is an activation, else None.
    units : size of its output's last axis.
    closes_at_zero, flat_ends : whether it gives 0 wherever it is flat, as ReLU does; and at how
        many of its two ends it is flat.
    """

    path: str
    layer: str
    activation: str | None
    units: int
    closes_at_zero: bool = False
    flat_ends: int = 0


class ProbeRecord:
    """What the probes of one training saw.

    Attributes
    ----------
    layers : in the order of the forward pass.
    parameters : names, in the order of the forward pass.
    sizes : elements of each parameter.
    steps : (n,) int64: the steps that were probed, counted from 0 over all epochs.
    epochs : (n,) int64: their epochs, counted from 1.
    values : float64 arrays. Of shape (n,): ``loss`` of the minibatch and its ``rows``. Of shape
        (n, layers): ``mean`` and ``spread`` (standard deviation) of a layer's outputs; ``zeros``,
        the part of an activation's that is 0; ``saturated``, the part where its slope is below 2%
        of its steepest; ``silent``, the part of its units that are so for every row of the
        minibatch; ``output_gradient``, the root of the mean over rows of the squared gradient of a
        row's loss with respect to the layer's output. Of shape (n, parameters): the norms of
        ``weight``, of its ``gradient`` and of its ``update``. NaN where there is nothing to
        measure.
    """

    def __init__(
        self,
        layers: Sequence[ProbedLayer],
        parameters: Sequence[str],
        sizes: Sequence[int],
        places: Sequence[int],
    ) -> None:
        self.layers = list(layers)
        self.parameters, self.sizes = tuple(parameters), tuple(sizes)
        self._places = tuple(places)
        self._steps = np.empty(0, np.int64)
        self._epochs = np.empty(0, np.int64)
        self._values = {
            **{name: np.empty(0) for name in OF_STEPS},
            **{name: np.empty((0, len(self.layers))) for name in OF_LAYERS},
            **{name: np.empty((0, len(self.parameters))) for name in OF_PARAMETERS},
        }
        self._closing = np.array([float(each.closes_at_zero) for each in self.layers])
        self._waiting: list[_Chunk] = []

    @classmethod
    def of(cls, sites: Sequence[Site], parameters: Mapping[str, Tensor]) -> ProbeRecord:
        """An empty record of some sites and parameters."""
        return cls(
            [
                ProbedLayer(
                    s.path,
                    s.layer,
                    s.layer if s.is_activation else None,
                    s.units,
                    s.closes_at_zero,
                    s.flat_ends,
                )
                for s in sites
            ],
            list(parameters),
            [_count(p.shape) for p in parameters.values()],
            places_of(sites),
        )

    @property
    def steps(self) -> np.ndarray:
        """The probed steps."""
        self._settle()
        return self._steps

    @property
    def epochs(self) -> np.ndarray:
        """Their epochs."""
        self._settle()
        return self._epochs

    @property
    def values(self) -> dict[str, np.ndarray]:
        """What was measured, by name."""
        self._settle()
        return self._values

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"ProbeRecord({len(self)} probes of {len(self.layers)} layers)"

    def add(
        self,
        results: Mapping[str, np.ndarray],
        losses: np.ndarray,
        rows: np.ndarray,
        steps: np.ndarray,
        epoch: int,
        sites: Sequence[Site] | None = None,
    ) -> None:
        """Add some probed steps of one epoch.

        Parameters
        ----------
        results : the probe program's outputs; those of the training program are passed over.
        losses, rows, steps : (n,): of the minibatches.
        epoch : counted from 1.
        sites : those of the probe program, where its rows are of another shape than the record's:
            the same layers at more or fewer places.
        """
        if not len(steps):
            return
        places = self._places if sites is None else places_of(sites)
        # The training program's outputs would keep every step's values alive.
        sums = {name: values for name, values in results.items() if name.partition(" ")[2]}
        self._waiting.append(_Chunk(sums, losses, rows, steps, epoch, places))
        if len(self._waiting) >= MOST_WAITING:
            self._settle()

    def _settle(self) -> None:
        """Work out the measures of what was added; together, as one by one costs much more."""
        if not self._waiting:
            return
        chunks, self._waiting = self._waiting, []
        rows = np.concatenate([c.rows for c in chunks]).astype(np.float64)
        names = set().union(*(c.results for c in chunks))
        sums = {
            name: np.concatenate([c.results[name] for c in chunks]).astype(np.float64)
            for name in names
        }
        places = np.concatenate([np.tile(c.places, (len(c.steps), 1)) for c in chunks])
        found = self._measures(sums, rows, places)
        found["loss"] = np.concatenate([c.losses for c in chunks]).astype(np.float64)
        found["rows"] = rows
        epochs = [np.full(len(c.steps), c.epoch, np.int64) for c in chunks]
        self._steps = np.concatenate([self._steps, *(c.steps for c in chunks)])
        self._epochs = np.concatenate([self._epochs, *epochs])
        self._values = {n: np.concatenate([v, found[n]]) for n, v in self._values.items()}
        if len(self._steps) > MOST_KEPT:
            self._keep(_spread_over(self._steps, MOST_KEPT))

    def _keep(self, chosen: np.ndarray) -> None:
        self._steps, self._epochs = self._steps[chosen], self._epochs[chosen]
        self._values = {name: values[chosen] for name, values in self._values.items()}

    def _measures(
        self, sums: Mapping[str, np.ndarray], rows: np.ndarray, places: np.ndarray
    ) -> dict[str, Any]:
        nothing = np.full(len(rows), np.nan)

        def table(name: str, width: int) -> np.ndarray:
            """The sums of a kind, (n, width)."""
            columns = [sums.get(f"{name} {number}", nothing) for number in range(width)]
            return np.stack(columns, 1) if columns else np.empty((len(rows), 0))

        layers, parameters = len(self.layers), len(self.parameters)
        units = np.array([layer.units for layer in self.layers], np.float64)
        per_row = units * places
        count = rows[:, None] * per_row
        with np.errstate(invalid="ignore", over="ignore"):
            found: dict[str, Any] = {
                "mean": table("sum", layers) / count,
                "spread": np.sqrt(table("square", layers) / count),
                # What is flat is 0 for ReLU and its like, and the others are hardly ever 0.
                "zeros": table("saturated", layers) / count * self._closing,
                "saturated": table("saturated", layers) / count,
                "silent": table("silent", layers) / per_row,
                # The loss is a mean over rows, so a row's own gradient is so many times as large.
                "output_gradient": np.sqrt(table("output_gradient", layers) * rows[:, None]),
            }
            return found | {name: np.sqrt(table(name, parameters)) for name in OF_PARAMETERS}

    def update_ratio(self) -> np.ndarray:
        """The norm of each update by that of the weight, (n, parameters); about 1e-3 is usual.

        Source: Karpathy, CS231n, "Neural Networks Part 3", ratio of weights to updates.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.values["update"] / self.values["weight"]

    # -- as JSON -----------------------------------------------------------------------------------

    def as_json(self, most: int = 150) -> dict[str, Any]:
        """The record as short as a saved model keeps it: `most` probes, 4 significant digits."""
        chosen = _spread_out(len(self), most)
        return {
            "layers": [list(layer) for layer in self.layers],
            "places": list(self._places),
            "parameters": list(self.parameters),
            "sizes": list(self.sizes),
            "steps": self.steps[chosen].tolist(),
            "epochs": self.epochs[chosen].tolist(),
            "values": {name: _short(values[chosen]) for name, values in self.values.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ProbeRecord:
        """The inverse of `as_json`, for the probes that it kept."""
        layers = [ProbedLayer(*layer) for layer in data["layers"]]
        made = cls(layers, data["parameters"], data["sizes"], data["places"])
        made._steps = np.array(data["steps"], np.int64)
        made._epochs = np.array(data["epochs"], np.int64)
        for name, empty in made._values.items():
            # None becomes NaN, and 'inf' infinity.
            values = np.array(data["values"][name], object).astype(np.float64)
            made._values[name] = values.reshape(len(made._steps), *empty.shape[1:])
        return made


class _Chunk(NamedTuple):
    results: Mapping[str, np.ndarray]
    losses: np.ndarray
    rows: np.ndarray
    steps: np.ndarray
    epoch: int
    places: Sequence[int]


def places_of(sites: Sequence[Site]) -> tuple[int, ...]:
    """Places of each site's output: 1 for a dense layer, positions of a sequence or picture."""
    return tuple(_count(s.output.shape[1:-1]) for s in sites)


def _count(shape: Sequence[Any]) -> int:
    return math.prod(d for d in shape if isinstance(d, int))


def _spread_out(count: int, most: int) -> np.ndarray:
    """At most so many of the numbers below `count`: a third the first ones, the others even."""
    if count <= most:
        return np.arange(count)
    early = np.arange(most // 3)
    late = np.linspace(len(early), count - 1, most - len(early)).round().astype(np.int64)
    return np.concatenate([early, late])


def _spread_over(steps: np.ndarray, most: int) -> np.ndarray:
    """At most so many numbers of increasing steps: a third the first ones, the others even.

    Even in the steps themselves, so that it may be done again and again as a training goes on.
    """
    early = most // 3
    goals = np.linspace(steps[early], steps[-1], most - early)
    late = early + np.searchsorted(steps[early:], goals)
    return np.concatenate([np.arange(early), np.unique(late)])


def _short(values: np.ndarray) -> list[Any]:
    """Numbers with 4 significant digits; what JSON has no number for is None, 'inf' or '-inf'."""
    finite = np.isfinite(values)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = 10.0 ** (3 - np.floor(np.log10(np.abs(values))))
        rounded = np.where(finite & (values != 0), np.round(values * scale) / scale, values)
    if finite.all():
        return rounded.tolist()
    named = rounded.astype(object)
    named[np.isnan(values)] = None
    named[values == np.inf] = "inf"
    named[values == -np.inf] = "-inf"
    return named.tolist()


__all__ = [
    "OF_LAYERS",
    "OF_PARAMETERS",
    "OF_STEPS",
    "ProbeRecord",
    "ProbedLayer",
    "every",
    "probe_outputs",
]
