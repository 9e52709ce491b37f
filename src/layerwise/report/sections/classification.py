"""How good a classifier is, class by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..charts import Series, data_uri, histogram, line_chart, matrix
from ..charts.scales import Scale
from ..charts.words import count, number, percent
from ..data import ReportData
from ..facts.classification import Calibration, ClassCurves, Classification, Mistake
from ..page import Block, Figure, Gallery, Omission, Picture, Section, Table

if TYPE_CHECKING:
    from ...data.tables import Column

MOST_CLASSES = 40
MOST_LINES = 6

UNIT = Scale(0.0, 1.0)

NEAR_PERFECT = 0.98
"""From this area on only the corner of a ROC curve has something to see."""


def classification_section(data: ReportData) -> Section | Omission | None:
    """Confusions, curves, calibration and mistakes."""
    if data.task.kind == "numbers":
        return None
    found = data.classification
    if found is None:
        return Omission("Class by class", data.absent["classification"])
    blocks: list[Block] = []
    missing = []
    if len(found.names) <= MOST_CLASSES:
        blocks.append(_confusion(found))
    else:
        missing.append(f"A matrix of {len(found.names)} classes would be too fine to read.")
    blocks.append(_per_class(found))
    blocks += _curves(found)
    blocks += _calibration(found.calibration)
    if found.calibration.after is None:
        missing.append(
            "Temperature scaling needs validation rows, which did not train and are not the test."
        )
    blocks += _mistakes(data, found)
    return Section("classes", "Class by class", _lead(found), blocks, missing)


def _lead(found: Classification) -> str:
    if not found.mistakes:
        return f"All {found.rows:,} held-out rows are right."
    off = found.counts.copy()
    np.fill_diagonal(off, 0)
    text = f"{found.mistakes:,} of {count(found.rows, 'held-out row')} are wrong."
    if off.max():
        true, predicted = np.unravel_index(int(off.argmax()), off.shape)
        text += (
            f" Most often “{found.names[true]}” is taken for “{found.names[predicted]}” "
            f"({count(int(off.max()), 'time')})."
        )
    return text


def _confusion(found: Classification) -> Figure:
    right = int(np.trace(found.counts))
    says = f"Confusion matrix of {found.rows:,} rows, {right:,} of them right on the diagonal. "
    pairs = [
        (int(found.counts[i, j]), found.names[i], found.names[j])
        for i in range(len(found.names))
        for j in range(len(found.names))
        if i != j and found.counts[i, j]
    ]
    pairs.sort(key=lambda each: -each[0])
    says += "; ".join(f"{n} of '{a}' taken for '{b}'" for n, a, b in pairs[:6]) or "No mistakes"
    return Figure(
        "Confusion matrix",
        matrix(found.counts, found.names, says + "."),
        "Rows are the true classes, columns the predicted ones: the count, and below it the share "
        "of the row. Mistakes have the other colour and stand off the diagonal.",
        wide=len(found.names) > 5,
    )


def _per_class(found: Classification) -> Table:
    measures = found.per_class
    rows = [
        [name, percent(p), percent(r), percent(f), f"{s:,}"]
        for name, p, r, f, s in zip(found.names, *measures, strict=True)
    ]
    with np.errstate(all="ignore"):
        known = measures.support > 0
        means = [float(np.nanmean(m[known])) for m in measures[:3]]
    rows.append(["mean of classes", *map(percent, means), f"{int(measures.support.sum()):,}"])
    return Table(
        "Precision and recall",
        ["class", "precision", "recall", "F1", "rows"],
        rows,
        "Precision: of the rows predicted as the class, how many have it. Recall: of the rows that "
        "have it, how many are predicted so. F1: their harmonic mean.",
    )


def _curves(found: Classification) -> list[Block]:
    if not found.curves:
        return []
    # The hardest classes have the curves to look at; the table has all areas.
    shown = sorted(found.curves, key=lambda each: each.roc_area)[:MOST_LINES]
    several = len(found.curves) > 1
    each_of = "each class against all others" if several else f"“{found.curves[0].name}”"
    rest = f" The {len(shown)} hardest classes are drawn." if len(found.curves) > MOST_LINES else ""
    corner = shown[0].roc_area > NEAR_PERFECT
    part = " Only the corner of the chart is shown, where the curves differ." if corner else ""
    area = _area(found)
    table = Table(
        "All areas",
        ["class", "ROC area", "average precision", "share of rows"],
        [
            [c.name, number(c.roc_area, 4), number(c.average_precision, 4), percent(c.share)]
            for c in found.curves
        ],
        folded=True,
    )
    roc = line_chart(
        [_series(c, n, c.roc_area, c.roc.x, c.roc.y) for n, c in enumerate(shown)],
        f"ROC curves of {each_of}. {area} "
        + "; ".join(f"{c.name} {number(c.roc_area, 4)}" for c in shown)
        + ".",
        across_name="false positives, share", up_name="true positives, share",
        across=Scale(0.0, 0.2) if corner else UNIT, up=Scale(0.8, 1.0) if corner else UNIT,
        diagonal=not corner, steps=True, height=320,
    )  # fmt: skip
    precision = line_chart(
        [
            _series(c, n, c.average_precision, c.precision_recall.x, c.precision_recall.y)
            for n, c in enumerate(shown)
        ],
        f"Precision-recall curves of {each_of}: average precision "
        + "; ".join(f"{c.name} {number(c.average_precision, 4)}" for c in shown)
        + ".",
        across_name="recall", up_name="precision", across=Scale(0.5, 1.0) if corner else UNIT,
        up=Scale(0.5, 1.0) if corner else UNIT, height=320,
    )  # fmt: skip
    return [
        Figure(
            "ROC curves",
            roc,
            f"{area} A blind guess is the diagonal, with an area of 0.5.{part}{rest}",
            table,
        ),
        Figure(
            "Precision and recall",
            precision,
            "Every threshold trades one for the other. A blind guess has the class's share as its "
            f"precision.{part}{rest}",
        ),
    ]


def _area(found: Classification) -> str:
    if found.mean_area is None:
        return ""
    interval = ""
    if found.area_interval is not None:
        low, high = (number(end, 4) for end in found.area_interval)
        interval = f" (95% interval {low} to {high})"
    what = "Mean area of the classes" if len(found.curves) > 1 else "Area"
    return f"{what}: {number(found.mean_area, 4)}{interval}."


def _series(curve: ClassCurves, place: int, area: float, x: np.ndarray, y: np.ndarray) -> Series:
    return Series(f"{curve.name} ({number(area, 4)})", x, y, place, place)


def _calibration(found: Calibration) -> list[Block]:
    before = found.before
    series = [Series("as it is", before.confidence, before.accuracy, 0, 0)]
    says = (
        f"Calibration in {found.bins} bins of equal size. As the model is, expected calibration "
        f"error {percent(found.error_before)}."
    )
    text = f"As it is, confidence is off by {percent(found.error_before)} on average (ECE)."
    low = float(min(before.confidence.min(), before.accuracy.min()))
    if found.after is not None and found.temperature is not None:
        series.append(
            Series("with temperature", found.after.confidence, found.after.accuracy, 1, 1)
        )
        text += (
            f" Divided by a temperature of {number(found.temperature)}, fitted on the validation "
            f"rows, it is off by {percent(found.error_after)}."
        )
        says += f" With temperature {number(found.temperature)}: {percent(found.error_after)}."
        low = min(low, float(min(found.after.confidence.min(), found.after.accuracy.min())))
    scale = Scale(max(0.0, np.floor(10 * low) / 10), 1.0)
    if scale.low >= 0.95:
        scale = Scale(0.9, 1.0)
    return [
        Figure(
            "Is it as sure as it should be?",
            line_chart(
                series, says, across_name="confidence", up_name="share that is right", across=scale,
                up=scale, diagonal=True, height=320,
            ),
            f"{text} On the dashed line 80% sure is right 80% of the time; below it the model "
            "is too sure. Guo et al. 2017.",
        ),
        Figure(
            "How sure it is",
            histogram(
                found.edges, found.counts,
                f"Histogram of the confidence of {int(found.counts.sum()):,} predictions; "
                f"{percent(found.sure, 0)} of them are more than 90% sure.",
                name="confidence", width=440, height=320,
            ),
            f"The probability of the predicted class: {percent(found.sure, 0)} of the predictions "
            "are more than 90% sure.",
        ),
    ]  # fmt: skip


def _mistakes(data: ReportData, found: Classification) -> list[Block]:
    if not found.worst:
        return []
    title = "The worst mistakes"
    caption = "Wrong rows of which the model was most sure, the surest first."
    if data.pictures is not None:
        return [Gallery(title, [_picture(data, each) for each in found.worst], caption)]
    if data.read:
        return [_read(data, title, caption)]
    rows, head = _rows(data, [each.place for each in found.worst])
    table = Table(
        title,
        ["row", "true", "predicted", "confidence", "probability of the true class", *head],
        [
            [
                f"{data.held_out.number(each.place) if data.held_out else each.place:,}",
                each.true, each.predicted, percent(each.confidence), percent(each.own), *cells,
            ]
            for each, cells in zip(found.worst, rows, strict=True)
        ],
        caption,
        words=3,
    )  # fmt: skip
    return [table]


def _read(data: ReportData, title: str, caption: str) -> Table:
    return Table(
        title,
        ["true", "predicted", "text", "words that spoke for it", "row", "confidence"],
        [
            [
                each.mistake.true, each.mistake.predicted, each.excerpt, ", ".join(each.words),
                f"{data.held_out.number(each.mistake.place) if data.held_out else 0:,}",
                percent(each.mistake.confidence),
            ]
            for each in data.read
        ],
        f"{caption} The words are those without which the wrong answer would be less likely.",
        words=4,
    )  # fmt: skip


def _picture(data: ReportData, each: Mistake) -> Picture:
    assert data.pictures is not None
    # Ink is dark on paper.
    picture = data.pictures[each.place]
    greys = 255 - np.clip(255 * picture / max(float(data.pictures.max()), 1e-9), 0, 255)
    return Picture(
        data_uri(greys.round().astype(np.uint8)),
        f"Picture of {each.true} taken for {each.predicted} with {percent(each.confidence)}",
        (
            f"{each.true} taken for {each.predicted}",
            f"{percent(each.confidence, 0)} sure; {each.true}: {percent(each.own, 0)}",
        ),
    )


def _rows(data: ReportData, places: list[int]) -> tuple[list[list[str]], list[str]]:
    """Cells of rows of a table, the most important columns first."""
    part = data.held_out
    if part is None or part.encoded or data.columns is None:
        return [[] for _ in places], []
    from ...data.tables import table_of

    table = table_of(part.inputs)
    names = [c.column for c in data.columns.importance.columns if c.column in table][:6]
    picked = table.take(np.array(places))
    columns = [picked[name] for name in names]
    cells = []
    for i in range(len(places)):
        cells.append([_cell(column, i) for column in columns])
    return cells, names


def _cell(column: Column, i: int) -> str:
    value = column.values[i]
    if column.missing[i]:
        return "missing"
    if column.storage == "words":
        return str(column.words()[i])
    if isinstance(value, np.datetime64):
        return str(value)[:10]
    return number(float(value), 4)
