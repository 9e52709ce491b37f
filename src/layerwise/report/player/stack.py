"""A model's layers in a row, found again in its graph.

A saved model is a graph; its layers are known by their texts, such as ``Linear(64, 256)``. Each is
made anew of its text, holds the graph's own parameters, and is applied to what the layers before it
gave. Equal expressions are the same node of a graph, so reaching the model's output, the very node,
proves that these layers in this order are the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ... import nn
from ...graph import ShapeError, Tensor, dtypes, evaluate, topological_order
from ...graph.leaves import Variable
from ...model import Model
from ...nn.inputs import trace_rows
from ...nn.module import Module
from ...nn.parameter import Held
from ...nn.trace import Trace, tracing

_TEXT = re.compile(r"([A-Za-z]\w*)\((.*)\)", re.DOTALL)

KNOWN: dict[str, type[Module]] = {
    kind.__name__: kind
    for kind in (
        *(kind for kind in nn.ACTIVATIONS.values()),
        nn.Linear,
        nn.Dropout,
        nn.Flatten,
        nn.BatchNorm1d,
        nn.LayerNorm,
    )
}
"""Layers that the page can run, by the name in their text."""


class NotPlayable(Exception):  # noqa: N818 - a reason for people, never seen as a traceback
    """Why a model cannot run in the page, in words."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Layers in a row.

    Attributes
    ----------
    paths, modules : of each layer.
    factor, shift : float64, of the shape of a row: raw values times `factor` plus `shift` are what
        the first layer takes.
    """

    paths: tuple[str, ...]
    modules: tuple[Module, ...]
    factor: np.ndarray
    shift: np.ndarray


def stack_of(model: Model, row_shape: tuple[int, ...]) -> Stack:
    """The layers of a model and what is done to raw values before them.

    Parameters
    ----------
    model : trained here, or loaded.
    row_shape : of one raw row.

    Raises
    ------
    NotPlayable : the model is no row of known layers behind an elementwise scaling.
    """
    paths = tuple(layer.path for layer in model.layers)
    held = dict(model.net.named_held())
    modules = tuple(_module(layer.layer, layer.path, held) for layer in model.layers)
    if not modules:
        raise NotPlayable("the model does not say which layers it has")
    (given,), output, _ = trace_rows(model.whole, [np.zeros((1, *row_shape), model.net.dtype)])
    for start in _starts(given, output):
        if _applied(modules, start) is output:
            factor, shift = _scaling(given, start, row_shape)
            return Stack(paths, modules, factor, shift)
    raise NotPlayable("the network is more than one layer after another")


def _module(text: str, path: str, held: dict[str, Held]) -> Module:
    """A layer of its text, with the parameters and buffers of its path."""
    found = _TEXT.fullmatch(text)
    kind = KNOWN.get(found[1]) if found else None
    if found is None or kind is None:
        raise NotPlayable(f"its layer '{path}', {text}, is of a kind that the page cannot run")
    try:
        module = kind(*_arguments(found[2])[0], **_arguments(found[2])[1])
    except (TypeError, ValueError):
        raise NotPlayable(f"its layer '{path}', {text}, cannot be made of its text") from None
    prefix = f"{path}." if path else ""
    for name, value in list(vars(module).items()):
        if isinstance(value, Held):
            own = held.get(prefix + name)
            if own is None or own.shape != value.shape:
                raise NotPlayable(f"its layer '{path}', {text}, has other parameters than usual")
            setattr(module, name, own)
    return module


def _arguments(text: str) -> tuple[list[float | bool], dict[str, float | bool]]:
    """The numbers between the brackets: by place, and by name."""
    places: list[float | bool] = []
    names: dict[str, float | bool] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, value = part.rpartition("=")
        if equals:
            names[name.strip()] = _value(value)
        else:
            places.append(_value(value))
    return places, names


def _value(text: str) -> float | bool:
    if text in ("True", "False"):
        return text == "True"
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def _starts(given: Tensor, output: Tensor) -> Iterator[Tensor]:
    """What the first layer may take: the input, and what is computed of it without a parameter."""
    clean: dict[Tensor, bool] = {}
    for node in topological_order([output]):
        clean[node] = not isinstance(node.primitive, Variable) and all(
            clean[below] for below in node.inputs
        )
    depends = {given}
    for node in topological_order([output]):
        if node is given or (clean[node] and any(below in depends for below in node.inputs)):
            depends.add(node)
            yield node


def _applied(modules: tuple[Module, ...], start: Tensor) -> Tensor | None:
    """What layers give for a tensor, in evaluation mode; None where they do not fit."""
    value = start
    try:
        with tracing(Trace()):
            for module in modules:
                value = module(value)
    except (ShapeError, dtypes.DTypeError):
        return None
    return value


def _scaling(
    given: Tensor, start: Tensor, row_shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Factor and shift of each value, measured, and checked on random rows."""
    random = np.random.default_rng(0)
    tried = np.concatenate(
        [np.zeros((1, *row_shape)), np.ones((1, *row_shape)), random.normal(0, 4, (8, *row_shape))]
    )
    (found,) = evaluate([start], {given: tried.astype(given.dtype)})
    if found.shape != tried.shape:
        raise NotPlayable("its preprocessing changes the shape of a row")
    found = found.astype(np.float64)
    shift = found[0]
    factor = found[1] - found[0]
    expected = tried.astype(given.dtype).astype(np.float64) * factor + shift
    if not np.allclose(found, expected, rtol=1e-4, atol=1e-4):
        raise NotPlayable("its preprocessing is more than a scaling of each value")
    return factor, shift
