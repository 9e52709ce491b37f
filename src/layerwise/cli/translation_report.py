"""The page of a translator, later than its training."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.text import read_pairs
from ..errors import DataError
from ..translation import TranslationModel
from ..translation.texts import check_pairs, hold_out

MOST_TESTED = 2000
"""Pairs that are translated for the test; more would not change the figures."""

MOST_CARRIED = 6
"""Pairs of the test that go into the file, so that their alignment can be drawn without others."""

Pairs = tuple[list[str], list[str]]
"""Sources and their translations."""


def divided(
    sources: Sequence[str], targets: Sequence[str], share: float, seed: int
) -> tuple[Pairs, Pairs]:
    """Pairs to learn from, and pairs for the test; equal sources stay together.

    Parameters
    ----------
    share : of the pairs that is kept for the test, 0 to below 1.
    seed : of the training.
    """
    rows, kept = hold_out(sources, share, seed + 1, most=MOST_TESTED)
    learn = [sources[i] for i in rows], [targets[i] for i in rows]
    return learn, ([sources[i] for i in kept], [targets[i] for i in kept])


def remembered(
    share: float, seed: int, columns: tuple[str, str] | None, test: Pairs
) -> dict[str, Any]:
    """What goes into a model's summary so that its test pairs can be found, and shown, again.

    Parameters
    ----------
    columns : of sources and of translations in the file, if they were named.
    test : the pairs that were kept for the test.
    """
    from ..report.translation import MOST_WORDS

    short = [
        {"source": source, "target": target}
        for source, target in zip(*test, strict=True)
        if max(len(source.split()), len(target.split())) <= MOST_WORDS
    ]
    # Long ones show more.
    short.sort(key=lambda pair: -len(pair["source"].split()))
    return {
        "division": {
            "test_size": share,
            "seed": seed,
            "columns": None if columns is None else list(columns),
            "digest": _digest(test),
        },
        "examples": short[:MOST_CARRIED],
    }


def report_of_translator(
    out: Path, model: TranslationModel, model_path: Path, file: Path | None
) -> str | None:
    """Write the page of a saved translator; says why where there are no pairs to measure on.

    Parameters
    ----------
    file : of the training's pairs, or of others; where the training's were then when None.

    Raises
    ------
    DataError, OptionError : the file that was named cannot be read.
    """
    from ..report.translation import write_translation_report

    found: _Found | None = None
    why = None
    try:
        found = _found(model, model_path, file)
    except DataError as error:
        if file is not None:
            raise
        why = str(error).rstrip(".")
    source = model.summary.get("source")
    write_translation_report(
        out,
        model,
        None if found is None else found.pairs,
        source=str(source if found is None else found.file) if source or found else "",
        where=None if found is None else found.where,
        why_not=f"The pairs that were kept for the test are not at hand: {why}.",
    )
    return why


@dataclass(frozen=True)
class _Found:
    """Pairs to measure on.

    Attributes
    ----------
    where : they come from, in words; None for the test part of the training's file.
    """

    pairs: Pairs
    file: Path
    where: str | None


def _found(model: TranslationModel, model_path: Path, given: Path | None) -> _Found:
    kept: Any = model.summary.get("division")
    try:
        share, seed = float(kept["test_size"]), int(kept["seed"])
        columns, digest = kept["columns"], kept["digest"]
        source, target = (None, None) if columns is None else map(str, columns)
    except (TypeError, ValueError, KeyError):
        if given is None:
            raise DataError(
                "the model does not say how its pairs were divided; name some with --data"
            ) from None
        share, seed, digest, source, target = 0.0, 0, None, None, None
    file = given
    if file is None:
        named = Path(str(model.summary.get("source") or ""))
        places = (named, model_path.parent / named.name)
        file = next((place for place in places if place.is_file()), None)
        if file is None:
            raise DataError(f"there is no file {named} here any more; name it with --data")
    pairs = read_pairs(file, source, target)
    sources, targets = check_pairs(list(pairs.sources), list(pairs.targets))
    _, test = divided(sources, targets, share, seed)
    if test[0] and _digest(test) == digest:
        return _Found(test, file, None)
    if given is not None:
        return _Found((sources, targets), file, f"of {file.name}, which may have trained")
    if not share:
        raise DataError("none were kept; name some with --data")
    raise DataError(f"{file} has other pairs than at the training; name some with --data")


def _digest(pairs: Pairs) -> str:
    """What tells these pairs from others."""
    lines = "\n".join(f"{source}\t{target}" for source, target in zip(*pairs, strict=True))
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()


__all__ = ["divided", "remembered", "report_of_translator"]
