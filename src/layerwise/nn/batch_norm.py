"""Batch normalisation, of features and of the channels of pictures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import OptionError
from ..graph import ShapeError, batch_size, maximum, mean, reshape, show, sqrt, square
from .module import Module
from .parameter import Buffer, Parameter
from .picture_layout import channels_first, channels_last, check_pictures
from .trace import Trace, current_trace


class BatchNorm1d(Module):
    """Each feature to mean 0 and variance 1 over the rows, then times a weight plus a bias.

    Ioffe & Szegedy 2015, "Batch normalization", algorithms 1 and 2. Training takes mean and
    variance from the rows of the step and keeps running ones, which evaluation uses.

    Parameters
    ----------
    features : length of the last axis.
    epsilon : added to the variance.
    momentum : how far the running values move towards those of a step.
    dtype : float32 or float64.

    Attributes
    ----------
    weight, bias : (features,); they begin as 1 and 0.
    running_mean, running_var : (features,) buffers; they begin as 0 and 1. The running variance is
        the unbiased one, as in PyTorch.
    num_batches_tracked : int32 buffer of shape ().
    """

    # One row has no variance.
    least_rows = 2

    @property
    def _name(self) -> str:
        return type(self).__name__

    def __init__(
        self,
        features: int,
        epsilon: float = 1e-5,
        momentum: float = 0.1,
        dtype: Any = "float32",
    ) -> None:
        if features < 1:
            raise OptionError(f"{self._name}: expected features of at least 1, got {features}")
        if not 0 <= momentum <= 1:
            raise OptionError(f"{self._name}: expected momentum from 0 to 1, got {momentum!r}")
        self.features, self.epsilon, self.momentum = int(features), float(epsilon), float(momentum)
        self.weight = Parameter(np.ones(self.features, dtype), "weight")
        self.bias = Parameter(np.zeros(self.features, dtype), "bias")
        self.running_mean = Buffer(np.zeros(self.features, dtype), "running_mean")
        self.running_var = Buffer(np.ones(self.features, dtype), "running_var")
        self.num_batches_tracked = Buffer(np.zeros((), np.int32), "num_batches_tracked")

    def initialise(self, generator: np.random.Generator) -> None:
        """Set weight and bias to 1 and 0, and forget the running values."""
        self.weight.value = self.running_var.value = np.ones(self.features)
        self.bias.value = self.running_mean.value = np.zeros(self.features)
        self.num_batches_tracked.value = np.zeros(())

    def forward(self, x: Any) -> Any:
        """(batch, features) to the same shape."""
        if len(x.shape) != 2 or x.shape[1] != self.features:
            raise ShapeError(
                f"expected shape (batch, {self.features}), got {show(x.shape)}; give BatchNorm1d "
                "the size of the layer before it, and two axes"
            )
        return self._normalised(x, (0,))

    def _normalised(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Normalise over all axes but the last, which are `axes`."""
        trace = current_trace()
        if trace is not None and trace.training:
            centre = mean(x, axes, keepdims=True)
            variance = mean(square(x - centre), axes, keepdims=True)
            each = math.prod(d for d in x.shape[1:-1] if isinstance(d, int))
            shape = (self.features,)
            self._track(trace, reshape(centre, shape), reshape(variance, shape), each)
        else:
            centre, variance = self.running_mean.tensor, self.running_var.tensor
        return (x - centre) / sqrt(variance + self.epsilon) * self.weight + self.bias

    def _track(self, trace: Trace, centre: Any, variance: Any, each: int) -> None:
        rows = batch_size(variance.dtype) * float(each)
        unbiased = variance * (rows / maximum(rows - 1.0, 1.0))
        for buffer, seen in ((self.running_mean, centre), (self.running_var, unbiased)):
            trace.update(buffer, buffer.tensor * (1 - self.momentum) + seen * self.momentum)
        trace.update(self.num_batches_tracked, self.num_batches_tracked.tensor + 1)

    def extra_repr(self) -> str:
        """Size, epsilon and momentum."""
        return f"{self.features}, epsilon={self.epsilon:g}, momentum={self.momentum:g}"


class BatchNorm2d(BatchNorm1d):
    """Each channel of pictures to mean 0 and variance 1 over rows and pixels.

    Otherwise as `BatchNorm1d`: same options, same parameters and buffers.

    Parameters
    ----------
    features : channels.
    epsilon : added to the variance.
    momentum : how far the running values move towards those of a step.
    dtype : float32 or float64.
    """

    # One row has many pixels.
    least_rows = 1

    def forward(self, x: Any) -> Any:
        """(batch, features, height, width) to the same shape."""
        check_pictures(x, self.features)
        return channels_first(self._normalised(channels_last(x), (0, 1, 2)))
