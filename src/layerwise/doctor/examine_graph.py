"""Facts of the network as a graph: its layers, and linear layers with nothing between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from ..graph import Tensor, evaluate, topological_order
from ..graph.elementwise import Add, Cast, Divide, Multiply, Negative, Sigmoid, Subtract, Tanh
from ..graph.leaves import Input
from ..graph.movement import Broadcast, Concatenate, Pad, Reshape, Slice, Transpose
from ..graph.stable import is_softmax
from ..nn.activations import Softmax
from ..nn.batch_norm import BatchNorm1d
from ..nn.dropout import Dropout
from ..nn.inputs import trace_rows
from ..nn.layer_norm import LayerNorm
from ..nn.linear import Linear
from ..nn.module import Module
from ..nn.trace import Call
from ..training.run import Run
from ..training.sites import SATURATED, Site, find_sites
from .case import GraphFacts, LayerFacts

ROWS = 1000
"""Training rows that activations are looked at with."""

AFFINE = (Add, Subtract, Negative, Cast, Broadcast, Reshape, Slice, Transpose, Pad, Concatenate)


class Traced(NamedTuple):
    """A network's graph in evaluation mode."""

    inputs: list[Tensor]
    output: Tensor
    calls: list[Call]
    values: dict[Tensor, np.ndarray]
    """Of parameters and buffers."""


def trace(net: Module, arrays: Iterable[np.ndarray]) -> Traced:
    """The graph, for rows like those of the arrays."""
    inputs, output, made = trace_rows(net, list(arrays))
    values = {held.tensor: held.value for _, held in net.named_held()}
    return Traced(inputs, output, made.calls, values)


def examine_graph(run: Run, traced: Traced) -> GraphFacts:
    """What the rules need to know of the network."""
    sites = find_sites(traced.calls)
    return GraphFacts(
        layers=tuple(_layers(run, traced, sites)),
        stacked=tuple(_stacked(traced)),
        ends_in=_ends_in(traced.output, sites),
        softmaxes=_softmaxes(traced),
        alike=tuple(_alike(run, traced)),
        parameters=run.net.parameter_count,
    )


# -- layers ----------------------------------------------------------------------------------------


def _layers(run: Run, traced: Traced, sites: list[Site]) -> Iterable[LayerFacts]:
    measured = _measured(run, traced, sites)
    kinds = {call.path: call for call in traced.calls}
    seen = {site.path: site for site in sites}
    for path in dict.fromkeys([*_in_order(traced, seen)]):
        call, site = kinds.get(path), seen.get(path)
        module = call.module if call is not None else None
        if isinstance(module, Dropout):
            yield LayerFacts(path, str(module), "dropout", 0, 0, rate=module.p)
        elif site is not None:
            open_units, saturated, spread = measured[path]
            inputs = _width(call.inputs[0]) if call is not None else site.units
            yield LayerFacts(
                path, site.layer, _kind(module, site), site.units, inputs,
                flat_ends=site.flat_ends, open_units=open_units, saturated=saturated, spread=spread,
            )  # fmt: skip


def _in_order(traced: Traced, sites: Mapping[str, Site]) -> Iterable[str]:
    """Paths of sites and dropouts as they come in the forward pass."""
    functions = [path for path in sites if path.endswith("()")]
    for call in traced.calls:
        if call.path in sites or isinstance(call.module, Dropout):
            yield call.path
        if f"{call.path}()" in functions:
            yield f"{call.path}()"


def _kind(module: Module | None, site: Site) -> str:
    if site.is_activation:
        return "activation"
    if isinstance(module, BatchNorm1d | LayerNorm):
        return "norm"
    return "linear" if isinstance(module, Linear) else "other"


def _width(given: object) -> int:
    last = given.shape[-1] if isinstance(given, Tensor) and given.shape else 1
    return last if isinstance(last, int) else 1


def _measured(run: Run, traced: Traced, sites: list[Site]) -> dict[str, tuple[float, float, float]]:
    """Part of the units that open, part of the values that are flat, and spread, by path."""
    rows = min(len(run.data), ROWS)
    fed = {t: a[:rows] for t, a in zip(traced.inputs, run.data.inputs, strict=True)}
    wanted = [t for s in sites for t in (s.output, s.slope) if t is not None]
    with np.errstate(all="ignore"):
        found = iter(evaluate(wanted, traced.values | fed, rows))
        measured = {}
        for site in sites:
            spread = float(np.std(next(found), dtype=np.float64))
            if site.slope is None:
                measured[site.path] = (float("nan"), float("nan"), spread)
                continue
            flat = np.abs(next(found)) < SATURATED * site.steepest
            opened = (~flat).reshape(-1, flat.shape[-1]).any(0)
            measured[site.path] = (float(opened.mean()), float(flat.mean()), spread)
    return measured


# -- what is linear --------------------------------------------------------------------------------


def _stacked(traced: Traced) -> Iterable[tuple[str, str]]:
    """Pairs of linear layers where the second sees only weighted sums of the first's outputs."""
    moving = _moving(traced.output)
    outputs: dict[Tensor, str] = {}
    for call in traced.calls:
        if not isinstance(call.module, Linear):
            continue
        first = _affine_source(call.inputs[0], outputs, moving)
        if first is not None:
            yield first, call.path
        outputs[call.output] = call.path


def _alike(run: Run, traced: Traced) -> Iterable[str]:
    """Linear layers, but the last, whose units began alike; their gradients are alike for ever."""
    linear = [call for call in traced.calls if isinstance(call.module, Linear)]
    for call in linear[:-1]:
        weight = run.initial.get(f"{call.path}.weight" if call.path else "weight")
        if weight is not None and len(weight) > 1 and (weight == weight[0]).all():
            yield call.path


def _moving(output: Tensor) -> set[Tensor]:
    """The nodes that depend on the rows."""
    found: set[Tensor] = set()
    for node in topological_order([output]):
        if isinstance(node.primitive, Input) or any(i in found for i in node.inputs):
            found.add(node)
    return found


def _affine_source(given: Tensor, outputs: Mapping[Tensor, str], moving: set[Tensor]) -> str | None:
    waiting, seen, found = [given], {given}, []
    while waiting:
        node = waiting.pop()
        if node in outputs:
            found.append(outputs[node])
            continue
        below = [i for i in node.inputs if i in moving]
        scaled = isinstance(node.primitive, Multiply | Divide) and len(below) == 1
        if isinstance(node.primitive, Divide) and node.inputs[0] not in moving:
            return None  # something divided by the rows' values
        if not below or not (scaled or isinstance(node.primitive, AFFINE)):
            # Another way in, past the layers: then not all of it is a sum of their outputs.
            return None
        for each in below:
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return found[0] if found else None


def _softmaxes(traced: Traced) -> int:
    """How many modules of softmax, one on the other's output, the network ends in."""
    count, wanted = 0, traced.output
    for call in reversed(traced.calls):
        if isinstance(call.module, Softmax) and call.output is wanted:
            count, wanted = count + 1, call.inputs[0]
    return count


def _ends_in(output: Tensor, sites: list[Site]) -> str:
    while isinstance(output.primitive, Reshape | Cast):
        (output,) = output.inputs
    if isinstance(output.primitive, Sigmoid):
        return "sigmoid"
    if isinstance(output.primitive, Tanh):
        return "tanh"
    if is_softmax(output):
        return "softmax"
    site = next((s for s in sites if s.output is output and s.is_activation), None)
    if site is None:
        return ""
    return "relu" if site.closes_at_zero else "other"


__all__ = ["Traced", "examine_graph", "trace"]
