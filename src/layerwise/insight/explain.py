"""`explain`: why a model predicts what it predicts for one row."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError, OptionError, unknown
from .answer import Answer, answer_for
from .explanation import METHODS, Contribution, Explanation
from .integrated_gradients import has_slopes, integrated_gradients
from .shapley import shapley
from .subject import Subject, model_of, subject_of

MOST_BACKGROUND = 100
SAMPLES = 400


def explain(
    model: Any,
    rows: Any,
    row: int,
    method: str | None = None,
    background: Any = None,
    *,
    class_name: Any = None,
    output: int = 0,
    scale: str | None = None,
    samples: int | None = None,
    steps: int | None = None,
    most_background: int = MOST_BACKGROUND,
    seed: int = 0,
) -> Explanation:
    """What each column added to one prediction, so that all add up to it.

    The contributions begin at what the model predicts on average, and lead to what it predicts for
    the row. They say how the model came to its answer, not how the world works.

    Parameters
    ----------
    model : a `layerwise.Model`, a fitted `Classifier` or `Regressor`, or a trained network.
    rows : what its `predict` takes: a frame, a table, an array (n, columns). It is not changed.
    row : which of them to explain, from 0.
    method : "shapley", for every model: what a column adds on average over all orders in which
        columns can become known, sampled, with standard errors. "integrated_gradients", for
        networks on arrays of numbers: the slopes along the way from the mean row. When None the
        second where it is possible.
    background : rows to compare with, such as those of the training; `rows` themselves when None.
    class_name : which class to explain; the predicted one when None.
    output : which number, of a model that predicts several.
    scale : for classes "log-odds" (log(p / (1 - p)) of the class's probability p; the default,
        because contributions add up there undistorted) or "probability".
    samples : for "shapley", orders that are walked through, 400 when None: more make the standard
        errors smaller. At least each background row begins two.
    steps : for "integrated_gradients", points along the way; as many as it needs when None.
    most_background : of more background rows so many are drawn.
    seed : decides the orders and the background rows.

    Raises
    ------
    DataError : there is no such row, or rows do not fit the model.
    OptionError : a method, class, output or scale that the model does not have.

    References
    ----------
    Strumbelj & Kononenko, Knowledge and Information Systems 41 (2014); Sundararajan, Taly & Yan,
    "Axiomatic Attribution for Deep Networks" (ICML 2017).
    """
    if most_background < 1:
        raise OptionError(f"expected at least one background row, got {most_background}")
    if isinstance(row, bool) or not isinstance(row, int | np.integer):
        raise OptionError(f"expected a whole number as row, counted from 0, got {row!r}")
    model, row = model_of(model), int(row)
    whole = subject_of(model, rows)
    if not 0 <= row < len(whole):
        raise DataError(f"expected a row from 0 to {len(whole) - 1:,}, got {row:,}")
    one = whole.take(np.array([row]))
    chosen = _method(method, one, samples, steps)
    behind = whole if background is None else subject_of(model, background)
    generator = np.random.default_rng(seed)
    answer = answer_for(model, one.raw(), class_name, output, scale)
    if chosen == "shapley":
        parts = _by_shapley(one, behind, answer, samples, most_background, generator)
    else:
        parts = _by_slopes(one, behind, answer, steps)
    found = _contributions(one, parts.pop("values"), parts.pop("errors"))
    own = answer.probability(one.raw())
    return Explanation(
        row=row, method=chosen, scale=answer.scale, answer=answer.name, label=answer.label,
        contributions=found, probability=None if own is None else float(own[0]), **parts,
    )  # fmt: skip


def _method(given: str | None, one: Subject, samples: int | None, steps: int | None) -> str:
    table = one.model.columns is not None
    if given is None:
        if table or (steps is None and samples is not None):
            given = "shapley"
        else:
            smooth = has_slopes(one.model, one.arrays[0])
            given = "integrated_gradients" if smooth else "shapley"
    name = given.strip().lower().replace("-", "_").replace(" ", "_")
    if name not in METHODS:
        raise unknown("method", given, METHODS)
    if name == "shapley" and steps is not None:
        raise OptionError("steps goes with method='integrated_gradients'; shapley takes samples")
    if name == "integrated_gradients":
        if table:
            raise OptionError(
                "integrated gradients are for networks on arrays of numbers, and this model takes "
                "the columns of a table; use method='shapley'"
            )
        if samples is not None:
            raise OptionError("samples goes with method='shapley'; integrated_gradients has steps")
    for what, number in (("samples", samples), ("steps", steps)):
        if number is not None and number < 1:
            raise OptionError(f"expected {what} of at least 1, got {number}")
    return name


def _by_shapley(
    one: Subject,
    behind: Subject,
    answer: Answer,
    samples: int | None,
    most: int,
    generator: np.random.Generator,
) -> dict[str, Any]:
    # In random order, so that few samples use rows from everywhere.
    drawn = behind.take(generator.permutation(len(behind))[:most])
    shares = shapley(one, drawn, answer, SAMPLES if samples is None else samples, generator)
    used = drawn.take(np.arange(len(shares.background)))
    probability = answer.probability(used.raw())
    return {
        "values": shares.values,
        "errors": shares.errors,
        "prediction": float(answer.of(one.raw())[0]),
        "baseline": float(shares.background.mean()),
        "baseline_probability": None if probability is None else float(probability.mean()),
        "background_rows": len(used),
        "samples": shares.walks,
    }


def _by_slopes(one: Subject, behind: Subject, answer: Answer, steps: int | None) -> dict[str, Any]:
    row = one.arrays[0]
    mean = behind.arrays[0].mean(0, dtype=np.float64, keepdims=True)
    kind = row.dtype if row.dtype.kind == "f" else np.dtype(np.float32)
    baseline = mean.astype(kind)
    slopes = integrated_gradients(one.model, row, baseline, answer, steps)
    probability = answer.probability(one.raw([baseline]))
    return {
        "values": slopes.values,
        "errors": None,
        "prediction": slopes.here,
        "baseline": slopes.there,
        "baseline_probability": None if probability is None else float(probability[0]),
        "background_rows": len(behind),
        "samples": slopes.steps,
    }


def _contributions(
    one: Subject, values: np.ndarray, errors: np.ndarray | None
) -> tuple[Contribution, ...]:
    found = []
    for place, column in enumerate(one.table):
        value: Any = column.words()[0]
        if column.storage == "numbers" and value is not None:
            value = float(column.values[0])
        elif column.storage == "dates" and value is not None:
            value = str(value).removesuffix("T00:00:00.000000")
        error = None if errors is None or np.isnan(errors[place]) else float(errors[place])
        found.append(Contribution(column.name, value, float(values[place]), error))
    return tuple(sorted(found, key=lambda each: -abs(each.contribution)))


__all__ = ["explain"]
