"""Where in a training graph probes look: layers with weights, and activations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from .. import graph as functions
from ..graph import Tensor, backpropagate, dtypes, evaluate, full_like, topological_order
from ..graph.dimension import Batch
from ..graph.elementwise import Elementwise
from ..graph.leaves import Constant
from ..graph.movement import Broadcast, Reshape
from ..nn.module import Module
from ..nn.trace import Call

SATURATED = 0.02
"""An activation whose slope is below this part of its steepest one lets next to nothing through."""

CLOSED = 0.005
"""An end whose slope is below this part of the steepest is flat for good."""

USUAL = (
    functions.relu, functions.sigmoid, functions.tanh, functions.gelu, functions.silu,
    functions.leaky_relu, functions.elu, functions.selu, functions.softplus, functions.mish,
)  # fmt: skip
"""Functions that are known by their values."""

GRID = np.linspace(-12.0, 12.0, 481)
"""Where an activation's steepest slope is looked for."""


class Site(NamedTuple):
    """One layer's place in the training graph.

    Attributes
    ----------
    path : of the module in the network; of an activation that is no module, the path of the layer
        before it and ``()``.
    layer : the module as text, or the name of the function.
    output : what it gives, (batch, ..., units).
    slope : the derivative of an activation that works element by element, of the shape of `output`;
        None for other layers.
    steepest : the largest slope that the activation has.
    closes_at_zero : whether it gives 0 wherever it is flat, as ReLU does.
    flat_ends : at how many of its two ends it is flat: 2 for sigmoid, 1 for ReLU and GELU.
    """

    path: str
    layer: str
    output: Tensor
    slope: Tensor | None
    steepest: float
    closes_at_zero: bool = False
    flat_ends: int = 0

    @property
    def is_activation(self) -> bool:
        """Whether it works element by element."""
        return self.slope is not None

    @property
    def units(self) -> int:
        """Size of the last axis."""
        last = self.output.shape[-1]
        return last if isinstance(last, int) else 1


def find_sites(calls: Iterable[Call]) -> list[Site]:
    """The sites among the calls of a network's modules, in the order of the forward pass.

    Functions applied between modules (``relu(self.hidden(x))``), or behind the last of a module's
    modules, count as activations too. What only passes values on (flatten, dropout, identity), or
    scales and shifts them, has no site.
    """
    calls = [call for call in calls if isinstance(call.output, Tensor)]
    found: dict[Tensor, Site] = {}
    for call in calls:
        output: Tensor = call.output
        has_modules = any(call.module.children())
        for given in (output,) if has_modules else call.inputs:
            if isinstance(given, Tensor) and given not in found:
                between = _activation_before(given, found)
                if between is not None:
                    found[given] = between
        if has_modules or output in found or not _is_wanted(output) or output in call.inputs:
            continue
        site = _site_of(call)
        if site is not None:
            found[output] = site
    return list(found.values())


def _is_wanted(output: Tensor) -> bool:
    return (
        dtypes.is_float(output.dtype)
        and len(output.shape) > 1
        and isinstance(output.shape[0], Batch)
    )


def _site_of(call: Call) -> Site | None:
    output, text = call.output, str(call.module)
    if _has_parameters(call.module):
        return Site(call.path, text, output, None, 1.0)
    inputs = [x for x in call.inputs if isinstance(x, Tensor)]
    if len(inputs) != 1 or inputs[0].shape != output.shape:
        return None
    if not _is_elementwise(output, inputs[0]):
        # Softmax, for one: it looks at a whole row.
        mixes = not _is_random(output, inputs[0])
        return Site(call.path, text, output, None, 1.0) if mixes else None
    return _activation(call.path, text, output, inputs[0])


def _has_parameters(module: Module) -> bool:
    return any(True for _ in module.named_parameters())


def _activation(path: str, text: str, output: Tensor, given: Tensor) -> Site | None:
    slopes = backpropagate({output: full_like(output, 1.0)}, [given])
    slope = slopes.get(given)
    if slope is None or given not in topological_order([slope]):
        # A slope that is the same everywhere is a scale.
        return None
    return Site(path, text, output, slope, *_shape_of(output, slope, given))


