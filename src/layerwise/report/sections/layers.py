"""What each layer finds in the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..charts import Bar, Points, bar_chart, data_uri, histogram, picture_grid, scatter
from ..charts.words import UNKNOWN, count, number, percent
from ..data import ReportData
from ..page import Block, Figure, Gallery, Heading, Omission, Picture, Section, Table

if TYPE_CHECKING:
    from ...insight.distributions import Distribution
    from ...insight.layer_maps import LayerMap
    from ...insight.separability import LayerScore, Separability
    from ..facts.units import UnitLayer

MOST_MAPS = 6
MOST_WEIGHTS = 256
MOST_HISTOGRAMS = 9
FEWEST = 50


def layers_section(data: ReportData) -> Section | Omission:
    """Separability, maps, units and distributions."""
    inside = data.inside
    if inside is None or not (inside.separability or inside.maps or inside.weights):
        why = inside.missing[0] if inside is not None and inside.missing else ""
        return Omission("What each layer finds", why or "There is no network to look into.")
    blocks: list[Block] = []
    lead = "What the network's layers do to the rows, from the input to the output."
    if inside.separability is not None:
        lead = _gain(inside.separability)
        blocks.append(_separability(inside.separability))
    maps = _changed(inside.maps)
    if maps:
        blocks.append(
            Heading(
                "Rows as each layer places them",
                "The two directions in which a layer's outputs vary most (principal components). "
                "Rows that lie close look alike to the layer.",
            )
        )
        blocks += [_map(each, data) for each in maps[:MOST_MAPS]]
    blocks += _units(data)
    if inside.activations:
        blocks.append(Heading("What layers give", "All outputs for the rows, layer by layer."))
        blocks += [_histogram(each, 0, data) for each in _few(inside.activations)]
    if inside.weights and not data.summary.get("members"):
        blocks.append(Heading("Weights", "All numbers of a parameter, after the training."))
        blocks += [_histogram(each, 2, data) for each in _few(inside.weights)]
    return Section("layers", "What each layer finds", lead, blocks, inside.missing)


def _score(value: float, measure: str) -> str:
    return percent(value) if measure == "accuracy" else number(value)


def _gain(found: Separability) -> str:
    first, best = found.rows[0], found.best
    what = "tells the classes apart" if found.measure == "accuracy" else "predicts the target"
    before, after = (_score(row.trained, found.measure) for row in (first, best))
    if best is first:
        return f"A linear model {what} best from the input itself ({before}); no layer adds to it."
    return (
        f"From the raw input a linear model {what} with {before}; after layer {best.path} "
        f"({best.layer}) with {after}."
    )


def _separability(found: Separability) -> Figure:
    rows = _distinct(found.rows)
    bars = [
        Bar(
            f"{row.path} {row.layer}".strip(),
            row.trained,
            row.trained - row.error,
            row.trained + row.error,
            row.untrained,
        )
        for row in rows
    ]
    says = "How well a linear model reads the target after each layer: " + "; ".join(
        f"{bar.name} {_score(bar.value, found.measure)}"
        + (f" (untrained {_score(bar.beside, found.measure)})" if bar.beside is not None else "")
        for bar in bars
    )
    picture = bar_chart(
        bars, says + ".", value_name="trained", beside_name="same network, untrained",
        text=lambda value: _score(value, found.measure), width=520,
        high=1.0 if found.measure == "accuracy" else None,
    )  # fmt: skip
    shown = [
        [
            bar.name,
            f"{_score(bar.value, found.measure)} ± {_score(row.error, found.measure)}",
            UNKNOWN if bar.beside is None else _score(bar.beside, found.measure),
        ]
        for bar, row in zip(bars, rows, strict=True)
    ]
    return Figure(
        "How much of the answer can be read after each layer",
        picture,
        f"A linear model is fitted to each layer's outputs on {found.training_rows:,} training "
        f"rows and tested on {found.held_out_rows:,} others; whiskers are one standard error. "
        "Layers of random weights help too: training did what differs from the untrained net.",
        Table("The numbers", ["after", "trained", "untrained"], shown, folded=True),
        wide=True,
    )


def _distinct(rows: Sequence[LayerScore]) -> list[LayerScore]:
    """Without layers that pass everything on, as dropout does when it is off."""
    found: list[LayerScore] = []
    for row in rows:
        if not found or not row.layer.startswith(("Dropout", "Flatten", "Identity")):
            found.append(row)
    return found


def _changed(maps: Sequence[LayerMap]) -> list[LayerMap]:
    found: list[LayerMap] = []
    for each in maps:
        if not found or not np.array_equal(found[-1].points, each.points):
            found.append(each)
    return found


def _map(each: LayerMap, data: ReportData) -> Figure:
    x, y = each.points[:, 0], each.points[:, 1]
    names = data.task.classes
    groups = []
    if each.y is not None and names:
        short = all(len(name) <= 2 for name in names)
        for place, name in enumerate(names):
            own = each.y == place
            if own.any():
                groups.append(Points(name, x[own], y[own], place, name if short else ""))
    else:
        groups = [Points("rows", x, y)]
    title = f"{each.path} {each.layer}".strip()
    share = (
        ""
        if each.explained is None
        else f", with {percent(sum(each.explained), 0)} of the variance"
    )
    says = f"Map of {count(len(x), 'row')} as {title} places them{share}."
    key = len(groups) > 1 and not groups[0].sign
    picture = scatter(groups, says, bare=not key, width=300, height=240)
    return Figure(
        "Input" if each.path == "input" else title,
        picture,
        f"{percent(sum(each.explained), 0)} of the variance" if each.explained else "",
        small=True,
    )


def _few(found: dict[str, Distribution]) -> list[Distribution]:
    known = [each for each in found.values() if each.counts]
    # A histogram of a few numbers is a row of spikes.
    many = [each for each in known if each.size >= FEWEST] or known
    distinct: list[Distribution] = []
    for each in many:
        # What passes everything on, as dropout does when it is off, is the layer before again.
        if not distinct or distinct[-1].edges != each.edges or distinct[-1].counts != each.counts:
            distinct.append(each)
    return distinct[:MOST_HISTOGRAMS]


def _histogram(each: Distribution, colour: int, data: ReportData) -> Figure:
    layer = next((x.layer for x in data.layers if x.path == each.name), "")
    title = f"{each.name} {layer}".strip()
    says = (
        f"Histogram of {each.size:,} values of {title}: mean {number(each.mean)}, standard "
        f"deviation {number(each.std)}, from {number(each.least)} to {number(each.greatest)}, "
        f"{percent(each.zeros)} exactly 0."
    )
    zeros = f", {percent(each.zeros, 0)} are 0" if each.zeros > 0.005 else ""
    bad = f", {percent(each.non_finite)} not finite" if each.non_finite else ""
    # The bar of exact zeros would press all others to the floor.
    counts = np.array(each.counts, np.float64)
    if each.zeros > 0.2:
        edges = np.array(each.edges)
        place = int(np.clip(np.searchsorted(edges, 0.0, side="right") - 1, 0, len(counts) - 1))
        counts[place] = max(counts[place] - each.zeros * each.size, 0.0)
        zeros += " (not drawn)"
    picture = histogram(
        np.array(each.edges), counts, says, number_of_colour=colour, width=300, height=150
    )
    caption = f"mean {number(each.mean)}, deviation {number(each.std)}{zeros}{bad}"
    return Figure(title, picture, caption, small=True)


def _units(data: ReportData) -> list[Block]:
    """Pictures of what units look for, where rows are pictures."""
    units = None if data.inside is None else data.inside.units
    if units is None:
        return []
    blocks: list[Block] = []
    if units.weights is not None:
        says = (
            f"The weights of {count(len(units.weights), 'unit')} of the first layer, each as a "
            "picture: orange where ink excites the unit, blue where it calms it."
        )
        columns = 16 if len(units.weights) <= 64 else 32
        sheet = picture_grid(
            units.weights[:MOST_WEIGHTS], colours="signed", zoom=3, columns=columns
        )
        blocks.append(
            Gallery("Weights of the first layer", [Picture(data_uri(sheet), says)], says, "large")
        )
    blocks += [_unit_layer(each, data.task.classes) for each in units.layers]
    return blocks


def _unit_layer(layer: UnitLayer, classes: Sequence[str]) -> Gallery:
    pictures = []
    for unit in layer.units:
        together = np.concatenate([unit.preferred[None], unit.examples])
        sheet = picture_grid(together, colours="ink", columns=len(together), zoom=4)
        name = f"unit {unit.number}"
        if not layer.path and unit.number < len(classes):
            name = f"“{classes[unit.number]}”"
        shown = [classes[c] if 0 <= c < len(classes) else "?" for c in unit.classes]
        seen = ", ".join(shown)
        says = (
            f"Preferred input of {name} and the rows that excite it most, of the classes {seen}; "
            f"it reaches {number(unit.reached)}, for real rows at most {number(unit.most)}"
        )
        pictures.append(Picture(data_uri(sheet), says, (name, f"rows of {seen}")))
    if layer.path:
        title = f"Units of the last hidden layer ({layer.path} {layer.layer})"
        which = f"The {len(layer.units)} of {layer.of} units that get most excited."
    else:
        title, which = "What speaks for each class", "The units of the output, one for each class."
    return Gallery(
        title,
        pictures,
        f"{which} First the input that a unit prefers among plausible ones (found by gradient "
        "ascent), then the real rows that excite it most.",
        "strips",
    )
