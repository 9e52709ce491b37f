"""Pairs of sentences, checked before anything is learned from them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..data.text import check_texts
from ..errors import DataError

LONGEST = 20_000
"""Characters of a text that are looked at; what follows would be cut off in any case."""


def tidy(text: str) -> str:
    """Composed characters (NFC), and single spaces for any white space."""
    return " ".join(unicodedata.normalize("NFC", text[:LONGEST]).split())


def check_pairs(sources: Any, targets: Any, name: str = "") -> tuple[list[str], list[str]]:
    """Sources and targets as tidy texts.

    Parameters
    ----------
    name : what messages call the pairs, such as ``validation``.

    Raises
    ------
    DataError : something is no text, a side is missing, or there are no pairs.
    """
    prefix = f"{name} " if name else ""
    found = []
    for side, texts in (("sources", sources), ("targets", targets)):
        try:
            found.append([tidy(text) for text in check_texts(texts)])
        except DataError as error:
            raise DataError(f"{prefix}{side}: {error}") from None
    left, right = found
    if len(left) != len(right):
        raise DataError(
            f"expected as many {prefix}sources as targets, got {len(left):,} and {len(right):,}"
        )
    if not left:
        raise DataError(f"expected {prefix}pairs of sentences, got none")
    for row, (source, target) in enumerate(zip(left, right, strict=True)):
        if not source or not target:
            side, other = ("source", target) if not source else ("target", source)
            raise DataError(
                f"{prefix}row {row}: expected a sentence and its translation, got an empty {side}"
                f"{f' for {other[:40]!r}' if other else ''}; complete the pair or leave it out"
            )
    return left, right


def hold_out(
    sources: Sequence[str], fraction: float, seed: int, most: int = 2000
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows held out; equal sources stay together.

    Returns
    -------
    Two int arrays, rising; the second is empty when the sources are too few to hold one out.
    """
    groups: dict[str, int] = {}
    of = np.array([groups.setdefault(source, len(groups)) for source in sources])
    count = min(round(fraction * len(groups)), most)
    if count < 1:
        return np.arange(len(sources)), np.zeros(0, np.int64)
    drawn = np.random.default_rng([seed, 0x7E57]).permutation(len(groups))[:count]
    held = np.isin(of, drawn)
    return np.flatnonzero(~held), np.flatnonzero(held)
