"""`Record`: what an estimator keeps of its fit for the doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.tables import Table
from ..doctor.diagnosis import Diagnosis
from ..doctor.examine_table import MOST_ROWS, Fitted, alike_columns, examine_table
from ..doctor.kept import to_summary
from ..doctor.table_case import TableCase
from ..doctor.table_diagnosis import diagnose_table
from ..model.raw_columns import RawColumns
from ..tabular import Ensemble

if TYPE_CHECKING:
    from .base import Target


class Record:
    """A fit, to be examined when somebody asks; until then it holds a sample of the rows.

    It is pickled as its case, without rows.

    Parameters
    ----------
    table : the raw rows that were learned from.
    target, labels : what they are learned to give: the target, and the answers of the rows.
    options : of the estimator.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        raw: RawColumns,
        table: Table,
        target: Target,
        labels: np.ndarray,
        options: dict[str, Any],
    ) -> None:
        constant, duplicated = alike_columns(table)
        rows = len(table)
        if rows > MOST_ROWS:
            chosen = np.linspace(0, rows - 1, MOST_ROWS).astype(np.int64)
            table, labels = table.take(chosen), labels[chosen]
        # Numbers stay in their own units; of classes their numbers are wanted.
        answers = target.encode(labels) if ensemble.task.has_classes else labels
        classes = tuple(map(str, target.attributes().get("classes_", ())))
        self._fitted: Fitted | None = Fitted(
            ensemble, raw, table, answers, rows, constant, duplicated, options, classes
        )
        self._case: TableCase | None = None
        self._diagnosis: Diagnosis | None = None

    @property
    def case(self) -> TableCase:
        """What the rules read; worked out when first asked for."""
        if self._case is None:
            assert self._fitted is not None
            self._case = examine_table(self._fitted)
            self._fitted.ensemble.runs.clear()
            self._fitted = None
        return self._case

    @property
    def diagnosis(self) -> Diagnosis:
        """What they find."""
        if self._diagnosis is None:
            self._diagnosis = diagnose_table(self.case)
        return self._diagnosis

    @property
    def is_examined(self) -> bool:
        """Whether the work has been done."""
        return self._diagnosis is not None

    def to_summary(self) -> dict[str, Any]:
        """What a saved model keeps of it."""
        return to_summary(self.case, self.diagnosis)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_case": self.case, "_fitted": None}


__all__ = ["Record"]
