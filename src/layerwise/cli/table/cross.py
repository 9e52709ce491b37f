"""`--cv`: every row is tested once, by a fit that has not seen it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import INTERRUPTED, Failure
from ..screen import Screen
from . import describe
from .fitting import decide, fit
from .measuring import measure_test, predictions
from .options import Options
from .progress import MemberProgress, until_interrupted
from .rows import Rows, divide_folds


@dataclass(frozen=True)
class CrossValidated:
    """Measures over the folds.

    Attributes
    ----------
    rows, folds : how many were tested.
    mean, spread : of each measure over the folds: its mean and its standard deviation.
    constant : the mean of what a constant guess reaches.
    """

    rows: int
    folds: int
    mean: dict[str, float]
    spread: dict[str, float]
    constant: dict[str, float]

    @property
    def result(self) -> str:
        """In a sentence."""
        name = "accuracy" if "accuracy" in self.mean else "r2"
        return (
            f"cross-validated {describe.MEASURES[name]} {self.with_spread(name)} (mean and "
            f"standard deviation of {self.folds} folds, {self.rows:,} rows)"
        )

    def with_spread(self, name: str) -> str:
        """A measure for people."""
        mean = describe.measure(name, self.mean[name])
        return f"{mean} +- {describe.measure(name, self.spread[name])}"


def cross_validate(
    rows: Rows, options: Options, rate: float | None, screen: Screen
) -> CrossValidated:
    """Fit and test fold by fold.

    Raises
    ------
    Failure : Ctrl-C came; nothing of the model that is to be saved is trained yet.
    """
    found = []
    parts = divide_folds(rows, options)
    for number, part in enumerate(parts, start=1):
        progress = MemberProgress(screen, f"fold {number} of {len(parts)}")
        with until_interrupted(progress):
            fitted = fit(rows, part, decide(rows, part, options), options, rate, progress)
        progress.end()
        if progress.interrupted:
            raise Failure("stopped while cross-validating; nothing was written", INTERRUPTED)
        assert part.test is not None
        found.append(measure_test(fitted, rows, part, predictions(fitted, rows, part.test)))
    names = list(found[0].values)
    values = {name: np.array([each.values[name] for each in found]) for name in names}
    constant = {name: np.array([each.constant[name] for each in found]) for name in names}
    return CrossValidated(
        rows=sum(each.rows for each in found),
        folds=len(found),
        mean={name: float(values[name].mean()) for name in names},
        spread={name: float(values[name].std(ddof=1)) for name in names},
        constant={name: float(constant[name].mean()) for name in names},
    )
