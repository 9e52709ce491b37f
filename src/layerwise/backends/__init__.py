"""How a program runs. `get("native")` or `get("reference")`; both keep the contract of `Backend`."""

from __future__ import annotations

import difflib
import importlib
from typing import cast

from ..compiler.program import Backend

NAMES = ("native", "reference")
DEFAULT = "native"


def get(name: str | None = None) -> Backend:
    """The backend of a name (the default when None); imported when first asked for."""
    name = name or DEFAULT
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ValueError(f"expected one of {', '.join(NAMES)} as backend, got '{name}'{hint}")
    # A module is its backend: it has `name` and `compile`.
    return cast(Backend, importlib.import_module(f"{__name__}.{name}"))
