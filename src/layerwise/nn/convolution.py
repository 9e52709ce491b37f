"""Convolution of pictures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import OptionError
from ..graph import convolve, dtypes, matmul, transpose
from .initialisation import Initialiser, current_generator, initialiser, uniform
from .module import Module
from .parameter import Parameter
from .picture_layout import Pair, channels_first, channels_last, check_pictures, pair


class Conv2d(Module):
    """Small patterns looked for at every place of a picture.

    LeCun et al. 1989, "Backpropagation applied to handwritten zip code recognition". As everywhere
    in deep learning it is a cross-correlation: the kernel is not flipped.

    Parameters
    ----------
    in_channels, out_channels : channels of the pictures, and number of patterns.
    kernel_size : pixels of a pattern: one number, or (down, across).
    stride : pixels from one place to the next; likewise.
    padding : zeros around the picture; likewise, or ``"same"``, which keeps its size (only for a
        stride of 1; of an odd number of zeros the larger half is below and to the right).
    dilation : pixels from one tap of a pattern to the next.
    bias : whether each pattern has a number that is added.
    weight_init : name or function of an initialiser; `kaiming_uniform` by default.
    bias_init : likewise; by default uniform within 1/sqrt(fan-in).
    dtype : float32 or float64.

    Attributes
    ----------
    weight : (out_channels, in_channels, kernel height, kernel width), as in PyTorch.
    bias : (out_channels,), or None.

    Raises
    ------
    OptionError : a size below 1, or ``"same"`` with a stride.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair | str = 0,
        dilation: int | Pair = 1,
        bias: bool = True,
        weight_init: str | Initialiser = "kaiming_uniform",
        bias_init: str | Initialiser | None = None,
        dtype: Any = "float32",
    ) -> None:
        for name, size in (("in_channels", in_channels), ("out_channels", out_channels)):
            if size < 1:
                raise OptionError(f"Conv2d: expected {name} of at least 1, got {size}")
        self.in_channels, self.out_channels = int(in_channels), int(out_channels)
        self.kernel_size = pair("Conv2d", "kernel_size", kernel_size)
        self.stride = pair("Conv2d", "stride", stride)
        self.dilation = pair("Conv2d", "dilation", dilation)
        self.padding: Pair | str = (
            _same(padding, self.stride)
            if isinstance(padding, str)
            else pair("Conv2d", "padding", padding, least=0)
        )
        self.weight_init = initialiser(weight_init)
        self.bias_init = None if bias_init is None else initialiser(bias_init)
        shape = (self.out_channels, self.in_channels, *self.kernel_size)
        self.weight = Parameter(np.zeros(shape, dtype), "weight")
        self.bias = Parameter(np.zeros(self.out_channels, dtype), "bias") if bias else None
        self.initialise(current_generator())

    def initialise(self, generator: np.random.Generator) -> None:
        """Draw weight and bias."""
        self.weight.value = self.weight_init(self.weight.shape, generator)
        if self.bias is None:
            return
        if self.bias_init is not None:
            self.bias.value = self.bias_init(self.bias.shape, generator)
        else:
            bound = 1 / math.sqrt(self.in_channels * math.prod(self.kernel_size))
            self.bias.value = uniform(self.bias.shape, generator, -bound, bound)

    def forward(self, x: Any) -> Any:
        """(batch, in_channels, height, width) to (batch, out_channels, height', width')."""
        check_pictures(x, self.in_channels)
        if x.dtype != self.weight.dtype:
            raise dtypes.DTypeError(
                f"Conv2d: expected {self.weight.dtype} pixels, got {x.dtype}; convert them with "
                f".astype('{self.weight.dtype}'), and bring them to about -1..1"
            )
        pixels = channels_last(x)
        around = self._around()
        single = self.kernel_size == self.stride == (1, 1) and around == ((0, 0), (0, 0))
        if single:
            # One pixel at a time is a dense layer for each of them.
            matrix = self.weight.tensor[:, :, 0, 0]
            y = matmul(pixels, transpose(matrix))
        else:
            kernel = transpose(self.weight.tensor, (2, 3, 1, 0))
            y = convolve(pixels, kernel, self.stride, around, self.dilation)
        return channels_first(y if self.bias is None else y + self.bias)

    def _around(self) -> tuple[Pair, Pair]:
        if isinstance(self.padding, str):
            both = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            above, left = (n // 2 for n in both)
            return (above, both[0] - above), (left, both[1] - left)
        down, across = self.padding
        return (down, down), (across, across)

    def extra_repr(self) -> str:
        """Sizes."""
        shown = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"]
        for name, usual in (("stride", (1, 1)), ("padding", (0, 0)), ("dilation", (1, 1))):
            if getattr(self, name) != usual:
                shown.append(f"{name}={getattr(self, name)!r}")
        return ", ".join(shown) + ("" if self.bias is not None else ", bias=False")


def _same(padding: str, stride: Pair) -> str:
    if padding != "same":
        raise OptionError(
            f"Conv2d: expected padding as a number, a pair or 'same', got {padding!r}"
        )
    if stride != (1, 1):
        raise OptionError(
            "Conv2d: padding='same' keeps the picture's size, which a stride of "
            f"{stride} cannot; give the padding as a number"
        )
    return padding
