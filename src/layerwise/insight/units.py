"""What single units look at: their weights as pictures, and the rows that excite them most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import OptionError
from ..graph import reshape
from ..model import Model
from ..nn import Linear
from ..nn.module import Module
from ..nn.parameter import Parameter
from .layer_outputs import layer_graph, rows_of, run_rows, width_of
from .preferred import target_of


@dataclass(frozen=True)
class MostActivating:
    """The rows that excite units most.

    Attributes
    ----------
    path, layer : the layer; for the network's own output the path is ''.
    units : numbers of the units, int (units,).
    rows : numbers of the rows, int (units, count), the most exciting first.
    values : what the unit gives for them, (units, count).
    """

    path: str
    layer: str
    units: np.ndarray
    rows: np.ndarray = field(repr=False)
    values: np.ndarray = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {
            "path": self.path,
            "layer": self.layer,
            "units": self.units.tolist(),
            "rows": self.rows.tolist(),
            "values": self.values.tolist(),
        }


def most_activating(
    net: Module | Model,
    path: str | None,
    inputs: Any,
    count: int = 9,
    units: Sequence[int] | None = None,
) -> MostActivating:
    """The rows for which each unit of a layer gives the most.

    Parameters
    ----------
    net : a network, or a model with its preprocessing, loaded or not.
    path : the layer; the network's output when None. Of softmax and sigmoid the numbers before it
        are taken.
    inputs : rows as the network takes them.
    count : rows for each unit; fewer if there are fewer.
    units : numbers of units; all when None.

    Raises
    ------
    OptionError : no such layer or unit, or a count below 1.
    """
    if count < 1:
        raise OptionError(f"expected a count of at least 1, got {count}")
    rows = rows_of(net, inputs)
    graph = layer_graph(rows)
    wanted = target_of(graph, path)
    width = width_of(wanted)
    values = run_rows(rows, {"values": reshape(wanted, (wanted.shape[0], width))})["values"]
    chosen = np.arange(width) if units is None else np.asarray(units, np.int64).reshape(-1)
    if not chosen.size or chosen.min() < 0 or chosen.max() >= width:
        raise OptionError(f"expected units from 0 to {width - 1}, got {chosen.tolist()}")
    values = values[:, chosen].T
    # What is not a number excites nothing; of equal rows the first come first.
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), axis=1, kind="stable")[:, :count]
    layer = graph.describe(path) if path is not None else type(rows.module).__name__
    return MostActivating(
        path or "", layer, chosen, order, np.take_along_axis(values, order, axis=1)
    )


def unit_weights_as_pictures(
    net: Module | Model, shape: tuple[int, ...] | None = None
) -> np.ndarray:
    """The weights of the first dense layer, those of each unit as a picture.

    Where a weight is positive the unit wants the pixel on, where it is negative, off. Weights that
    training had no reason to change still show the noise that they began with; `preferred_inputs`
    shows what a unit responds to.

    Parameters
    ----------
    net : a network or a model, loaded or not, whose first layer with weights is a `Linear`.
    shape : of a picture, such as (8, 8); a square when None.

    Returns
    -------
    (units, *shape), a copy.

    Raises
    ------
    OptionError : there is no such layer, or its weights do not make pictures of that shape.
    """
    module = net.net if isinstance(net, Model) else net
    weight = _first_weight(module)
    width = weight.shape[1]
    if shape is None:
        side = math.isqrt(width)
        if side * side != width:
            raise OptionError(
                f"{width} weights of a unit make no square picture; give their shape, such as "
                f"shape=(2, {width // 2})"
            )
        shape = (side, side)
    if math.prod(shape) != width:
        raise OptionError(f"{width} weights of a unit make no picture of shape {shape}")
    return weight.reshape(-1, *shape).copy()


def _first_weight(module: Module) -> np.ndarray:
    for path, part in module.named_modules():
        own = [v for v in vars(part).values() if isinstance(v, Parameter)]
        if not own:
            continue
        weight = getattr(part, "weight", None)
        # A loaded layer has a Linear's name and weights, but not its class.
        linear = isinstance(part, Linear) or repr(part).startswith("Linear(")
        if linear and isinstance(weight, Parameter):
            return weight.value
        raise OptionError(
            f"the first layer with weights, '{path}', is {part}, not a Linear: its weights are no "
            "pictures of the input"
        )
    raise OptionError(f"{type(module).__name__} has no known layer with weights")


__all__ = ["MostActivating", "most_activating", "unit_weights_as_pictures"]
