"""Columns on very different scales, or far from 0."""

from __future__ import annotations

from ..case import Case
from ..finding import Finding, Remedy
from ..rule import Rule
from ..signs import usual_rate

LARGEST = 10.0
"""Columns larger than this, or smaller than its inverse, are not near what layers begin with."""

APART = 100.0
"""The largest column by the median one."""

OFFSET = 10.0
"""A column's mean by its deviation; beyond it hardly anything but the mean reaches the layer."""

FAR = 3.0


class UnscaledInputs(Rule):
    """First layers are drawn for inputs of mean 0 and deviation 1, give or take."""

    name = "unscaled_inputs"
    stage = 0
    title = "the inputs are not on one scale"
    cause = (
        "a weight's gradient grows with the size of its column, so one learning rate cannot suit "
        "large and small columns at once"
    )
    guide = "normalisation"
    source = 'LeCun, Bottou, Orr & Müller 1998, "Efficient BackProp", section 4.3'

    def look(self, case: Case) -> Finding | None:
        """Compare the columns' root mean squares with 1 and with each other."""
        data = case.data
        if not data.columns or data.largest_scale == data.smallest_scale == 1.0:
            return None
        if case.graph.layers and case.graph.layers[0].kind == "norm":
            return None  # the network does it itself
        remedy = Remedy(
            "bring every column to mean 0 and deviation 1 (tables and images of the command line "
            "are; with lw.train it is yours to do)",
            python="X = (X - X.mean(0)) / (X.std(0) + 1e-8)",
            changes={"scale_inputs": True},
            stronger=self._with_rate(max(usual_rate(case), 10 * case.learning_rate)),
        )
        numbers = {
            "largest": data.largest_scale,
            "median": data.median_scale,
            "smallest": data.smallest_scale,
            "offset": data.offset,
        }
        ratio = data.largest_scale / max(data.median_scale, 1e-30)
        if data.largest_scale > LARGEST:
            evidence = (
                f"{data.name(data.widest)} has values of about {data.largest_scale:.3g}, the "
                f"median column of about {data.median_scale:.3g}"
            )
        elif data.largest_scale < 1 / LARGEST:
            evidence = f"the largest column has values of about {data.largest_scale:.3g} only"
        elif ratio > APART and data.median_scale < 1 / LARGEST:
            evidence = (
                f"{data.name(data.widest)} is {ratio:.3g} times as large as the median column"
            )
        elif data.offset > OFFSET and data.largest_scale > FAR:
            evidence = (
                f"the mean of {data.name(data.offset_column)} is {data.offset:.3g} times its "
                "standard deviation"
            )
        else:
            return None
        return self.found("warning", evidence, remedy, numbers=numbers)

    def _with_rate(self, rate: float) -> Remedy:
        """Also at a rate that suits; what large columns forced was too low for scaled ones."""
        return Remedy(
            "bring every column to mean 0 and deviation 1, and raise the learning rate that large "
            "columns forced to be low",
            flag=f"--lr {rate:.2g}",
            python=f"X = (X - X.mean(0)) / (X.std(0) + 1e-8), learning_rate={rate:.2g}",
            changes={"scale_inputs": True, "learning_rate": rate},
        )
