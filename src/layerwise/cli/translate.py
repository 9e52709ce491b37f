"""`layerwise translate MODEL`: translations of texts, and which words each of theirs looked at."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import backends
from ..data.text import read_lines
from ..errors import DataError, OptionError
from .choices import choose
from .errors import INTERRUPTED, Failure
from .loading import load_translator
from .plain_json import print_json
from .screen import Screen, can_show

if TYPE_CHECKING:
    from ..translation import Alignment

SHADES = " \u2591\u2592\u2593\u2588"
PLAIN_SHADES = " .:*#"
"""For outputs that have ASCII only."""

TOGETHER = 2048
"""Texts after which translations are printed: some seconds' work, and enough to sort by length."""


def run_translate(
    path: Path,
    texts: Sequence[str],
    file: Path | None = None,
    beam: int = 4,
    show_alignment: bool = False,
    as_json: bool = False,
    backend: str = "native",
) -> None:
    """Do the command.

    Parameters
    ----------
    texts : to translate; without them the lines of `file`, or of standard input.
    """
    choose("--backend", backend, backends.NAMES)
    if texts and file is not None:
        raise OptionError("expected texts or --file, got both")
    model = load_translator(path)
    model.backend = backend
    if texts:
        given = list(texts)
    else:
        if file is None and sys.stdin.isatty():
            raise OptionError(
                'expected a text, as in `layerwise translate MODEL "Open the file"`, --file, or '
                "lines on standard input"
            )
        given = [line for _, line in read_lines("-" if file is None else file)]
        if not given:
            raise DataError(f"{'standard input' if file is None else file} has no lines")
    if not (show_alignment or as_json):
        # All are read and checked before the first is printed, but none waits for the last.
        numbers, printed = model.encode(given), 0
        with Screen() as screen:
            try:
                for start in range(0, len(numbers), TOGETHER):
                    for found in model.translate_numbers(numbers[start : start + TOGETHER], beam):
                        screen.line(model.target.decode(found))
                        printed += 1
            except KeyboardInterrupt:
                message = f"stopped after {printed:,} of {len(given):,} translations"
                raise Failure(message, INTERRUPTED) from None
        return
    translations = model.translate(given, beam)
    alignments = model.align(given, translations)
    if as_json:
        found = [
            {
                "source": source,
                "translation": translation,
                "alignment": {
                    "source": list(each.source),
                    "target": list(each.target),
                    "weights": [[round(float(w), 4) for w in row] for row in each.weights],
                },
            }
            for source, translation, each in zip(given, translations, alignments, strict=True)
        ]
        print_json(found)
        return
    with Screen() as screen:
        for translation, alignment in zip(translations, alignments, strict=True):
            screen.line(translation, "bold")
            show(screen, alignment)


def show(screen: Screen, alignment: Alignment) -> None:
    """Show a map of an alignment: a line for each written word, a cell for each word it looked at.

    Cells have shades rather than colours, and the word that was looked at most stands behind them,
    so nothing is lost where there is no colour, or where a sentence has more words than fit.
    """
    source, target, weights = alignment.source, alignment.target, alignment.weights
    if not target or not source:
        screen.line("  (nothing to show)")
        screen.line()
        return
    width = min(screen.width, 100)
    left = min(max(map(_wide, target)), 18)
    behind = min(max(map(_wide, source)), 16) + 6
    room = max(width - left - behind - 5, 4)
    digits = len(str(len(source)))
    # One column more than a number has, so that numbers stay apart; else the last digit of each.
    cell = next((c for c in (digits + 1, 2) if c * len(source) <= room), 1)
    shown = min(len(source), room // cell)
    shades = SHADES if can_show(SHADES) else PLAIN_SHADES
    modulus = 10 ** max(cell - 1, 1)
    numbers = "".join(f"{(i + 1) % modulus:>{cell}}" for i in range(shown))
    screen.line()
    screen.line(f"  {'':<{left}}  {numbers}")
    for word, row in zip(target, weights, strict=True):
        best = int(row.argmax())
        cells = "".join(shades[min(int(w * 5), 4)] * cell for w in row[:shown])
        screen.line(
            f"  {_fitted(word, left)}  {cells} {_fitted(source[best], behind - 6).rstrip()} "
            f"{row[best]:.0%}"
        )
    screen.line()
    named = [f"{number} {word}" for number, word in enumerate(source, 1)]
    screen.field("source", ", ".join(named), indent=10)
    if shown < len(source):
        screen.line(f"  (the first {shown} of {len(source)} are drawn)")
    screen.line()


def _wide(text: str) -> int:
    """Columns of a terminal that a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return int(cell_len(text))


def _fitted(text: str, width: int) -> str:
    """A text cut or filled to a number of columns."""
    if _wide(text) > width:
        mark = "\u2026" if can_show("\u2026") else "."
        while text and _wide(text) >= width:
            text = text[:-1]
        text += mark
    return text + " " * (width - _wide(text))


__all__ = ["run_translate", "show"]
