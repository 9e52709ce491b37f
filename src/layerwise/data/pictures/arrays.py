"""Arrays that may be pictures, in whatever order of axes, as (n, channels, height, width)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import DataError

MODES = {"grey": 1, "colour": 3}
"""Channels of each mode."""

# ITU-R BT.601, as Pillow has them: what each colour adds to how bright a pixel seems.
BRIGHTNESS = np.array([0.299, 0.587, 0.114])


def as_pictures(given: Any) -> np.ndarray:
    """Pictures of one size as uint8 or float32 (n, channels, height, width); 1 or 3 channels.

    Parameters
    ----------
    given : (n, height, width), (n, height, width, channels) or (n, channels, height, width): bytes,
        whole numbers from 0 to 255, bools, or floats. Of four axes, one of length 1, 3 or 4 that is
        last or second holds the channels; the last, if both could. A fourth channel is opacity,
        and what lies behind is white.

    Returns
    -------
    uint8 for bytes and whole numbers, float32 for floats; bools become 0 and 255.

    Raises
    ------
    DataError : other axes, no pictures, numbers that are no pixels (NaN, infinite, beyond bytes).
    """
    if isinstance(given, np.ndarray):
        array = given
    else:
        try:
            array = np.asarray(given)
        except ValueError:
            raise DataError(
                "expected pictures of one size in one array, got pictures of different sizes; "
                "resize them, or give their files, which are resized"
            ) from None
    array = _with_channels(array)
    if not array.size:
        raise DataError(f"expected pictures, got an empty array of shape {array.shape}")
    array = _pixels(array)
    if array.shape[1] in (2, 4):
        array = _over_white(array)
    return np.ascontiguousarray(array)


def _with_channels(array: np.ndarray) -> np.ndarray:
    shape = array.shape
    if array.ndim == 3:
        return array[:, None]
    if array.ndim == 4 and shape[3] in (1, 3, 4):
        return np.moveaxis(array, 3, 1)
    if array.ndim == 4 and shape[1] in (1, 3, 4):
        return array
    hint = ""
    if array.ndim == 2:
        side = round(shape[1] ** 0.5)
        if side * side == shape[1] and side > 1:
            hint = f"; rows of {shape[1]} pixels may be X.reshape(-1, {side}, {side})"
        else:
            hint = "; a single picture needs an axis of pictures, picture[None]"
    raise DataError(
        "expected pictures of shape (n, height, width), (n, height, width, channels) or "
        f"(n, channels, height, width) with 1, 3 or 4 channels, got shape {shape}{hint}"
    )


def _pixels(array: np.ndarray) -> np.ndarray:
    kind = array.dtype.kind
    if array.dtype == np.uint8:
        return array
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if kind in "iu":
        if array.min() < 0 or array.max() > 255:
            raise DataError(
                f"expected pixels from 0 to 255, got whole numbers from {array.min()} to "
                f"{array.max()}; divide them, as floats may have any scale"
            )
        return array.astype(np.uint8)
    if kind != "f":
        raise DataError(
            f"expected pixels as numbers, got {array.dtype}; pictures of different sizes cannot be "
            "in one array"
        )
    if not np.isfinite(array).all():
        which = int(np.argwhere(~np.isfinite(array))[0][0])
        raise DataError(
            f"expected finite pixels, got NaN or infinity in picture {which}; leave it out"
        )
    return array.astype(np.float32)


def _over_white(array: np.ndarray) -> np.ndarray:
    colours, opacity = array[:, :-1], array[:, -1:]
    white = 255.0 if array.dtype == np.uint8 or array.max() > 1 else 1.0
    share = opacity.astype(np.float32) / white
    mixed = colours * share + white * (1 - share)
    return np.rint(mixed).astype(np.uint8) if array.dtype == np.uint8 else mixed.astype(np.float32)


def in_mode(pictures: np.ndarray, mode: str) -> np.ndarray:
    """Pictures (n, channels, height, width) as grey (1 channel) or in colour (3).

    Grey pictures get three equal channels; colours become how bright they seem.
    """
    have, want = pictures.shape[1], MODES[mode]
    if have == want:
        return pictures
    if want == 3:
        return np.repeat(pictures, 3, axis=1)
    # By channels, as one float64 copy of all would be eight times the bytes.
    grey = np.zeros((len(pictures), *pictures.shape[2:]), np.float32)
    for channel, weight in enumerate(BRIGHTNESS):
        grey += np.float32(weight) * pictures[:, channel]
    found = grey[:, None]
    return np.rint(found).astype(np.uint8) if pictures.dtype == np.uint8 else found


def mode_of(pictures: np.ndarray) -> str:
    """Whether pictures (n, channels, height, width) are grey or in colour."""
    return "grey" if pictures.shape[1] == 1 else "colour"


def resized(pictures: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Pictures of another (height, width): each new pixel is a mean of what it covers.

    Smaller ones by area, larger ones between neighbours; the proportions may change.
    """
    if pictures.shape[2:] == size:
        return pictures
    from PIL import Image

    height, width = size
    found = np.empty((*pictures.shape[:2], height, width), pictures.dtype)
    for source, target in zip(
        pictures.reshape(-1, *pictures.shape[2:]), found.reshape(-1, height, width), strict=True
    ):
        # Bilinear of Pillow takes all pixels that shrink into one.
        picture = Image.fromarray(source)
        target[:] = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
    return found
