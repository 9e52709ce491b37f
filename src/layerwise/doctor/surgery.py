"""Changes to a network that remedies ask for: activations put in, changed or taken away.

They are made in copies. A network that is no `Sequential` (of layers, or of such) is left alone:
what its forward function does with its layers only its author can change.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from ..nn.activations import ACTIVATIONS, Identity, activation
from ..nn.batch_norm import BatchNorm1d
from ..nn.dropout import Dropout
from ..nn.layer_norm import LayerNorm
from ..nn.linear import Linear
from ..nn.module import Module
from ..nn.sequential import Sequential

WIDTH = 64
"""Units of a layer that was too narrow, at least."""


class CannotChangeError(Exception):
    """The network is not of a kind that can be changed from outside."""


def changed(net: Module, changes: Mapping[str, Any]) -> Module:
    """A copy of a network with the changes that concern it; others are passed over.

    Raises
    ------
    CannotChangeError : it is no `Sequential`, or has no layer that the change is for.
    """
    wanted = [name for name in changes if name in _CHANGES]
    made = copy.deepcopy(net)
    if not wanted:
        return made
    if not _is_plain(made):
        raise CannotChangeError(f"{type(net).__name__} is no Sequential")
    old = layers = _flat(made)
    for name in wanted:
        layers = _CHANGES[name](layers, changes[name])
    if len(layers) == len(old) and all(a is b for a, b in zip(layers, old, strict=True)):
        raise CannotChangeError(f"no layer is concerned by {', '.join(wanted)}")
    return Sequential(*layers)


def _is_plain(module: Module) -> bool:
    """Whether it does nothing but call its modules in a row."""
    return isinstance(module, Sequential) and type(module).forward is Sequential.forward


def _flat(net: Module) -> list[Module]:
    if not _is_plain(net):
        return [net]
    assert isinstance(net, Sequential)
    return [layer for module in net for layer in _flat(module)]


def _is_activation(module: Module) -> bool:
    return type(module) in ACTIVATIONS.values()


def _insert(layers: list[Module], name: Any) -> list[Module]:
    """An activation between any two linear layers that have none."""
    made: list[Module] = []
    bare = False
    for layer in layers:
        if isinstance(layer, Linear):
            if bare:
                made.append(activation(str(name)))
            bare = True
        elif not isinstance(layer, Dropout | BatchNorm1d | Identity):
            bare = False
        made.append(layer)
    return made


def _replace(layers: list[Module], name: Any) -> list[Module]:
    """Another activation in place of those between layers; weights are drawn for it anew."""
    last = max((i for i, each in enumerate(layers) if isinstance(each, Linear)), default=-1)
    return [
        activation(str(name)) if i < last and _is_activation(each) else each
        for i, each in enumerate(layers)
    ]


def _remove_last(layers: list[Module], _: Any) -> list[Module]:
    """No activation behind the last layer."""
    last = max((i for i, each in enumerate(layers) if isinstance(each, Linear)), default=-1)
    return [each for i, each in enumerate(layers) if i <= last or not _is_activation(each)]


def _dropout(layers: list[Module], rate: Any) -> list[Module]:
    """Another rate for each dropout; one behind every hidden activation where there are none."""
    p = float(rate)
    if any(isinstance(each, Dropout) for each in layers):
        return [Dropout(p) if isinstance(each, Dropout) else each for each in layers]
    last = max((i for i, each in enumerate(layers) if isinstance(each, Linear)), default=-1)
    made: list[Module] = []
    for i, each in enumerate(layers):
        made.append(each)
        if i < last and _is_activation(each):
            made.append(Dropout(p))
    return made


def _normalise(layers: list[Module], _: Any) -> list[Module]:
    """Layer normalisation behind every hidden linear layer."""
    last = max((i for i, each in enumerate(layers) if isinstance(each, Linear)), default=-1)
    made: list[Module] = []
    for i, each in enumerate(layers):
        made.append(each)
        if i < last and isinstance(each, Linear):
            made.append(LayerNorm(each.out_features))
    return made


def _widen(layers: list[Module], width: Any) -> list[Module]:
    """Hidden layers of at least so many units."""
    least = max(WIDTH, int(width))
    linear = [i for i, each in enumerate(layers) if isinstance(each, Linear)]
    if len(linear) < 2:
        raise CannotChangeError("there is no hidden layer")
    made = list(layers)
    before: int | None = None
    for i, each in enumerate(made):
        if isinstance(each, BatchNorm1d | LayerNorm) and before is not None:
            made[i] = type(each)(before)
        if not isinstance(each, Linear):
            continue
        inputs = each.in_features if before is None else before
        outputs = each.out_features if i == linear[-1] else max(least, each.out_features)
        made[i] = Linear(inputs, outputs, bias=each.bias is not None, dtype=each.weight.dtype)
        before = outputs
    return made


def _outputs(layers: list[Module], count: Any) -> list[Module]:
    """A last layer with so many outputs, and nothing behind it."""
    kept = _remove_last(layers, None)
    last = max((i for i, each in enumerate(kept) if isinstance(each, Linear)), default=-1)
    if last < 0:
        raise CannotChangeError("there is no linear layer")
    old = kept[last]
    assert isinstance(old, Linear)
    made = Linear(old.in_features, int(count), dtype=old.weight.dtype)
    return [*kept[:last], made, *kept[last + 1 :]]


def _drop_bias_init(layers: list[Module], _: Any) -> list[Module]:
    """Linear layers that draw their weights as they do by default."""
    return [
        Linear(
            each.in_features,
            each.out_features,
            bias=each.bias is not None,
            dtype=each.weight.dtype,
        )
        if isinstance(each, Linear)
        else each
        for each in layers
    ]


_CHANGES: dict[str, Callable[[list[Module], Any], list[Module]]] = {
    "insert_activations": _insert,
    "replace_activations": _replace,
    "remove_last_activation": _remove_last,
    "dropout": _dropout,
    "normalise_layers": _normalise,
    "width": _widen,
    "outputs": _outputs,
    "usual_initialisation": _drop_bias_init,
}

OF_NETWORKS = tuple(_CHANGES)
"""The names of these changes."""

REDRAWN = ("replace_activations", "normalise_layers", "width", "outputs", "usual_initialisation")
"""Changes after which the first weights are drawn anew, as the old ones do not fit."""


__all__ = ["OF_NETWORKS", "REDRAWN", "CannotChangeError", "changed"]
