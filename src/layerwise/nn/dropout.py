"""Dropout, of single values and of whole channels of pictures."""

from __future__ import annotations

from typing import Any

from ..errors import OptionError
from ..graph import constant, dtypes, greater_equal, where, zeros_like
from .module import Module
from .picture_layout import channels_first, channels_last, check_pictures
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
        kept = self._kept(x.shape)
        return x if kept is None else where(kept, x * (1 / (1 - self.p)), zeros_like(x))

    def _kept(self, shape: Any) -> Any:
        """Which values stay, drawn anew in each step; None where all do."""
        trace = current_trace()
        if trace is None or not trace.training or self.p == 0:
            return None
        # Bits below p * 2^32 drop: a comparison of integers, exact to 2^-32.
        threshold = constant(min(round(self.p * 2**32), 2**32 - 1), dtypes.uint32)
        return greater_equal(trace.random_bits(shape), threshold)

    def extra_repr(self) -> str:
        """The probability."""
        return f"{self.p:g}"


class Dropout2d(Dropout):
    """In training, each channel of a picture becomes 0 with probability p, else grows likewise.

    Tompson et al. 2015, "Efficient object localization using convolutional networks": neighbouring
    pixels of a channel say much the same, so dropping single ones would drop nothing.

    Parameters
    ----------
    p : from 0 (nothing happens) to below 1.
    """

    def forward(self, x: Any) -> Any:
        """(batch, channels, height, width) to the same shape."""
        check_pictures(x)
        pixels = channels_last(x)
        kept = self._kept((x.shape[0], 1, 1, x.shape[1]))
        if kept is None:
            return x
        return channels_first(where(kept, pixels * (1 / (1 - self.p)), zeros_like(pixels)))
