"""What single units of a network of pictures look for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import DataError, OptionError
from ...model.layers import Layer

MOST_UNITS = 12
EXAMPLES = 5

_HIDDEN = (
    "ReLU",
    "LeakyReLU",
    "ELU",
    "SELU",
    "GELU",
    "SiLU",
    "Mish",
    "Softplus",
    "Tanh",
    "Sigmoid",
)


@dataclass(frozen=True, eq=False)
class UnitPictures:
    """One unit.

    Attributes
    ----------
    number : of the unit in its layer.
    preferred : (height, width), the plausible input that excites it most.
    reached : what it gives for that.
    examples : (n, height, width), the real rows that excite it most.
    most : what it gives for the first of them.
    classes : of these rows, as numbers.
    """

    number: int
    preferred: np.ndarray
    reached: float
    examples: np.ndarray
    most: float
    classes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class UnitLayer:
    """Some units of one layer."""

    path: str
    layer: str
    units: tuple[UnitPictures, ...]
    of: int


@dataclass(frozen=True, eq=False)
class Units:
    """What is known of units.

    Attributes
    ----------
    weights : (units, height, width) of the first layer; None where it is no dense one.
    layers : deeper ones: the last hidden one and the output.
    """

    weights: np.ndarray | None
    layers: tuple[UnitLayer, ...]


def units_of(
    net: Any,
    inputs: Any,
    pictures: np.ndarray,
    truth: np.ndarray,
    layers: tuple[Layer, ...],
    classes: int,
) -> Units:
    """Look for what excites units.

    Parameters
    ----------
    net, inputs : as `facts.layers.network_and_rows` gives them.
    pictures : the rows as pictures, (n, height, width).
    truth : their classes, (n,).
    layers : of the network.
    classes : how many there are.
    """
    from ...insight import unit_weights_as_pictures

    shape = (int(pictures.shape[1]), int(pictures.shape[2]))
    try:
        weights = unit_weights_as_pictures(net, shape)
    except OptionError:
        weights = None
    hidden = [x for x in layers[:-1] if x.layer.split("(")[0] in _HIDDEN]
    wanted: list[Layer | None] = [*hidden[-1:], None]
    found = []
    for layer in wanted:
        try:
            found.append(_layer(net, inputs, pictures, truth, layer, classes))
        except (OptionError, DataError):
            continue
    return Units(weights, tuple(found))


def _layer(
    net: Any,
    inputs: Any,
    pictures: np.ndarray,
    truth: np.ndarray,
    layer: Layer | None,
    classes: int,
) -> UnitLayer:
    from ...insight import most_activating, preferred_inputs

    path = None if layer is None else layer.path
    every = most_activating(net, path, inputs, EXAMPLES)
    if layer is None:
        chosen = np.arange(min(classes, len(every.units), MOST_UNITS))
    else:
        # The units that tell most rows apart from the rest: silent ones say nothing.
        chosen = np.sort(np.argsort(-every.values[:, 0], kind="stable")[:MOST_UNITS])
    preferred = preferred_inputs(net, path, inputs, chosen.tolist(), pictures.shape[1:])
    units = []
    for place, unit in enumerate(chosen):
        rows = every.rows[unit]
        units.append(
            UnitPictures(
                int(unit),
                np.asarray(preferred.inputs[place], np.float64),
                float(preferred.activations[place]),
                pictures[rows],
                float(every.values[unit, 0]),
                tuple(int(truth[row]) for row in rows),
            )
        )
    name = "output" if layer is None else layer.layer
    return UnitLayer(path or "", name, tuple(units), len(every.units))
