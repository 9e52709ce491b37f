"""What a model of texts got wrong, with the words that misled it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...insight.explain_text import explain_text
from ...model import Model
from .classification import Mistake
from .rows import Part

SHOWN = 8
"""Mistakes whose words are looked at: each is some hundred predictions."""

WORDS = 6
"""Words of each."""

LONGEST = 240
"""Characters of a text that are shown."""


@dataclass(frozen=True)
class ReadMistake:
    """A wrong answer, to be read.

    Attributes
    ----------
    mistake : which.
    excerpt : the text's beginning.
    words : that speak most for the wrong answer, the strongest first.
    """

    mistake: Mistake
    excerpt: str
    words: tuple[str, ...]


def read_mistakes(model: Model, part: Part, worst: Sequence[Mistake]) -> tuple[ReadMistake, ...]:
    """Read the worst mistakes; none where the rows are not texts as they came."""
    if model.texts is None or part.encoded:
        return ()
    found = []
    for each in worst[:SHOWN]:
        text = str(part.inputs[each.place])
        why = explain_text(model, text, each.predicted)
        words = tuple(word.word for word in why.strongest(WORDS))
        short = " ".join(text.split())
        if len(short) > LONGEST:
            short = short[: LONGEST - 3] + "..."
        found.append(ReadMistake(each, short, words))
    return tuple(found)
