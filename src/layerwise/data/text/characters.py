"""Classes of characters that Python's regular expressions lack, as they would stand in brackets."""

from __future__ import annotations

import unicodedata
from functools import cache

# Scripts that are written without spaces and whose characters mean something by themselves.
CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)

# What may begin a picture; a selector, a skin tone, or a joiner and another picture may follow.
PICTURES = (
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf"
    "\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
FLAGS = "\U0001f1e6-\U0001f1ff"
TONES = "\U0001f3fb-\U0001f3ff"
SELECTORS = "\ufe0e\ufe0f"
JOINER = "\u200d"


@cache
def marks() -> str:
    """Accents and vowel signs, which belong to the letter before them (category M).

    Worked out from Python's own tables, which takes some milliseconds once: a copy would not know
    the scripts that later versions add. Variation selectors are among them.
    """
    found = []
    begin = None
    # Above are private characters and the selectors, which are the last range.
    for code in range(0x300, 0x20000):
        inside = unicodedata.category(chr(code))[0] == "M"
        if inside and begin is None:
            begin = code
        elif not inside and begin is not None:
            found.append(f"{chr(begin)}-{chr(code - 1)}")
            begin = None
    return "".join(found) + "\U000e0100-\U000e01ef"
