"""What each layer makes of the rows: gathered from `layerwise.insight`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import nn
from ...errors import DataError, OptionError
from ...model import Model
from ..player.stack import Stack
from .rows import Part
from .units import Units, units_of

if TYPE_CHECKING:
    from ...insight.distributions import Distribution
    from ...insight.layer_maps import LayerMap
    from ...insight.separability import Separability

MOST_LAYERS = 30
"""Beyond it, as in an ensemble, layers are not looked into one by one."""

MAPPED_ROWS = 300
"""Rows of a map: enough to see groups, few enough for a light page."""


@dataclass(frozen=True, eq=False)
class Layers:
    """What is known of the layers.

    Attributes
    ----------
    separability : None where there are no rows of training and of the test.
    maps : of the input and the layers that change something.
    weights, activations : distributions by path.
    units : what single units look for, where rows are pictures.
    missing : what there is not, with the reason.
    """

    separability: Separability | None = None
    maps: tuple[LayerMap, ...] = ()
    weights: dict[str, Distribution] = field(default_factory=dict)
    activations: dict[str, Distribution] = field(default_factory=dict)
    units: Units | None = None
    missing: tuple[str, ...] = ()


def network_and_rows(model: Model, part: Part, stack: Stack | None) -> tuple[Any, Any]:
    """A network whose layers can be looked into, and rows as it takes them.

    A loaded model cannot say how its layers begin, so the layers that were found in its graph stand
    for it where there are such.
    """
    if part.encoded:
        return (model.net if model.preprocess is not None else model.whole), part.inputs
    if stack is not None and isinstance(part.inputs, np.ndarray):
        scaled = part.inputs * stack.factor + stack.shift
        return nn.Sequential(*stack.modules), scaled.astype(model.net.dtype)
    return model, part.inputs


def layers_of_model(
    model: Model,
    training: Part | None,
    held_out: Part | None,
    stack: Stack | None,
    pictures: np.ndarray | None = None,
) -> Layers:
    """Look into every layer.

    Parameters
    ----------
    stack : the layers found again in the graph; None where that was not possible.
    pictures : the held-out rows (of the training, without such) as pictures.
    """
    from ...insight.distributions import activation_distributions, weight_distributions
    from ...insight.layer_maps import layer_maps
    from ...insight.separability import separability

    if len(model.layers) > MOST_LAYERS:
        why = (
            f"The model is made of {len(model.layers)} layers in all its members; looking into "
            "each would say little."
        )
        return Layers(missing=(why,))
    weights = weight_distributions(model.net)
    rows = held_out or training
    missing: list[str] = []
    if rows is None:
        why = "There are no rows to feed to the network, so only its weights are shown."
        return Layers(weights=weights, missing=(why,))
    if model.texts is not None and not rows.encoded:
        why = (
            "Texts have several lengths, each with a graph of its own, so what layers give is not "
            "shown; weights are."
        )
        return Layers(weights=weights, missing=(why,))
    net, inputs = network_and_rows(model, rows, stack)
    truth = rows.truth if rows.truth.ndim == 1 else rows.truth[:, 0]
    activations: dict[str, Distribution] = {}
    maps: tuple[LayerMap, ...] = ()
    try:
        activations = activation_distributions(net, inputs)
        maps = tuple(layer_maps(net, inputs, truth, rows=MAPPED_ROWS))
    except (OptionError, DataError) as error:
        missing.append(f"What each layer gives is not shown: {error}.")
    score = None
    if training is None or held_out is None or training.encoded != held_out.encoded:
        missing.append(
            "How well classes can be told apart after each layer needs rows of the training and "
            "rows of the test."
        )
    else:
        learned, taught = network_and_rows(model, training, stack)[1], training.truth
        try:
            score = separability(net, (learned, taught), (inputs, rows.truth))
        except (OptionError, DataError) as error:
            missing.append(f"How well classes can be told apart is not shown: {error}.")
    units = None
    if pictures is not None:
        classes = len(model.classes or ()) or int(truth.max(initial=0)) + 1
        units = units_of(net, inputs, pictures, truth, tuple(model.layers), classes)
    return Layers(score, maps, weights, activations, units, tuple(missing))
