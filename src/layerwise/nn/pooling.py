"""Pooling: pictures made smaller, or one number for each of their channels."""

from __future__ import annotations

from typing import Any

from ..errors import OptionError
from ..graph import ShapeError, constant, max_windows, mean, pad, reshape, show, where
from .module import Module
from .picture_layout import Pair, channels_first, channels_last, check_pictures, pair


class _Pooling(Module):
    """Windows of pixels, channel by channel."""

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
    ) -> None:
        name = type(self).__name__
        self.kernel_size = pair(name, "kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else pair(name, "stride", stride)
        self.padding = pair(name, "padding", padding, least=0)
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise OptionError(
                f"{name}: expected padding of at most half of kernel_size {self.kernel_size}, so "
                f"that every window has a pixel, got {self.padding}"
            )

    def forward(self, x: Any) -> Any:
        """(batch, channels, height, width) to (batch, channels, height', width')."""
        check_pictures(x)
        for axis in (0, 1):
            if x.shape[2 + axis] + 2 * self.padding[axis] < self.kernel_size[axis]:
                raise ShapeError(
                    f"windows of {self.kernel_size[0]} x {self.kernel_size[1]} pixels do not fit "
                    f"pictures of shape {show(x.shape)}; pool less often, or feed larger pictures"
                )
        return channels_first(self._pool(channels_last(x)))

    def _pool(self, pixels: Any) -> Any:
        raise NotImplementedError

    def _widths(self) -> list[tuple[int, int]]:
        down, across = self.padding
        return [(0, 0), (down, down), (across, across), (0, 0)]

    def extra_repr(self) -> str:
        """Size, stride and padding."""
        shown = f"{self.kernel_size}"
        if self.stride != self.kernel_size:
            shown += f", stride={self.stride}"
        return shown + (f", padding={self.padding}" if any(self.padding) else "")


class MaxPool2d(_Pooling):
    """The largest pixel of each window; of equal ones the first takes the gradient.

    Parameters
    ----------
    kernel_size : pixels of a window: one number, or (down, across).
    stride : from one window to the next; kernel_size by default, so that they lie side by side.
    padding : pixels around the picture that are never the largest.
    """

    def _pool(self, pixels: Any) -> Any:
        if any(self.padding):
            inside = pad(_ones(pixels), self._widths())
            pixels = where(inside > 0.5, pad(pixels, self._widths()), float("-inf"))
        return max_windows(pixels, self.kernel_size, self.stride)


class AvgPool2d(_Pooling):
    """The mean of each window; padding counts as zeros, as it does in PyTorch.

    Parameters
    ----------
    kernel_size : pixels of a window: one number, or (down, across).
    stride : from one window to the next; kernel_size by default, so that they lie side by side.
    padding : zeros around the picture.
    """

    def _pool(self, pixels: Any) -> Any:
        if any(self.padding):
            pixels = pad(pixels, self._widths())
        batch, height, width, channels = pixels.shape
        down, across = self.kernel_size
        if self.stride == self.kernel_size:
            rows, columns = height // down, width // across
            pixels = pixels[:, : rows * down, : columns * across]
            return mean(reshape(pixels, (batch, rows, down, columns, across, channels)), (2, 4))
        rows, columns = (
            (length - size) // stride + 1
            for length, size, stride in zip(
                (height, width), self.kernel_size, self.stride, strict=True
            )
        )
        total: Any = None
        for i in range(down):
            for j in range(across):
                below, beside = i + (rows - 1) * self.stride[0], j + (columns - 1) * self.stride[1]
                part = pixels[:, i : below + 1 : self.stride[0], j : beside + 1 : self.stride[1]]
                total = part if total is None else total + part
        return total / (down * across)


class GlobalAvgPool2d(Module):
    """The mean over each channel's pixels: (batch, channels, height, width) to (batch, channels).

    Lin, Chen & Yan 2014, "Network in network". PyTorch's ``AdaptiveAvgPool2d(1)`` and ``Flatten``.
    """

    def forward(self, x: Any) -> Any:
        """One number for each channel."""
        check_pictures(x)
        return mean(channels_last(x), (1, 2))


def _ones(pixels: Any) -> Any:
    from ..graph import broadcast_to

    return broadcast_to(constant(1.0, pixels.dtype), (1, *pixels.shape[1:3], 1))
