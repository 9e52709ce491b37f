"""What the model is for, and what it learned from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ...model import Model

Kind = Literal["classes", "numbers", "labels"]


@dataclass(frozen=True)
class Task:
    """The question.

    Attributes
    ----------
    kind : "classes" (two or more), "numbers", or "labels": several yes-or-no answers.
    target : name of what is predicted; "" where it has none.
    classes : their names.
    rows : of each part that is known: training, validation, held-out.
    columns : how many numbers or columns a row has; None where it is not known.
    source : where the data came from.
    """

    kind: Kind
    target: str
    classes: tuple[str, ...]
    columns: int | None
    source: str
    rows: dict[str, int] = field(default_factory=dict)
    pictures: tuple[int, int] | None = None

    @property
    def sentence(self) -> str:
        """The question in words."""
        what = f"“{self.target}”" if self.target else "the target"
        if self.kind == "numbers":
            return f"Predicts the number {what}." if self.target else "Predicts a number."
        if self.kind == "labels":
            return "Answers several yes-or-no questions of each row."
        names = list(self.classes)
        shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
        row = "picture" if self.pictures else "row"
        if self.target:
            which = f"{names[0]} or {names[1]}" if len(names) == 2 else shown
            return f"Predicts {what} of a {row}: {which}."
        if len(names) == 2:
            return f"Tells whether a {row} is {names[0]} or {names[1]}."
        verb = "shows" if self.pictures else "belongs to"
        return f"Tells which of {len(names)} classes a {row} {verb}: {shown}."


def task_of(
    model: Model, classes: tuple[str, ...], source: str, pictures: tuple[int, int] | None
) -> Task:
    """What a model and its summary say."""
    summary: dict[str, Any] = model.summary
    data = summary.get("data") or {}
    rows = {}
    if isinstance(data.get("rows"), int):
        rows["training"] = data["rows"]
    validation = summary.get("validation") or {}
    if isinstance(validation.get("rows"), int):
        rows["validation"] = validation["rows"]
    kind: Kind = "numbers" if model.target == "numbers" else "classes"
    if model.target == "binary" and len(classes) != 2:
        kind = "labels"
    columns = len(model.columns.encoder.input_columns) if model.columns is not None else None
    if columns is None and data.get("inputs"):
        columns = 1
        for each in data["inputs"][0].get("shape", []):
            columns *= int(each)
    return Task(
        kind=kind,
        target=str(summary.get("target_column") or ""),
        classes=classes,
        columns=columns,
        source=source or str(data.get("source") or ""),
        rows=rows,
        pictures=pictures,
    )
