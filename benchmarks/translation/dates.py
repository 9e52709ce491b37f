"""Dates in many styles and languages, and what they are in ISO 8601: a translation with one answer.

    python -m benchmarks.translation.dates OUT.tsv --count 40000 --seed 0

The texts are made by Babel from the Unicode consortium's data (CLDR), so their number has no end.
A text is kept only if it says which date it is: purely numeric forms whose order of day and month
depends on the reader (03/04/2005) and years of two digits are left out, and so are texts that mean
different dates in two languages.
"""

from __future__ import annotations

import argparse
import datetime
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

LOCALES = (
    "en_US", "en_GB", "fr", "de", "es", "it", "pt_BR", "nl", "sv", "da", "nb", "fi", "pl", "cs",
    "ro", "hu", "tr", "id", "vi", "ru", "uk", "el", "ja", "zh", "ko", "hi",
)  # fmt: skip
"""Croatian is none of them: its listopada is October, and the Polish one November."""

STYLES = (
    "medium", "long", "full", "yyyy-MM-dd", "yyyy/MM/dd", "yyyyMMdd", "dd.MM.yyyy", "d MMM yyyy",
    "d MMMM yyyy", "MMMM d, yyyy", "MMM d, yyyy", "EEE d MMM yyyy", "EEEE, d MMMM yyyy",
    "yyyy MMMM d", "d-MMM-yyyy",
)  # fmt: skip
"""CLDR's own for the language, and patterns as people write them."""

FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)

_NUMERIC = re.compile(r"[\d\W_]+")
_YEAR_FIRST = re.compile(r"\d{4}")
_DAY_FIRST = re.compile(r"\d{1,2}\. ?\d{1,2}\. ?\d{4}\.?")


class DatePair(NamedTuple):
    """A date as a text, and in ISO 8601; and what it was made of."""

    text: str
    iso: str
    locale: str
    style: str


def make_dates(
    count: int,
    seed: int = 0,
    locales: Sequence[str] = LOCALES,
    styles: Sequence[str] = STYLES,
    first: datetime.date = FIRST,
    last: datetime.date = LAST,
) -> list[DatePair]:
    """Different texts of random days, styles and languages; the same seed gives the same.

    Parameters
    ----------
    count : how many; fewer come where the days and styles do not give so many.
    first, last : the days among which dates are drawn.
    """
    from babel.dates import format_date

    draw = random.Random(seed)
    days = (last - first).days + 1
    found: dict[str, DatePair] = {}
    ambiguous: set[str] = set()
    for _ in range(20 * count):
        if len(found) == count:
            break
        day = first + datetime.timedelta(draw.randrange(days))
        locale, style = draw.choice(locales), draw.choice(styles)
        text = " ".join(format_date(day, style, locale).split())
        if draw.random() < 0.1:
            text = draw.choice((text.lower(), text.upper()))
        if not says_which(text) or text in ambiguous:
            continue
        iso = day.isoformat()
        if text in found and found[text].iso != iso:
            ambiguous.add(text)
            del found[text]
        else:
            found.setdefault(text, DatePair(text, iso, locale, style))
    return list(found.values())


def says_which(text: str) -> bool:
    """Whether a text has a whole year, and names its month or has a form with one order only."""
    if not re.search(r"\d{4}", text):
        return False
    if not _NUMERIC.fullmatch(text):
        return True
    return bool(_YEAR_FIRST.match(text) or _DAY_FIRST.fullmatch(text))


def divide(
    pairs: Sequence[DatePair], held_out: float = 0.1, seed: int = 0
) -> tuple[list[DatePair], list[DatePair]]:
    """Pairs to learn from, and those of days that are held out in every style and language."""
    days = sorted({pair.iso for pair in pairs})
    random.Random(seed).shuffle(days)
    kept_back = set(days[: round(held_out * len(days))])
    return (
        [pair for pair in pairs if pair.iso not in kept_back],
        [pair for pair in pairs if pair.iso in kept_back],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    pairs = make_dates(given.count, given.seed)
    lines = ["source\ttarget", *(f"{pair.text}\t{pair.iso}" for pair in pairs)]
    given.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(pairs):,} dates in {given.out}")


if __name__ == "__main__":
    main()
