"""A module in another floating-point type than the one that it was made in."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from ..nn import Module

AnyModule = TypeVar("AnyModule", bound=Module)


def in_dtype(module: AnyModule, dtype: str) -> AnyModule:
    """Turn all parameters and buffers of a module that nothing has used yet into a dtype.

    Parameters
    ----------
    dtype : float32 or float64.
    """
    for _, held in module.named_held():
        if held.dtype.kind == "f":
            held.__init__(held.value.astype(np.dtype(dtype)), held.name)  # type: ignore[misc]
    return module
