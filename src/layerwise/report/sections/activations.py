"""Every activation that is used, with its derivative."""

from __future__ import annotations

import numpy as np

from ..charts import Series, line_chart
from ..charts.words import listed, number
from ..data import ReportData
from ..facts.curves import ActivationCurve
from ..page import Block, Figure, Omission, Section


def activations_section(data: ReportData) -> Section | Omission:
    """A graph for each."""
    if not data.activations:
        return Omission("Activations", "The network's layers name no activation.")
    lead = (
        "A unit's output is bent by its activation; its derivative decides how much of the "
        "gradient comes back through it."
    )
    blocks: list[Block] = [_figure(each) for each in data.activations]
    return Section("activations", "Activations", lead, blocks)


def _figure(each: ActivationCurve) -> Figure:
    # A jump, as of ReLU's derivative, is a gap: no line stands for values that are not there.
    slope = each.slope.copy()
    rise = np.abs(np.diff(slope))
    jumps = np.flatnonzero(rise > 0.1 * max(float(np.ptp(slope)), 1e-12))
    slope[jumps] = np.nan
    kept = np.unique(np.concatenate([np.arange(0, len(each.x), 4), jumps, jumps + 1]))
    says = (
        f"{each.name} from {number(float(each.x[0]))} to {number(float(each.x[-1]))}: its values "
        f"go from {number(float(each.y[0]))} to {number(float(each.y[-1]))}, its derivative from "
        f"{number(float(each.slope.min()))} to {number(float(each.slope.max()))}."
    )
    picture = line_chart(
        [
            Series(each.name, each.x[kept], each.y[kept], 0, 0),
            Series("derivative", each.x[kept], slope[kept], 1, 1),
        ],
        says,
        across_name="x",
        height=240,
    )
    if each.layers == ("output",):
        where = "Used on the output."
    else:
        where = f"Used in {listed(list(each.layers))}."
    row = "" if "oftmax" not in each.name else " Drawn: its first output for the row (x, 0)."
    return Figure(each.name, picture, f"{each.about} {where}{row}")
