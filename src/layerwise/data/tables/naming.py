"""What is said of column names: unknown ones, with the nearest that exists, and repeated ones."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence

from ...errors import DataError

SHOWN = 12
"""How many names a message lists before it says how many more there are."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like another, whatever the case of its letters; None if none is."""
    by_lower = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), list(by_lower), 1)
    return by_lower[near[0]] if near else None


def listed(names: Sequence[str]) -> str:
    """Names in one line, not too many of them."""
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"


def no_column(name: str, known: Sequence[str], source: str = "") -> DataError:
    """Describe a column that does not exist, with the nearest that does."""
    near = nearest(str(name), known)
    hint = f" (did you mean '{near}'?)" if near is not None else ""
    where = f"{source}: " if source else ""
    if not known:
        return DataError(f"{where}there is no column '{name}': the table has no columns")
    return DataError(f"{where}there is no column '{name}'{hint}; the columns are {listed(known)}")


def check_unique(names: Sequence[str], source: str = "") -> None:
    """Refuse names that occur more than once.

    Raises
    ------
    DataError : it names the repeated ones and where the first of them stands.
    """
    if len(set(names)) == len(names):
        return
    repeated = [name for name, count in Counter(names).items() if count > 1]
    places = [str(place) for place, name in enumerate(names, start=1) if name == repeated[0]]
    others = f" (and {listed(repeated[1:])})" if repeated[1:] else ""
    where = f"{source}: " if source else ""
    raise DataError(
        f"{where}the columns {', '.join(places)} are all named '{repeated[0]}'{others}; "
        "expected each name once: rename them"
    )
