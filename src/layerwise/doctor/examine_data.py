"""Facts of the training rows: scales, constant, equal and leaking columns; and of the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..training.run import Rows, Run
from . import reference
from .case import DataFacts, TargetFacts

MOST_LEAKS_TRIED = 8
"""Columns that are looked at for leaks: those that go with the target most closely."""

NEIGHBOURS = 7
"""Rows next to each other along a column, whose targets say what it alone tells."""

GROUPS = 20
"""Parts of equally many rows that numbers to predict are divided into."""

TIGHT = 0.1
"""A class's spread along a column by the distance to the next class, where the column seems to be
written from the class. Measured columns are hardly ever so tidy; petals of iris have 0.3."""

SUSPECT = 0.9
"""A column that alone reaches this accuracy or R2 is compared with all the others."""

MANY_CLASSES, FEW_ROWS, ALONG = 25, 50, 0.3
"""More classes than the first with fewer rows each than the second, whose numbers a regression
predicts with such an R2, may have been numbers before somebody called them classes."""

RELABELLED, NEARER = 40, 0.8
"""They were if it is not so with the same classes in other orders: what is left unexplained is less
than this part of the least that so many random orders leave."""

PICTURES = 4
"""Axes of pictures: (rows, channels, height, width)."""

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
        # Whole numbers are those of words, or of pieces of them.
        return DataFacts(rows=len(run.data), kind="features")
    unit: np.ndarray = np.ones(table.shape[1])
    if table.dtype == np.float64:
        # Squares of the largest and smallest float64 are no float64.
        unit = np.maximum(np.abs(table).max(0), np.finfo(np.float64).tiny)
        table = table / unit
    mean = table.mean(0, dtype=np.float64) * unit
    deviation = table.std(0, dtype=np.float64) * unit
    constant = deviation <= 1e-7 * np.abs(mean)
    varied = np.flatnonzero(~constant)
    facts: dict[str, Any] = {
        "rows": len(table),
        "columns": table.shape[1],
        "constant": tuple(np.flatnonzero(constant).tolist()),
        "names": tuple(map(str, names)) if len(names) == table.shape[1] else (),
    }
    shape = run.data.inputs[0].shape
    if len(shape) == PICTURES:
        facts |= {"kind": "pixels", "height": shape[2], "width": shape[3]}
    if not len(varied):
        return DataFacts(**facts)
    scale = np.hypot(mean, deviation)
    offset = np.where(constant, 0.0, np.abs(mean) / np.where(constant, 1.0, deviation))
    leaks, runner_up, copies = _leaks(table, run, varied)
    return DataFacts(
        **facts,
        largest_scale=float(scale[varied].max()),
        median_scale=float(np.median(scale[varied])),
        smallest_scale=float(scale[varied].min()),
        widest=int(varied[scale[varied].argmax()]),
        offset=float(offset.max()),
        offset_column=int(offset.argmax()),
        duplicated=_duplicated(table, unit, varied),
        leaks=leaks,
        copies=copies,
        runner_up=runner_up,
    )


def _duplicated(
    table: np.ndarray, unit: np.ndarray, varied: np.ndarray
) -> tuple[tuple[int, int], ...]:
    """Columns that equal an earlier one in every row."""
    seen: dict[tuple[float, bytes], int] = {}
    found = []
    for column in varied.tolist():
        # 0 is added because it equals -0 and has other bits.
        key = float(unit[column]), (table[:, column] + 0).tobytes()
        first = seen.setdefault(key, column)
        if first != column:
            found.append((column, first))
    return tuple(found[:20])


# -- leaks -----------------------------------------------------------------------------------------


def one_hot_target(run: Run, rows: Rows) -> np.ndarray | None:
    """The target as (rows, outputs) of numbers: one-hot for classes; None for sequences."""
    target = rows.target
    if run.target == "classes" and target.ndim > (1 if target.dtype.kind == "i" else 2):
        return None
    if run.target == "classes" and target.dtype.kind == "i":
        known = run.data.target
        width = int(max(known.max(), target.max())) + 1
        return np.eye(width)[target]
    if run.target == "binary":
        if target.size != len(target):
            return None
        ones = target.reshape(-1).astype(np.float64)
        return np.stack([1 - ones, ones], 1)
    return target.reshape(len(target), -1).astype(np.float64)


Leaks = tuple[tuple[int, float, float], ...]


def _leaks(table: np.ndarray, run: Run, varied: np.ndarray) -> tuple[Leaks, float, tuple[int, ...]]:
    """Columns that alone predict the target well; how well the second best of all does; copies."""
    target = one_hot_target(run, run.data)
    if target is None or len(table) < 40 or len(varied) < 2:
        return (), 1.0, ()
    chosen = _sample(len(table), 2 * reference.MOST_ROWS)
    x, y = table[chosen].astype(np.float64), target[chosen]
    classes = run.target != "numbers"
    half = len(x) // 2
    found: list[tuple[int, float, float]] = []
    closest = _closest(x, y, varied, classes)
    alone = {c: _score_alone(x[:, c], y, half, classes) for c in closest}
    for column, score in alone.items():
        if score < SUSPECT:
            continue
        learned, others = reference.standardised(x[:half], x[half:], without=column)
        rest = max(
            reference.score(reference.predict(model(learned, others), y[:half]), y[half:], classes)
            for model in (reference.linear, reference.nearest)
        )
        found.append((column, score, rest))
    copies = tuple(c for c, *_ in found if classes and _is_tight(x[:, c], y))
    return tuple(found), sorted(alone.values())[-2], copies


def _is_tight(column: np.ndarray, hot: np.ndarray) -> bool:
    """Whether each class has a small place of its own along a column."""
    counts = hot.sum(0)
    hot = hot[:, counts > 1]
    counts = hot.sum(0)
    if hot.shape[1] < 2:
        return False
    means = hot.T @ column / counts
    spread = np.sqrt((hot * (column[:, None] - means) ** 2).sum(0) / counts)
    gaps = np.diff(np.sort(means))
    return bool(gaps.min() > 0 and spread.max() <= TIGHT * gaps.min())


def _closest(x: np.ndarray, y: np.ndarray, varied: np.ndarray, classes: bool) -> list[int]:
    """The columns that go with the target most closely.

    By the larger of the squared correlation with the target and the correlation ratio, the part of
    a column's variance that lies between the classes: a column of class numbers goes up and down
    with no single class.
    """
    centred = x[:, varied] - x[:, varied].mean(0)
    goal = y - y.mean(0)
    sizes = np.sqrt((centred**2).sum(0))[:, None] * np.sqrt((goal**2).sum(0))[None]
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = np.nan_to_num((centred.T @ goal / sizes) ** 2).max(1)
        parts = y if classes else _groups(y[:, 0])
        counts = np.maximum(parts.sum(0), 1)
        means = parts.T @ centred / counts[:, None]
        between = (counts[:, None] * means**2).sum(0) / (centred**2).sum(0)
    squared = np.maximum(squared, np.nan_to_num(between))
    return varied[np.argsort(-squared)[:MOST_LEAKS_TRIED]].tolist()


def _groups(numbers: np.ndarray) -> np.ndarray:
    """Numbers as one-hot rows of the parts that they lie in."""
    order = np.argsort(numbers, kind="stable")
    found = np.zeros((len(numbers), GROUPS))
    for place, rows in enumerate(np.array_split(order, GROUPS)):
        found[rows, place] = 1
    return found


def _score_alone(column: np.ndarray, target: np.ndarray, half: int, classes: bool) -> float:
    """How well one column predicts: by what is near, by a line, or by the nearest class's mean."""
    near = _alone(column[:half], target[:half], column[half:])
    found = reference.score(near, target[half:], classes)
    if classes:
        counts = target[:half].sum(0)
        means = column[:half] @ target[:half] / np.maximum(counts, 1)
        distance = np.abs(column[half:, None] - np.where(counts > 0, means, np.inf))
        return max(found, float((distance.argmin(1) == target[half:].argmax(1)).mean()))
    learned, others = reference.standardised(column[:half, None], column[half:, None])
    line = reference.predict(reference.linear(learned, others), target[:half])
    return max(found, reference.score(line, target[half:], classes))


