"""What every layer of a network gives for rows: one program computes all of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import backends
from ..compiler import Feeds, Program, State
from ..errors import DataError, OptionError, unknown
from ..graph import Batch, Tensor, dtypes
from ..model import Model
from ..model.layers import layer_calls, layer_of
from ..nn.evaluation import ROWS_AT_ONCE
from ..nn.inputs import input_names, trace_rows
from ..nn.module import Module
from ..nn.trace import Call, Trace
from ..training.plan import SEED, STEP


class Rows(NamedTuple):
    """A network that is a `Module`, and rows as it takes them."""

    module: Module
    arrays: tuple[np.ndarray, ...]


class LayerGraph(NamedTuple):
    """A network's graph with the places of its layers.

    Attributes
    ----------
    inputs, output : of the network.
    calls : the layers' calls by name, in the order of the forward pass. A name is the layer's path;
        a later call of the same layer has its number behind it: ``encoder``, ``encoder#2``.
    others : calls of modules that only hold layers, by name.
    """

    inputs: list[Tensor]
    output: Any
    calls: dict[str, Call]
    others: dict[str, Call]

    def describe(self, name: str) -> str:
        """The layer's class and sizes, such as ``Linear(64, 10)``."""
        call = self.calls.get(name) or self.others[name]
        return layer_of(call).layer


def layer_outputs(
    net: Module | Model,
    inputs: Any,
    paths: Sequence[str] | None = None,
    training: bool = False,
) -> dict[str, np.ndarray]:
    """The outputs of a network's layers for some rows.

    Parameters
    ----------
    net : a network, or a model with its preprocessing, loaded or not.
    inputs : rows as the network takes them: an array (n, ...), a tuple of arrays for several
        inputs, or a table for a model of raw columns.
    paths : the layers wanted; every layer when None. A module that holds layers can be named too.
    training : with dropout, and with normalisation over these rows, as in a step of training (with
        seed 0).

    Returns
    -------
    Arrays (n, ...) by path, in the order of the forward pass. The second call of one layer is
    called ``path#2``. Modules that only hold others, and outputs that have no row for each row fed,
    are left out. Where no layer is known, as in a model file of a version that did not note where
    layers are, the network's output stands alone, under ''.

    Raises
    ------
    OptionError : a path that no layer has, or nothing that has a row for each row fed.
    DataError : no rows, or not as many in each input.
    """
    rows = rows_of(net, inputs)
    graph = layer_graph(rows, training)
    if paths is None:
        wanted = {name: call.output for name, call in graph.calls.items() if _has_rows(call.output)}
    else:
        wanted = {name: output_of(graph, name) for name in paths}
    # Normalisation over the batch takes all rows together, as one step of training does.
    size = max(len(rows.arrays[0]), 1) if training else ROWS_AT_ONCE
    found = run_rows(rows, wanted, size)
    return {name: found[name] for name in wanted}


# -- what the other files of this room share -------------------------------------------------------


def rows_of(net: Module | Model, inputs: Any) -> Rows:
    """The module to trace and its rows; raises `DataError` when there are none."""
    if isinstance(net, Model):
        module: Module = net.whole
        if net.columns is not None:
            arrays = tuple(net.columns.inputs(inputs))
            return Rows(module, _checked(arrays))
        if net.pictures is not None:
            return Rows(module, _checked((net.pictures.take(inputs)[0],)))
    elif isinstance(net, Module):
        module = net
    else:
        raise OptionError(
            f"expected a network or a layerwise.Model, got {type(net).__name__}; of an estimator "
            "give estimator.to_model()"
        )
    given = inputs if isinstance(inputs, tuple) else (inputs,)
    return Rows(module, _checked(tuple(dtypes.as_array(x) for x in given)))


def _checked(arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    shapes = [a.shape for a in arrays]
    if any(len(shape) == 0 for shape in shapes) or len({s[0] for s in shapes}) != 1:
        raise DataError(f"expected rows, as many in each input; got arrays of shapes {shapes}")
    if not shapes[0][0]:
        raise DataError("expected at least one row, got none")
    return arrays


def layer_graph(rows: Rows, training: bool = False) -> LayerGraph:
    """Trace a network for rows like these and find its layers."""

    def begin() -> Trace:
        return Trace(True, SEED, STEP) if training else Trace()

    return graph_from(*trace_rows(rows.module, rows.arrays, begin))


def graph_from(inputs: list[Tensor], output: Any, trace: Trace) -> LayerGraph:
    """The layers that a trace went through, by name."""
    layers = {id(call) for call in layer_calls(trace)}
    calls: dict[str, Call] = {}
    others: dict[str, Call] = {}
    times: Counter[str] = Counter()
    for call in trace.calls:
        times[call.path] += 1
        name = call.path if times[call.path] == 1 else f"{call.path}#{times[call.path]}"
        (calls if id(call) in layers else others)[name] = call
    if not calls:
        calls = {"": others[""]}
    return LayerGraph(inputs, output, calls, others)


def output_of(graph: LayerGraph, name: str) -> Tensor:
    """The output of the layer, or of the module that holds layers, of a name."""
    call = graph.calls.get(name) or graph.others.get(name)
    if call is None:
        raise unknown("layer", name, graph.calls or graph.others)
    if not _has_rows(call.output):
        raise OptionError(f"the output of '{name}' has no row for each row of the input")
    return call.output


def width_of(tensor: Tensor) -> int:
    """Numbers that a tensor has for each row."""
    return math.prod(d for d in tensor.shape[1:] if isinstance(d, int))


def state_of(module: Module, program: Program) -> State:
    """The module's weights that a program reads."""
    held = {item.tensor: item.value for _, item in module.named_held()}
    values = {v: held[v] for v in program.variables if v in held}
    for own in (SEED, STEP):
        if own in program.variables:
            values[own] = np.zeros((), own.dtype)
    return State(values)


def run_rows(
    rows: Rows,
    outputs: Mapping[str, Tensor],
    batch_size: int = ROWS_AT_ONCE,
    extra: Mapping[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Compute graphs over a network's inputs, and over extra ones by name, for all rows."""
    program = Program(dict(outputs))
    if not program.inputs:
        raise OptionError("no layer's output depends on the rows")
    executable = backends.get().compile(program)
    named = dict(zip(input_names(len(rows.arrays)), rows.arrays, strict=True)) | dict(extra or {})
    feeds = Feeds({name: named[name] for name in program.inputs}, batch_size)
    found = executable.run(state_of(rows.module, program), feeds)
    return {name: np.asarray(found[name]) for name in outputs}


def _has_rows(value: Any) -> bool:
    if not isinstance(value, Tensor) or not value.shape:
        return False
    return isinstance(value.shape[0], Batch)


__all__ = ["layer_outputs"]
