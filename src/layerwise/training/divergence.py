"""When the loss is no longer a number: which layer was first, and what to change."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..compiler import Feeds, State
from ..errors import TrainingDiverged
from ..graph import Tensor, backpropagate, constant, evaluate, topological_order
from ..nn.parameter import Held
from .plan import Plan, Probe
from .run import Run


def weights_are_finite(state: State, held: Mapping[str, Held]) -> bool:
    """Whether every parameter and buffer is finite."""
    with np.errstate(all="ignore"):
        for item in held.values():
            array = state[item.tensor]
            # The sum is one pass without a temporary; it overflows only when something is wrong.
            if array.dtype.kind != "f" or math.isfinite(np.add.reduce(array, axis=None)):
                continue
            if not np.isfinite(array).all():
                return False
    return True


def diagnose(
    plan: Plan,
    state: State,
    feeds: Feeds,
    step: int,
    epoch: int,
    run: Run,
    rates: np.ndarray,
    place: tuple[int, int] | None = None,
) -> TrainingDiverged:
    """What went wrong in a step, which is evaluated again with NumPy and a look at every layer.

    Parameters
    ----------
    state : as it was before the step; its weights are finite.
    feeds, step : the epoch's feeds and the step in it.
    epoch : counted from 0.
    place : the step's number in the epoch, and the epoch's steps, where the feeds are only a part
        of the epoch.
    """
    step = min(step, feeds.steps - 1)
    number, steps = place or (step, feeds.steps)
    values = _fed(plan, state, feeds, step)
    rows = int(feeds.boundaries[step + 1] - feeds.boundaries[step])
    layer, what = _first_bad(plan, values, rows)
    steps_before = epoch * steps + number
    rate = float(rates[step])
    message = (
        f"training stopped: {what}, in epoch {epoch + 1}, step {number + 1} of {steps} "
        f"(step {steps_before} counted from 0). The network holds the last finite weights, from "
        f"before that step. {_advice(layer, rate, plan, run)}"
    )
    return TrainingDiverged(message, run, layer, steps_before, epoch + 1)


def _fed(plan: Plan, state: State, feeds: Feeds, step: int) -> dict[Tensor, np.ndarray]:
    program = plan.train.program
    values = {v: state[v] for v in program.variables}
    for name, tensor in program.inputs.items():
        if name in feeds.rows:
            values[tensor] = feeds.rows[name][feeds.indices(step)]
        elif name in feeds.per_step:
            values[tensor] = np.asarray(feeds.per_step[name][step], tensor.dtype)
        else:
            values[tensor] = feeds.fixed[name]
    return values


def _first_bad(plan: Plan, values: dict[Tensor, np.ndarray], rows: int) -> tuple[str, str]:
    """The first layer with a value that is not finite: forward, then backward, then the update."""
    probes = plan.probes
    outputs = evaluate([*(p.output for p in probes), plan.loss], values, rows)
    for probe, output in zip(probes, outputs, strict=False):
        if not _finite(output):
            return probe.path, f"the output of {_place(probe)} became {_kind(output)}"
    if not _finite(outputs[-1]):
        largest = float(np.abs(outputs[-2]).max()) if probes else float("nan")
        return "loss", (
            f"the loss became {_kind(outputs[-1])} although every layer's output was finite (the "
            f"last one reached {largest:.3g})"
        )
    names = list(plan.gradients)
    found = evaluate([plan.gradients[n] for n in names], values, rows)
    bad = {n: g for n, g in zip(names, found, strict=True) if not _finite(g)}
    if bad:
        reached = _first_bad_backward(plan, values, rows)
        name = next(reversed(bad))
        if reached is not None:
            what = f"the gradient that reaches {_place(reached)} became {_kind(bad[name])}"
            return reached.path, what
        return _owner(name), f"the gradient of '{name}' became {_kind(bad[name])}"
    program = plan.train.program
    updated = {v: u for v, u in program.updates.items() if v.dtype.kind == "f"}
    new = evaluate(updated.values(), values, rows)
    labels = {id(g): n for n, g in plan.gradients.items()}
    for variable, value in zip(updated, new, strict=True):
        if not _finite(value) and variable not in plan.initial:
            name = labels.get(id(variable), getattr(variable.primitive, "label", "a weight"))
            return _owner(name), f"the update made '{name}' {_kind(value)}"
    return "loss", "the loss was no longer finite"


def _first_bad_backward(plan: Plan, values: dict[Tensor, np.ndarray], rows: int) -> Probe | None:
    """From the last layer back, the first whose output gets a gradient that is not finite."""
    reachable = set(topological_order([plan.loss]))
    probes = [p for p in plan.probes if p.output in reachable]
    gradients = backpropagate(
        {plan.loss: constant(1.0, plan.loss.dtype)}, [p.output for p in probes]
    )
    probes = [p for p in probes if p.output in gradients]
    found = evaluate([gradients[p.output] for p in probes], values, rows)
    for probe, gradient in zip(reversed(probes), reversed(found), strict=True):
        if not _finite(gradient):
            return probe
    return None


def _finite(array: np.ndarray) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _kind(array: np.ndarray) -> str:
    return "NaN" if np.isnan(array).any() else "infinite"


def _place(probe: Probe) -> str:
    return f"layer '{probe.path}' ({probe.layer})" if probe.path else f"the network ({probe.layer})"


def _owner(name: str) -> str:
    return name.rpartition(".")[0] or name


def _advice(layer: str, rate: float, plan: Plan, run: Run) -> str:
    steps: list[Any] = [f"Lower the learning rate (it was {rate:.3g})"]
    if "clip_norm" not in plan.train.program.inputs:
        steps.append("or clip the gradients (clip_norm=1.0)")
    largest = max(
        (float(np.abs(a).max()) for a in run.data.inputs if a.dtype.kind == "f"), default=0
    )
    if largest > 100:
        steps.append(
            f"and bring the inputs to one scale first (they reach {largest:.3g}): subtract each "
            "column's mean and divide by its standard deviation"
        )
    if layer == "loss" and run.loss == "bce":
        steps.append("and use bce_with_logits without a final sigmoid")
    return ", ".join(steps) + "."
