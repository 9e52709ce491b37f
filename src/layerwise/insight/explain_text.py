"""Which words of a text speak for a class: each is covered in turn, and the answer looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.text import WordTokenizer
from ..errors import OptionError, unknown
from ..model.model import Model

COVER = "￼"
"""Stands in place of a covered word: Unicode's sign for an object that is no text."""

MOST_WORDS = 400
"""Different words that are covered; of more, the first ones. The time grows with them."""

SHOWN = 12
"""Words that the text lists on either side."""


@dataclass(frozen=True)
class WordContribution:
    """What a word added to a prediction.

    Attributes
    ----------
    word : as the model sees it.
    contribution : log-odds of the class with the word, less those with all its places covered.
    count : places where it stands.
    """

    word: str
    contribution: float
    count: int


@dataclass(frozen=True)
class TextExplanation:
    """Why a model predicts what it predicts for one text.

    Attributes
    ----------
    label : the class that is explained.
    predicted : the class that the model predicts.
    probability : of `label`.
    words : the contributions, the largest first, whatever their sign.
    tokens : the text's words in order, those that the model looks at.
    left_out : different words beyond the first 400, which were not covered.
    """

    label: Any
    predicted: Any
    probability: float
    words: tuple[WordContribution, ...]
    tokens: tuple[str, ...]
    left_out: int = 0

    def strongest(self, count: int, sign: int = 1) -> list[WordContribution]:
        """The words that speak most for the class (sign 1) or against it (sign -1)."""
        found = [each for each in self.words if each.contribution * sign > 0]
        return found[:count]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as JSON can hold it."""
        return {
            "class": str(self.label),
            "predicted": str(self.predicted),
            "probability": self.probability,
            "words": [
                {"word": w.word, "contribution": w.contribution, "count": w.count}
                for w in self.words
            ],
            "left_out": self.left_out,
        }

    def text(self) -> str:
        """To be read: the class, and the words for and against it with bars."""
        lines = [f"{self.label}: {self.probability:.1%}"]
        if self.predicted != self.label:
            lines[0] += f" (predicted: {self.predicted})"
        top = max((abs(w.contribution) for w in self.words), default=0.0)
        for title, sign in (("speaks for it", 1), ("speaks against it", -1)):
            chosen = self.strongest(SHOWN, sign)
            lines.append(f"{title}:" if chosen else f"{title}: nothing")
            width = max((len(w.word) for w in chosen), default=0)
            for each in chosen:
                bar = "#" * max(1, round(20 * abs(each.contribution) / top))
                times = f"  x{each.count}" if each.count > 1 else ""
                lines.append(f"  {each.word:<{width}}  {each.contribution:+7.3f}  {bar}{times}")
        if self.left_out:
            lines.append(f"{self.left_out:,} later words were not looked at")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text()


def explain_text(model: Model, text: str, label: Any = None) -> TextExplanation:
    """How much each word of a text speaks for a class.

    Each different word is covered in all its places, with its n-grams and its neighbourhoods, and
    the class's log-odds are compared (occlusion: Li, Monroe & Jurafsky 2016, "Understanding neural
    networks through representation erasure"). Contributions of words that say the same do not add
    up: covering one leaves the other.

    Parameters
    ----------
    model : of texts, trained here or loaded.
    text : one.
    label : the class; the predicted one when None.

    Raises
    ------
    OptionError : the model is not of texts, or there is no such class.
    DataError : it is no text.
    """
    raw = model.texts
    if raw is None or model.classes is None:
        raise OptionError("explain_text: expected a model of texts, such as TextClassifier's")
    raw.texts([text])
    tokens = WordTokenizer(lowercase=raw.lowercase, maximum=raw.maximum).split(text)
    words = list(dict.fromkeys(tokens))
    covered = words[:MOST_WORDS]
    # Words stand apart, so that they are divided into the same tokens once more.
    variants = [" ".join(tokens)]
    for word in covered:
        variants.append(" ".join(COVER if token == word else token for token in tokens))
    probabilities = np.asarray(model.predict_probabilities(variants), np.float64)
    best = int(probabilities[0].argmax())
    place = best if label is None else _place(model.classes, label)
    sure = np.clip(probabilities[:, place], 1e-12, 1 - 1e-7)
    odds = np.log(sure) - np.log1p(-sure)
    counts = {word: tokens.count(word) for word in covered}
    found = [
        WordContribution(word, float(odds[0] - odds[i + 1]), counts[word])
        for i, word in enumerate(covered)
    ]
    found.sort(key=lambda each: -abs(each.contribution))
    return TextExplanation(
        model.classes[place],
        model.classes[best],
        float(probabilities[0, place]),
        tuple(found),
        tuple(tokens),
        len(words) - len(covered),
    )


def _place(classes: tuple[Any, ...], label: Any) -> int:
    for place, known in enumerate(classes):
        if known == label or str(known) == str(label):
            return place
    raise unknown("class", label, map(str, classes))


__all__ = ["TextExplanation", "WordContribution", "explain_text"]
