"""Facts of the training rows: scales, constant, equal and leaking columns; and of the target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..training.run import Rows, Run
from . import reference
from .case import DataFacts, TargetFacts

MOST_LEAKS_TRIED = 8
"""Columns that are looked at for leaks: those that go with the target most closely."""

BINS = 32
"""Into so many parts a column is cut to see what it alone says of the target."""

SUSPECT = 0.9
"""A column that alone reaches this accuracy or R2 is compared with all the others."""

MOST_CLASSES = 50
"""More different whole numbers than this are not taken for classes."""


def table_of(rows: Rows) -> np.ndarray | None:
    """The first input as (rows, columns), float64; None when it holds no floats."""
    first = rows.inputs[0]
    if first.dtype.kind != "f" or first.ndim < 2:
        return None
    return first.reshape(len(first), -1)


def examine_data(run: Run, names: Sequence[str] = ()) -> DataFacts:
    """What the rules need to know of the columns."""
    table = table_of(run.data)
    if table is None:
        return DataFacts(rows=len(run.data))
    mean = table.mean(0, dtype=np.float64)
    deviation = table.std(0, dtype=np.float64)
    constant = deviation <= 1e-7 * (np.abs(mean) + 1e-30)
    varied = np.flatnonzero(~constant)
    facts = {
        "rows": len(table),
        "columns": table.shape[1],
        "constant": tuple(np.flatnonzero(constant).tolist()),
        "names": tuple(map(str, names)) if len(names) == table.shape[1] else (),
    }
    if not len(varied):
        return DataFacts(**facts)
    scale = np.sqrt(mean**2 + deviation**2)
    offset = np.where(constant, 0.0, np.abs(mean) / np.where(constant, 1.0, deviation))
    return DataFacts(
        **facts,
        largest_scale=float(scale[varied].max()),
        median_scale=float(np.median(scale[varied])),
        smallest_scale=float(scale[varied].min()),
        widest=int(varied[scale[varied].argmax()]),
        offset=float(offset.max()),
        offset_column=int(offset.argmax()),
        duplicated=_duplicated(table, varied),
        leaks=_leaks(table, run, varied),
    )


def _duplicated(table: np.ndarray, varied: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Columns that equal an earlier one in every row."""
    seen: dict[bytes, int] = {}
    found = []
    for column in varied.tolist():
        key = np.ascontiguousarray(table[:, column]).tobytes()
        first = seen.setdefault(key, column)
        if first != column:
            found.append((column, first))
    return tuple(found[:20])


# -- leaks -----------------------------------------------------------------------------------------


def one_hot_target(run: Run, rows: Rows) -> np.ndarray | None:
    """The target as (rows, outputs) of numbers: one-hot for classes; None for sequences."""
    target = rows.target
    if run.target == "classes" and target.dtype.kind == "i":
        if target.ndim > 1:
            return None
        known = run.data.target
        width = int(max(known.max(), target.max())) + 1
        return np.eye(width)[target]
    if run.target == "binary":
        if target.size != len(target):
            return None
        ones = target.reshape(-1).astype(np.float64)
        return np.stack([1 - ones, ones], 1)
    return target.reshape(len(target), -1).astype(np.float64)


def _leaks(table: np.ndarray, run: Run, varied: np.ndarray) -> tuple[tuple[int, float, float], ...]:
    target = one_hot_target(run, run.data)
    if target is None or len(table) < 40 or len(varied) < 2:
        return ()
    chosen = _sample(len(table), 2 * reference.MOST_ROWS)
    x, y = table[chosen].astype(np.float64), target[chosen]
    classes = run.target != "numbers"
    half = len(x) // 2
    found: list[tuple[int, float, float]] = []
    for column in _closest(x, y, varied):
        alone = _alone(x[:half, column], y[:half], x[half:, column])
        score = reference.score(alone, y[half:], classes)
        if score < SUSPECT:
            continue
        learned, others = reference.standardised(x[:half], x[half:], without=column)
        rest = max(
            reference.score(model(learned, y[:half], others), y[half:], classes)
            for model in (reference.linear, reference.nearest)
        )
        found.append((column, score, rest))
    return tuple(found)


def _closest(x: np.ndarray, y: np.ndarray, varied: np.ndarray) -> list[int]:
    """The columns with the largest squared correlations with the target."""
    centred = x[:, varied] - x[:, varied].mean(0)
    goal = y - y.mean(0)
    sizes = np.sqrt((centred**2).sum(0))[:, None] * np.sqrt((goal**2).sum(0))[None]
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = np.nan_to_num((centred.T @ goal / sizes) ** 2).max(1)
    return varied[np.argsort(-squared)[:MOST_LEAKS_TRIED]].tolist()


def _alone(learned: np.ndarray, target: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Predictions from one column, cut into parts: each part's mean target."""
    edges = np.unique(np.quantile(learned, np.linspace(0, 1, BINS + 1)[1:-1]))
    places = np.searchsorted(edges, learned, side="right")
    counts = np.bincount(places, minlength=len(edges) + 1)
    sums = np.stack([np.bincount(places, weights=t, minlength=len(edges) + 1) for t in target.T], 1)
    means = (sums + target.mean(0)) / (counts + 1)[:, None]
    found: np.ndarray = means[np.searchsorted(edges, others, side="right")]
    return found


def _sample(rows: int, most: int) -> np.ndarray:
    """Row numbers: all, or so many in an order that has nothing to do with theirs."""
    order = np.random.default_rng(0).permutation(rows)
    return order[:most]


# -- the target ------------------------------------------------------------------------------------


def examine_target(run: Run) -> TargetFacts:
    """What the rules need to know of the target."""
    target = run.data.target
    if run.target != "numbers":
        hot = one_hot_target(run, run.data)
        if hot is None:
            return TargetFacts(kind=run.target)
        return TargetFacts(kind=run.target, counts=tuple(hot.sum(0).round().astype(int).tolist()))
    numbers = target.reshape(len(target), -1).astype(np.float64)
    deviation = numbers.std(0).max()
    single = numbers.shape[1] == 1
    distinct = np.unique(numbers) if single else np.empty(0)
    return TargetFacts(
        kind="numbers",
        mean=float(numbers.mean()),
        deviation=float(deviation),
        low=float(numbers.min()),
        high=float(numbers.max()),
        looks_like=_looks_like(numbers, distinct),
        distinct=len(distinct),
    )


def _looks_like(numbers: np.ndarray, distinct: np.ndarray) -> str:
    if numbers.shape[1] > 1:
        zeros_and_ones = bool(((numbers == 0) | (numbers == 1)).all())
        return "one-hot rows" if zeros_and_ones and (numbers.sum(1) == 1).all() else ""
    few = 2 <= len(distinct) <= MOST_CLASSES
    # Numbered without a gap, and with rows enough of each to learn it.
    if few and np.array_equal(distinct, distinct[0] + np.arange(len(distinct))):
        starts = distinct[0] in (0, 1)
        smallest = min(int((numbers == value).sum()) for value in distinct)
        if starts and smallest * len(distinct) * 5 >= len(numbers):
            return "class numbers"
    return ""


__all__ = ["examine_data", "examine_target", "one_hot_target", "table_of"]
