"""`Plan`: the programs of one training, built from graphs once and kept with the network."""

from __future__ import annotations

import dataclasses
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .. import optim
from ..compiler import Backend, Executable, Program, Sampling
from ..graph import (
    Tensor,
    absolute,
    argmax,
    batch,
    cast,
    constant,
    dtypes,
    equal,
    greater,
    input,
    reshape,
    square,
    substitute,
    sum,
    value_and_gradients,
    variable,
)
from ..nn.inputs import trace_rows
from ..nn.losses import Loss, batch_loss, class_weights, output_kind
from ..nn.module import Module
from ..nn.trace import Trace
from .probes import ProbeRecord, probe_outputs
from .sites import Site, find_sites

# One pair for all networks: their values are in each training's own state.
SEED = variable("seed", (), dtypes.uint32)
STEP = variable("step", (), dtypes.uint32)

KEPT = 32
"""Plans kept for each network, one for each length of sequences: another batch size or learning
rate needs no new plan."""


class Options(NamedTuple):
    """What changes the graphs of a training, beside the network and the kinds of its rows."""

    loss: Loss
    optimizer: optim.Optimizer
    weighted: bool
    class_weighted: bool
    smoothed: bool
    clipped: bool


class Probe(NamedTuple):
    """One layer's place in the training graph, in the order of the forward pass."""

    path: str
    layer: str
    inputs: tuple[Tensor, ...]
    output: Tensor


@dataclass
class Plan:
    """What one training runs.

    Attributes
    ----------
    train : a step: ``loss`` () and, for classes, ``correct`` () out; weights and moments updated.
    initial : the optimiser's variables with their first values.
    prediction : the network's output in the training program.
    loss, gradients : the graphs in the training program, for the diagnosis of a NaN.
    parts : the gradients as the optimiser has them, before they are clipped.
    probes : the layers' outputs in it.
    sites, parameters : what the probe program looks at.
    fewest_rows : rows that a step must have: 2 when the network normalises over its batch.
    measures : graphs of the evaluation program, by name.
    output : what turns the net's output into predictions; see `nn.losses.OUTPUTS`.
    evaluate : sums over minibatches in evaluation mode; compiled when first asked for.
    """

    train: Executable
    initial: dict[Tensor, np.ndarray]
    prediction: Tensor
    loss: Tensor
    gradients: dict[str, Tensor]
    parts: dict[str, optim.Gradient]
    probes: list[Probe]
    fewest_rows: int
    measures: dict[str, Tensor]
    output: str
    backend: Backend
    threads: int | None
    seconds_per_row: float | None = None
    """Measured; the next training with this plan starts with chunks of the right length."""
    sites: list[Site] = field(default_factory=list, repr=False)
    parameters: dict[str, Tensor] = field(default_factory=dict, repr=False)
    raw_loss: Tensor | None = field(default=None, repr=False)
    _evaluate: Executable | None = field(default=None, repr=False)
    _probing: Executable | None = field(default=None, repr=False)

    def sampling(self, every: int) -> Sampling:
        """The training program with probes, to run every so many steps."""
        if self._probing is None:
            program, loss = self.train.program, self.raw_loss
            assert loss is not None
            seen = probe_outputs(self.sites, loss, self.parts, self.parameters, program.updates)
            self._probing = self.backend.compile(
                Program(program.outputs | seen, program.updates), self.threads
            )
        return Sampling(self._probing, every)

    def new_record(self) -> ProbeRecord:
        """An empty record of what the probes see."""
        return ProbeRecord.of(self.sites, self.parameters)

    @property
    def evaluate(self) -> Executable:
        """The evaluation program, ready to run."""
        if self._evaluate is None:
            self._evaluate = self.backend.compile(Program(self.measures), self.threads)
        return self._evaluate


class Traced(NamedTuple):
    """A network's graph for training, before the target is known."""

    inputs: list[Tensor]
    prediction: Tensor
    trace: Trace
    evaluated: Tensor
    """The prediction in evaluation mode."""


_plans: weakref.WeakKeyDictionary[Module, OrderedDict[tuple, Plan]] = weakref.WeakKeyDictionary()


def trace_training(net: Module, arrays: Sequence[np.ndarray]) -> Traced:
    """The network's graph in training mode for rows like those of the arrays."""
    inputs, prediction, trace = trace_rows(
        net, arrays, lambda: Trace(training=True, seed=SEED, step=STEP)
    )
    if not isinstance(prediction, Tensor):
        raise TypeError(
            f"forward of {net} gave {type(prediction).__name__}; training needs one Tensor"
        )
    return Traced(inputs, prediction, trace, net.trace_forward(Trace(), *inputs))


def plan_for(
    net: Module,
    traced: Traced,
    target: np.ndarray,
    options: Options,
    backend: Backend,
    threads: int | None,
    beside: Plan | None = None,
) -> Plan:
    """The plan for a network and its data; a kept one when the graphs are the same.

    `beside` is a plan of the same training for rows of another shape: both update one state, so
    the new one takes its optimiser's variables.
    """
    loss = _loss(options, traced.prediction, target)
    # Graphs are shared when equal, so these nodes say all about layers, modes, shapes and weights.
    key = (
        loss,
        traced.prediction,
        traced.evaluated,
        tuple(traced.trace.updates.items()),
        dataclasses.replace(options.optimizer, learning_rate=1.0),
        (options.loss.name, options.loss.output, options.loss.target),
        options[2:],
        backend.name,
        threads,
        None if beside is None else tuple(beside.initial),
        tuple(parameter.sparse for parameter in net.parameters()),
    )
    kept = _plans.setdefault(net, OrderedDict())
    if key in kept:
        kept.move_to_end(key)
        return kept[key]
    plan = kept[key] = _build(net, traced, target, options, loss, backend, threads, beside)
    if len(kept) > KEPT:
        kept.popitem(last=False)
    return plan


