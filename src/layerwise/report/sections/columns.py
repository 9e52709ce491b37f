"""Which columns predictions depend on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from ..charts import Band, Bar, Series, bar_chart, line_chart
from ..charts.words import MINUS, number, percent, shortened
from ..data import ReportData
from ..page import Block, Figure, Heading, Omission, Section, Table

if TYPE_CHECKING:
    from ...insight import Dependence, Importance

MOST_BARS = 20
LABELS = {"accuracy": "accuracy", "r2": "R²"}


def columns_section(data: ReportData) -> Section | Omission | None:
    """Importance with its spread, and the shape of the strongest dependences."""
    if data.columns is None:
        if data.task.pictures:
            return None
        return Omission("Which columns matter", data.absent["columns"])
    importance = data.columns.importance
    blocks: list[Block] = [_importance(importance)]
    if data.columns.dependence:
        blocks.append(
            Heading(
                "How predictions change with a column",
                "The mean prediction if every row had this value, all else as it is. Where columns "
                "go together, some of these rows could not exist.",
            )
        )
        blocks += [_dependence(each) for each in data.columns.dependence]
    missing = []
    if importance.left_out:
        missing.append(f"Columns the model does not use: {', '.join(importance.left_out)}.")
    return Section("columns", "Which columns matter", _lead(importance), blocks, missing)


def _value(importance: Importance, value: float) -> str:
    if importance.measure != "accuracy":
        return number(value, 2)
    # A change of accuracy is in percentage points.
    return f"{100 * value:.1f} pp".replace("-", MINUS)


def _lead(importance: Importance) -> str:
    best = importance.columns[0]
    if best.mean <= 0:
        return "Shuffling any single column costs nothing: none is needed by itself."
    sure = "" if best.mean > 2 * best.spread else ", though no more than chance moves it"
    return (
        f"“{best.column}” matters most: shuffling it costs {_value(importance, best.mean)} of "
        f"{LABELS.get(importance.measure, importance.measure)}{sure}."
    )


def _importance(importance: Importance) -> Figure:
    shown = importance.columns[:MOST_BARS]
    bars = [Bar(c.column, c.mean, c.mean - c.spread, c.mean + c.spread) for c in shown]
    label = LABELS.get(importance.measure, importance.measure)
    says = f"Loss of {label} when a column is shuffled: " + "; ".join(
        f"{c.column} {_value(importance, c.mean)} ± {_value(importance, c.spread)}" for c in shown
    )
    more = len(importance.columns) - len(shown)
    rest = f" {more} columns that matter less are not shown." if more > 0 else ""
    table = Table(
        "The numbers",
        ["column", f"loss of {label}", "standard deviation"],
        [
            [c.column, _value(importance, c.mean), _value(importance, c.spread)]
            for c in importance.columns
        ],
        folded=True,
    )
    score = (
        percent(importance.score) if importance.measure == "accuracy" else number(importance.score)
    )
    return Figure(
        f"Loss of {label} when one column is shuffled",
        bar_chart(bars, says + ".", text=lambda v: _value(importance, v), width=520),
        f"{importance.rows:,} held-out rows, on which {label} is {score}; each column shuffled "
        f"{importance.repeats} times, whiskers are one standard deviation. Columns that say the "
        f"same can stand in for each other, so shuffling one of them shows little.{rest}",
        table,
        wide=True,
    )


def _dependence(each: Dependence) -> Figure:
    shown = each.most_changing(3)
    what = "probability" if each.probability else "prediction"
    single = len(shown) == 1
    if each.probability and single:
        what += f" of {shortened(each.outputs[shown[0]], 20)}"
    means = each.mean[:, shown]
    low, high = means.min(0), means.max(0)
    says = f"Mean {what} by {each.column}: " + "; ".join(
        f"{each.outputs[o] if not single else 'between'} {number(a)} and {number(b)}"
        for o, a, b in zip(shown, low, high, strict=True)
    )
    if each.kind == "words":
        bars = [
            Bar(
                "missing" if value is None else str(value),
                float(each.mean[i, shown[-1]]),
                float(each.low[i, shown[-1]]),
                float(each.high[i, shown[-1]]),
            )
            for i, value in enumerate(each.grid)
        ]
        picture = bar_chart(bars, says + ".")
    else:
        x, known, name = _axis(each)
        series = [
            Series(each.outputs[o] if not single else "mean", x, each.mean[known, o], n, n)
            for n, o in enumerate(shown)
        ]
        low_high = (each.low[known, shown[0]], each.high[known, shown[0]])
        bands = [Band("80% of single rows", x, *low_high)] if single else []
        picture = line_chart(
            series, says + ".", across_name=name, zero=each.probability, bands=bands
        )
    return Figure(each.column, picture, f"Mean {what}.")


def _axis(each: Dependence) -> tuple[np.ndarray, list[int], str]:
    """Places of the known values, which they are, and the axis's name."""
    known = [i for i, value in enumerate(each.grid) if value is not None]
    if each.kind == "dates":
        days = [date.fromisoformat(str(each.grid[i])[:10]).toordinal() for i in known]
        return np.array(days, np.float64) / 365.2425, known, f"{each.column}, as a year"
    return np.array([float(each.grid[i] or 0) for i in known]), known, each.column
