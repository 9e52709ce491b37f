"""One column that gives the target away."""

from __future__ import annotations

import numpy as np

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule

ALONE = 0.97
"""Accuracy or R2 of the column alone."""

SHARE = 0.35
"""What the column leaves unexplained, as part of what all other columns leave."""

APART = 0.1
"""By how much it must be ahead of every other column alone."""

OUTSTANDING, NEARLY_ALL = 0.1, 0.98
"""What the column leaves unexplained by what every other column alone leaves, where it need not be
ahead of all others together; and how well it must predict for that."""

AHEAD, ERRORS = 0.02, 2.0
"""By how much it must be ahead of all others together, and by how many standard errors."""


class LeakingColumn(Rule):
    """A column from after the fact, such as the date of a cancellation."""

    name = "leaking_column"
    stage = 0
    title = "one column gives the target away"
    cause = (
        "a column that alone predicts almost everything, while all others together do not, was "
        "probably written down after the target was known; it will be missing when it matters"
    )
    guide = "tables"
    source = (
        'Kaufman, Rosset & Perlich 2012, "Leakage in data mining"; deepchecks, '
        "'Feature Label Correlation'"
    )

    def look(self, case: Case) -> Finding | None:
        """Compare the column with all others together."""
        for column, alone, rest in case.data.leaks:
            # Almost everything, and far more than all that is left explains.
            noise = np.sqrt(max(rest * (1 - rest), 0.0) / max(case.data.rows / 2, 1))
            ahead = alone - rest > max(AHEAD, ERRORS * float(noise))
            far_ahead = ahead and 1 - alone <= SHARE * (1 - rest)
            # Or no other column comes near, and all of them together do no better.
            runner_up = case.data.runner_up
            stands_out = 1 - alone <= SHARE * (1 - runner_up) and alone - runner_up > APART
            clear = stands_out and alone >= rest
            # Or it is another matter than any other column, or looks as if written from the class.
            outstanding = self._is_outstanding(case, alone)
            copied = case.data.copies == (column,) and alone >= rest and rest < 1
            if alone >= ALONE and (far_ahead or clear or outstanding or copied):
                what = "of the rows" if case.is_classification else "of the variance"
                return self.found(
                    "warning",
                    f"{case.data.name(column)} alone predicts {alone:.1%} {what}, all the "
                    f"others together {rest:.1%}",
                    Remedy(
                        "ask where it comes from; leave it out if it is known only afterwards",
                        flag=case.data.drop_option([column]),
                        python=f"X = numpy.delete(X, {column}, axis=1)",
                        changes={"without_columns": [column]},
                        # With the column the loss is lower, and a leak all the same.
                        decides=False,
                    ),
                    numbers={"column": column, "alone": alone, "rest": rest},
                )
        return None

    def _is_outstanding(self, case: Case, alone: float) -> bool:
        """Whether every other column alone leaves ten times as much, and more than by chance."""
        other = case.data.runner_up
        noise = np.sqrt(max(other * (1 - other), 0.0) / max(case.data.rows / 2, 1))
        apart = alone - other > max(AHEAD, ERRORS * float(noise))
        return alone >= NEARLY_ALL and apart and 1 - alone <= OUTSTANDING * (1 - other)
