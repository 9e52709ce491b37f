"""One page about a translator: how good it is, how it learned, examples and where they looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

ALIGNMENTS = "Translations, and where they looked"

NO_PAIRS = "There are no pairs to measure on."

MOST_WORDS = 18
"""Of a sentence whose alignment is drawn."""


def write_translation_report(
    path: str | Path,
    model: TranslationModel,
    pairs: tuple[Sequence[str], Sequence[str]] | None,
    *,
    beam: int = 4,
    title: str | None = None,
    source: str = "",
    history: History | None = None,
    most: int = 500,
    where: str | None = None,
    why_not: str = NO_PAIRS,
) -> Path:
    """Write a page about a translator to a file, whole or not at all; gives its path.

    Parameters
    ----------
    path : of the file, .html.
    pairs : (sources, targets) that did not train: the result, the examples and the worst
        translations are of the first `most` of them. None: the result is the one that the model
        remembers, and the examples are those that it carries.
    source : where the data came from, for people.
    history : of the training; what the model remembers of it when None.
    where : in words, where the pairs come from; that they did not train when None.
    why_not : what to say where pairs are missing.

    Raises
    ------
    OptionError : the file cannot be written there. DataError : the pairs are empty.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in (".html", ".htm"):
        raise OptionError(f"expected the name of an .html file for the report, got '{path}'")
    return write_page(path, build_translation_report(
        model, pairs, beam=beam, title=title, source=source, history=history, most=most,
        where=where, why_not=why_not,
    ))  # fmt: skip


def build_translation_report(
    model: TranslationModel,
    pairs: tuple[Sequence[str], Sequence[str]] | None,
    *,
    beam: int = 4,
    title: str | None = None,
    source: str = "",
    history: History | None = None,
    most: int = 500,
    where: str | None = None,
    why_not: str = NO_PAIRS,
) -> str:
    """The page of `write_translation_report` as HTML that needs nothing else and no network."""
    summary = model.summary
    sources, targets = _carried(summary) if pairs is None else (list(s[:most]) for s in pairs)
    written = model.translate(sources, beam)
    quality = measure(written, targets) if pairs is not None else _remembered(summary)
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
    worst: Section | Omission = Omission("The worst translations", why_not)
    if pairs is not None:
        worst = _worst(sources, targets, written, each_chrf(written, targets))
    found = [
        _examples(model, sources, targets, written) if sources or pairs is not None
        else Omission(ALIGNMENTS, why_not),
        worst,
        learning_section(data),
    ]  # fmt: skip
    learned = _quality_section(summary)
    if learned is not None:
        found.insert(2, learned)
    return render_page(
        _top(data, model, quality, beam, source, where, why_not),
        [each for each in found if isinstance(each, Section)],
        [each for each in found if isinstance(each, Omission)],
    )


def _carried(summary: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Sources and targets that a model's summary has, of a file that may be damaged."""
    given = summary.get("examples")
    found = [
        (pair["source"], pair["target"])
        for pair in (given if isinstance(given, list) else [])
        if isinstance(pair, dict)
        and all(isinstance(pair.get(side), str) for side in ("source", "target"))
    ]
    return [source for source, _ in found], [target for _, target in found]


def _remembered(summary: Mapping[str, Any]) -> Quality | None:
    """The result of the test, as a model's summary has it."""
    test = summary.get("test")
    try:
        return Quality(*(test[name] + 0 for name in Quality._fields)) if test else None
    except (TypeError, KeyError):
        return None


def _top(
    data: ReportData,
    model: TranslationModel,
    quality: Quality | None,
    beam: int,
    source: str,
    where: str | None,
    why_not: str,
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
        value=None if quality is None else number(quality.bleu, 3),
        measure="" if quality is None else "BLEU" if where else "BLEU on held-out pairs",
        comparison=""
        if quality is None
        else f"chrF {number(quality.chrf, 3)}; {percent(quality.exact)} of the translations are "
        "exactly what was expected",
        interval=""
        if quality is None
        else f"of {quality.pairs:,} pairs {where or 'that did not train'}",
        picture=None,
        others=(),
        facts=tuple(facts),
        verdict=None,
        level="fine",
        why=why_not if quality is None else "",
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
    step = max(1, min(3, len(fits) // EXAMPLES))
    chosen = fits[: step * EXAMPLES : step]
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
        ALIGNMENTS,
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
        "Those translations that have the least in common with what was expected.",
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
