"""What a target column asks for: numbers, one of two classes, or one of several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import DataError
from .matching import place_of
from .table import Column, Table
from .text_columns import shortened

Goal = Literal["regression", "binary", "classes"]

GOALS: tuple[Goal, ...] = ("regression", "binary", "classes")

MOST_CLASSES_OF_NUMBERS = 10
"""Whole numbers of so many values at most are classes, such as digits, unless someone says not."""

_ROWS_OF_A_CLASS = 10
"""Whole numbers that repeat less often than this on average are amounts."""

_FEWEST_ROWS_TO_TELL = 20


@dataclass(frozen=True)
class GoalDecision:
    """What was decided for the target, and why.

    Attributes
    ----------
    goal : regression, binary or classes.
    reason : in a few words, for people: "2 values: no, yes".
    """

    goal: Goal
    reason: str


def decide_goal(table: Table, name: str, asked: Goal | None = None) -> GoalDecision:
    """Decide what a target asks for, from rows that all have one.

    Parameters
    ----------
    table, name : the rows, and which column is the target.
    asked : what the user says it is; decided from the values when None.

    Raises
    ------
    DataError : all values are the same, or they cannot be what was asked for, or what they could be
        is not to be seen: dates, words that hardly repeat.
    """
    column = table[name]
    where = f"{table.source}: " if table.source else ""
    label = f"{where}the target '{name}'"
    if column.storage == "dates":
        raise DataError(
            f"{label} holds dates; expected numbers or classes: make a column of what is to be "
            "predicted, such as the days until then"
        )
    values = distinct_words(column)
    if len(values) == 1:
        raise DataError(
            f"{label} is always '{shortened(values[0])}', so there is nothing to learn; expected "
            "at least two different values"
        )
    if asked == "regression":
        _refuse_words(table, column)
        return GoalDecision("regression", "as you asked")
    if asked == "binary" and len(values) != 2:
        raise DataError(
            f"{label} has {len(values):,} different values ({_listed(values)}); --task binary "
            "expects two: use --task classes"
        )
    if asked is not None:
        _refuse_fractions(column, values, label)
        found: Goal = "binary" if len(values) == 2 else "classes"
        return GoalDecision(found, f"{len(values):,} values, as you asked")
    if len(values) == 2:
        return GoalDecision("binary", f"two values: {_listed(values)}")
    if column.storage == "numbers":
        return _of_numbers(column, values)
    if len(column) >= _FEWEST_ROWS_TO_TELL and 2 * len(values) > len(column):
        mixed = f"; {column.warning}" if column.warning else ""
        raise DataError(
            f"{label} has {len(values):,} different values in {len(column):,} rows, such as "
            f"'{shortened(values[0])}'{mixed}; expected numbers, or classes that repeat"
        )
    return GoalDecision("classes", f"{len(values):,} different words")


def _of_numbers(column: Column, values: list[str]) -> GoalDecision:
    whole = bool((column.values == np.floor(column.values)).all())
    kind = "whole numbers" if whole else "numbers"
    few = len(values) <= MOST_CLASSES_OF_NUMBERS and len(column) >= _ROWS_OF_A_CLASS * len(values)
    if whole and few:
        reason = f"only {len(values)} different whole numbers; --task regression if they are sizes"
        return GoalDecision("classes", reason)
    return GoalDecision("regression", f"{len(values):,} different {kind}")


def distinct_words(column: Column) -> list[str]:
    """The different values that a column without missing ones has, as words, in order."""
    if column.levels is not None:
        return sorted(column.levels[place] for place in np.unique(column.values))
    unique = np.unique(column.values)
    return [str(w) for w in Column(column.name, unique, source=column.source).words()]


def _refuse_words(table: Table, column: Column) -> None:
    if column.storage != "words":
        return
    texts = column.words()
    for row, text in enumerate(texts):
        try:
            np.float64(text)
        except ValueError:
            raise DataError(
                f"{place_of(table, row)}column '{column.name}': --task regression expects numbers, "
                f"got '{shortened(text)}'"
            ) from None


def _refuse_fractions(column: Column, values: list[str], label: str) -> None:
    if column.storage != "numbers" or (column.values == np.floor(column.values)).all():
        return
    if 2 * len(values) > len(column):
        raise DataError(
            f"{label} has {len(values):,} different numbers in {len(column):,} rows, too many for "
            "classes; use --task regression"
        )


def _listed(values: list[str]) -> str:
    shown = [shortened(value) for value in values[:4]]
    return ", ".join(shown) + ", ..." * (len(values) > 4)
