"""The rows of `layerwise train FILE`: read, checked, and divided into those to learn from and test.

Everything that can be wrong with a file is found here, before any training.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...data.held_out import FEWEST, hold_out, hold_out_groups, hold_out_latest
from ...data.splits import fold_rows
from ...data.tables import Column, Table, read_table
from ...data.tables.goals import GoalDecision, decide_goal
from ...data.tables.matching import columns_for, place_of
from ...errors import DataError, OptionError
from .options import Options

MOST_WITHOUT_TARGET = 0.2
"""The part of the rows that may lack a target."""

VALIDATION = 0.2
"""The part of the rows to learn from whose latest are validated on, with --time."""

_LARGEST_WHOLE = 1 << 53
"""Beyond it not every whole number is a float64."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows that have a target.

    Attributes
    ----------
    table : what is predicted from: all columns of the file but target, group and weight.
    y : the target, (n,): labels (text, whole numbers, bools), or float64.
    goal : what it asks for.
    labels : numbers of the classes of y, (n,), in the order of `classes`; None for numbers.
    classes : their names, for people.
    groups, times, weight : (n,), where they were asked for.
    in_file : how many rows the file has; those without a target are left out.
    notes : what people should know, a sentence each.
    """

    table: Table
    y: np.ndarray
    goal: GoalDecision
    labels: np.ndarray | None
    classes: tuple[str, ...]
    groups: np.ndarray | None
    times: np.ndarray | None
    weight: np.ndarray | None
    in_file: int
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Part:
    """Numbers of rows for one training and its test.

    Attributes
    ----------
    training : to learn from; with `validation` None they are divided into folds.
    validation : given for validation.
    test : to measure on; None where nothing is kept for that.
    """

    training: np.ndarray
    validation: np.ndarray | None
    test: np.ndarray | None


def read_rows(options: Options) -> Rows:
    """Read the file and check it.

    Raises
    ------
    DataError : it names the file and, where there are such, the line and the column.
    """
    return rows_of(read_table(options.data, words=options.categorical), options)


def rows_of(table: Table, options: Options) -> Rows:
    """Check a table, and take the target and what stands beside it out of it.

    Raises
    ------
    DataError : as `read_rows`.
    """
    for name in (*options.side_columns.values(), *([options.time] if options.time else ())):
        table[name]  # names the nearest if there is none
    in_file = len(table)
    table, notes = _with_target(table, options.target)
    goal = decide_goal(table, options.target, options.task)
    _check_goal(goal, options)
    y = target_values(table, options.target, goal)
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    if goal.goal != "regression":
        known, labels = np.unique(y, return_inverse=True)
        classes = tuple(map(str, known))
    return Rows(
        table=table.without(list(options.side_columns.values())),
        y=y,
        goal=goal,
        labels=labels,
        classes=classes,
        groups=_groups(table, options.group),
        times=_times(table, options.time),
        weight=_weight(table, options.weight),
        in_file=in_file,
        notes=notes,
    )


def divide(rows: Rows, options: Options) -> tuple[Part, list[str]]:
    """Keep some rows for the test; gives the parts, and what people should know of them."""
    notes: list[str] = []
    if options.folds is not None:
        _check_folds(rows, options)
        return Part(np.arange(len(rows)), None, None), notes
    if rows.times is not None:
        held = hold_out_latest(rows.times, options.test_size)
        inner = hold_out_latest(rows.times[held.rest], VALIDATION)
        part = _with_known_classes(
            rows, Part(held.rest[inner.rest], held.rest[inner.test], held.test)
        )
    elif rows.groups is not None:
        held = hold_out_groups(rows.groups, options.test_size, options.seed)
        part = Part(np.sort(held.rest), None, held.test)
    else:
        held, small = hold_out(len(rows), options.test_size, options.seed, classes=rows.labels)
        part = Part(np.sort(held.rest), None, held.test)
        if small and rows.labels is not None:
            counts = np.bincount(rows.labels)
            listed = ", ".join(f"'{rows.classes[c]}' {counts[c]}" for c in small[:6])
            more = f" and {len(small) - 6} more" if len(small) > 6 else ""
            notes.append(
                f"classes of fewer than {FEWEST} rows ({listed}{more}) cannot be divided: "
                "their rows are all learned from, and the test says nothing about them"
            )
    return part, notes + _check_classes(rows, part)


def divide_folds(rows: Rows, options: Options) -> list[Part]:
    """The parts of a cross-validation."""
    assert options.folds is not None
    numbers = fold_rows(
        len(rows), options.folds, options.seed, classes=rows.labels, groups=rows.groups
    )
    return [
        Part(np.flatnonzero(numbers != fold), None, np.flatnonzero(numbers == fold))
        for fold in range(options.folds)
    ]


def _check_folds(rows: Rows, options: Options) -> None:
    distinct = len(rows) if rows.groups is None else len(np.unique(rows.groups))
    if distinct < (options.folds or 0):
        what = "rows" if rows.groups is None else f"groups in '{options.group}'"
        raise DataError(
            f"--cv {options.folds} needs at least {options.folds} {what}, got {distinct}"
        )


def _with_target(table: Table, name: str) -> tuple[Table, list[str]]:
    missing = table[name].missing
    count = int(missing.sum())
    if not count:
        return table, []
    where = f"{table.source}: the target '{name}'"
    if count == len(table):
        raise DataError(f"{where} is missing in every row; expected a value to learn from")
    first = place_of(table, int(missing.argmax())).removeprefix(table.source).strip(", ")
    if count > MOST_WITHOUT_TARGET * len(table):
        raise DataError(
            f"{where} is missing in {count:,} of {len(table):,} rows ({count / len(table):.0%}), "
            f"first in {first}; expected at most {MOST_WITHOUT_TARGET:.0%}: leave these rows out "
            "of the file if that is meant"
        )
    rows = "row lacks" if count == 1 else "rows lack"
    note = (
        f"{count:,} {rows} the target (first {first}) and {'is' if count == 1 else 'are'} left out"
    )
    return table.take(~missing), [note]


def _check_goal(goal: GoalDecision, options: Options) -> None:
    """Refuse what is for classes where there are none."""
    if goal.goal != "regression":
        if options.loss is not None:
            raise OptionError(
                f"--loss {options.loss} is for numbers, and '{options.target}' has classes "
                f"({goal.reason}); leave it out, or say --task regression"
            )
        return
    for option, given in (
        ("--class-weight", options.class_weight),
        ("--label-smoothing", options.label_smoothing),
    ):
        if given:
            raise OptionError(
                f"{option} is for classes, and '{options.target}' is a number ({goal.reason}); "
                "leave it out, or say --task classes"
            )


def target_values(table: Table, name: str, goal: GoalDecision) -> np.ndarray:
    """The target as an estimator takes it."""
    if goal.goal == "regression":
        numbers = columns_for(table, [(name, "numbers")], "target")[name]
        return numbers.values.astype(np.float64)
    column = table[name]
    whole = column.storage == "numbers" and bool((column.values == np.floor(column.values)).all())
    if not whole or (np.abs(column.values) > _LARGEST_WHOLE).any():
        return column.words()
    return column.values.astype(np.bool_ if "bool" in column.source else np.int64)


def _groups(table: Table, name: str | None) -> np.ndarray | None:
    if name is None:
        return None
    column = table[name]
    _refuse_missing(table, column, "--group", "a value in every row")
    groups = np.unique(column.values, return_inverse=True)[1]
    if int(groups.max()) + 1 < 2:
        raise DataError(
            f"{table.source}: --group '{name}' has the same value in every row; expected at least "
            "two groups"
        )
    return groups


def _times(table: Table, name: str | None) -> np.ndarray | None:
    if name is None:
        return None
    column = table[name]
    if column.storage == "words":
        word = column.words()[0]
        raise DataError(
            f"{table.source}: --time '{name}' expects dates such as 2024-12-31, or numbers; got "
            f"words such as '{word}'"
        )
    _refuse_missing(table, column, "--time", "a value in every row")
    return column.values


def _weight(table: Table, name: str | None) -> np.ndarray | None:
    if name is None:
        return None
    column = table[name]
    if column.storage != "numbers":
        raise DataError(
            f"{table.source}: --weight '{name}' expects numbers of at least 0, got {column.storage}"
        )
    _refuse_missing(table, column, "--weight", "a number in every row")
    weight = column.values.astype(np.float64)
    if (weight < 0).any():
        row = int((weight < 0).argmax())
        raise DataError(
            f"{place_of(table, row)}column '{name}': --weight expects numbers of at least 0, got "
            f"{weight[row]:g}"
        )
    if not weight.any():
        raise DataError(f"{table.source}: --weight '{name}' is 0 in every row")
    return weight


def _refuse_missing(table: Table, column: Column, option: str, expected: str) -> None:
    missing = column.missing
    if missing.any():
        raise DataError(
            f"{place_of(table, int(missing.argmax()))}column '{column.name}': {option} expects "
            f"{expected}, got an empty cell ({int(missing.sum()):,} in all)"
        )


def _with_known_classes(rows: Rows, part: Part) -> Part:
    """Rows to validate of classes that no training row has are learned from instead."""
    assert part.validation is not None
    if rows.labels is None:
        return part
    known = np.isin(rows.labels[part.validation], rows.labels[part.training])
    training = np.concatenate([part.training, part.validation[~known]])
    return Part(training, part.validation[known], part.test)


def _check_classes(rows: Rows, part: Part) -> list[str]:
    """Refuse to learn from one class only; say which ones are only tested."""
    if rows.labels is None or part.test is None:
        return []
    learned = np.unique(rows.labels[part.training])
    if len(learned) < 2:
        raise DataError(
            f"only the class '{rows.classes[learned[0]]}' is among the rows to learn from; "
            "expected at least two: choose another --seed, --test-size, --group or --time"
        )
    tested = np.setdiff1d(np.unique(rows.labels[part.test]), learned)
    if not len(tested):
        return []
    listed = ", ".join(f"'{rows.classes[c]}'" for c in tested[:6])
    return [f"no row to learn from has the class {listed}, so the test rows with it are all wrong"]


__all__ = ["Part", "Rows", "divide", "divide_folds", "read_rows", "rows_of", "target_values"]
