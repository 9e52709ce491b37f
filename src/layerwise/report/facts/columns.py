"""Which columns of a table the predictions depend on, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import DataError, OptionError
from ...model import Model
from .rows import Part

if TYPE_CHECKING:
    from ...insight import Dependence, Importance

TOP = 4
"""Columns whose dependence is drawn."""

MOST_ROWS = 1500
SEGMENT_LEVELS = 20


@dataclass(frozen=True, eq=False)
class Columns:
    """What is known of the columns.

    Attributes
    ----------
    importance : cost of shuffling each.
    dependence : of the most important ones.
    """

    importance: Importance
    dependence: tuple[Dependence, ...]


def columns_of_model(model: Model, part: Part) -> Columns:
    """Shuffle and vary the columns.

    Raises
    ------
    DataError, OptionError : the rows are no vectors of columns, or have one answer only.
    """
    from ...insight import partial_dependence, permutation_importance

    if part.encoded or isinstance(part.inputs, tuple):
        raise DataError("needs held-out rows as they came, not as the network takes them")
    importance = permutation_importance(
        model, part.inputs, answers(model, part), most_rows=MOST_ROWS
    )
    found = []
    for each in importance.columns[:TOP]:
        if each.mean > 0:
            found.append(partial_dependence(model, part.inputs, each.column, most_rows=400))
    return Columns(importance, tuple(found))


def answers(model: Model, part: Part) -> np.ndarray:
    """The known answers, as other rooms take them: names where the model has names."""
    if model.target == "numbers" or part.truth.ndim == 2:
        return part.truth
    names = model.classes or tuple(range(int(part.truth.max(initial=1)) + 1))
    words = [*map(str, names), "a class unknown to training"]
    return np.array([words[place] for place in part.truth], object)


def category_of(part: Part, names: list[str]) -> tuple[str, np.ndarray] | None:
    """The first of some columns that is words of few values, with its values; None if none is."""
    from ...data.tables import table_of

    if part.encoded or isinstance(part.inputs, tuple):
        return None
    try:
        table = table_of(part.inputs)
    except (DataError, OptionError, TypeError, ValueError):
        return None
    for name in names:
        if name in table and table[name].storage == "words":
            values = np.array(["missing" if v is None else v for v in table[name].words()], object)
            if 2 <= len(np.unique(values)) <= SEGMENT_LEVELS:
                return name, values
    return None
