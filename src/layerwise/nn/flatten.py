"""Flattening images and the like to rows of values."""

from __future__ import annotations

import math
from typing import Any

from ..graph import ShapeError, reshape, show
from .module import Module


class Flatten(Module):
    """(batch, a, b, ...) to (batch, a * b * ...)."""

    def forward(self, x: Any) -> Any:
        """The same elements, one row for each row."""
        if not x.shape:
            raise ShapeError(f"expected shape (batch, ...), got {show(x.shape)}")
        return reshape(x, (x.shape[0], math.prod(x.shape[1:])))
