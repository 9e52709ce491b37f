"""Columns with one value in all rows."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule


class ConstantColumn(Rule):
    """A constant column cannot help, and seldom harms: the border of pictures is full of them."""

    name = "constant_column"
    title = "columns with one value in every row"
    cause = "what never changes says nothing about the target"
    guide = "normalisation"
    source = "deepchecks, 'Is Single Value'; Kuhn & Johnson 2013, zero-variance predictors"

    def look(self, case: Case) -> Finding | None:
        """List them."""
        columns = case.data.constant
        if not columns:
            return None
        named = ", ".join(case.data.name(c) for c in columns[:5])
        more = f" and {len(columns) - 5} more" if len(columns) > 5 else ""
        return self.found(
            "note",
            f"{len(columns)} of {case.data.columns:,}: {named}{more}",
            Remedy(
                "leave them out, if there is no reason to keep them",
                flag=case.data.drop_option(columns),
            ),
            numbers={"count": len(columns)},
        )
