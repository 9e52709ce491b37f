"""Whether a column's name says that it identifies rows."""

from __future__ import annotations

import re

_ANYWHERE = frozenset(("id", "ids", "uuid", "guid", "rowid", "rownum", "isbn", "ssn"))
_LAST = frozenset(
    ("key", "number", "no", "nr", "num", "code", "ref", "reference", "serial", "identifier", "idx")
)
_WHOLE = frozenset(("index", "row", "rows", "row index"))
_JOINED = re.compile(
    r"(user|customer|client|order|item|product|patient|person|passenger|player|account|member"
    r"|employee|student|case|record|object|row|sample|transaction|session|device|loan|house)id$"
)


def names_identifier(name: str) -> bool:
    """Whether a column is named like one of identifiers: id, customer_id, PassengerId, zip code.

    `number_of_rooms` and `humid` are not: what counts is the last word, and 'id' only as a word.
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = re.findall(r"[a-z]+", apart.lower())
    if not words:
        return False
    if words[0] == "unnamed" and len(words) == 1:
        return True  # pandas' index, which has no name in a file
    if " ".join(words) in _WHOLE or words[-1] in _LAST:
        return True
    return any(word in _ANYWHERE or _JOINED.fullmatch(word) for word in words)
