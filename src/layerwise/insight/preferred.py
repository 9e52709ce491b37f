"""The inputs that units prefer: those that excite them most, found by gradient ascent.

Erhan, Bengio, Courville & Vincent 2009, "Visualizing higher-layer features of a deep network".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import backends
from ..compiler import Feeds, Program
from ..errors import DataError, OptionError
from ..graph import (
    Tensor,
    batch,
    constant,
    dtypes,
    gradients,
    input,
    maximum,
    minimum,
    one_hot,
    reshape,
    sqrt,
    sum,
    take,
    variable,
)
from ..model import Model
from ..nn.module import Module
from ..nn.notes import notes_of
from ..nn.trace import Trace
from .layer_outputs import (
    LayerGraph,
    Rows,
    graph_from,
    layer_graph,
    output_of,
    rows_of,
    run_rows,
    state_of,
    width_of,
)
from .logits import logits_of

STARTS = 4
MOST_DIRECTIONS = 512
MOST_ROWS = 2048


@dataclass(frozen=True)
class Preferred:
    """The inputs that some units of a layer prefer.

    Attributes
    ----------
    path, layer : the layer; for the network's own output the path is ''.
    units : numbers of the units, int (units,).
    inputs : float (units, ...), each in the shape of a row, or of a picture if that was given.
    centre : what the ascent goes out from, the mean of the rows, in the shape of one input.
    activations : what each unit gives for its input, (units,).
    in_data : the most that it gives for any of the rows, (units,); None without rows.
    """

    path: str
    layer: str
    units: np.ndarray
    inputs: np.ndarray = field(repr=False)
    centre: np.ndarray = field(repr=False)
    activations: np.ndarray = field(repr=False)
    in_data: np.ndarray | None = field(repr=False, default=None)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {
            "path": self.path,
            "layer": self.layer,
            "units": self.units.tolist(),
            "inputs": self.inputs.tolist(),
            "centre": self.centre.tolist(),
            "activations": self.activations.tolist(),
            "in_data": None if self.in_data is None else self.in_data.tolist(),
        }


def preferred_inputs(
    net: Module | Model,
    path: str | None = None,
    inputs: Any = None,
    units: Sequence[int] | None = None,
    shape: tuple[int, ...] | None = None,
    within: tuple[float, float] | None = None,
    deviations: float = 4.0,
    steps: int = 64,
    seed: int = 0,
) -> Preferred:
    """For each unit of a layer, the input that excites it most among those that are plausible.

    Without any constraint the answer is noise that no row resembles (Olah, Mordvintsev & Schubert
    2017, "Feature visualization"). Here an input is the mean of the rows plus a step along the
    directions in which the rows vary, no longer than `deviations` of their standard deviations
    (Mahalanobis distance), and no value leaves the range of the rows. For a unit that is linear in
    the input the answer is its weights times the covariance of the rows, which is what it responds
    to; the bare weights also hold what cancels out other things (Haufe et al. 2014, "On the
    interpretation of weight vectors of linear models"). Without rows, plausible means small, and
    smooth if the input is a picture (an L2 penalty and one on the squared total variation).

    Parameters
    ----------
    net : a network, or a model with its preprocessing, loaded or not, that takes one array of
        floats.
    path : the layer; the network's output when None. Of softmax and sigmoid the numbers before it
        are taken.
    inputs : rows as the network takes them, from which it is seen what is plausible.
    units : numbers of units; all when None. Those of a layer whose output has several axes are
        counted in the order of its elements.
    shape : of the pictures that the rows are, such as (8, 8).
    within : least and greatest value; those of the rows when None, column by column.
    deviations : how far from the mean to go, above 0. Rows themselves are seldom more than 3 to 5
        away in any one direction.
    steps : of the ascent. The method is that of Frank & Wolfe (1956): it has no learning rate, and
        does not depend on the scale of the unit.
    seed : of the starts. Each unit begins at four places and the best result is kept.

    Raises
    ------
    OptionError : neither rows nor `within`; no such layer or unit; a shape that does not fit; an
        input that is not one array of floats.
    """
    if not 0 < deviations < math.inf or steps < 1:
        raise OptionError(
            f"expected deviations above 0 and at least one step, got {deviations!r} and {steps!r}"
        )
    if inputs is None and within is None:
        raise OptionError(
            "it is not known which inputs are plausible: give rows, "
            "preferred_inputs(net, path, inputs=X), or a range, within=(0, 1)"
        )
    rows = rows_of(net, inputs) if inputs is not None else _blank_row(net)
    graph = layer_graph(rows)
    source = graph.inputs[0]
    if len(graph.inputs) != 1 or not dtypes.is_float(source.dtype):
        raise OptionError(
            "expected a network with one input of floats: with several inputs, or with codes of "
            "categories, there is no gradient to climb along for all of them"
        )
    wanted = target_of(graph, path)
    width = width_of(wanted)
    chosen = np.arange(width) if units is None else np.asarray(units, np.int64).reshape(-1)
    if not chosen.size or chosen.min() < 0 or chosen.max() >= width:
        raise OptionError(f"expected units from 0 to {width - 1}, got {chosen.tolist()}")
    row = rows.arrays[0].shape[1:]
    size = math.prod(row)
    if shape is not None and math.prod(shape) != size:
        raise OptionError(f"a row has {size} numbers, which are no picture of shape {shape}")

    picture = shape or (row if len(row) == 2 else None)
    if inputs is not None:
        prior = _data_prior(rows.arrays[0].reshape(len(rows.arrays[0]), -1), within, seed)
        in_data = run_rows(rows, {"a": reshape(wanted, (wanted.shape[0], width))})["a"]
        in_data = in_data[:, chosen]
    else:
        assert within is not None
        prior, in_data = _smooth_prior(size, picture, within), None
    starts = _starts(prior, rows, in_data, len(chosen), deviations, seed)
    found, activations = _ascend(rows.module, graph, path, prior, starts, chosen, deviations, steps)
    return Preferred(
        path or "",
        graph.describe(path) if path is not None else str(type(rows.module).__name__),
        chosen,
        found.reshape(len(chosen), *(shape or row)),
        prior.mean.reshape(shape or row).astype(found.dtype),
        activations,
        None if in_data is None else in_data.max(0),
    )


def target_of(graph: LayerGraph, path: str | None) -> Tensor:
    """The output of a layer, or of the network, before softmax and sigmoid."""
    output = graph.output if path is None else output_of(graph, path)
    if not isinstance(output, Tensor) or not output.shape:
        raise OptionError("the network's output is not one tensor; name a layer")
    return logits_of(output)


def _blank_row(net: Module | Model) -> Rows:
    """A row of zeros of the kind that the network takes."""
    for module in (net.whole, net.net) if isinstance(net, Model) else (net,):
        kinds = notes_of(module).rows
        if kinds is not None:
            pairs = zip(kinds.shapes, kinds.dtypes, strict=True)
            return rows_of(net, tuple(np.zeros((1, *s), d) for s, d in pairs))
        shapes = getattr(module, "row_shapes", None)
        if shapes is not None:
            return rows_of(net, tuple(np.zeros((1, *s), module.dtype) for s in shapes))
    raise OptionError("the kind of rows is not known yet: give some, inputs=X")


# -- what is plausible -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Prior:
    """Inputs are mean + z @ directions, with z of length up to the deviations.

    Attributes
    ----------
    mean, low, high : (features,).
    directions : (k, features), each as long as one standard deviation.
    """

    mean: np.ndarray
    directions: np.ndarray
    low: np.ndarray
    high: np.ndarray


def _data_prior(rows: np.ndarray, within: tuple[float, float] | None, seed: int) -> _Prior:
    values = np.asarray(rows, np.float64)
    if not np.isfinite(values).all():
        raise DataError("expected finite rows, got NaN or infinity")
    if len(values) < 2:
        raise DataError("expected at least two rows, to see how they vary")
    low, high = values.min(0), values.max(0)
    if within is not None:
        low, high = np.full_like(low, within[0]), np.full_like(high, within[1])
    if len(values) > MOST_ROWS:
        values = values[np.random.default_rng(seed).permutation(len(values))[:MOST_ROWS]]
    mean = values.mean(0)
    _, sizes, axes = np.linalg.svd(
        (values - mean) / math.sqrt(len(values) - 1), full_matrices=False
    )
    kept = sizes[:MOST_DIRECTIONS] > 1e-6 * max(float(sizes[0]), 1e-30)
    directions = (sizes[:, None] * axes)[:MOST_DIRECTIONS][kept]
    if not len(directions):
        raise DataError("all rows are equal, so there is no direction in which to go")
    return _Prior(mean, directions, low, high)


def _smooth_prior(
    size: int, picture: tuple[int, ...] | None, within: tuple[float, float]
) -> _Prior:
    """The Gaussian whose negative log-density is an L2 penalty and one on neighbours' differences.

    The two weigh the same where a wave is about six pixels long.
    """
    low, high = map(float, within)
    if not low < high:
        raise OptionError(f"expected within=(low, high) with low below high, got {within}")
    precision = np.eye(size)
    if picture is not None and len(picture) == 2:
        height, width = picture
        grid = np.arange(size).reshape(height, width)
        pairs = [(grid[1:], grid[:-1]), (grid[:, 1:], grid[:, :-1])]
        for one, other in ((a.reshape(-1), b.reshape(-1)) for a, b in pairs):
            difference = np.zeros((len(one), size))
            difference[np.arange(len(one)), one] = 1
            difference[np.arange(len(one)), other] = -1
            precision += difference.T @ difference
    sizes, axes = np.linalg.eigh(precision)
    directions = (axes / np.sqrt(sizes)).T[:MOST_DIRECTIONS]
    # One deviation is half of the range, for the middle pixel by itself.
    scale = (high - low) / 2 / np.sqrt((directions**2).sum(0).mean())
    flat = np.ones(size)
    return _Prior(flat * min(max(0.0, low), high), directions * scale, flat * low, flat * high)


def _starts(
    prior: _Prior,
    rows: Rows,
    in_data: np.ndarray | None,
    units: int,
    deviations: float,
    seed: int,
) -> np.ndarray:
    """(starts, units, k) points to begin at: the row that excites most, and random directions.

    A unit behind a ReLU has no slope where it is off, so one start must be where it is on.
    """
    generator = np.random.default_rng(seed)
    starts = generator.standard_normal((STARTS, units, len(prior.directions)))
    starts *= deviations / np.linalg.norm(starts, axis=2, keepdims=True)
    if in_data is not None:
        values = rows.arrays[0].reshape(len(rows.arrays[0]), -1)[in_data.argmax(0)]
        lengths = (prior.directions**2).sum(1)
        starts[0] = (values - prior.mean) @ prior.directions.T / lengths
    return starts


# -- the ascent ------------------------------------------------------------------------------------


def _ascend(
    module: Module,
    graph: LayerGraph,
    path: str | None,
    prior: _Prior,
    starts: np.ndarray,
    units: np.ndarray,
    deviations: float,
    steps: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The best input of each unit, (units, features), and its activation: one program, one run."""
    (source,) = graph.inputs
    dtype = source.dtype
    count, cells = len(units), starts.shape[0] * len(units)
    points = variable("points", (cells, len(prior.directions)), dtype)
    cell, unit = (input(name, (batch,), dtypes.int32) for name in ("cell", "unit"))
    mean, directions, low, high = (
        constant(np.asarray(a, dtype))
        for a in (prior.mean, prior.directions, prior.low, prior.high)
    )
    x = mean + take(points, cell) @ directions
    x = minimum(maximum(x, low), high)
    fed = reshape(x, source.shape)
    inside = _target_for(module, fed, path)
    width = width_of(inside)
    flat = reshape(inside, (batch, width))
    activation = sum(flat * one_hot(unit, width, flat.dtype), 1)
    (slope,) = gradients(sum(activation), [points])
    length = sqrt(sum(slope * slope, 1, keepdims=True))
    target = slope * (deviations / maximum(length, 1e-20))
    share = input("share", (), dtype)
    backend = backends.get()
    climb = Program({}, {points: points + share * (target - points)})
    look = Program({"x": x, "activation": activation})
    rows = {
        "cell": np.arange(cells, dtype=np.int32),
        "unit": np.tile(units.astype(np.int32), starts.shape[0]),
    }
    state = state_of(module, climb)
    state.update(state_of(module, look))
    state[points] = starts.reshape(cells, -1)
    feeds = Feeds(
        rows,
        cells,
        order=np.tile(np.arange(cells), steps),
        per_step={"share": (2 / (2 + np.arange(steps))).astype(dtype)},
    )
    backend.compile(climb).run(state, feeds)
    found = backend.compile(look).run(state, Feeds(rows, cells))
    activations = np.asarray(found["activation"]).reshape(-1, count)
    best = np.where(np.isfinite(activations), activations, -np.inf).argmax(0)
    inputs = np.asarray(found["x"]).reshape(-1, count, len(prior.mean))
    each = np.arange(count)
    return inputs[best, each], activations[best, each]


def _target_for(module: Module, fed: Tensor, path: str | None) -> Tensor:
    """A layer's output, before softmax and sigmoid, for a graph in place of the input."""
    trace = Trace()
    output = module.trace_forward(trace, fed)
    return target_of(graph_from([fed], output, trace), path)


__all__ = ["Preferred", "preferred_inputs"]