def _shape_of(output: Tensor, slope: Tensor, given: Tensor) -> tuple[float, bool, int]:
    """The largest slope in a wide neighbourhood of 0, whether it is 0 where flat, and flat ends.

    1, False and 0 for what has parameters or random numbers of its own.
    """
    tail = [d for d in given.shape[1:] if isinstance(d, int)]
    grid = np.broadcast_to(GRID.reshape(-1, *(1 for _ in tail)), (len(GRID), *tail))
    fed = {given: np.ascontiguousarray(grid, given.dtype)}
    try:
        with np.errstate(all="ignore"):
            values, slopes = (np.abs(a) for a in evaluate([output, slope], fed, len(GRID)))
    except ValueError:
        return 1.0, False, 0
    steepest = float(slopes.max(initial=0.0))
    if not (np.isfinite(steepest) and steepest > 0):
        return 1.0, False, 0
    flat = slopes < SATURATED * steepest
    # Not LeakyReLU's: what lets a hundredth through closes for no row.
    ends = sum(bool((slopes[end] < CLOSED * steepest).all()) for end in (0, -1))
    return steepest, bool(flat.any() and not values[flat].any()), ends


def _activation_before(given: Tensor, found: dict[Tensor, Site]) -> Site | None:
    """A function of one earlier site's output that no module applied; None if there is none."""
    if not _is_wanted(given) or not given.inputs:
        return None
    sources = set(_elementwise_sources(given, found))
    if len(sources) != 1:
        return None
    (source,) = sources
    before = found.get(source)
    if before is None or before.is_activation or source.shape != given.shape:
        return None
    site = _activation(f"{before.path}()", "", given, source)
    return None if site is None else site._replace(layer=f"{_function(given, source)}(...)")


def _function(output: Tensor, given: Tensor) -> str:
    """What people call the function; its outermost primitive if it is none of the usual ones."""
    tail = [d for d in given.shape[1:] if isinstance(d, int)]
    fed = np.broadcast_to(GRID.reshape(-1, *(1 for _ in tail)), (len(GRID), *tail))
    with np.errstate(all="ignore"):
        fed = np.ascontiguousarray(fed, given.dtype)
        (values,) = evaluate([output], {given: fed}, len(GRID))
        values = values.reshape(len(GRID), -1)[:, 0]
        for function in USUAL:
            if np.allclose(function(GRID), values, rtol=1e-4, atol=1e-5):
                return str(function.__name__)
    return output.primitive.name.lower()


def _elementwise_sources(output: Tensor, found: dict[Tensor, Site]) -> Iterator[Tensor]:
    """The tensors that an elementwise expression is made of, constants left out."""
    waiting, seen = [output], {output}
    while waiting:
        node = waiting.pop()
        # A number is reshaped before it is stretched to the shape of what it works on.
        number = isinstance(node.primitive, Reshape) and _is_constant(node.inputs[0])
        inner = isinstance(node.primitive, Elementwise | Broadcast)
        if number or _is_constant(node):
            continue
        if node in found or not inner:
            yield node
            continue
        for below in node.inputs:
            if below not in seen:
                seen.add(below)
                waiting.append(below)


def _is_constant(node: Tensor) -> bool:
    return isinstance(node.primitive, Constant)


def _is_elementwise(output: Tensor, given: Tensor) -> bool:
    stop: dict[Tensor, Site] = {given: Site("", "", given, None, 1.0)}
    return set(_elementwise_sources(output, stop)) == {given}


def _is_random(output: Tensor, given: Tensor) -> bool:
    """Whether random bits are drawn between the two, as in dropout."""
    before = set(topological_order([given]))
    return any(
        node.primitive.name == "RandomBits"
        for node in topological_order([output])
        if node not in before
    )


__all__ = ["SATURATED", "Site", "find_sites"]
