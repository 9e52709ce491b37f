"""Dates and times in text files: which forms are understood, and what they mean.

Understood are ISO 8601 (2024-03-01, 2024/03/01, 2024-03-01 12:30:05.25, with Z or +02:00) and, with
slashes, points or dashes, day and month in front of the year. Which of those two comes first is
known only from a column in which one of them exceeds 12 somewhere.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

DateForm = Literal["iso", "day first", "month first"]

_TIME = (
    r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<zone>Z|[+-][0-9]{2}:?(?:[0-9]{2})?)?)?$"
)
_YEAR_FIRST = r"^(?P<year>[0-9]{4})[-/](?P<first>[0-9]{2})[-/](?P<second_part>[0-9]{2})" + _TIME
_YEAR_LAST = (
    r"^(?P<first>[0-9]{1,2})[-/.](?P<second_part>[0-9]{1,2})[-/.](?P<year>[0-9]{4})"
    + _TIME.replace("{2}):", "{1,2}):", 1)
)


def parse_dates(words: Any, form: DateForm) -> np.ndarray:
    """Dates in text, in UTC where a zone is given.

    Parameters
    ----------
    words : an Arrow array of strings.
    form : which form they have.

    Returns
    -------
    datetime64[us] of shape (n,): NaT where the text has not that form, or is no day of a calendar.
    """
    import pyarrow.compute as pc

    found = np.full(len(words), np.datetime64("NaT", "us"))
    parts = pc.extract_regex(words, _YEAR_FIRST if form == "iso" else _YEAR_LAST)
    matched = np.flatnonzero(parts.is_valid().to_numpy(zero_copy_only=False))
    if not len(matched):
        return found
    parts = parts.take(matched)

    def number(name: str) -> np.ndarray:
        texts = pc.struct_field(parts, name)
        texts = pc.if_else(pc.equal(texts, ""), "0", texts)
        return texts.cast("int64").to_numpy(zero_copy_only=False)

    month, day = number("first"), number("second_part")
    if form == "day first":
        month, day = day, month
    year, hour, minute, second = (number(n) for n in ("year", "hour", "minute", "second"))
    valid = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    valid &= (hour < 24) & (minute < 60) & (second < 60)
    first = ((year - 1970) * 12 + np.where(valid, month, 1) - 1).astype("datetime64[M]")
    length = (first + 1).astype("datetime64[D]") - first.astype("datetime64[D]")
    valid &= day <= length.astype(np.int64)
    fraction = pc.utf8_slice_codeunits(
        pc.utf8_rpad(pc.struct_field(parts, "fraction"), 6, "0"), 0, 6
    )
    micro = fraction.cast("int64").to_numpy(zero_copy_only=False)
    minutes = hour * 60 + minute - _offsets(pc.struct_field(parts, "zone"))
    since = (minutes * 60 + second) * 1_000_000 + micro
    days = first.astype("datetime64[D]") + (day - 1)
    instants = days.astype("datetime64[us]") + since.astype("timedelta64[us]")
    found[matched[valid]] = instants[valid]
    return found


def _offsets(zones: Any) -> np.ndarray:
    """Minutes by which each zone is ahead of UTC: +02:00, +0200, +02, Z or nothing."""
    encoded = zones.dictionary_encode()
    minutes = []
    for zone in encoded.dictionary.to_pylist():
        digits = (zone or "").lstrip("Z+-").replace(":", "").ljust(4, "0")
        ahead = int(digits[:2]) * 60 + int(digits[2:])
        minutes.append(-ahead if zone.startswith("-") else ahead)
    return np.array(minutes, np.int64)[encoded.indices.to_numpy(zero_copy_only=False)]