def _alone(learned: np.ndarray, target: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Predictions from one column: the mean target of the learned rows next to each other one."""
    order = np.argsort(learned, kind="stable")
    sums = np.vstack([np.zeros(target.shape[1]), np.cumsum(target[order], 0)])
    # Rows of equal values count together: the neighbours of a value are all that share it.
    low = np.searchsorted(learned[order], others, side="left")
    high = np.searchsorted(learned[order], others, side="right")
    wide = high - low >= NEIGHBOURS
    middle = (low + high) // 2
    first = np.clip(middle - NEIGHBOURS // 2, 0, max(0, len(learned) - NEIGHBOURS))
    low = np.where(wide, low, first)
    high = np.where(wide, high, np.minimum(first + NEIGHBOURS, len(learned)))
    found: np.ndarray = (sums[high] - sums[low]) / (high - low)[:, None]
    return found


def _sample(rows: int, most: int) -> np.ndarray:
    """Row numbers: all, or so many in an order that has nothing to do with theirs."""
    order = np.random.default_rng(0).permutation(rows)
    return order[:most]


# -- the target ------------------------------------------------------------------------------------


def examine_target(run: Run, classes: Sequence[str] = ()) -> TargetFacts:
    """What the rules need to know of the target; `classes` are names."""
    target = run.data.target
    if run.target != "numbers":
        hot = one_hot_target(run, run.data)
        if hot is None:
            return TargetFacts(kind=run.target)
        counts = tuple(hot.sum(0).round().astype(int).tolist())
        ordered = "numbers" if _is_ordered(run, hot) else ""
        names = tuple(map(str, classes)) if len(classes) == len(counts) else ()
        return TargetFacts(kind=run.target, counts=counts, looks_like=ordered, names=names)
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


def _is_ordered(run: Run, hot: np.ndarray) -> bool:
    """Whether many classes of few rows each lie along a line, as numbers do that were rounded."""
    table = table_of(run.data)
    used = int((hot.sum(0) > 0).sum())
    if table is None or used < MANY_CLASSES or len(hot) > used * FEW_ROWS:
        return False
    chosen = _sample(len(table), 2 * reference.MOST_ROWS)
    x, y = table[chosen].astype(np.float64), hot[chosen].argmax(1)[:, None].astype(np.float64)
    if not np.isfinite(x).all():
        return False
    half = len(x) // 2
    learned, others = reference.standardised(x[:half], x[half:])
    random = np.random.default_rng(0)
    orders = [random.permutation(hot.shape[1]).astype(np.float64) for _ in range(RELABELLED)]
    for model in (reference.linear, reference.nearest):
        smoother = model(learned, others)

        def explained(numbers: np.ndarray, by: np.ndarray = smoother) -> float:
            found = reference.predict(by, numbers[:half])
            return reference.score(found, numbers[half:], classes=False)

        # Letters are told apart well, so any numbers that they are given are predicted well.
        others_leave = min(1 - explained(order[y.astype(np.int64)]) for order in orders)
        left = 1 - explained(y)
        if left < 1 - ALONG and left < NEARER * others_leave:
            return True
    return False


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
