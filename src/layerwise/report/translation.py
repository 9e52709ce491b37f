"""One page about a translator: how good it is, how it learned, examples and where they looked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import OptionError
from ..training.history import History
from ..translation import Alignment, Quality, TranslationModel, each_chrf, measure
from .charts import Series, alignment_map, line_chart
from .charts.words import number, percent
from .data import ReportData
from .facts.task import Task
from .files import write_page
from .page import Figure, Omission, Section, Table
from .render import render_page
from .sections.learning import learning_section
from .sections.top import Top

EXAMPLES = 6
"""Translations that are shown with their alignment."""

WORST = 12

MOST_WORDS = 18
"""Of a sentence whose alignment is drawn."""


def write_translation_report(
    path: str | Path,
    model: TranslationModel,
    pairs: tuple[Sequence[str], Sequence[str]],
    *,
    beam: int = 4,
    title: str | None = None,
    source: str = "",
    history: History | None = None,
    most: int = 500,
) -> Path:
    """Write a page about a translator to a file, whole or not at all; gives its path.

    Parameters
    ----------
    path : of the file, .html.
    pairs : (sources, targets) that did not train: the result, the examples and the worst
        translations are of the first `most` of them.
    source : where the data came from, for people.
    history : of the training; what the model remembers of it when None.

    Raises
    ------
    OptionError : the file cannot be written there. DataError : there are no pairs.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in (".html", ".htm"):
        raise OptionError(f"expected the name of an .html file for the report, got '{path}'")
    return write_page(path, build_translation_report(
        model, pairs, beam=beam, title=title, source=source, history=history, most=most
    ))  # fmt: skip


def build_translation_report(
    model: TranslationModel,
    pairs: tuple[Sequence[str], Sequence[str]],
    *,
    beam: int = 4,
    title: str | None = None,
    source: str = "",
    history: History | None = None,
    most: int = 500,
) -> str:
    """The page of `write_translation_report` as HTML that needs nothing else and no network."""
    sources, targets = (list(side[:most]) for side in pairs)
    written = model.translate(sources, beam)
    quality = measure(written, targets)
    each = each_chrf(written, targets)
    summary = model.summary
    columns = summary.get("history")
    if history is None and isinstance(columns, dict) and columns.get("epoch"):
        history = History.from_columns(columns)
    data = ReportData(
        title=title or "A translator",
        task=Task("classes", "", (), None, source),
        layers=(),
        parameters=model.network.parameter_count,
        summary=summary,
        history=history,
        absent={"history": "The model does not remember its training."},
    )
    found: list[Section | Omission] = [
        _examples(model, sources, targets, written),
        _worst(sources, targets, written, each),
        learning_section(data),
    ]
    learned = _quality_section(summary)
    if learned is not None:
        found.insert(2, learned)
    return render_page(
        _top(data, model, quality, beam, source),
        [each for each in found if isinstance(each, Section)],
        [each for each in found if isinstance(each, Omission)],
    )


def _top(
    data: ReportData, model: TranslationModel, quality: Quality, beam: int, source: str
) -> Top:
    sizes, summary = model.sizes, data.summary
    vocabulary = f"{model.target.kind}, {len(model.source):,}"
    if len(model.source) != len(model.target) or model.source != model.target:
        vocabulary += f" and {len(model.target):,}"
    facts = [
        ("Network", f"{model.network.kind}, {sizes.layers} layers of {sizes.features} features"),
        ("Parameters", f"{data.parameters:,}"),
        ("Vocabulary", vocabulary),
        ("Search", "greedy" if beam == 1 else f"beam of {beam}"),
    ]
    if isinstance(summary.get("pairs"), int):
        facts.append(("Training", f"{summary['pairs']:,} pairs"))
    if source:
        facts.append(("Data", source))
    return Top(
        title=data.title,
        sentence="Translates sentences.",
        value=number(quality.bleu, 3),
        measure="BLEU on held-out pairs",
        comparison=(
            f"chrF {number(quality.chrf, 3)}; {percent(quality.exact)} of the translations are "
            "exactly what was expected"
        ),
        interval=f"of {quality.pairs:,} pairs that did not train",
        picture=None,
        others=(),
        facts=tuple(facts),
        verdict=None,
        level="fine",
        why="",
    )


def _examples(
    model: TranslationModel, sources: list[str], targets: list[str], written: list[str]
) -> Section:
    # The longer the sentence, the more there is to see; but it has to fit.
    fits = [
        i
        for i, (s, w) in enumerate(zip(sources, written, strict=True))
        if w and max(len(s.split()), len(w.split())) <= MOST_WORDS
    ]
    fits.sort(key=lambda i: -len(sources[i].split()))
    chosen = fits[: 3 * EXAMPLES : 3] or fits[:EXAMPLES]
    alignments = (
        model.align([sources[i] for i in chosen], [written[i] for i in chosen]) if chosen else []
    )
    blocks: list[Any] = [
        _map(each, sources[i], targets[i])
        for i, each in zip(chosen, alignments, strict=True)
        if each.target
    ]
    return Section(
        "examples",
        "Translations, and where they looked",
        "Each row is a word that was written, each column a word of the source; strong where the "
        "written word looked (attention, the mean of the heads of one layer).",
        blocks,
    )


def _map(alignment: Alignment, source: str, expected: str) -> Figure:
    best = "; ".join(f"{word} from {origin}" for word, origin, _ in alignment.pairs()[:8])
    return Figure(
        " ".join(alignment.target),
        alignment_map(
            alignment.weights,
            alignment.target,
            alignment.source,
            f"Attention of written words over the source. Most looked at: {best}.",
        ),
        f"Source: {source} | Expected: {expected}",
        Table(
            "Most looked at",
            ("written", "from", "attention"),
            [(word, origin, percent(weight)) for word, origin, weight in alignment.pairs()],
            folded=True,
            words=2,
        ),
        wide=True,
    )


def _worst(
    sources: list[str], targets: list[str], written: list[str], each: Sequence[float]
) -> Section:
    order = np.argsort(np.asarray(each), kind="stable")[:WORST]
    rows = [(sources[i], written[i], targets[i], number(each[i], 3)) for i in order]
    return Section(
        "worst",
        "The worst translations",
        "Of the held-out pairs, those that have the least in common with what was expected.",
        [Table("", ("source", "translated", "expected", "chrF"), rows, words=3)],
    )


def _quality_section(summary: Any) -> Section | None:
    rows = [
        row
        for row in summary.get("quality") or []
        if isinstance(row, dict) and {"epoch", "bleu", "chrf"} <= row.keys()
    ]
    if len(rows) < 2:
        return None
    epochs, bleu, chrf = (
        np.array([row[n] for row in rows], float) for n in ("epoch", "bleu", "chrf")
    )
    picture = line_chart(
        [Series("BLEU", epochs, bleu, 0, 0), Series("chrF", epochs, chrf, 1, 1)],
        f"BLEU from {number(bleu[0])} to {number(bleu[-1])}, chrF from {number(chrf[0])} to "
        f"{number(chrf[-1])}, by epoch.",
        across_name="epoch", whole=True, zero=True, width=660,
    )  # fmt: skip
    return Section(
        "quality",
        "Quality while it learned",
        "Of some held-out pairs, translated greedily.",
        [Figure("BLEU and chrF", picture, "Higher is better.", wide=True)],
    )


__all__ = ["build_translation_report", "write_translation_report"]
