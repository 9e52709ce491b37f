"""How weights and outputs are spread, layer by layer: histograms, zeros, and what is not finite."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..model import Model
from ..nn.module import Module
from .layer_outputs import layer_outputs


@dataclass(frozen=True)
class Distribution:
    """The numbers of one array.

    Attributes
    ----------
    name : path of a weight or of a layer.
    size : how many numbers there are.
    edges, counts : of the histogram of those that are finite: counts[i] lie from edges[i] to
        edges[i + 1]. Both empty if none is finite.
    mean, std, least, greatest : of those that are finite; 0 if none is.
    zeros : share that is exactly 0.
    non_finite : share that is NaN or infinite.
    """

    name: str
    size: int
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    mean: float
    std: float
    least: float
    greatest: float
    zeros: float
    non_finite: float

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return asdict(self) | {"edges": list(self.edges), "counts": list(self.counts)}


def weight_distributions(net: Module | Model, bins: int = 40) -> dict[str, Distribution]:
    """How each parameter of a network is spread, by its path (``0.weight``).

    Parameters
    ----------
    net : a network or a model.
    bins : bars of a histogram, at least 1.
    """
    module = net.net if isinstance(net, Model) else net
    return {name: distribution(name, p.value, bins) for name, p in module.named_parameters()}


def activation_distributions(
    net: Module | Model, inputs: Any, bins: int = 40, training: bool = False
) -> dict[str, Distribution]:
    """How the outputs of each layer are spread over some rows, by the layer's path.

    Parameters
    ----------
    net, inputs, training : as for `layer_outputs`.
    bins : bars of a histogram, at least 1.
    """
    found = layer_outputs(net, inputs, training=training)
    return {name: distribution(name, values, bins) for name, values in found.items()}


def distribution(name: str, values: np.ndarray, bins: int = 40) -> Distribution:
    """How an array of any shape is spread."""
    flat = np.asarray(values, np.float64).reshape(-1)
    finite = flat[np.isfinite(flat)]
    if not finite.size:
        bad = 1.0 if flat.size else 0.0
        return Distribution(name, flat.size, (), (), 0.0, 0.0, 0.0, 0.0, 0.0, bad)
    least, greatest = float(finite.min()), float(finite.max())
    # Around a single value numpy takes a width of 1, which rounds away beside a large one.
    around = max(abs(least), 1.0) * 0.5 if least == greatest else 0.0
    counts, edges = np.histogram(finite, bins, (least - around, greatest + around))
    return Distribution(
        name,
        flat.size,
        tuple(edges.tolist()),
        tuple(counts.tolist()),
        float(finite.mean()),
        float(finite.std()),
        least,
        greatest,
        float((flat == 0).mean()),
        1 - finite.size / flat.size,
    )


__all__ = ["Distribution", "activation_distributions", "distribution", "weight_distributions"]
