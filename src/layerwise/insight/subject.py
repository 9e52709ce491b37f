"""`Subject`: a model and rows, in the form in which columns can be exchanged between rows.

Each column of raw rows becomes some places of the arrays that the network takes (a category, a
place for each of its values), and no place depends on two columns. So exchanging places of encoded
rows is the same as exchanging cells of the raw table and encoding it again, and many times quicker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, OptionError
from ..graph import dtypes
from ..model import Model
from ..nn.losses import OUTPUTS
from ..nn.module import Module
from ..training import Run

if TYPE_CHECKING:
    from ..data.tables import Column, Table

AT_ONCE = 1 << 22
"""Numbers in the rows that are made at a time, which bounds the memory that this takes."""


def model_of(model: Any) -> Model:
    """The model of a `Model`, a fitted estimator, a trained network, or what training gave.

    Raises
    ------
    TypeError : it is none of these.
    """
    if isinstance(model, Model):
        return model
    if isinstance(model, Run):
        return Model(model.net, model)
    if isinstance(model, Module):
        return Model(model)
    if hasattr(model, "to_model"):
        found = model.to_model()
        assert isinstance(found, Model)
        return found
    raise TypeError(
        "expected a layerwise.Model, a fitted Classifier or Regressor, or a trained network, got "
        f"{type(model).__name__}"
    )


@dataclass(frozen=True, eq=False)
class Subject:
    """Rows of a model, encoded.

    Attributes
    ----------
    model : the model.
    table : the raw rows; only the columns that the model uses.
    arrays : what the network takes for them, each of shape (n, width).
    owners : for each array int (width,): which column of `names` a place belongs to, -1 for none.
    left_out : names of columns that came with the model's training, but that it does not use.
    """

    model: Model
    table: Table
    arrays: tuple[np.ndarray, ...]
    owners: tuple[np.ndarray, ...]
    left_out: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns, in order."""
        return self.table.names

    def __len__(self) -> int:
        return self.table.rows

    def place(self, column: str | int) -> int:
        """The number of a column by its name or number.

        Raises
        ------
        DataError : no column has this name, or the model leaves it out.
        """
        if not isinstance(column, str):
            if not 0 <= column < len(self.names):
                raise DataError(f"expected a column from 0 to {len(self.names) - 1}, got {column}")
            return int(column)
        if column in self.left_out:
            raise DataError(
                f"the model leaves the column '{column}' out: its predictions do not depend on it"
            )
        self.table[column]  # names the nearest, if there is none
        return self.names.index(column)

    def take(self, rows: np.ndarray) -> Subject:
        """Some of the rows, by number."""
        arrays = tuple(array[rows] for array in self.arrays)
        return replace(self, table=self.table.take(rows), arrays=arrays)

    def sample(self, most: int, generator: np.random.Generator) -> Subject:
        """So many rows at most, drawn without replacement; in the order of the table."""
        if len(self) <= most:
            return self
        return self.take(np.sort(generator.choice(len(self), most, replace=False)))

    @property
    def width(self) -> int:
        """Numbers of a row in all arrays together."""
        return sum(array.shape[1] for array in self.arrays)

    def raw(self, arrays: Sequence[np.ndarray] | None = None) -> np.ndarray:
        """The network's raw output for encoded rows, those of the subject when None.

        Returns
        -------
        float64, shape (n, outputs).
        """
        given = self.arrays if arrays is None else arrays
        found = np.asarray(self.model.whole(*given))
        if found.ndim == 1:
            found = found[:, None]
        if found.ndim != 2:
            raise OptionError(
                "expected a model whose output for a row is a number, or one number for each class,"
                f" got an output of shape {found.shape[1:]}"
            )
        return found.astype(np.float64, copy=False)

    def predicted(self, arrays: Sequence[np.ndarray] | None = None) -> np.ndarray:
        """Predictions for encoded rows: probabilities or numbers, float64 (n, outputs).

        A model of two classes with one output gives the probability of the second alone.
        """
        return np.asarray(OUTPUTS[self.model.output](self.raw(arrays)))

    def encoded(self, column: int, values: Column) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """What values of one column become.

        Returns
        -------
        For each array that has places for the column: its number, the places, and what stands
        there, shape (len(values), places).
        """
        from ..data.tables import Table

        if self.model.columns is None:
            arrays: Sequence[np.ndarray] = [
                np.repeat(self.arrays[0][:1], len(values), 0).astype(self.arrays[0].dtype)
            ]
            arrays[0][:, column] = values.values
        else:
            first = self.table.take(np.zeros(len(values), np.int64))
            columns = list(first.columns)
            columns[column] = values
            whole = Table(tuple(columns), len(values))
            arrays = self.model.columns.inputs(whole)
        found = []
        for number, owners in enumerate(self.owners):
            places = np.flatnonzero(owners == column)
            if len(places):
                found.append((number, places, arrays[number][:, places]))
        return found


def subject_of(model: Any, rows: Any) -> Subject:
    """A model and raw rows.

    Parameters
    ----------
    model : what `model_of` takes.
    rows : of a model of a table whatever its `predict` takes; else an array (n, columns) of
        numbers, or a frame of numbers, of which the model's columns are found by name where it
        knows them.

    Raises
    ------
    DataError : no row, a column that is missing or of another kind, or rows that are no vectors.
    """
    model = model_of(model)
    found = _of_numbers(model, rows) if model.columns is None else _of_table(model, rows)
    if not len(found):
        raise DataError("expected at least one row, got none")
    if not found.names:
        raise DataError("expected a model that uses at least one column; this one uses none")
    return found


def _of_table(model: Model, rows: Any) -> Subject:
    assert model.columns is not None
    encoder = model.columns.encoder
    table = model.columns.table(rows)
    places = {name: place for place, name in enumerate(table.names)}
    arrays = model.columns.inputs(table)
    numbers = np.array([places[source] for source in encoder.sources], np.int64)
    owners = [numbers if len(numbers) else np.array([-1])]
    if len(arrays) > 1:
        owners.append(np.array([places[name] for name in encoder.code_names], np.int64))
    left_out = tuple(name for name in model.columns.names if name not in places)
    return Subject(model, table, arrays, tuple(owners), left_out)


def _of_numbers(model: Model, rows: Any) -> Subject:
    from ..data.tables import table_of

    if isinstance(rows, np.ndarray) and rows.ndim != 2:
        raise DataError(
            f"expected rows of numbers, shape (n, columns), got shape {rows.shape}; a model that "
            "takes more than one number for each column cannot be asked about its columns"
        )
    table = table_of(rows)
    known = model.features
    if known is not None and all(name in table for name in known):
        table = table.select(known)
    elif known is not None and len(known) == len(table.columns):
        table = table_of(table, known)
    for column in table:
        if column.storage != "numbers":
            raise DataError(
                f"column '{column.name}': the model takes arrays of numbers, got {column.storage}"
            )
    if isinstance(rows, np.ndarray) and rows.dtype.names is None:
        values = dtypes.as_array(rows)
    else:
        values = np.stack([column.values for column in table], axis=1)
    if values.dtype.kind == "b":
        values = values.astype(np.float32)
    return Subject(model, table, (values,), (np.arange(values.shape[1]),))
