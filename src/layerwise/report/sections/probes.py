"""What was seen inside of the network while it trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..charts import Guide, Series, heat_map, line_chart
from ..charts.words import number, percent
from ..data import ReportData
from ..page import Figure, Omission, Section

if TYPE_CHECKING:
    from ...training.probes import ProbeRecord

USUAL = 1e-3
"""An update by that part of its weight is usual (Karpathy, CS231n)."""

MOST_LINES = 8


def probes_section(data: ReportData) -> Section | Omission:
    """Gradients, silence and the size of updates over time."""
    if data.probes is None:
        return Omission("Inside the training", data.absent["probes"])
    record = data.probes
    times = [f"step {s + 1:,}, epoch {e}" for s, e in zip(record.steps, record.epochs, strict=True)]
    values = record.values
    blocks = []
    gradient = values["gradient"].T
    if np.isfinite(gradient).any():
        blocks.append(_gradients(record, gradient, times))
    ratio = _ratio(record)
    if np.isfinite(ratio).any():
        blocks.append(_updates(record, ratio))
    for name, title, caption in (
        ("zeros", "Share of zeros",
         "After a ReLU a unit that gives 0 learns nothing from the row. About half is usual; all "
         "of a layer is the end of it."),
        ("saturated", "Share of saturated outputs",
         "Where an activation is flat, next to no gradient comes through."),
    ):  # fmt: skip
        figure = _shares(record, values[name], name, title, caption, times)
        if figure is not None:
            blocks.append(figure)
    spread = values["spread"].T
    if np.isfinite(spread).any():
        blocks.append(_spread(record, spread, times))
    return Section("inside", "Inside the training", _lead(record, ratio), blocks)


def _ratio(record: ProbeRecord) -> np.ndarray:
    values = record.values
    with np.errstate(divide="ignore", invalid="ignore"):
        found: np.ndarray = np.where(
            values["weight"] > 0, values["update"] / values["weight"], np.nan
        )
    return found


def _ends(name: str, row: np.ndarray, text: Callable[[float], str] = number) -> str:
    known = row[np.isfinite(row)]
    return f"{name} from {text(known[0])} to {text(known[-1])}" if known.size else name


def _gradients(record: ProbeRecord, gradient: np.ndarray, times: list[str]) -> Figure:
    names = list(record.parameters)
    says = "Norm of the gradient of each parameter over the training: " + "; ".join(
        _ends(name, row) for name, row in zip(names, gradient, strict=True)
    )
    return Figure(
        "Gradient norm, by parameter",
        heat_map(gradient, names, times, says + ".", log=True),
        "Dark is small, light is large, on a logarithmic scale. Rows that fade from the last layer "
        "to the first show gradients that vanish; one that flares up, an explosion.",
    )


def _updates(record: ProbeRecord, ratio: np.ndarray) -> Figure:
    names = list(record.parameters)
    steps = np.asarray(record.steps, np.float64) + 1
    # Weights rather than biases, which begin near 0 and make the ratio mean little.
    order = sorted(range(len(names)), key=lambda i: (not names[i].endswith("weight"), i))
    chosen = [i for i in order if names[i].endswith("weight")] or order
    series = [
        Series(names[i], steps, ratio[:, i], place, place)
        for place, i in enumerate(chosen[:MOST_LINES])
    ]
    says = "Norm of the update over the norm of the weight: " + "; ".join(
        _ends(s.name, s.y) for s in series
    )
    return Figure(
        "Update to weight ratio",
        line_chart(
            series, says + ".", across_name="step", log=True,
            guides=[Guide(USUAL, "usual: about 0.001")], whole=True,
        ),
        "How far one step moves a weight, for its size. Far above a thousandth training is rough, "
        "far below it hardly moves.",
    )  # fmt: skip


def _shares(
    record: ProbeRecord, values: np.ndarray, name: str, title: str, caption: str, times: list[str]
) -> Figure | None:
    layers = list(record.layers)
    places = [i for i, layer in enumerate(layers) if layer.activation]
    if name == "saturated":
        places = [i for i in places if "ReLU" not in str(layers[i].activation)]
    places = [i for i in places if np.isfinite(values[:, i]).any()]
    if not places:
        return None
    shares = values[:, places].T
    names = [f"{layers[i].path} {layers[i].layer}" for i in places]
    says = f"{title} of each layer over the training: " + "; ".join(
        _ends(each, row, percent) for each, row in zip(names, shares, strict=True)
    )
    picture = heat_map(shares, names, times, says + ".", low=0.0, high=1.0, text=_whole_percent)
    return Figure(title, picture, caption)


def _whole_percent(value: float) -> str:
    return percent(value, 0)


def _spread(record: ProbeRecord, spread: np.ndarray, times: list[str]) -> Figure:
    layers = list(record.layers)
    names = [f"{layer.path} {layer.layer}" for layer in layers]
    says = "Standard deviation of what each layer gives, over the training: " + "; ".join(
        _ends(name, row) for name, row in zip(names, spread, strict=True)
    )
    return Figure(
        "Spread of what layers give",
        heat_map(spread, names, times, says + ".", log=True),
        "The standard deviation of each layer's outputs. Layers should keep to a common size.",
    )


def _lead(record: ProbeRecord, ratio: np.ndarray) -> str:
    steps = len(record.steps)
    late = ratio[len(ratio) // 2 :]
    late = late[np.isfinite(late) & (late > 0)]
    text = f"Every so often a step was looked into: {steps:,} steps in all."
    if late.size:
        text += f" In the second half a step moved weights by {number(float(np.median(late)), 2)} "
        text += "of their size, in the middle of all parameters."
    return text
