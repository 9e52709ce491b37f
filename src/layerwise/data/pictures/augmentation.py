"""`Augmentation`: pictures changed a little, anew in every epoch, in ways that keep their class."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import OptionError

ANGLES = 4
"""Steps from upright to the largest angle: pictures turned alike are turned together."""

AT_ONCE = 4096
"""Pictures that are worked on together."""


@dataclass(frozen=True)
class Augmentation:
    """How much pictures may change.

    Shifts, mirror images and erased squares are those of Krizhevsky, Sutskever & Hinton 2012
    (section 4.1) and DeVries & Taylor 2017, "Improved regularization of convolutional neural
    networks with cutout".

    Attributes
    ----------
    shift : pixels to any side, at most.
    flip : whether half of the pictures are mirrored, left to right: right for things, wrong for
        letters and digits.
    rotation : degrees to either side, at most.
    erase : side of a square that is erased in half of the pictures, as a part of the shorter side;
        0 for none.

    What comes in from outside the picture, and what is erased, has the value `fill` of `apply`.

    Raises
    ------
    OptionError : a number below 0, a square beyond the picture, an angle beyond 180 degrees.
    """

    shift: int = 0
    flip: bool = False
    rotation: float = 0.0
    erase: float = 0.0

    def __post_init__(self) -> None:
        whole = isinstance(self.shift, int | np.integer) and not isinstance(self.shift, bool)
        if not whole or self.shift < 0:
            raise OptionError(
                f"shift: expected a whole number of pixels, 0 or more, got {self.shift!r}"
            )
        for name, most in (("rotation", 180.0), ("erase", 1.0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                raise OptionError(f"{name}: expected a number, got {value!r}")
            if not 0 <= value <= most:
                raise OptionError(f"{name}: expected a number from 0 to {most:g}, got {value!r}")
        if not isinstance(self.flip, bool | np.bool_):
            raise OptionError(f"flip: expected True or False, got {self.flip!r}")

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return bool(self.shift or self.flip or self.rotation or self.erase)

    def apply(
        self,
        pictures: np.ndarray,
        seed: int,
        epoch: int,
        fill: float = 0.0,
        out: np.ndarray | None = None,
    ) -> np.ndarray:
        """The pictures of one epoch; equal seeds and epochs give equal pictures.

        Parameters
        ----------
        pictures : (n, channels, height, width), not changed.
        seed, epoch : what the changes follow from.
        fill : what comes in from outside.
        out : array to write to, of the same shape and dtype.

        Returns
        -------
        `out`, or a new array.
        """
        found = np.empty_like(pictures) if out is None else out
        random = np.random.default_rng([seed & 0xFFFFFFFF, epoch])
        for start in range(0, len(pictures), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            self._change(pictures[part], found[part], random, fill)
        return found

    def _change(
        self, pictures: np.ndarray, found: np.ndarray, random: np.random.Generator, fill: float
    ) -> None:
        count = len(pictures)
        down, across = random.integers(-self.shift, self.shift + 1, (2, count))
        mirrored = random.random(count) < 0.5 if self.flip else np.zeros(count, bool)
        if self.shift or self.flip:
            found[:] = fill if self.shift else 0
            for rows, (dy, dx, mirror) in _groups(down, across, mirrored):
                to, source = _shifted(pictures.shape[2:], int(dy), int(dx))
                seen = pictures[rows][..., ::-1] if mirror else pictures[rows]
                found[(rows, slice(None), *to)] = seen[(slice(None), slice(None), *source)]
        else:
            found[:] = pictures
        if self.rotation:
            steps = random.integers(-ANGLES, ANGLES + 1, count)
            for rows, (step,) in _groups(steps):
                if step:
                    angle = math.radians(self.rotation * int(step) / ANGLES)
                    found[rows] = _turned(found[rows], angle, fill)
        if self.erase:
            self._erase(found, random, fill)

    def _erase(self, found: np.ndarray, random: np.random.Generator, fill: float) -> None:
        count, _, height, width = found.shape
        side = max(1, round(self.erase * min(height, width)))
        # Centres may lie at the rim, so a square may be smaller.
        top = random.integers(0, height, count) - side // 2
        left = random.integers(0, width, count) - side // 2
        chosen = np.less(random.random(count), 0.5)
        y, x = np.arange(height), np.arange(width)
        in_rows: np.ndarray = (y >= top[:, None]) & (y < top[:, None] + side) & chosen[:, None]
        in_columns: np.ndarray = (x >= left[:, None]) & (x < left[:, None] + side)
        square = in_rows[:, :, None] & in_columns[:, None, :]
        np.copyto(found, np.asarray(fill, found.dtype), where=square[:, None])


def _groups(*kinds: np.ndarray) -> Iterator[tuple[np.ndarray, tuple[Any, ...]]]:
    """Rows of equal kinds together: their numbers, and the kinds."""
    table = np.stack([np.asarray(kind, np.int64) for kind in kinds], 1)
    found, place = np.unique(table, axis=0, return_inverse=True)
    order = np.argsort(place.reshape(-1), kind="stable")
    bounds = np.searchsorted(place.reshape(-1)[order], np.arange(len(found) + 1))
    for number, kind in enumerate(found):
        yield order[bounds[number] : bounds[number + 1]], tuple(kind)


def _shifted(
    size: tuple[int, ...], dy: int, dx: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where the pixels go that stay in the picture, and where they come from."""
    to, source = [], []
    for length, by in zip(size, (dy, dx), strict=True):
        by = max(-length, min(length, by))
        to.append(slice(max(by, 0), length + min(by, 0)))
        source.append(slice(max(-by, 0), length - max(by, 0)))
    return (to[0], to[1]), (source[0], source[1])


def _turned(pictures: np.ndarray, angle: float, fill: float) -> np.ndarray:
    """Pictures turned about their centre; new pixels lie between four old ones (bilinear)."""
    height, width = pictures.shape[2:]
    y, x = np.mgrid[:height, :width].astype(np.float64)
    y, x = y - (height - 1) / 2, x - (width - 1) / 2
    cosine, sine = math.cos(angle), math.sin(angle)
    from_y = cosine * y - sine * x + (height - 1) / 2
    from_x = sine * y + cosine * x + (width - 1) / 2
    low_y, low_x = np.floor(from_y).astype(int), np.floor(from_x).astype(int)
    part_y, part_x = from_y - low_y, from_x - low_x
    flat = pictures.reshape(len(pictures), pictures.shape[1], -1)
    total = np.zeros(flat.shape, np.float32)
    for step_y in (0, 1):
        for step_x in (0, 1):
            at_y, at_x = low_y + step_y, low_x + step_x
            inside = (at_y >= 0) & (at_y < height) & (at_x >= 0) & (at_x < width)
            weight = np.where(step_y, part_y, 1 - part_y) * np.where(step_x, part_x, 1 - part_x)
            place = (at_y.clip(0, height - 1) * width + at_x.clip(0, width - 1)).reshape(-1)
            inner = (weight * inside).reshape(-1).astype(np.float32)
            outer = np.float32(fill) * (weight * ~inside).reshape(-1).astype(np.float32)
            total += flat[:, :, place] * inner + outer
    if pictures.dtype.kind in "iu":
        total = np.rint(total)
    return total.reshape(pictures.shape).astype(pictures.dtype)
