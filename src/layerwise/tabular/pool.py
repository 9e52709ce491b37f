"""How much each kind of member counts, found on rows that they have not seen.

Outputs are pooled log-linearly: for classes the weighted sum of log-probabilities, for numbers
that of the numbers (Genest & Zidek 1986, "Combining probability distributions", section 3). The
weights are above 0. Where they need not sum to 1, their sum is an inverse temperature, so that the
pool is calibrated at once.

A few rows cannot tell kinds apart: a prior pulls the weights towards equal ones, as strong as a
few rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..compiler import Feeds, Program, State
from ..graph import batch, exp, input, softmax, value_and_gradients, variable
from ..nn.losses import batch_loss
from .task import Task

PRIOR = 2.0
"""Weight of the prior: what a log-weight of 1 away from equal costs, in rows' losses."""


def fit_weights(
    outputs: Sequence[np.ndarray],
    target: np.ndarray,
    weight: np.ndarray | None,
    task: Task,
    calibrate: bool,
) -> np.ndarray:
    """Weights of the kinds that fit rows held out best.

    Parameters
    ----------
    outputs : for each kind (n, outputs), averaged as `Task.mean` does.
    target, weight : of the same rows.
    calibrate : whether the weights may sum to something else than 1; for classes only.

    Returns
    -------
    float64 (kinds,), at least 0.
    """
    kinds = len(outputs)
    equal = np.full(kinds, 1 / kinds)
    free = calibrate and task.has_classes
    if kinds == 1 and not free:
        return equal
    from scipy.optimize import minimize

    executable, logs, program_inputs = _program(kinds, target, weight, task, free)
    fed = {f"x{i}": each.astype(np.float64) for i, each in enumerate(outputs)}
    fed["y"] = target if target.dtype.kind == "i" else target.astype(np.float64)
    if weight is not None:
        fed["weight"] = weight.astype(np.float64)
    feeds = Feeds({name: fed[name] for name in program_inputs}, len(target))
    rows = float(len(target) if weight is None else (weight > 0).sum())

    def cost(given: np.ndarray) -> tuple[float, np.ndarray]:
        found = executable.run(State({logs: given}), feeds)
        value, slope = float(found["loss"][0]), found["slope"][0]
        if not task.has_classes:
            # Of a loss in squared units, its logarithm is what is comparable with the prior.
            value = max(value, 1e-300)
            value, slope = np.log(value), slope / value
        share = PRIOR / rows
        return value + share * float(given @ given), slope + 2 * share * given

    with np.errstate(all="ignore"):
        best = minimize(
            cost, np.zeros(kinds), jac=True, method="L-BFGS-B", bounds=[(-6, 6)] * kinds
        )
    chosen = best.x if np.isfinite(best.fun) else np.zeros(kinds)
    weights = np.exp(chosen)
    return weights / kinds if free else weights / weights.sum()


def _program(
    kinds: int, target: np.ndarray, weight: np.ndarray | None, task: Task, free: bool
) -> tuple[Any, Any, list[str]]:
    """What gives the loss and its slope for logarithms of weights; NumPy is quick enough."""
    from ..backends import get

    given = [input(f"x{i}", (batch, task.outputs), "float64") for i in range(kinds)]
    dtype = "int32" if target.dtype.kind == "i" else "float64"
    expected = input("y", (batch, *target.shape[1:]), dtype)
    logs = variable("logs", (kinds,), "float64")
    weights = exp(logs) / float(kinds) if free else softmax(logs)
    pooled: Any = 0.0
    for i, each in enumerate(given):
        pooled = pooled + weights[i] * each
    rows = None if weight is None else input("weight", (batch,), "float64")
    loss = batch_loss(task.loss, pooled, expected, sample_weight=rows)
    value, (slope,) = value_and_gradients(loss, [logs])
    executable = get("reference").compile(Program({"loss": value, "slope": slope}), None)
    return executable, logs, list(executable.program.inputs)
