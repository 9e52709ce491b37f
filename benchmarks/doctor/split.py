"""Rows before and after they are divided: a `Table`, and the `Split` that trainings see."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Table:
    """Numbers and a target.

    Attributes
    ----------
    x
        Floats, shape ``(rows, columns)``.
    y
        Class numbers from 0 (int64) or numbers (float64), shape ``(rows,)``.
    """

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Split:
    """Training and validation rows.

    Attributes
    ----------
    x, validation_x
        float32, shape ``(rows, columns)``; on one scale, unless a fault changed that.
    y, validation_y
        Class numbers, or numbers in the unit of the training rows' standard deviation, with their
        mean at 0. Shape ``(rows,)``.
    classes
        How many classes there are; 0 for numbers.
    """

    x: np.ndarray
    y: np.ndarray
    validation_x: np.ndarray
    validation_y: np.ndarray
    classes: int

    @property
    def task(self) -> str:
        """``classes``, ``binary`` (two classes) or ``numbers``."""
        return "numbers" if not self.classes else "binary" if self.classes == 2 else "classes"

    def only(self, chosen: np.ndarray) -> "Split":
        """With some of the training rows, and all validation rows."""
        return replace(self, x=self.x[chosen], y=self.y[chosen])

    def with_columns(self, added: np.ndarray, validation_added: np.ndarray) -> "Split":
        """With columns appended, shape ``(rows, more)``."""
        return replace(
            self,
            x=np.concatenate([self.x, added.astype(np.float32)], 1),
            validation_x=np.concatenate(
                [self.validation_x, validation_added.astype(np.float32)], 1
            ),
        )


def divide(table: Table, training_rows: int, random: np.random.Generator) -> Split:
    """Training rows drawn at random, all others for validation, both scaled by the former.

    Every class has a row in training.
    """
    order = random.permutation(len(table.x))
    classes = 0 if table.y.dtype.kind == "f" else int(table.y.max()) + 1
    if classes:
        firsts = [int(np.flatnonzero(table.y[order] == c)[0]) for c in range(classes)]
        order = np.concatenate([order[firsts], np.delete(order, firsts)])
    known, others = order[:training_rows], order[training_rows:]
    mean, deviation = table.x[known].mean(0), table.x[known].std(0)
    x = (table.x - mean) / np.where(deviation > 1e-9 * (1 + np.abs(mean)), deviation, 1.0)
    # A value far outside what was seen would decide a validation loss alone.
    x = np.clip(x, -8, 8).astype(np.float32)
    y = table.y
    if not classes:
        y = (y - y[known].mean()) / y[known].std()
    return Split(x[known], y[known], x[others], y[others], classes)
