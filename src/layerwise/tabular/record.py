"""What a fit keeps for who looks at it afterwards: a training of each kind, and held-out outputs.

Of the rows only a sample is kept, as an estimator lives longer than its fit and should not hold
the table.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np

from ..nn.module import Module
from ..training.run import Rows as FedRows
from ..training.run import Run

MOST_ROWS = 2000
"""Rows of each part that are kept of a training."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What the ensemble says of rows, each time by members that had not seen them.

    Attributes
    ----------
    raw : float (n, outputs), pooled raw outputs; NaN for rows that every member has seen.
    target : (n, ...), of the same rows, as networks take it.
    weight : (n,), or None.
    validation : whether the rows are those that were given for validation, rather than the rows
        that were divided into folds.
    """

    raw: np.ndarray
    target: np.ndarray
    weight: np.ndarray | None
    validation: bool

    @property
    def seen(self) -> np.ndarray:
        """Which rows have an output, bool (n,)."""
        found: np.ndarray = np.isfinite(self.raw).all(1)
        return found


def kept_run(run: Run, net: Module) -> Run:
    """A run with a network of its own, as it is now, and a sample of its rows."""
    return replace(
        run,
        net=copy.deepcopy(net),
        data=sample(run.data),
        validation=None if run.validation is None else sample(run.validation),
        settings=None,
        initial={},
    )


def sample(rows: FedRows) -> FedRows:
    """At most so many of the rows, evenly spread."""
    if len(rows) <= MOST_ROWS:
        return rows
    chosen = np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.int64)
    return FedRows(
        tuple(array[chosen] for array in rows.inputs),
        rows.target[chosen],
        None if rows.weight is None else rows.weight[chosen],
    )


__all__ = ["HeldOut", "kept_run", "sample"]
