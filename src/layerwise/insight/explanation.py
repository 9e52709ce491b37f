"""`Explanation`: what each column added to one prediction, with the check that it adds up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .text import aligned, in_columns, percent, shortened, two_sided, value_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 20
"""Columns that the text and the picture list; the others are added up in one line."""

METHODS = {"shapley": "Shapley values", "integrated_gradients": "integrated gradients"}


@dataclass(frozen=True)
class Contribution:
    """What one column added to a prediction.

    Attributes
    ----------
    column : its name.
    value : what the row has there: a number, a word, a date as text, or None where it is missing.
    contribution : what it added, on the explanation's scale.
    error : standard error of that, over background rows and orders; None where nothing was sampled.
    """

    column: str
    value: float | str | None
    contribution: float
    error: float | None


@dataclass(frozen=True)
class Explanation:
    """Why a model predicts what it predicts for one row; print it, or `draw` it.

    Attributes
    ----------
    row : its number in the rows that were given, from 0.
    method : "shapley" or "integrated_gradients".
    scale : what is explained: "log-odds", log(p / (1 - p)) of the probability p of a class;
        "probability"; "prediction", a number in the target's units; or "score", a network's output.
    answer : the class, or the number of the output.
    label : the same for people; "" where there is only one output.
    contributions : the largest first, whatever their sign.
    prediction : of the row, on that scale.
    baseline : where the contributions begin: the mean prediction for the background rows, or, for
        integrated gradients, the prediction for their mean row.
    probability, baseline_probability : of the class, for the row and at the baseline; None for
        numbers.
    background_rows : how many rows the baseline is of.
    samples : orders of the columns that were walked through, or steps of the integral.
    """

    row: int
    method: str
    scale: str
    answer: Any
    label: str
    contributions: tuple[Contribution, ...]
    prediction: float
    baseline: float
    probability: float | None
    baseline_probability: float | None
    background_rows: int
    samples: int

    @property
    def total(self) -> float:
        """The sum of all contributions."""
        return float(sum(each.contribution for each in self.contributions))

    @property
    def residual(self) -> float:
        """What is missing until baseline and contributions add up to the prediction; 0 at best."""
        return self.prediction - self.baseline - self.total

    def __getitem__(self, column: str) -> Contribution:
        for each in self.contributions:
            if each.column == column:
                return each
        raise KeyError(column)

    def __str__(self) -> str:
        return self.text()

    def heading(self) -> str:
        """What is explained, in a few words: "log-odds of 'yes'"."""
        return f"{self.scale} of {self.label}" if self.label else self.scale

    def text(self, width: int = 60, bars: bool = True, row: str | None = None) -> str:
        """Lines of at most a width (at least 50).

        Parameters
        ----------
        width : in characters.
        bars : whether to draw bars, which not every terminal has the characters for.
        row : what to call the row; its number, counted from 0, when None.
        """
        shown = self.contributions[:SHOWN]
        others = self.contributions[SHOWN:]
        rest = float(sum(each.contribution for each in others))
        named = f"row {self.row} (counted from 0)" if row is None else row
        lines = [
            shortened(f"{named}: {self.heading()}", width),
            f"by {METHODS[self.method]} against {self._background()}",
            "",
        ]
        numbers = [each.contribution for each in shown] + ([rest] if others else [])
        cells = aligned(numbers, signed=True)
        errors = _errors(shown, cells)
        values = [shortened(value_text(each.value), 14) for each in shown]
        room = width - max(map(len, cells)) - max(map(len, errors)) - max(map(len, values)) - 15
        table = [
            (shortened(each.column, max(9, room)), value, cell, error)
            for each, value, cell, error in zip(shown, values, cells, errors, strict=False)
        ]
        if others:
            table.append((f"{len(others)} others", "", cells[-1], ""))
        body = in_columns(table, left=(0, 3))
        longest = max(map(len, body))
        drawn = two_sided(numbers, width - longest - 2) if bars else [""] * len(body)
        lines += [
            f"{line.ljust(longest)}  {each}".rstrip()
            for line, each in zip(body, drawn, strict=True)
        ]
        return "\n".join([*lines, "", *self._sums()])

    def _background(self) -> str:
        rows = "1 row" if self.background_rows == 1 else f"{self.background_rows:,} rows"
        return rows if self.method == "shapley" else f"the mean of {rows}"

    def _sums(self) -> list[str]:
        figures = aligned([self.baseline, self.total, self.prediction], signed=True)
        shares = ["", "", ""]
        if self.probability is not None and self.baseline_probability is not None:
            shares[0] = f"probability {percent(self.baseline_probability)}"
            shares[2] = f"probability {percent(self.probability)}"
        names = ["baseline", "+ contributions", "= prediction"]
        lines = in_columns(list(zip(names, figures, shares, strict=True)), left=(0, 2))
        return [*lines, f"check: the sum is off by {abs(self.residual):.1e}"]

    def as_dict(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        return {
            "row": self.row,
            "method": self.method,
            "scale": self.scale,
            "answer": self.answer,
            "prediction": self.prediction,
            "baseline": self.baseline,
            "probability": self.probability,
            "baseline_probability": self.baseline_probability,
            "residual": self.residual,
            "background_rows": self.background_rows,
            "samples": self.samples,
            "contributions": [
                {
                    "column": each.column,
                    "value": each.value,
                    "contribution": each.contribution,
                    "error": each.error,
                }
                for each in self.contributions
            ],
        }

    def draw(self, path: str | Path | None = None) -> Figure:
        """Draw a bar for each column; see `insight.draw_explanation`.

        Parameters
        ----------
        path : of a file to write, .png, .svg or .pdf; None writes none.
        """
        from .drawing import draw_explanation
        from .drawing.files import saved

        return saved(lambda: draw_explanation(self), path)


def _errors(shown: tuple[Contribution, ...], cells: list[str]) -> list[str]:
    """Standard errors with as many digits as the contributions have."""
    if any(each.error is None for each in shown):
        return [""] * len(shown)
    if "e" in cells[0]:
        return [f"+- {each.error:.0e}" for each in shown]
    digits = len(cells[0].partition(".")[2])
    return [f"+- {each.error:,.{digits}f}" for each in shown]


__all__ = ["Contribution", "Explanation"]
