"""Words that are spelt like one that is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

_COMPARED = 20_000
"""Words that are compared letter by letter; the first of a file are the most frequent."""


def close(word: str, words: Sequence[str], count: int = 3) -> list[str]:
    """The words most like this one, at most `count`.

    Those that differ only in case or are alike at one end and in length are compared, as comparing
    with all of a large file would take seconds.
    """
    if not isinstance(word, str) or not word or len(word) > 50:
        return []
    folded = word.casefold()
    same = [other for other in words if len(other) == len(word) and other.casefold() == folded]
    alike: list[str] = []
    for other in words:
        if abs(len(other) - len(word)) <= 2 and (other[0] == word[0] or other[-1] == word[-1]):
            alike.append(other)
            if len(alike) == _COMPARED:
                break
    found = difflib.get_close_matches(word, alike, count, 0.7)
    return list(dict.fromkeys([*same, *found]))[:count]
