"""Where the network looked."""

from __future__ import annotations

import numpy as np

from ..charts import data_uri
from ..charts.words import percent
from ..data import ReportData
from ..facts.looked import LookedAt
from ..page import Block, Gallery, Omission, Picture, Section, Table

SIDE = 96
"""Pixels of a picture on the page, about."""

ABOUT = {
    "attention": "by attention: the weights of all layers multiplied, from the class token to the "
    "patches (attention roll-out; Abnar & Zuidema 2020)",
    "gradient": "by gradient: how much the answer's score hangs on each pixel (mean over noisy "
    "copies of the picture)",
}


def looked_section(data: ReportData) -> Section | Omission | None:
    """Pictures, lit where the answer came from, and what masking does."""
    found = data.looked
    if found is None:
        why = data.absent.get("looked")
        return None if why is None else Omission("Where it looked", why)
    blocks: list[Block] = [_gallery(found, number, data) for number in range(len(found.looked))]
    blocks.append(_check(found))
    meaning = [check.method for check in found.checks if check.means_something]
    if len(meaning) == len(found.checks):
        lead = (
            "What is lit is what the answers came from: masking it hurts more than masking as much "
            "at random."
        )
    elif meaning:
        lead = (
            f"Only what is lit by {meaning[0]} can be trusted: masking it hurts more than chance."
        )
    else:
        lead = "What is lit says little: masking it hurts no more than masking as much at random."
    return Section("looked", "Where it looked", lead, blocks)


def _gallery(found: LookedAt, number: int, data: ReportData) -> Gallery:
    from ...insight.drawing.overlay import overlaid, shown

    looked = found.looked[number]
    pictures = shown(looked.pictures)
    names = data.task.classes
    cells = []
    for place, (picture, one) in enumerate(zip(pictures, looked.maps, strict=True)):
        zoom = max(1, round(SIDE / max(one.shape)))
        glow = (255 * overlaid(picture, one)).round().astype(np.uint8)
        plain = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
        both = np.concatenate([(255 * plain).round().astype(np.uint8), glow], axis=1)
        answer, truth = int(found.answers[place]), int(found.truth[place])
        lines = [names[answer], percent(float(found.sure[place]))]
        if answer != truth:
            lines.append(f"truth: {names[truth]}" if 0 <= truth < len(names) else "unknown class")
        cells.append(
            Picture(
                data_uri(both.repeat(zoom, 0).repeat(zoom, 1)),
                f"row {found.numbers[place]}, taken for {names[answer]}; beside it, lit where the "
                "network looked",
                lines,
            )
        )
    return Gallery(
        f"Held-out pictures, and where the network looked, by {looked.method}",
        cells,
        f"Each picture, and beside it the same one dimmed, with a glow {ABOUT[looked.method]}.",
        "large",
    )


def _check(found: LookedAt) -> Table:
    rows = [
        [
            check.method,
            f"{check.attended:.3f} ± {check.attended_error:.3f}",
            f"{check.random:.3f} ± {check.random_error:.3f}",
            f"{check.difference:.3f} ± {check.difference_error:.3f}",
            percent(check.answers_kept),
            percent(check.answers_kept_random),
        ]
        for check in found.checks
    ]
    first = found.checks[0]
    return Table(
        "Does it mean anything?",
        ["method", "drop, looked at", "drop, at random", "difference", "answers kept",
         "kept at random"],
        rows,
        f"The {percent(first.share)} of each picture looked at most, or as much at random, "
        "is replaced by the mean picture; a drop is that of the probability of the answer, with "
        f"one standard error, over {first.rows:,} held-out pictures.",
    )  # fmt: skip
