"""`permutation_importance`: how much worse predictions become when a column is shuffled."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, OptionError
from .subject import subject_of
from .text import aligned, bar, in_columns, shortened
from .truth import HIGHER_IS_BETTER, LABELS, measure_for, quality, truth_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_ROWS, FEWEST_ROWS = 5000, 1000
"""Rows that are drawn of more, unless it is said how many: fewer for a large model."""

WORK = 100_000_000_000
"""Rows predicted, times parameters of the model, that decide how many: about ten seconds."""

SHOWN = 30
"""Columns that the text lists; the picture shows as many."""


@dataclass(frozen=True)
class ColumnImportance:
    """What shuffling one column costs.

    Attributes
    ----------
    column : its name.
    mean : how much worse the measure became, the mean over the repeats: above 0 if the column
        helps. In the measure's units.
    spread : standard deviation over the repeats; 0 for a single one.
    values : of each repeat.
    """

    column: str
    mean: float
    spread: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class Importance:
    """What shuffling each column costs; print it, or `draw` it.

    Attributes
    ----------
    measure : accuracy, log_loss, r2 or rmse.
    score : the measure for the rows as they are.
    columns : the most important first.
    left_out : columns of the training table that the model does not use; their importance is 0.
    rows, given : how many rows were used, and how many came.
    repeats, seed : as asked for.
    """

    measure: str
    score: float
    columns: tuple[ColumnImportance, ...]
    left_out: tuple[str, ...]
    rows: int
    given: int
    repeats: int
    seed: int

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int = 60, bars: bool = True) -> str:
        """Lines of at most a width (at least 50): each column with its cost, spread and a bar."""
        label = LABELS[self.measure]
        verb = "falls" if HIGHER_IS_BETTER[self.measure] else "rises"
        rows = f"{self.rows:,} rows"
        if self.rows < self.given:
            rows = f"{self.rows:,} of {self.given:,} rows, drawn with seed {self.seed}"
        lines = [
            f"{label} {self.score:.4g} on {rows}",
            f"how much it {verb} when one column is shuffled ({self.repeats}x):",
            "",
        ]
        shown = self.columns[:SHOWN]
        means, spreads = aligned([c.mean for c in shown]), aligned([c.spread for c in shown])
        digits = len(means[0].partition(".")[2]) if "e" not in means[0] else None
        if digits is not None:
            spreads = [f"{c.spread:.{digits}f}" for c in shown]
        largest = max((c.mean for c in shown), default=0.0)
        numbers = [f"{m} +- {s}" for m, s in zip(means, spreads, strict=True)]
        room = width - 4 - max(map(len, numbers))
        names = [shortened(c.column, max(12, room - 12)) for c in shown]
        body = in_columns(list(zip(names, numbers, strict=True)))
        places = width - 2 - max(map(len, body))
        for line, column in zip(body, shown, strict=True):
            drawn = bar(column.mean / largest, places) if bars and largest > 0 else ""
            lines.append(f"{line.ljust(width - places - 2)}  {drawn}".rstrip())
        if len(self.columns) > SHOWN:
            lines.append(f"and {len(self.columns) - SHOWN} columns that matter less")
        if self.left_out:
            names_left = ", ".join(self.left_out)
            lines += ["", *textwrap.wrap(f"not used by the model: {names_left}", width)]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        return {
            "measure": self.measure,
            "score": self.score,
            "rows": self.rows,
            "rows_given": self.given,
            "repeats": self.repeats,
            "seed": self.seed,
            "columns": [
                {"column": c.column, "mean": c.mean, "spread": c.spread, "values": list(c.values)}
                for c in self.columns
            ],
            "left_out": list(self.left_out),
        }

    def draw(self, path: str | Path | None = None) -> Figure:
        """Draw a bar for each column; see `insight.draw_importance`.

        Parameters
        ----------
        path : of a file to write, .png, .svg or .pdf; None writes none.
        """
        from .drawing import draw_importance
        from .drawing.files import saved

        return saved(lambda: draw_importance(self), path)


def permutation_importance(
    model: Any,
    rows: Any,
    y: Any,
    measure: str | None = None,
    repeats: int = 5,
    seed: int = 0,
    *,
    columns: Sequence[str | int] | None = None,
    most_rows: int | None = None,
) -> Importance:
    """How much worse a model predicts when one column is shuffled among the rows.

    A column that the model relies on costs much; one that it does not look at costs nothing. Use
    rows that the model was not trained on: of training rows it also knows noise by heart. Columns
    that say the same can stand in for each other, so shuffling one of them shows little.

    Parameters
    ----------
    model : a `layerwise.Model`, a fitted `Classifier` or `Regressor`, or a trained network.
    rows : what its `predict` takes: a frame, a table, an array (n, columns). It is not changed.
    y : the known answers, (n,) labels or numbers; or the name of their column in `rows`.
    measure : "accuracy" or "log_loss" of classes, "r2" or "rmse" of numbers; the first when None.
    repeats : how often each column is shuffled.
    seed : decides the shuffles and the rows that are drawn. What a column gets does not depend on
        which others are asked for.
    columns : the only ones to shuffle, by name or number; all that the model uses when None.
    most_rows : of more rows so many are drawn. When None 5,000, and down to 1,000 for a model of
        many parameters, so that it takes seconds; `Importance.rows` says how many it were.

    Raises
    ------
    DataError : answers that do not fit, a column that is missing or not used.
    OptionError : a measure that the model does not have, no repeat.

    References
    ----------
    Breiman, "Random Forests", Machine Learning 45 (2001); Fisher, Rudin & Dominici, "All Models are
    Wrong, but Many are Useful", JMLR 20 (2019).
    """
    if repeats < 1 or (most_rows is not None and most_rows < 2):
        raise OptionError(
            f"expected at least 1 repeat and 2 rows, got repeats={repeats}, most_rows={most_rows}"
        )
    if isinstance(y, str):
        rows, y = _parted(rows, y)
    whole = subject_of(model, rows)
    answers = np.asarray(y)
    if answers.ndim == 0 or len(answers) != len(whole):
        raise DataError(
            f"expected an answer for each of {len(whole):,} rows, got shape {answers.shape}"
        )
    name = measure_for(whole.model, measure)
    places = range(len(whole.names)) if columns is None else [whole.place(c) for c in columns]
    if most_rows is None:
        work = max(whole.model.parameter_count, 1) * repeats * max(len(places), 1)
        most_rows = min(max(WORK // work, FEWEST_ROWS), MOST_ROWS)
    chosen = np.arange(len(whole))
    if len(whole) > most_rows:
        generator = np.random.default_rng(seed)
        chosen = np.sort(generator.choice(len(whole), most_rows, replace=False))
    subject = whole.take(chosen)
    predicted = subject.predicted()
    judge = quality(name, truth_of(subject.model, answers[chosen], predicted.shape[1]))
    score = judge(predicted)
    sign = 1.0 if HIGHER_IS_BETTER[name] else -1.0
    arrays = tuple(array.copy() for array in subject.arrays)
    found = []
    for place in places:
        costs = []
        for repeat in range(repeats):
            order = np.random.default_rng([seed, place, repeat]).permutation(len(subject))
            for array, original, owners in zip(arrays, subject.arrays, subject.owners, strict=True):
                own = owners == place
                array[:, own] = original[order][:, own]
            costs.append(sign * (score - judge(subject.predicted(arrays))))
        for array, original, owners in zip(arrays, subject.arrays, subject.owners, strict=True):
            array[:, owners == place] = original[:, owners == place]
        spread = float(np.std(costs, ddof=1)) if repeats > 1 else 0.0
        found.append(
            ColumnImportance(subject.names[place], float(np.mean(costs)), spread, tuple(costs))
        )
    found.sort(key=lambda each: -each.mean)
    return Importance(
        name, score, tuple(found), subject.left_out, len(subject), len(whole), repeats, seed
    )


def _parted(rows: Any, target: str) -> tuple[Any, Any]:
    """Rows that have an answer, and the answers, by the name of their column."""
    from ..data.tables import table_of

    table = table_of(rows)
    column = table[target]
    known = np.flatnonzero(~column.missing)
    column, table = column.take(known), table.take(known).without([target])
    return table, column.values if column.storage == "numbers" else column.words()


__all__ = ["ColumnImportance", "Importance", "permutation_importance"]
