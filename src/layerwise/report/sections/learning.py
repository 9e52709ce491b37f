"""How the training went, epoch by epoch."""

from __future__ import annotations

import numpy as np

from ..charts import Mark, Series, line_chart
from ..charts.words import number, percent
from ..data import ReportData
from ..page import Figure, Omission, Section, Table

MEASURES = {
    "accuracy": ("Accuracy", percent),
    "r2": ("R²", number),
    "mae": ("Mean absolute error", number),
}


def learning_section(data: ReportData) -> Section | Omission:
    """Loss, measures and learning rate."""
    if data.history is None:
        return Omission("Learning curves", data.absent["history"])
    history = data.history
    epochs = np.array(history["epoch"], np.float64)
    best = data.summary.get("best_epoch")
    marks = [Mark(float(best), f"best: epoch {best}")] if best and len(epochs) > 1 else []
    figures = [_loss(data, epochs, marks)]
    for name in MEASURES:
        figure = _measure(data, name, epochs, marks)
        if figure is not None:
            figures.append(figure)
    rates = np.array(history["learning_rate"], np.float64)
    top = int(np.nanargmax(rates)) if np.isfinite(rates).any() else 0
    figures.append(
        Figure(
            "Learning rate",
            line_chart(
                [Series("learning rate", epochs, rates, 2, 0, filled=True)],
                f"Learning rate by epoch: from {number(rates[0])} over at most "
                f"{number(rates[top])} (epoch {epochs[top]:.0f}) to {number(rates[-1])}.",
                across_name="epoch", whole=True, zero=True, width=660, height=170,
            ),
            "How large a step each update took, at the end of each epoch.",
            wide=True,
        )
    )  # fmt: skip
    return Section("learning", "Learning curves", _lead(data), figures)


def _values(data: ReportData, name: str) -> np.ndarray:
    assert data.history is not None
    return np.array([np.nan if v is None else v for v in data.history[name]], np.float64)


def _loss(data: ReportData, epochs: np.ndarray, marks: list[Mark]) -> Figure:
    training, validation = _values(data, "training_loss"), _values(data, "validation_loss")
    series = [Series("training", epochs, training, 0, 0)]
    says = f"Training loss by epoch: from {number(training[0])} to {number(training[-1])}."
    if np.isfinite(validation).any():
        series.append(Series("validation", epochs, validation, 1, 1))
        low = int(np.nanargmin(validation))
        says += (
            f" Validation loss: from {number(validation[0])} to {number(validation[-1])}, lowest "
            f"{number(validation[low])} in epoch {epochs[low]:.0f}."
        )
    loss = str(data.summary.get("loss") or "loss").replace("_", "-")
    spread = np.concatenate([training, validation])
    spread = spread[np.isfinite(spread)]
    wide = bool(spread.size and spread.min() > 0 and spread.max() / spread.min() > 30)
    picture = line_chart(
        series, says, across_name="epoch", whole=True, marks=marks, log=wide, zero=not wide
    )
    how = " The axis is logarithmic." if wide else ""
    return Figure(
        f"Loss ({loss})",
        picture,
        "Lower is better. Training counts the batches while weights change and dropout is on, so "
        f"it can lie above validation.{how}",
        _table(data),
    )


def _measure(data: ReportData, name: str, epochs: np.ndarray, marks: list[Mark]) -> Figure | None:
    title, text = MEASURES[name]
    series, says = [], []
    for place, part in enumerate(("training", "validation")):
        key = f"{part}_{name}"
        if not any(key == field for field in _columns(data)):
            continue
        values = _values(data, key)
        if not np.isfinite(values).any():
            continue
        series.append(Series(part, epochs, values, place, place))
        says.append(f"{part} {title.lower()} from {text(values[0])} to {text(values[-1])}")
    if not series:
        return None
    picture = line_chart(
        series, f"{'; '.join(says)}, by epoch.".capitalize(), across_name="epoch", whole=True,
        marks=marks, up_name=series[0].name if len(series) == 1 else "",
    )  # fmt: skip
    return Figure(title, picture, "Lower is better." if name == "mae" else "Higher is better.")


def _columns(data: ReportData) -> tuple[str, ...]:
    from ...training.history import NAMES

    return tuple(NAMES)


def _table(data: ReportData) -> Table:
    assert data.history is not None
    names = [n for n in _columns(data) if any(getattr(e, n) is not None for e in data.history)]
    names = [n for n in names if n not in ("seconds", "samples_per_second")]
    rows = []
    for epoch in data.history:
        cells = [f"{epoch.epoch}"]
        for name in names[1:]:
            value = getattr(epoch, name)
            cells.append(percent(value, 2) if "accuracy" in name else number(value, 4))
        rows.append(cells)
    if len(rows) > 60:
        kept = np.unique(np.linspace(0, len(rows) - 1, 60).round().astype(int))
        rows = [rows[i] for i in kept]
    return Table("Every epoch", [n.replace("_", " ") for n in names], rows, folded=True)


def _lead(data: ReportData) -> str:
    assert data.history is not None
    epochs = data.history[-1].epoch
    best = data.summary.get("best_epoch")
    stopped = data.summary.get("stopped")
    ended = {
        "early stopping": "and stopped early, as validation no longer improved",
        "interrupted": "and was interrupted",
        "loss became NaN": "and broke off when the loss became NaN",
    }.get(str(stopped), "")
    text = f"Training took {epochs:,} epoch{'s' * (epochs != 1)}{' ' + ended if ended else ''}."
    if best:
        text += f" The validation loss was lowest in epoch {best}."
    return text
