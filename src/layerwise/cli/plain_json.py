"""`--json`: one object that every reader of JSON takes."""

from __future__ import annotations

import json
import math
from typing import Any

from .screen import can_show


def print_json(facts: Any) -> None:
    """Print plain data as JSON; what is not a number, or infinite, is null, as JSON has no word."""
    text = json.dumps(_finite(facts), ensure_ascii=False, allow_nan=False)
    print(text if can_show(text) else json.dumps(_finite(facts), allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


__all__ = ["print_json"]
