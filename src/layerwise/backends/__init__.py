"""How a program runs: `get("native")` or `get("reference")`, which keep one contract."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import cast

from ..compiler.program import Backend

NAMES = ("native", "reference")
DEFAULT = "native"

_chosen: ContextVar[str] = ContextVar("layerwise_backend", default=DEFAULT)


def get(name: str | None = None) -> Backend:
    """The backend of a name (the chosen one when None); imported when first asked for."""
    name = name or _chosen.get()
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ValueError(f"expected one of {', '.join(NAMES)} as backend, got '{name}'{hint}")
    # A module is its backend: it has `name` and `compile`.
    return cast(Backend, importlib.import_module(f"{__name__}.{name}"))


@contextmanager
def using(name: str) -> Iterator[Backend]:
    """Make a backend the one that is used inside where none is named."""
    backend = get(name)
    token = _chosen.set(name)
    try:
        yield backend
    finally:
        _chosen.reset(token)
