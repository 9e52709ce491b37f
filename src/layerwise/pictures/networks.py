"""The networks of the recipe: convolution, patches with attention, and dense layers."""

from __future__ import annotations

import math
from typing import Any

from .. import nn
from ..data.pictures import PictureKind
from ..errors import OptionError, unknown

ARCHITECTURES = ("convolution", "attention", "dense")

WIDEST = 128
"""Channels of the last convolutions, at most."""

SMALLEST_SIDE = 7
"""Pixels of a side below which pictures are not pooled further."""

PATCHES = 7.5
"""About so many patches along the shorter side."""


class PictureTransformer(nn.Module):
    """A small vision transformer: patches, an encoder, and the class from the first token.

    Dosovitskiy et al. 2021, "An image is worth 16x16 words".

    Parameters
    ----------
    shape : (channels, height, width) of the pictures.
    classes : how many.
    patch_size : pixels of a side of a patch.
    features : of each token.
    heads, layers : of the encoder.
    dropout : in the encoder.

    Attributes
    ----------
    patches, encoder, head : the parts, a `PatchEmbedding`, a `TransformerEncoder`, a `Linear`.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        classes: int,
        patch_size: int,
        features: int = 64,
        heads: int = 4,
        layers: int = 3,
        dropout: float = 0.1,
    ) -> None:
        channels, height, width = shape
        self.patches = nn.PatchEmbedding(channels, (height, width), patch_size, features)
        layer = nn.TransformerEncoderLayer(
            features, heads, 2 * features, dropout, "gelu", norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(features))
        self.head = nn.Linear(features, classes)

    def initialise(self, generator: Any) -> None:
        """Nothing: all parameters are the parts'."""

    def forward(self, x: Any) -> Any:
        """(batch, channels, height, width) to (batch, classes)."""
        tokens = self.encoder(self.patches(x))
        return self.head(tokens[:, 0])


def network(
    architecture: Any, kind: PictureKind, outputs: int, dropout: float | None = None
) -> nn.Module:
    """A network for pictures of a kind, with first weights from the seed in force.

    Parameters
    ----------
    architecture : "convolution", "attention" or "dense"; or a function of (channels, height, width)
        and the number of outputs that gives a module.
    kind : of the pictures.
    outputs : numbers that it gives for a picture.
    dropout : None for that of the architecture.

    Raises
    ------
    OptionError : there is no such architecture, or the function gives no module.
    """
    if callable(architecture):
        found = architecture(kind.shape, outputs)
        if not isinstance(found, nn.Module):
            raise OptionError(
                "architecture: expected a function that gives a layerwise.nn.Module, got "
                f"{type(found).__name__} from it"
            )
        return found
    if architecture not in ARCHITECTURES:
        raise unknown("architecture", architecture, ARCHITECTURES)
    if architecture == "convolution":
        return convolution(kind.shape, outputs, 0.25 if dropout is None else dropout)
    if architecture == "dense":
        return dense(kind.shape, outputs, 0.3 if dropout is None else dropout)
    return PictureTransformer(
        kind.shape, outputs, patch_size(kind.size), dropout=0.1 if dropout is None else dropout
    )


def convolution(shape: tuple[int, int, int], outputs: int, dropout: float) -> nn.Sequential:
    """Convolutions of 3 x 3, each followed by a pooling that halves the picture, and two dense.

    The pooling stands before the ReLU: both orders give the same numbers, and this one has a
    quarter of them to bend.
    """
    channels, height, width = shape
    layers: list[nn.Module] = []
    wide = 32
    while True:
        layers.append(nn.Conv2d(channels, wide, 3, padding="same"))
        channels = wide
        if min(height, width) < 2 * SMALLEST_SIDE - 6:
            layers.append(nn.ReLU())
            break
        layers += [nn.MaxPool2d(2), nn.ReLU()]
        height, width, wide = height // 2, width // 2, min(2 * wide, WIDEST)
        if min(height, width) <= SMALLEST_SIDE + 1 and len(layers) >= 6:
            break
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(channels * height * width, 128),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(128, outputs),
    )


def dense(shape: tuple[int, int, int], outputs: int, dropout: float) -> nn.Sequential:
    """Two hidden layers of 512 and 256 units."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(math.prod(shape), 512),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(512, 256),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(256, outputs),
    )


def patch_size(size: tuple[int, int]) -> int:
    """Pixels of a patch's side: 2 or more, for about 7 or 8 patches along the shorter side."""
    least = min(2, *size)
    about = max(least, round(min(size) / PATCHES))
    near = [p for p in (about, about - 1, about + 1) if p >= least]
    return next((p for p in near if not (size[0] % p or size[1] % p)), about)
