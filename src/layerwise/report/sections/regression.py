"""How good predicted numbers are, and where they are worst."""

from __future__ import annotations

import numpy as np

from ..charts import Bar, Points, bar_chart, histogram, scatter
from ..charts.words import count, number
from ..data import ReportData
from ..facts.regression import Regression, Segment
from ..page import Block, Figure, Omission, Section, Table

_FIFTHS = "Root mean squared error in fifths of the held-out rows, by what was predicted."
_VALUES = "Root mean squared error of the held-out rows with each value; the most frequent ones."


def regression_section(data: ReportData) -> Section | Omission | None:
    """Predicted against true, residuals, and errors in parts of the rows."""
    if data.task.kind != "numbers":
        return None
    found = data.regression
    if found is None:
        return Omission("How far off", data.absent["regression"])
    blocks: list[Block] = [_against(found), _residuals(found), _histogram(found)]
    blocks.append(_segments("Error by size of the prediction", found.by_prediction, _FIFTHS))
    if found.by_category is not None:
        name, parts = found.by_category
        blocks.append(_segments(f"Error by {name}", parts, _VALUES))
    blocks.append(_worst(data, found))
    missing = []
    if found.outputs > 1:
        missing.append(f"The model predicts {found.outputs} numbers; this is the first of them.")
    return Section("errors", "How far off", _lead(found), blocks, missing)


def _lead(found: Regression) -> str:
    interval = ""
    if found.rmse_interval is not None:
        low, high = (number(end) for end in found.rmse_interval)
        interval = f" (95% interval {low} to {high})"
    side = "too high" if found.bias > 0 else "too low"
    return (
        f"Predictions are off by {number(found.rmse)}{interval}, root mean square, and on average "
        f"{number(abs(found.bias))} {side}."
    )


def _against(found: Regression) -> Figure:
    spread = np.std(found.truth) * np.std(found.predicted)
    correlation = float(np.corrcoef(found.truth, found.predicted)[0, 1]) if spread else float("nan")
    says = (
        f"True against predicted values of {count(len(found.truth), 'row')}; they lie around the "
        f"diagonal, with a correlation of {number(correlation)}."
    )
    return Figure(
        "Predicted against true",
        scatter(
            [Points("rows", found.predicted, found.truth)], says, across_name="predicted",
            up_name="true", square=True, diagonal=True, height=340,
        ),
        "On the dashed line a prediction is exact.",
    )  # fmt: skip


def _residuals(found: Regression) -> Figure:
    residuals = found.truth - found.predicted
    says = (
        f"True minus predicted against predicted, of {count(len(residuals), 'row')}: from "
        f"{number(float(residuals.min()))} to {number(float(residuals.max()))}."
    )
    return Figure(
        "What is left over",
        scatter(
            [Points("rows", found.predicted, residuals, 1)], says, across_name="predicted",
            up_name="true minus predicted", level=0.0, height=340,
        ),
        "No shape should be seen here. A funnel says that large predictions are less sure, a bend "
        "that something is missed.",
    )  # fmt: skip


def _histogram(found: Regression) -> Figure:
    says = (
        f"Histogram of true minus predicted for {count(found.rows, 'row')}, from "
        f"{number(float(found.edges[0]))} to {number(float(found.edges[-1]))}; what lies beyond is "
        "counted in the outer bins."
    )
    return Figure(
        "How errors are spread",
        histogram(
            found.edges, found.counts, says, name="true minus predicted", width=440, height=260
        ),
        "The dashed line is no error. Rows beyond the ends are counted in the outer bars.",
    )


def _segments(title: str, parts: tuple[Segment, ...], what: str) -> Figure:
    bars = [Bar(part.name, part.rmse) for part in parts]
    says = f"{title}, root mean square: " + "; ".join(
        f"{part.name} {number(part.rmse)} on {part.rows:,} rows" for part in parts
    )
    table = Table(
        "The numbers",
        ["part", "rows", "RMSE", "mean of predicted minus true"],
        [[p.name, f"{p.rows:,}", number(p.rmse), number(p.bias)] for p in parts],
        folded=True,
    )
    return Figure(
        title,
        bar_chart(bars, says + "."),
        what,
        table,
    )


def _worst(data: ReportData, found: Regression) -> Table:
    part = data.held_out
    return Table(
        "The worst predictions",
        ["row", "true", "predicted", "off by"],
        [
            [
                f"{part.number(i) if part else i:,}",
                number(truth, 4),
                number(predicted, 4),
                number(predicted - truth, 4),
            ]
            for i, truth, predicted in found.worst
        ],
        "Rows as they are numbered in the data, from 0.",
    )
