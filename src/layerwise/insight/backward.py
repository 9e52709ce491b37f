"""`backward`: a network's backward pass, layer by layer from the last to the first, to be read.

Every formula is printed from the graph that training differentiates and compiles; none is written
by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..errors import OptionError
from ..graph import (
    Tensor,
    backpropagate,
    batch,
    constant,
    dtypes,
    input,
    show,
    stabilise,
    substitute,
    topological_order,
    variable,
)
from ..graph.leaves import Input, Variable
from ..nn.inputs import trace_rows
from ..nn.losses import Loss, batch_loss, find, usual_loss
from ..nn.module import Module
from ..nn.notes import notes_of
from ..nn.parameter import Parameter
from ..nn.trace import Call, Trace
from .formula import Writer, tidy


class Line(NamedTuple):
    """One line of a pass: ``name = formula  shape``."""

    name: str
    formula: str
    shape: str
    adds: bool = False
    """Whether the formula adds to what another layer gave: ``+=``."""


@dataclass(frozen=True)
class Step:
    """One layer on the way back, or the loss, or what stands between layers.

    Attributes
    ----------
    title : such as ``Layer 2: Linear(128, 10)``.
    output : name of what the layer computed, such as ``h3``.
    forward, backward : what it computed, and the gradients that it gives.
    needs : names of the values that are held from the forward pass for its gradients.
    gradients : graph of each gradient it gives, by name (``dL/dh2``), in terms of the inputs named
        ``dL/d`` and its output, and of the values it needs.
    placeholders : the input of those graphs that stands for each name.
    note : what a reader should know when there are no gradients.
    """

    title: str
    output: str
    forward: list[Line]
    backward: list[Line]
    needs: list[str]
    gradients: dict[str, Tensor] = field(repr=False)
    placeholders: dict[str, Tensor] = field(repr=False)
    note: str = ""


@dataclass(frozen=True)
class Backward:
    """A backward pass to be read: print it.

    Attributes
    ----------
    network, loss : what it is of.
    steps : from the loss back to the first layer.
    values : tensor of the forward graph for each name, ``x``, ``h1``, ..., ``L`` and parameters.
    unchanged : sentences on layers that do nothing.
    """

    network: str
    loss: str
    steps: list[Step]
    values: dict[str, Tensor] = field(repr=False)
    unchanged: list[str]

    def __str__(self) -> str:
        lines = [
            f"The backward pass of {self.network} with the loss {self.loss}",
            "",
            "The forward pass runs from x down to the loss L and keeps what the way back needs.",
            "The way back is the chain rule, one layer at a time: a layer gets dL/d(its output)",
            "and gives dL/d(its input) to the layer before it, and dL/d(weight) to the optimiser.",
            "Read @ as the matrix product and * as the product of numbers, place by place; names",
            "such as t1 hold within one layer, and += adds to what a later layer gave already.",
            "",
            "FORWARD, first to last",
        ]
        forward = [line for step in reversed(self.steps) for line in step.forward]
        lines += _columns(forward, "  ")
        lines += [f"  {sentence}" for sentence in self.unchanged]
        lines += ["", "BACKWARD, last to first"]
        for step in self.steps:
            lines += ["", step.title]
            if step.needs:
                lines.append(f"  needs  {', '.join(step.needs)}")
            lines += _columns(step.backward, "  ")
            if step.note:
                lines.append(f"  {step.note}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(str(self))}</pre>"


def backward(net: Module, loss: Any = None, example: Any = None) -> Backward:
    """A network's backward pass, layer by layer, to be read.

    Parameters
    ----------
    net : the network.
    loss : name, `Loss` or function, as for `layerwise.train`; by default that of the network's last
        training, or cross_entropy for several outputs and mse for one.
    example : some rows for the network, needed only when it has seen none and its first layer does
        not say how many features it takes.

    Returns
    -------
    An object whose text is the backward pass; `steps` has its parts.

    Raises
    ------
    OptionError : the kind of rows is not known.
    ShapeError : the loss does not fit the network's output.
    """
    seed, step = (variable(name, (), dtypes.uint32) for name in ("seed", "step"))
    inputs, prediction, trace = trace_rows(
        net, _rows(net, example), lambda: Trace(training=True, seed=seed, step=step)
    )
    if not isinstance(prediction, Tensor):
        raise TypeError(f"forward of {net} gave {type(prediction).__name__}, expected a Tensor")
    found = find(loss if loss is not None else _usual_loss(net, prediction))
    scalar = batch_loss(found, prediction, _target(found, prediction))
    parts = _parts(inputs, trace.calls, prediction, scalar, found)
    return _read(net, found, parts)


def _rows(net: Module, example: Any) -> list[np.ndarray]:
    if example is not None:
        given = example if isinstance(example, tuple) else (example,)
        return [dtypes.as_array(x) for x in given]
    kinds = notes_of(net).rows
    if kinds is not None:
        pairs = zip(kinds.shapes, kinds.dtypes, strict=True)
        return [np.zeros((1, *shape), dtype) for shape, dtype in pairs]
    for _, module in net.named_modules():
        features = getattr(module, "in_features", None)
        if isinstance(features, int):
            return [np.zeros((1, features), net.dtype)]
    raise OptionError("the kind of rows is not known: give some, backward(net, loss, example=X)")


def _usual_loss(net: Module, prediction: Tensor) -> str:
    training = notes_of(net).training or {}
    return training.get("loss") or usual_loss(prediction)


def _target(loss: Loss, prediction: Tensor) -> Tensor:
    if loss.target == "classes":
        return input("y", (batch, *prediction.shape[1:-1]), dtypes.int32)
    return input("y", loss.target_shape(prediction.shape), prediction.dtype)


# -- cutting the graph at the layers ---------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """A piece of the forward graph between two cuts."""

    title: str
    output: Tensor


@dataclass(frozen=True)
class _Parts:
    names: dict[Tensor, str]
    """Cuts by tensor, parameters included."""
    parts: list[_Part]
    unchanged: list[str]
    loss: Tensor


def _parts(
    inputs: Sequence[Tensor],
    calls: Sequence[Call],
    prediction: Tensor,
    loss: Tensor,
    found: Loss,
) -> _Parts:
    leaves = _leaf_calls(calls)
    cuts = [t for c in leaves for t in (*_tensors(c.inputs), *_tensors([c.output]))]
    stable = stabilise([loss, *cuts, prediction, *inputs])
    names = {stable[x]: _label(x) for x in inputs}
    parts: list[_Part] = []
    unchanged: list[str] = []

    def cut(tensor: Tensor, title: str) -> None:
        names[tensor] = f"h{len(parts) + 1}"
        parts.append(_Part(title, tensor))

    for call in leaves:
        title = f"Layer {call.path}: {call.module}" if call.path else str(call.module)
        for before in _tensors(call.inputs):
            if stable[before] not in names:
                cut(stable[before], "Between the layers")
        for output in _tensors([call.output]):
            if stable[output] in names:
                unchanged.append(f"{title} passes {names[stable[output]]} on as it is")
            else:
                cut(stable[output], title)
    if stable[prediction] not in names:
        cut(stable[prediction], "After the last layer")
    parts.append(_Part(f"Loss: {found.name}", stable[loss]))
    names[stable[loss]] = "L"
    for call in calls:
        for name, value in vars(call.module).items():
            if isinstance(value, Parameter):
                names[value.tensor] = f"{call.path}.{name}".lstrip(".")
    return _Parts(names, parts, unchanged, stable[loss])


def _leaf_calls(calls: Sequence[Call]) -> list[Call]:
    """Calls of layers that called no other layer."""
    called = {id(c.module) for c in calls}

    def leaf(call: Call) -> bool:
        below = (m for _, m in call.module.named_modules() if m is not call.module)
        return not any(id(m) in called for m in below)

    return [c for c in calls if leaf(c) and isinstance(c.output, Tensor)]


def _tensors(values: Sequence[Any]) -> list[Tensor]:
    return [v for v in values if isinstance(v, Tensor)]


def _label(tensor: Tensor) -> str:
    return tensor.primitive.describe()


# -- one part after the other, backwards -----------------------------------------------------------


def _read(net: Module, loss: Loss, parts: _Parts) -> Backward:
    cuts = [_cut(part, parts.names) for part in parts.parts]
    forward, number = [], 1
    for cut in cuts:
        writer = Writer(cut.labels, number)
        lines = writer.lines(tidy({cut.own: cut.output}))
        forward.append([Line(name, text, show(tensor.shape)) for name, text, tensor in lines])
        number = writer.next
    arrived: set[str] = {"L"}
    backwards = zip(reversed(cuts), reversed(forward), strict=True)
    steps = [_step(cut, lines, arrived) for cut, lines in backwards]
    values = {name: tensor for tensor, name in parts.names.items()}
    return Backward(type(net).__name__, loss.name, steps, values, parts.unchanged)


class _Cut(NamedTuple):
    """A part whose sources are leaves, so that the chain rule stops there and hands over."""

    title: str
    own: str
    output: Tensor
    sources: dict[Tensor, Tensor]
    """The tensor of the whole graph that each leaf stands for."""
    labels: dict[Tensor, str]
    """The name of each leaf."""


def _cut(part: _Part, names: Mapping[Tensor, str]) -> _Cut:
    leaves = {t: input(n, t.shape, t.dtype) for t, n in names.items() if t is not part.output}
    (output,) = substitute([part.output], leaves)
    reached = set(topological_order([output]))
    sources = {leaf: t for t, leaf in leaves.items() if leaf in reached}
    labels = {leaf: names[t] for leaf, t in sources.items()}
    return _Cut(part.title, names[part.output], output, sources, labels)


def _step(cut: _Cut, forward: list[Line], arrived: set[str]) -> Step:
    own, output = cut.own, cut.output
    held = {name: leaf for leaf, name in cut.labels.items()}
    if own not in arrived:
        note = (
            f"No gradient comes to {own}: this layer and the loss are one stable step, which "
            "starts from the layer's input."
        )
        return Step(cut.title, own, forward, [], [], {}, held, note)
    arriving = f"dL/d{own}"
    given = input(arriving, output.shape, output.dtype)
    seed = constant(1.0, output.dtype) if own == "L" else given
    gradients = _gradients(output, seed, cut.sources, cut.labels)
    writer = Writer({**cut.labels, output: own, given: arriving})
    backward = []
    for name, text, tensor in writer.lines(tidy(gradients) if gradients else {}):
        source = name.removeprefix("dL/d")
        adds = name in gradients and source in arrived
        backward.append(Line(name, text, show(tensor.shape), adds))
        if name in gradients:
            arrived.add(source)
    needs = [n for n in (*held, own, "kept") if n in writer.used]
    note = "" if gradients else "There is nothing before it to pass a gradient to."
    held |= {own: output, arriving: given}
    return Step(cut.title, own, forward, backward, needs, gradients, held, note)


def _gradients(
    output: Tensor, seed: Tensor, sources: Mapping[Tensor, Tensor], labels: Mapping[Tensor, str]
) -> dict[str, Tensor]:
    """Gradients of a part's weights, then of the values it took from before it."""
    # Training needs no gradient of what is fed, or maintained without a gradient.
    wanted = [
        leaf
        for leaf, source in sources.items()
        if dtypes.is_float(leaf.dtype) and not isinstance(source.primitive, Input)
    ]
    found = backpropagate({output: seed}, wanted)
    weights = [leaf for leaf in wanted if isinstance(sources[leaf].primitive, Variable)]
    ordered = [*weights, *(leaf for leaf in wanted if leaf not in weights)]
    return {f"dL/d{labels[leaf]}": found[leaf] for leaf in ordered if leaf in found}


def _columns(lines: Sequence[Line], indent: str) -> list[str]:
    if not lines:
        return []
    name = max(len(line.name) for line in lines)
    formula = min(max(len(line.formula) for line in lines), 60)
    sums = any(line.adds for line in lines)
    return [
        f"{indent}{line.name.ljust(name)} {'+' if line.adds else ' ' if sums else ''}= "
        f"{line.formula.ljust(formula)}  {line.shape}"
        for line in lines
    ]


__all__ = ["Backward", "Line", "Step", "backward"]
