"""Facts of the outcome: the trained net on training and validation rows, beside simple rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import evaluate
from ..nn.losses import OUTPUTS
from ..training.run import Rows, Run
from . import reference
from .case import Measures, OutcomeFacts
from .examine_data import one_hot_target, table_of
from .examine_graph import Traced

MOST_ROWS = 4000
"""Rows of each part that the net is measured on."""

LEAST = 1e-7
"""A probability that was 0 is taken for this."""

MOST = 100.0
"""A row's squared error, by the variance, counts as this at most."""

BINS = 10
"""Parts, of equally many rows, of the calibration error."""

TEMPERATURES = np.exp(np.linspace(np.log(0.25), np.log(8.0), 61))


def examine_outcome(run: Run, traced: Traced) -> OutcomeFacts:
    """What the rules need to know of what came out."""
    if one_hot_target(run, run.data) is None:
        return OutcomeFacts()
    training = some_rows(run.data)
    found: dict[str, Any] = {"training": _measures(run, *predictions(run, traced, training))}
    if run.validation is None:
        return OutcomeFacts(**found)
    validation = some_rows(run.validation)
    predicted, target = predictions(run, traced, validation)
    found |= {
        "validation": _measures(run, predicted, target),
        "validation_rows": len(target),
        "constant": _measures(run, _constant(run, target), target),
    }
    found |= _references(run, training, validation)
    if run.target != "numbers":
        right = predicted.argmax(1) == target.argmax(1)
        found["recalls"] = tuple(
            float(right[target[:, c] > 0.5].mean()) if (target[:, c] > 0.5).any() else float("nan")
            for c in range(target.shape[1])
        )
        found |= _calibration(predicted, target)
        with np.errstate(invalid="ignore"):
            # NaN is another illness.
            found["sums_to_one"] = not bool((np.abs(predicted.sum(1) - 1) > 1e-3).any())
    return OutcomeFacts(**found)


def some_rows(rows: Rows) -> Rows:
    """At most so many rows, evenly spread."""
    if len(rows) <= MOST_ROWS:
        return rows
    chosen = np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.int64)
    return Rows(tuple(a[chosen] for a in rows.inputs), rows.target[chosen])


def predictions(run: Run, traced: Traced, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and target, (rows, outputs): probabilities and one-hot rows for classes."""
    fed = dict(zip(traced.inputs, rows.inputs, strict=True))
    with np.errstate(all="ignore"):
        (raw,) = evaluate([traced.output], traced.values | fed, len(rows))
        found = np.asarray(OUTPUTS[run.output](raw), np.float64)
    target = one_hot_target(run, rows)
    assert target is not None
    found = found.reshape(len(rows), -1)
    if run.target == "binary":
        found = np.stack([1 - found[:, 0], found[:, 0]], 1)
    elif run.target == "classes" and target.shape[1] < found.shape[1]:
        target = np.pad(target, ((0, 0), (0, found.shape[1] - target.shape[1])))
    return found, target


def row_losses(run: Run, predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Each row's loss: cross-entropy, or squared error by the training target's variance."""
    if run.target != "numbers":
        # What is no probability is made one: it must not look better for that.
        total = np.maximum(predicted.sum(1, keepdims=True), LEAST)
        return -(target * np.log(np.clip(predicted / total, LEAST, 1))).sum(1)
    known = run.data.target.reshape(len(run.data), -1).astype(np.float64)
    variance = max(float(known.var(0).mean()), 1e-30)
    if predicted.shape != target.shape:
        # Several quantiles of one number: the middle one.
        predicted = np.sort(predicted, 1)[:, [predicted.shape[1] // 2]]
    found: np.ndarray = ((predicted - target) ** 2).mean(1) / variance
    # Numbers that blew up must not decide alone, by the one row that is farthest off.
    return np.minimum(found, MOST)


def _measures(run: Run, predicted: np.ndarray, target: np.ndarray) -> Measures:
    with np.errstate(all="ignore"):
        losses = row_losses(run, predicted, target)
        error = losses.std(ddof=1) / np.sqrt(len(losses)) if len(losses) > 1 else np.nan
        if predicted.shape != target.shape:
            return Measures(float(losses.mean()), float(error))
        score = reference.score(predicted, target, run.target != "numbers")
    return Measures(float(losses.mean()), float(error), score)


def _constant(run: Run, target: np.ndarray) -> np.ndarray:
    known = one_hot_target(run, run.data)
    assert known is not None
    middle = known.mean(0)
    if len(middle) < target.shape[1]:
        middle = np.pad(middle, (0, target.shape[1] - len(middle)))
    return np.broadcast_to(middle, target.shape)


def _references(run: Run, training: Rows, validation: Rows) -> dict[str, Measures]:
    known, others = table_of(training), table_of(validation)
    target, wanted = one_hot_target(run, training), one_hot_target(run, validation)
    if known is None or others is None or target is None or wanted is None:
        return {}
    if not (np.isfinite(known).all() and np.isfinite(others).all()):
        return {}
    width = max(target.shape[1], wanted.shape[1])
    target, wanted = (np.pad(a, ((0, 0), (0, width - a.shape[1]))) for a in (target, wanted))
    order = np.random.default_rng(0).permutation(len(known))[: reference.MOST_ROWS]
    learned, asked = reference.standardised(known[order].astype(np.float64), others)
    found = {}
    for name, model in (("linear", reference.linear), ("nearest", reference.nearest)):
        smoother = model(learned, asked)
        predicted = reference.predict(smoother, target[order])
        found[name] = Measures(
            score=reference.score(predicted, wanted, run.target != "numbers"),
            signal=reference.signal(smoother, target[order], wanted),
        )
    return found


# -- calibration -----------------------------------------------------------------------------------


def _calibration(predicted: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Expected calibration error, and the loss with the best temperature.

    The error is that of Guo et al. 2017, with bins of equally many rows. Each half of the rows
    chooses the temperature for the other.
    """
    rows = len(predicted)
    if rows < 4 * BINS:
        return {}
    sure = predicted.max(1)
    right = predicted.argmax(1) == target.argmax(1)
    error = noise = 0.0
    for part in np.array_split(np.argsort(sure, kind="stable"), BINS):
        mean = float(sure[part].mean())
        error += len(part) / rows * abs(float(right[part].mean()) - mean)
        # The mean of |x| for a normal x is its deviation times sqrt(2 / pi).
        chance = np.sqrt(max(mean * (1 - mean), 1e-9) / len(part) * 2 / np.pi)
        noise += len(part) / rows * float(chance)
    logits = np.log(np.clip(predicted, LEAST, 1))
    halves = np.arange(rows) % 2
    total, chosen = 0.0, []
    for half in (0, 1):
        fit = [_loss(logits[halves != half], target[halves != half], t) for t in TEMPERATURES]
        best = float(TEMPERATURES[int(np.argmin(fit))])
        chosen.append(best)
        mine = halves == half
        total += _loss(logits[mine], target[mine], best) * mine.mean()
    return {
        "calibration": error,
        "calibration_noise": noise,
        "tempered": float(total),
        "temperature": float(np.sqrt(chosen[0] * chosen[1])),
    }


def _loss(logits: np.ndarray, target: np.ndarray, temperature: float) -> float:
    scaled = logits / temperature
    scaled = scaled - scaled.max(1, keepdims=True)
    log_sum = np.log(np.exp(scaled).sum(1))
    return float(-((target * scaled).sum(1) - log_sum).mean())


__all__ = ["examine_outcome", "predictions", "row_losses", "some_rows"]
