"""Integrated gradients of one prediction: slopes along the straight line from a baseline row."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import backends
from ..compiler import Feeds, Program, State
from ..errors import OptionError
from ..graph import Tensor, dtypes, gradients, reshape, sum
from ..model import Model
from ..nn.inputs import input_names, trace_rows
from .answer import Answer

FEWEST_STEPS, MOST_STEPS = 64, 4096

TOLERANCE = 1e-4
"""The part of the whole difference by which contributions may fail to add up."""


class Slopes(NamedTuple):
    """What each column added.

    Attributes
    ----------
    values : float64 (columns,).
    here, there : the answer for the row, and for the baseline row.
    steps : points of the line at which the slope was taken.
    """

    values: np.ndarray
    here: float
    there: float
    steps: int


def has_slopes(model: Model, row: np.ndarray) -> bool:
    """Whether a model takes rows such as these as numbers, so that it has slopes in them."""
    return dtypes.is_float(trace_rows(model.whole, [row])[0][0].dtype)


def integrated_gradients(
    model: Model, row: np.ndarray, baseline: np.ndarray, answer: Answer, steps: int | None = None
) -> Slopes:
    """What each column added on the way from a baseline row, by the slopes on that way.

    A column's share is its difference from the baseline times the mean slope in it along the
    straight line; by the fundamental theorem of calculus the shares add up to the difference of the
    answers (Sundararajan, Taly & Yan, "Axiomatic Attribution for Deep Networks", ICML 2017). Slopes
    come from backpropagation, at the middles of equal steps.

    Parameters
    ----------
    model : takes one array of numbers.
    row, baseline : float (1, columns).
    answer : what is asked.
    steps : how many; when None, 64, and four times as many until the shares add up to a part in ten
        thousand, 4,096 at most: a network with corners needs more.

    Raises
    ------
    OptionError : the model takes codes and no numbers, which have no slope.
    """
    (given,), raw, _ = trace_rows(model.whole, [row])
    if not dtypes.is_float(given.dtype) or not isinstance(raw, Tensor):
        raise OptionError(
            "integrated gradients need a model that takes numbers, and this one takes codes of "
            "categories; use method='shapley'"
        )
    if len(raw.shape) == 1:
        raw = reshape(raw, (-1, 1))
    score = answer.of(raw)
    (slope,) = gradients(sum(score), [given])
    executable = backends.get().compile(Program({"score": score, "slope": slope}))
    used = set(executable.program.variables)
    state = State({h.tensor: h.value for _, h in model.whole.named_held() if h.tensor in used})
    (name,) = input_names(1)

    def run(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = rows.astype(given.dtype)
        fed = {name: rows} if name in executable.program.inputs else {}
        found = executable.run(state, Feeds(fed, min(len(rows), 1024)))
        return np.asarray(found["score"], np.float64), np.asarray(found["slope"], np.float64)

    start, way = baseline.astype(np.float64), row.astype(np.float64) - baseline
    ends, _ = run(np.concatenate([start, row]))
    there, here = float(ends[0]), float(ends[1])
    count = FEWEST_STEPS if steps is None else steps
    while True:
        places = (np.arange(count) + 0.5) / count
        _, slopes = run(start + places[:, None] * way)
        values = way[0] * slopes.mean(0)
        missing = abs(here - there - values.sum())
        if steps is not None or count >= MOST_STEPS or missing <= TOLERANCE * abs(here - there):
            return Slopes(values, here, there, count)
        count *= 4


__all__ = ["Slopes", "has_slopes", "integrated_gradients"]
