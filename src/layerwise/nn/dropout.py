"""Dropout."""

from __future__ import annotations

from typing import Any

from ..errors import OptionError
from ..graph import constant, dtypes, greater_equal, where, zeros_like
from .module import Module
from .trace import current_trace


class Dropout(Module):
    """In training, each value becomes 0 with probability p, else it grows by 1 / (1 - p).

    Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
    The mean stays as it is, so evaluation needs no change and has none. The mask is a function of
    seed, step, place in the net and element.

    Parameters
    ----------
    p : from 0 (nothing happens) to below 1.
    """

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p < 1:
            raise OptionError(f"Dropout: expected p from 0 to below 1, got {p!r}")
        self.p = float(p)

    def forward(self, x: Any) -> Any:
        """(batch, ...) to the same shape."""
        trace = current_trace()
        if trace is None or not trace.training or self.p == 0:
            return x
        # Bits below p * 2^32 drop: a comparison of integers, exact to 2^-32.
        threshold = constant(min(round(self.p * 2**32), 2**32 - 1), dtypes.uint32)
        kept = greater_equal(trace.random_bits(x.shape), threshold)
        return where(kept, x * (1 / (1 - self.p)), zeros_like(x))

    def extra_repr(self) -> str:
        """The probability."""
        return f"{self.p:g}"
