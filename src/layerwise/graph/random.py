"""Random bits from a counter: the same on every backend, thread count and batch size.

The bits of an element depend on the seed, the step, the site (which dropout in the network) and
the element's position in its row and batch, through Threefry-2x32 (Salmon, Moraes, Dror & Shaw
2011, "Parallel random numbers: as easy as 1, 2, 3"). There is no generator state to carry.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from . import dtypes
from .dimension import Shape, ShapeError
from .elementwise import cast, minimum
from .primitive import Primitive, apply, primitive
from .tensor import Tensor
from .threefry import threefry2x32


@primitive
class RandomBits(Primitive):
    """32 random bits (uint32) for each element, from the scalars `seed` and `step` (uint32).

    Element number i (row-major) gets the first word of Threefry-2x32 with the key (seed, site)
    and the counter (step, i).
    """

    site: int
    shape: Shape
    differentiable = False

    def infer(self, *inputs):
        for x in inputs:
            if x.dtype != dtypes.uint32 or x.shape != ():
                raise ShapeError("random bits: expected uint32 scalars as seed and step")
        return self.shape, dtypes.uint32

    def evaluate(self, out, *arrays):
        seed, step = arrays
        index = np.arange(int(np.prod(out.shape)), dtype=np.uint32)
        site = np.full_like(index, self.site)
        bits, _ = threefry2x32(np.broadcast_to(seed, index.shape), site,
                               np.broadcast_to(step, index.shape), index)  # fmt: skip
        return bits.reshape(out.shape)


def random_bits(seed: Tensor, step: Tensor, site: str | int, shape: Any) -> Tensor:
    """Random uint32 of a shape; `site` tells apart the places that draw in one step."""
    number = zlib.crc32(site.encode()) if isinstance(site, str) else site
    return apply(RandomBits(number, tuple(shape)), seed, step)


def uniform(
    seed: Tensor, step: Tensor, site: str | int, shape: Any, dtype: Any = "float32"
) -> Tensor:
    """Random numbers from [0, 1)."""
    bits = cast(random_bits(seed, step, site, shape), dtype)
    below_one = float(np.nextafter(np.asarray(1, dtype), np.asarray(0, dtype)))
    return minimum(bits * 2.0**-32, below_one)
