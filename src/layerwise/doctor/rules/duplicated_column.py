"""Columns that equal another one."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule


class DuplicatedColumn(Rule):
    """The same column twice counts twice in every weight decay and importance."""

    name = "duplicated_column"
    title = "columns that equal another one in every row"
    cause = "the second copy says nothing new, and the two share their importance"
    guide = "tables"
    source = "deepchecks, 'Identical columns'; Kuhn & Johnson 2013, section 3.5"

    def look(self, case: Case) -> Finding | None:
        """List them."""
        pairs = case.data.duplicated
        if not pairs:
            return None
        named = ", ".join(f"{case.data.name(a)} equals {case.data.name(b)}" for a, b in pairs[:4])
        more = f" and {len(pairs) - 4} more" if len(pairs) > 4 else ""
        return self.found(
            "note",
            f"{named}{more}",
            Remedy(
                "leave one of them out", flag=case.data.drop_option([copy for copy, _ in pairs])
            ),
            numbers={"count": len(pairs)},
        )
