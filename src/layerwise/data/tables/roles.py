"""What each column of a table is good for: number, category, date, or nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from .id_names import names_identifier
from .naming import no_column
from .table import Column, Table

Role = Literal["number", "category", "date", "text", "constant", "empty", "identifier", "dropped"]

USED: tuple[Role, ...] = ("number", "category", "date")
"""The roles whose columns a network sees."""

# Shares of the rows with a value. Fewer rows than these say nothing: of ten, all often differ.
_NEARLY_ALL = 0.95
_MOSTLY = 0.5
_ROWS_FOR_IDENTIFIER = 50
_ROWS_FOR_TEXT = 20
_ROWS_FOR_CARDINALITY = 100

_WORDS_OF_TEXT = 4
"""A column whose values have more words than this on average is text."""

_GAPS = 10
"""Rising numbers whose range is larger than this many times their count are measurements."""


@dataclass(frozen=True)
class Decision:
    """What was decided for one column, and why.

    Attributes
    ----------
    name : of the column.
    role : number, category and date are used; text (words that hardly repeat), constant, empty
        (all missing), identifier (a different value in every row, such as a customer number) and
        dropped (the user said so) are not.
    reason : in a few words, for people: "12 values", "different in 98% of the rows".
    warning : whether people should be told aloud, as something that they may not expect.
    """

    name: str
    role: Role
    reason: str = ""
    warning: bool = False

    @property
    def used(self) -> bool:
        """Whether the network sees the column."""
        return self.role in USED


def decide_roles(
    table: Table,
    *,
    categorical: Collection[str] = (),
    drop: Collection[str] = (),
    columns: Collection[str] | None = None,
) -> list[Decision]:
    """Decide what each column of a table is good for.

    Parameters
    ----------
    table : the rows to train on.
    categorical : columns that are categories, though they hold numbers or dates, or words that
        hardly repeat.
    drop : columns that are not to be used.
    columns : the only ones to be used; all when None. Whole numbers named here are used even where
        they look like identifiers.

    Returns
    -------
    list of Decision : one for each column, in their order.

    Raises
    ------
    DataError : one of the names is that of no column; the nearest is named.
    """
    for name in (*categorical, *drop, *(columns or ())):
        if name not in table:
            raise no_column(name, table.names, table.source)
    forced, dropped = set(categorical), set(drop)
    asked = None if columns is None else set(columns)
    decisions = []
    for column in table:
        if column.name in dropped:
            decisions.append(Decision(column.name, "dropped", "as you asked"))
        elif asked is not None and column.name not in asked:
            decisions.append(Decision(column.name, "dropped", "not among the columns asked for"))
        else:
            found = _decide(column, column.name in forced, asked is not None)
            decisions.append(_with_warning(found, column.warning))
    return decisions


def _with_warning(decision: Decision, warning: str) -> Decision:
    if not warning:
        return decision
    return replace(decision, reason=f"{decision.reason}; {warning}", warning=True)


def _decide(column: Column, forced: bool, asked: bool) -> Decision:
    name = column.name
    # Of an array with many columns each is a view, slow to walk through more than once.
    column = replace(column, values=np.ascontiguousarray(column.values))
    missing = column.missing
    filled = len(column) - int(missing.sum())
    if not filled:
        return Decision(name, "empty", "all values are missing", warning=True)
    if column.storage == "words":
        decision = _of_words(column, filled, forced)
    else:
        values = column.values if filled == len(column) else column.values[~missing]
        decision = _of_values(column, values, forced, asked)
    if filled < len(column) and decision.used:
        share = _percent(1 - filled / len(column))
        return replace(decision, reason=f"{decision.reason}, {share} missing")
    return decision


def _of_words(column: Column, filled: int, forced: bool) -> Decision:
    name, levels = column.name, column.levels or ()
    counts = np.bincount(column.values[column.values >= 0], minlength=len(levels))
    present = np.flatnonzero(counts)
    distinct = len(present)
    if distinct == 1:
        only = f"always '{_shortened(levels[present[0]])}'"
        return _single(name, only, filled == len(column))
    if forced:
        return Decision(name, "category", f"{distinct:,} values, as you asked")
    share = distinct / filled
    if filled >= _ROWS_FOR_TEXT and share > _MOSTLY:
        # A sample of the words tells how long they are.
        sample = [levels[place] for place in present[:: max(1, distinct // 1000)]]
        tokens = sum(len(word.split()) for word in sample) / len(sample)
        if tokens > _WORDS_OF_TEXT:
            reason = f"{tokens:.0f} words on average, {_different(distinct, filled)}"
            return Decision(name, "text", reason, warning=True)
    if filled >= _ROWS_FOR_IDENTIFIER and share > _NEARLY_ALL:
        return Decision(name, "identifier", _different(distinct, filled), warning=True)
    if filled >= _ROWS_FOR_CARDINALITY and share > _MOSTLY:
        reason = f"{distinct:,} values in {filled:,} rows"
        return Decision(name, "text", reason, warning=True)
    return Decision(name, "category", f"{distinct:,} values")


def _of_values(column: Column, values: np.ndarray, forced: bool, asked: bool) -> Decision:
    """Decide for numbers or dates; the values are those that are not missing."""
    name, whole_column = column.name, len(values) == len(column)
    low, high = values.min(), values.max()
    if low == high:
        return _single(name, f"always {_shown(low)}", whole_column)
    if forced:
        return Decision(name, "category", f"{len(np.unique(values)):,} values, as you asked")
    if column.storage == "dates":
        return Decision(name, "date", f"{_shown(low)} to {_shown(high)}")
    if column.source == "bool":
        return Decision(name, "category", "true or false")
    kind = "whole numbers" if _are_whole(values) else "numbers"
    if kind == "whole numbers" and not asked:
        distinct = _identifies(name, values, float(low), float(high))
        if distinct:
            return Decision(name, "identifier", _different(distinct, len(values)), warning=True)
    return Decision(name, "number", f"{kind} from {_shown(low)} to {_shown(high)}")


def _single(name: str, only: str, always: bool) -> Decision:
    """Decide for a column with one value: where it is missing may say something."""
    if always:
        return Decision(name, "constant", only, warning=True)
    return Decision(name, "category", only.replace("always ", "") + " or missing")


def _are_whole(values: np.ndarray) -> bool:
    # Most columns of measurements show it in their first values.
    head = values[:256]
    return bool((head == np.floor(head)).all() and (values == np.floor(values)).all())


def _identifies(name: str, values: np.ndarray, low: float, high: float) -> int:
    """How many different values there are if these whole numbers identify rows; else 0.

    Being different is not enough, because large counts and sums of money are. They must be named
    like identifiers, or be (nearly) all numbers of a range, or rise like those that are given out
    one after the other.
    """
    count, reach = len(values), high - low + 1
    if count < _ROWS_FOR_IDENTIFIER or reach <= _NEARLY_ALL * count:
        return 0
    dense = reach * _NEARLY_ALL < count
    if not (dense or names_identifier(name)):
        if reach > _GAPS * count:
            return 0
        steps = np.diff(values)
        if not ((steps > 0).all() or (steps < 0).all()):
            return 0
    distinct = len(np.unique(values))
    return distinct if distinct > _NEARLY_ALL * count else 0


def _different(distinct: int, rows: int) -> str:
    if distinct == rows:
        return "all different"
    return f"different in {_percent(distinct / rows)} of the rows"


def _percent(share: float) -> str:
    return f"{share:.1%}" if share < 0.1 or share > 0.99 else f"{share:.0%}"


def _shown(value: np.generic) -> str:
    if isinstance(value, np.datetime64):
        day = np.datetime_as_string(value, "D")
        return str(day if value == np.datetime64(day) else np.datetime_as_string(value, "s"))
    number = float(value)
    return f"{number:,.0f}" if number.is_integer() and abs(number) < 1e15 else f"{number:.4g}"


def _shortened(word: str) -> str:
    return word if len(word) <= 24 else word[:21] + "..."
