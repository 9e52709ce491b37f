"""How good translations are: BLEU and chrF, as sacrebleu has them, and how many are right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..errors import DataError


class Quality(NamedTuple):
    """Measures of translations beside what was expected.

    Attributes
    ----------
    bleu : 0 to 100 (Papineni et al. 2002; sacrebleu's 13a words and exponential smoothing).
    chrf : 0 to 100, the F-score of sequences of up to 6 characters (Popovic 2015).
    exact : part of the translations that are what was expected, 0 to 1.
    pairs : how many were measured.
    """

    bleu: float
    chrf: float
    exact: float
    pairs: int

    def as_json(self) -> dict[str, float | int]:
        """Plain data."""
        return {
            "bleu": round(self.bleu, 4),
            "chrf": round(self.chrf, 4),
            "exact": round(self.exact, 6),
            "pairs": self.pairs,
        }


def measure(translations: Sequence[str], expected: Sequence[str]) -> Quality:
    """Compare translations with what was expected.

    Raises
    ------
    DataError : none, or not as many of both.
    ImportError : sacrebleu is not installed.
    """
    if len(translations) != len(expected) or not expected:
        raise DataError(
            "expected as many translations as sentences to compare with, at least one; got "
            f"{len(translations)} and {len(expected)}"
        )
    metrics = _sacrebleu()
    exact = sum(a == b for a, b in zip(translations, expected, strict=True)) / len(expected)
    # `force` silences a warning that is meant for texts that were divided into words before.
    bleu = metrics.BLEU(force=True).corpus_score(list(translations), [list(expected)])
    chrf = metrics.CHRF().corpus_score(list(translations), [list(expected)])
    return Quality(float(bleu.score), float(chrf.score), exact, len(expected))


def each_chrf(translations: Sequence[str], expected: Sequence[str]) -> list[float]:
    """The chrF of each sentence, 0 to 100."""
    metric = _sacrebleu().CHRF()
    return [
        float(metric.sentence_score(a, [b]).score)
        for a, b in zip(translations, expected, strict=True)
    ]


def _sacrebleu() -> Any:
    try:
        from sacrebleu import metrics
    except ImportError:
        raise ImportError(
            "BLEU and chrF need sacrebleu, which is not installed: pip install sacrebleu"
        ) from None
    return metrics
