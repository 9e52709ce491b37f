"""Tuples within tuples, and dicts, of tensors or arrays: what stands in them, and in what form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def leaves(value: Any) -> Iterator[Any]:
    """Everything that stands in tuples, lists and dicts, in order."""
    if isinstance(value, tuple | list):
        for part in value:
            yield from leaves(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from leaves(part)
    else:
        yield value


def rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same tuples, lists and dicts, with `change` applied to what stands in them."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(rebuilt(part, change) for part in value))
    if isinstance(value, tuple | list):
        return type(value)(rebuilt(part, change) for part in value)
    if isinstance(value, dict):
        return {name: rebuilt(part, change) for name, part in value.items()}
    return change(value)
