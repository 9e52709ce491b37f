"""The activations of a network, each with its derivative."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ... import nn
from ...errors import OptionError
from ...model import Model
from ...nn.module import Module

_TEXT = re.compile(r"(\w+)\((.*)\)")


@dataclass(frozen=True, eq=False)
class ActivationCurve:
    """A function and its derivative, sampled.

    Attributes
    ----------
    name : as the network prints it.
    about : the first sentence of its documentation.
    layers : paths of the layers that use it.
    x, y, slope : float64 (points,).
    """

    name: str
    about: str
    layers: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray
    slope: np.ndarray


def activation_curves(model: Model) -> tuple[ActivationCurve, ...]:
    """Every activation that the network uses, in the order of its layers, and its output's.

    The output's own (softmax, sigmoid) is no layer: the loss has it.
    """
    kinds = {kind.__name__: kind for kind in nn.ACTIVATIONS.values()}
    used: dict[str, tuple[Module, list[str]]] = {}
    for layer in model.layers:
        found = _TEXT.fullmatch(layer.layer)
        kind = kinds.get(found[1]) if found else None
        if found is None or kind is None or kind is nn.Identity:
            continue
        module = _made(kind, found[2])
        if module is not None:
            used.setdefault(layer.layer, (module, []))[1].append(layer.path)
    if model.output in ("softmax", "sigmoid"):
        module = kinds[model.output.capitalize()]()
        used.setdefault(f"{module}", (module, []))[1].append("output")
    return tuple(
        curve
        for text, (module, paths) in used.items()
        if (curve := _curve(text, module, tuple(paths))) is not None
    )


def _made(kind: type[Module], arguments: str) -> Module | None:
    values = {
        name: value == "True" if value in ("True", "False") else float(value)
        for name, _, value in (
            part.strip().rpartition("=") for part in arguments.split(",") if part
        )
        if name
    }
    places = [float(part) for part in arguments.split(",") if part and "=" not in part]
    try:
        return kind(*places, **values)
    except (TypeError, ValueError):
        return None


def _curve(text: str, module: Module, paths: tuple[str, ...]) -> ActivationCurve | None:
    from ...insight.drawing.activation import curve

    try:
        found = curve(module)
    except OptionError:
        return None
    about = (type(module).__doc__ or "").strip().split("\n")[0]
    return ActivationCurve(text.removesuffix("()"), about, paths, found.x, found.y, found.slope)
