"""Checks of what stands in a model file: it may come from anyone, so nothing is taken on trust."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ...errors import ModelFileError

MOST_WORDS = 1_000_000
"""Entries of a list; a longer one is an accident or an attack."""


def damaged(what: str) -> ModelFileError:
    """An error that says what is wrong and what to do."""
    return ModelFileError(
        f"the description of the columns in the file is damaged: {what}; take a fresh copy, or "
        "train and save again"
    )


def short(value: Any) -> str:
    """A value for a message, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def read_object(value: Any, what: str, keys: Iterable[str]) -> dict[str, Any]:
    """A JSON object with exactly these keys."""
    expected = set(keys)
    if not isinstance(value, dict) or set(value) != expected:
        got = sorted(map(str, value)) if isinstance(value, dict) else short(value)
        raise damaged(f"expected {what} with {', '.join(sorted(expected))}, got {short(got)}")
    return value


def read_list(value: Any, what: str) -> list[Any]:
    """A JSON list of a sane length."""
    if not isinstance(value, list) or len(value) > MOST_WORDS:
        raise damaged(f"expected a list as {what}, got {short(value)}")
    return value


def read_words(value: Any, what: str) -> tuple[str, ...]:
    """A list of different texts."""
    words = read_list(value, what)
    if not all(isinstance(word, str) for word in words) or len(set(words)) != len(words):
        raise damaged(f"expected different texts as {what}, got {short(value)}")
    return tuple(words)


def read_text(value: Any, what: str) -> str:
    """A text."""
    if not isinstance(value, str):
        raise damaged(f"expected a text as {what}, got {short(value)}")
    return value


def read_choice(value: Any, what: str, known: Iterable[str | None]) -> Any:
    """One of the values that exist."""
    choices = list(known)
    if not (value is None or isinstance(value, str)) or value not in choices:
        raise damaged(f"expected one of {choices} as {what}, got {short(value)}")
    return value


def read_flag(value: Any, what: str) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise damaged(f"expected true or false as {what}, got {short(value)}")
    return value


def read_whole(value: Any, what: str, least: int, most: int) -> int:
    """A whole number within limits."""
    if type(value) is not int or not least <= value <= most:
        raise damaged(
            f"expected a whole number from {least} to {most} as {what}, got {value!r:.60}"
        )
    return value


def read_number(value: Any, what: str) -> float:
    """A finite number."""
    if type(value) is not float and type(value) is not int:
        raise damaged(f"expected a number as {what}, got {short(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise damaged(f"expected a finite number as {what}, got {short(value)}")
    return number


def read_array(
    tensors: Mapping[str, Any], name: str, dtype: Any, shape: tuple[int, ...]
) -> np.ndarray:
    """A tensor of this dtype and shape, all finite."""
    array = tensors.get(name)
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != shape:
        got = (
            f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else "nothing"
        )
        raise damaged(f"expected '{name}' as {np.dtype(dtype)} of shape {shape}, got {got}")
    if not np.isfinite(array).all():
        raise damaged(f"'{name}' holds a value that is not finite")
    return array
