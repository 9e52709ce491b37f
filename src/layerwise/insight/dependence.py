"""`partial_dependence`: how predictions change on average as one column takes its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, OptionError
from .subject import AT_ONCE, Subject, subject_of
from .text import aligned, bar, in_columns, shortened, value_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..data.tables import Column

MOST_ROWS = 1000
GRID = 20
BAND = (0.1, 0.9)
"""Quantiles between which the curves of single rows are drawn as a band."""

MOST_SHOWN = 3
"""Classes that get a column of the text."""


@dataclass(frozen=True)
class Dependence:
    """Predictions while one column takes each value of a grid; print it, or `draw` it.

    Attributes
    ----------
    column : its name.
    kind : "numbers", "dates" or "words": how the column is held; "words" also for numbers that the
        model takes as categories, as they have no order for it.
    grid : the values: numbers, dates as ISO text, or words; None stands for missing.
    outputs : names of what is predicted: the classes, or "prediction" (of several "output 0", ...).
    mean : float (points, outputs): the mean prediction of all rows.
    low, high : float (points, outputs): 10% and 90% quantile of the predictions of single rows.
    rows, given : how many rows were used, and how many came.
    quantiles : of a column of numbers or dates its deciles among the rows, as in `grid`; else ().
    probability : whether predictions are probabilities.
    """

    column: str
    kind: str
    grid: tuple[float | str | None, ...]
    outputs: tuple[str, ...]
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rows: int
    given: int
    quantiles: tuple[float | str, ...]
    probability: bool

    def __str__(self) -> str:
        return self.text()

    def most_changing(self, most: int) -> list[int]:
        """The numbers of the outputs that change most, so many at most.

        Of two classes it is only the second, as the first mirrors it.
        """
        if self.probability and len(self.outputs) == 2:
            return [1]
        order = np.argsort(-np.ptp(self.mean, axis=0), kind="stable")[:most]
        return sorted(order.tolist())

    def text(self, width: int = 60, bars: bool = True) -> str:
        """Lines of at most a width (at least 50): for each value the mean and the band."""
        shown = self.most_changing(MOST_SHOWN)
        what = "probability" if self.probability else "prediction"
        of = f" of '{self.outputs[shown[0]]}'" if self.probability and len(shown) == 1 else ""
        rows = f"{self.rows:,} rows"
        if self.rows < self.given:
            rows = f"{self.rows:,} of {self.given:,} rows"
        head = [shortened(f"mean {what}{of} by {self.column}", width), f"if all of {rows} had it"]
        if len(shown) == 1:
            head[1] += "; in brackets 80% of single rows"
        names = [shortened(value_text(value), 16) for value in self.grid]
        if len(shown) > 1:
            titles = [shortened(self.outputs[place], 11) for place in shown]
            columns = [aligned(self.mean[:, place].tolist()) for place in shown]
            table = [("", *titles), *zip(names, *columns, strict=True)]
            return "\n".join([*head, "", *in_columns(table)])
        mean, low, high = (each[:, shown[0]].tolist() for each in (self.mean, self.low, self.high))
        count = len(mean)
        texts = aligned([*mean, *low, *high])
        middle, below, above = texts[:count], texts[count : 2 * count], texts[2 * count :]
        bands = [f"({a} to {b})" for a, b in zip(below, above, strict=True)]
        body = in_columns(list(zip(names, middle, bands, strict=True)))
        longest = max(map(len, body))
        places = width - longest - 2
        # The shortest bar is of one place, so that the least mean does not look like nothing.
        span = max(mean) - min(mean) or 1.0
        lines = []
        for line, value in zip(body, mean, strict=True):
            share = (1 + (value - min(mean)) / span * (places - 1)) / max(places, 1)
            drawn = bar(share, places) if bars and places > 3 else ""
            lines.append(f"{line.ljust(longest)}  {drawn}".rstrip())
        return "\n".join([*head, "", *lines])

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        return {
            "column": self.column,
            "kind": self.kind,
            "grid": list(self.grid),
            "outputs": list(self.outputs),
            "mean": self.mean.tolist(),
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "rows": self.rows,
            "rows_given": self.given,
            "quantiles": list(self.quantiles),
        }

    def draw(self, path: str | Path | None = None) -> Figure:
        """Draw the means and the bands; see `insight.draw_partial_dependence`.

        Parameters
        ----------
        path : of a file to write, .png, .svg or .pdf; None writes none.
        """
        from .drawing import draw_partial_dependence
        from .drawing.files import saved

        return saved(lambda: draw_partial_dependence(self), path)


def partial_dependence(
    model: Any,
    rows: Any,
    column: str | int,
    grid: int | Sequence[Any] = GRID,
    *,
    most_rows: int = MOST_ROWS,
    seed: int = 0,
) -> Dependence:
    """Predictions of all rows while one of their columns takes each value of a grid.

    The mean says what the model makes of the column, all else as it is in the rows; the band of
    single rows says how much else there is. Where columns go together, as height and weight do,
    some of the rows made here could not exist, and what is predicted for them is a guess.

    Parameters
    ----------
    model : a `layerwise.Model`, a fitted `Classifier` or `Regressor`, or a trained network.
    rows : what its `predict` takes: a frame, a table, an array (n, columns). It is not changed.
    column : its name, or its number among those that the model uses.
    grid : how many values at most, at least 2: for numbers and dates quantiles that occur, for
        words the most frequent ones (missing is one); or the values themselves.
    most_rows, seed : of more rows so many are drawn.

    Raises
    ------
    DataError : no such column, or the model leaves it out; a value that the column cannot have.
    OptionError : a grid of fewer than two values.

    References
    ----------
    Friedman, "Greedy Function Approximation: A Gradient Boosting Machine", Annals of Statistics 29
    (2001); the curves of single rows: Goldstein et al., "Peeking Inside the Black Box", Journal of
    Computational and Graphical Statistics 24 (2015).
    """
    if most_rows < 1:
        raise OptionError(f"expected most_rows of at least 1, got {most_rows}")
    whole = subject_of(model, rows)
    place = whole.place(column)
    name = whole.names[place]
    categories = _categories(whole)
    kind = "words" if name in categories else whole.table[name].storage
    values = _grid(whole.table[name], kind, grid, categories.get(name, ()))
    subject = whole.sample(most_rows, np.random.default_rng(seed))
    mean, low, high = _curves(subject, place, values)
    names, probability = _outputs(subject, mean.shape[1])
    return Dependence(
        name, kind, _plain(values), names, mean, low, high, len(subject), len(whole),
        _deciles(whole.table[name]) if kind != "words" else (), probability,
    )  # fmt: skip


def _categories(subject: Subject) -> dict[str, tuple[str, ...]]:
    """The values that the model knows of each column of categories."""
    encoder = subject.model.encoder
    return {} if encoder is None else {c.name: c.levels for c in encoder.categories}


def _grid(column: Column, kind: str, grid: int | Sequence[Any], known: Sequence[str]) -> Column:
    """A column of the values, of the storage of the column given."""
    if not isinstance(grid, int | np.integer):
        return _asked(column, kind, list(grid), known)
    if grid < 2:
        raise OptionError(f"expected a grid of at least 2 values, got {grid}")
    present = column.take(~column.missing)
    if not len(present):
        raise DataError(f"the column '{column.name}' has no value in these rows; give a grid")
    unique, counts = np.unique(present.values, return_counts=True)
    if kind == "words":
        # Missing is a value like others, where the rows have it.
        frequent = np.argsort(-counts, kind="stable")[: grid - bool(column.missing.any())]
        kept = unique[np.sort(frequent)]
        if column.levels is not None:
            kept = np.array(sorted(kept.tolist(), key=column.levels.__getitem__), kept.dtype)
        if column.missing.any():
            nothing = column.values[column.missing][:1]
            kept = np.concatenate([kept, nothing]).astype(column.values.dtype)
        return replace(column, values=kept)
    if len(unique) > grid:
        ordered = np.sort(present.values)
        places = np.rint(np.linspace(0, len(ordered) - 1, grid)).astype(np.int64)
        unique = np.unique(ordered[places])
    return replace(column, values=unique)


def _asked(column: Column, kind: str, values: list[Any], known: Sequence[str]) -> Column:
    """The values that were asked for, as the column holds them."""
    from ..data.tables import columns_for, table_of

    if len(values) < 2:
        raise OptionError(f"expected a grid of at least 2 values, got {values}")
    given = table_of({column.name: np.array(values, object)})
    found = columns_for(given, [(column.name, column.storage)], "grid")[column.name]
    order = slice(None) if kind == "words" else np.argsort(found.values, kind="stable")
    strangers = {str(w) for w in found.words() if w is not None} - set(known)
    if kind == "words" and known and strangers:
        from ..data.tables.naming import listed, nearest

        word = sorted(strangers)[0]
        near = nearest(word, known)
        hint = f" (did you mean '{near}'?)" if near else ""
        raise DataError(
            f"the column '{column.name}' of the training had no '{word}'{hint}; it had "
            f"{listed(known)}"
        )
    return found.take(order)


def _curves(
    subject: Subject, place: int, values: Column
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, low and high of the rows' predictions for each value, (points, outputs) each."""
    blocks = subject.encoded(place, values)
    points, rows = len(values), len(subject)
    size = max(1, AT_ONCE // (rows * subject.width))
    means, bands = [], []
    for first in range(0, points, size):
        part = slice(first, min(first + size, points))
        count = part.stop - first
        arrays = [np.tile(array, (count, 1)) for array in subject.arrays]
        for number, places, cells in blocks:
            arrays[number][:, places] = np.repeat(cells[part], rows, axis=0)
        found = subject.predicted(arrays).reshape(count, rows, -1)
        if subject.model.target == "binary" and found.shape[2] == 1:
            found = np.concatenate([1 - found, found], axis=2)
        means.append(found.mean(1))
        bands.append(np.quantile(found, BAND, axis=1))
    low, high = np.concatenate(bands, axis=1)
    return np.concatenate(means), low, high


def _outputs(subject: Subject, count: int) -> tuple[tuple[str, ...], bool]:
    """Names of the outputs, and whether they are probabilities."""
    model = subject.model
    if model.target == "numbers":
        return ("prediction",) if count == 1 else tuple(f"output {i}" for i in range(count)), False
    if model.classes is not None and len(model.classes) == count:
        return tuple(str(name) for name in model.classes), True
    return tuple(str(i) for i in range(count)), True


def _plain(values: Column) -> tuple[float | str | None, ...]:
    if values.storage == "numbers":
        return tuple(None if np.isnan(v) else float(v) for v in values.values)
    words = values.words()
    return tuple(None if w is None else str(w).removesuffix("T00:00:00.000000") for w in words)


def _deciles(column: Column) -> tuple[float | str, ...]:
    ordered = np.sort(column.values[~column.missing])
    if not len(ordered):
        return ()
    places = np.rint(np.linspace(0, len(ordered) - 1, 11)).astype(np.int64)
    kept = replace(column, values=ordered[places])
    return tuple(value for value in _plain(kept) if value is not None)


__all__ = ["Dependence", "partial_dependence"]