def _target(target: np.ndarray) -> Tensor:
    return input("y", (batch, *target.shape[1:]), target.dtype)


def _loss(options: Options, prediction: Tensor, target: np.ndarray) -> Tensor:
    dtype = prediction.dtype
    classes = 2 if options.loss.target == "binary" else prediction.shape[-1]
    return batch_loss(
        options.loss,
        prediction,
        _target(target),
        sample_weight=input("weight", (batch,), dtype) if options.weighted else None,
        class_weight=input("class_weight", (classes,), dtype) if options.class_weighted else None,
        label_smoothing=input("label_smoothing", (), dtype) if options.smoothed else 0.0,
    )


def _build(
    net: Module,
    traced: Traced,
    target: np.ndarray,
    options: Options,
    loss: Tensor,
    backend: Backend,
    threads: int | None,
    beside: Plan | None,
) -> Plan:
    names, parameters = zip(*net.named_parameters(), strict=True)
    stable, gradients = value_and_gradients(loss, parameters)
    by_name = dict(zip(names, gradients, strict=True))
    parts = optim.gradients_of(parameters, gradients)
    held = dict(zip(names, parts, strict=True))
    if options.clipped:
        parts = optim.clip_by_norm(parts, input("clip_norm", (), stable.dtype))
    rate = input("learning_rate", (), stable.dtype)
    step = options.optimizer.step(parameters, parts, rate, names)
    if beside is not None:
        step = _shared(step, beside.initial)
    outputs = {"loss": stable}
    right = correct(options.loss, traced.prediction, _target(target))
    if right is not None:
        outputs["correct"] = right
    one = constant(1, dtypes.uint32)
    updates = {**step.updates, **traced.trace.updates, STEP: STEP + one}
    probes = [
        Probe(call.path, _describe(call.module), _tensors(call.inputs), call.output)
        for call in traced.trace.calls
        if isinstance(call.output, Tensor)
    ]
    return Plan(
        train=backend.compile(Program(outputs, updates), threads),
        initial=step.initial,
        prediction=traced.prediction,
        loss=stable,
        gradients=by_name,
        parts=held,
        probes=probes,
        fewest_rows=max(module.least_rows for _, module in net.named_modules()),
        measures=_measures(traced.evaluated, target, options),
        output=output_kind(options.loss, traced.prediction),
        backend=backend,
        threads=threads,
        sites=find_sites(traced.trace.calls),
        parameters={name: p.tensor for name, p in net.named_parameters()},
        raw_loss=loss,
    )


def _shared(step: optim.Step, initial: dict[Tensor, np.ndarray]) -> optim.Step:
    """The same step on the optimiser's variables of another plan."""
    theirs = dict(zip(step.initial, initial, strict=True))
    new = substitute(step.updates.values(), theirs)
    return optim.Step(
        {theirs.get(v, v): u for v, u in zip(step.updates, new, strict=True)}, initial
    )


def _describe(module: Module) -> str:
    return type(module).__name__ if any(True for _ in module.children()) else str(module)


def _tensors(values: Sequence[Any]) -> tuple[Tensor, ...]:
    return tuple(v for v in values if isinstance(v, Tensor))


def _measures(prediction: Tensor, target: np.ndarray, options: Options) -> dict[str, Tensor]:
    """The evaluation program's outputs: the loss of a batch, and sums over its rows."""
    expected = _target(target)
    measures = {"loss": _loss(options, prediction, target)}
    weight = input("weight", (batch,), prediction.dtype) if options.weighted else None
    if options.class_weighted:
        classes = 2 if options.loss.target == "binary" else prediction.shape[-1]
        each = input("class_weight", (classes,), prediction.dtype)
        by_class = class_weights(options.loss, prediction, expected, each, prediction.dtype)
        weight = by_class if weight is None else weight * by_class
    if weight is not None:
        measures["weight"] = sum(weight)
    right = correct(options.loss, prediction, expected)
    if right is not None:
        measures["correct"] = right
    elif options.loss.is_central and prediction.shape == expected.shape:
        # In the target's own units: for poisson the net gives logarithms.
        error = options.loss.prediction(prediction) - cast(expected, prediction.dtype)
        measures |= {"absolute": sum(absolute(error)), "squared": sum(square(error))}
    return measures


def correct(loss: Loss, prediction: Tensor, target: Tensor) -> Tensor | None:
    """How many classes of a batch are right, a scalar; None when the target is no class."""
    if loss.target == "binary":
        positive = greater(prediction, 0.0 if loss.output == "sigmoid" else 0.5)
        truth = greater(reshape(target, prediction.shape), 0.5)
        hits = equal(cast(positive, prediction.dtype), cast(truth, prediction.dtype))
    else:
        numbered = target.dtype == dtypes.int32 and target.shape == prediction.shape[:-1]
        if loss.target != "classes" and not numbered:
            return None
        wanted = target if target.dtype == dtypes.int32 else argmax(target)
        hits = equal(argmax(prediction), wanted)
    return sum(cast(hits, prediction.dtype))
