"""Pictures as sequences: cut into patches, each of which becomes a vector."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import OptionError
from ..graph import (  # fmt: skip
    ShapeError,
    broadcast_to,
    concatenate,
    dtypes,
    matmul,
    pad,
    reshape,
    show,
    transpose,
)
from .initialisation import current_generator, kaiming_uniform, normal
from .module import Module
from .parameter import Parameter
from .picture_layout import Pair, check_pictures, pair

POSITION_DEVIATION = 0.5
"""Of first positions. Beside patches of deviation 1 the usual 0.02 is hardly seen, and a short
training ends before places are told apart: 71% in place of 75% after 6 epochs of 6,000 pictures of
Fashion-MNIST."""


class PatchEmbedding(Module):
    """Patches of a picture, each with a dense layer to a vector, and where it lies added to it.

    Dosovitskiy et al. 2021, "An image is worth 16x16 words", equation 1. It is a convolution whose
    stride is its kernel, and the weight has that layout, so that those of vision transformers in
    PyTorch fit. A picture whose size is no multiple of the patch gets zeros below and to the right.

    Parameters
    ----------
    in_channels : of the pictures.
    picture_size : pixels: one number, or (height, width).
    patch_size : likewise.
    embedding_dim : features of a patch's vector.
    class_token : whether a learned vector is put before the patches, which can gather from them
        what a classifier needs.
    position : whether a learned vector is added to each place.
    dtype : float32 or float64.

    Attributes
    ----------
    weight : (embedding_dim, in_channels, patch height, patch width).
    bias : (embedding_dim,).
    class_token : (1, 1, embedding_dim), or None.
    position : (1, tokens, embedding_dim), or None.
    grid : patches (down, across).

    Raises
    ------
    OptionError : a size below 1, or patches larger than the picture.
    """

    def __init__(
        self,
        in_channels: int,
        picture_size: int | Pair,
        patch_size: int | Pair,
        embedding_dim: int,
        class_token: bool = True,
        position: bool = True,
        dtype: Any = "float32",
    ) -> None:
        for name, size in (("in_channels", in_channels), ("embedding_dim", embedding_dim)):
            if size < 1:
                raise OptionError(f"PatchEmbedding: expected {name} of at least 1, got {size}")
        self.in_channels, self.embedding_dim = int(in_channels), int(embedding_dim)
        self.picture_size = pair("PatchEmbedding", "picture_size", picture_size)
        self.patch_size = pair("PatchEmbedding", "patch_size", patch_size)
        if any(p > s for p, s in zip(self.patch_size, self.picture_size, strict=True)):
            raise OptionError(
                f"PatchEmbedding: patches of {self.patch_size} pixels do not fit pictures of "
                f"{self.picture_size}; choose smaller patches"
            )
        down, across = (-(-s // p) for s, p in zip(self.picture_size, self.patch_size, strict=True))
        self.grid: Pair = (down, across)
        shape = (self.embedding_dim, self.in_channels, *self.patch_size)
        self.weight = Parameter(np.zeros(shape, dtype), "weight")
        self.bias = Parameter(np.zeros(self.embedding_dim, dtype), "bias")
        first = (1, 1, self.embedding_dim)
        self.class_token = Parameter(np.zeros(first, dtype), "class_token") if class_token else None
        places = (1, self.tokens, self.embedding_dim)
        self.position = Parameter(np.zeros(places, dtype), "position") if position else None
        self.initialise(current_generator())

    @property
    def tokens(self) -> int:
        """Vectors of a picture: its patches, and the class token."""
        return math.prod(self.grid) + (self.class_token is not None)

    def initialise(self, generator: np.random.Generator) -> None:
        """Draw weight, class token and positions; the bias begins as 0."""
        self.weight.value = kaiming_uniform(self.weight.shape, generator, gain=1.0)
        self.bias.value = np.zeros(self.bias.shape)
        for held in (self.class_token, self.position):
            if held is not None:
                held.value = normal(held.shape, generator, deviation=POSITION_DEVIATION)

    def forward(self, x: Any) -> Any:
        """(batch, in_channels, height, width) to (batch, tokens, embedding_dim)."""
        check_pictures(x, self.in_channels)
        if tuple(x.shape[2:]) != self.picture_size:
            raise ShapeError(
                f"expected pictures of {self.picture_size[0]} x {self.picture_size[1]} pixels, "
                f"got shape {show(x.shape)}; resize them"
            )
        if x.dtype != self.weight.dtype:
            raise dtypes.DTypeError(
                f"PatchEmbedding: expected {self.weight.dtype} pixels, got {x.dtype}; convert them "
                f"with .astype('{self.weight.dtype}'), and bring them to about -1..1"
            )
        (down, across), (high, wide) = self.grid, self.patch_size
        rest = (down * high - x.shape[2], across * wide - x.shape[3])
        if any(rest):
            x = pad(x, ((0, 0), (0, 0), (0, rest[0]), (0, rest[1])))
        rows, channels = x.shape[0], self.in_channels
        cut = reshape(x, (rows, channels, down, high, across, wide))
        patches = reshape(
            transpose(cut, (0, 2, 4, 1, 3, 5)), (rows, down * across, channels * high * wide)
        )
        matrix = reshape(self.weight.tensor, (self.embedding_dim, channels * high * wide))
        found = matmul(patches, transpose(matrix)) + self.bias
        if self.class_token is not None:
            first = broadcast_to(self.class_token.tensor, (rows, 1, self.embedding_dim))
            found = concatenate([first, found], 1)
        return found if self.position is None else found + self.position

    def extra_repr(self) -> str:
        """Sizes."""
        shown = (
            f"{self.in_channels}, {self.embedding_dim}, picture={self.picture_size}, "
            f"patch={self.patch_size}"
        )
        return shown + ("" if self.class_token is not None else ", class_token=False")
