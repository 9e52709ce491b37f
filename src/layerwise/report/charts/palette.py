"""Colours that any colour vision tells apart.

Lines and points have Okabe and Ito's colours (2008, "Color universal design"), as variables of the
page, since dark and light backgrounds need different shades. Amounts have viridis (van der Walt and
Smith 2015), whose lightness alone orders them; it reads the same on both backgrounds.
"""

from __future__ import annotations

import numpy as np

LINES = 6
"""Colours for lines; the page's style defines ``--c0`` to ``--c5``."""

DASHES = (None, "7 3", "2 2.5", "9 3 2 3")
MARKERS = ("circle", "square", "triangle", "diamond", "cross", "ring")

_VIRIDIS = np.array(
    [
        [68, 1, 84], [72, 40, 120], [62, 73, 137], [49, 104, 142], [38, 130, 142],
        [31, 158, 137], [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37],
    ],
    np.float64,
)  # fmt: skip

_LOW, _MIDDLE, _HIGH = (
    np.array(c, np.float64) for c in ((0, 90, 160), (247, 247, 247), (200, 75, 0))
)


def colour(number: int) -> str:
    """The colour of a line by its number."""
    return f"var(--c{number % LINES})"


def viridis(share: np.ndarray) -> np.ndarray:
    """Colours of shares from 0 to 1: uint8 (..., 3)."""
    place = np.clip(np.nan_to_num(share), 0, 1) * (len(_VIRIDIS) - 1)
    lower = np.minimum(place.astype(int), len(_VIRIDIS) - 2)
    part = (place - lower)[..., None]
    mixed: np.ndarray = _VIRIDIS[lower] * (1 - part) + _VIRIDIS[lower + 1] * part
    return mixed.round().astype(np.uint8)


def diverging(signed: np.ndarray) -> np.ndarray:
    """Blue below 0, white at 0, orange above, for values from -1 to 1: uint8 (..., 3)."""
    signed = np.clip(np.nan_to_num(signed), -1, 1)[..., None]
    end = np.where(signed < 0, _LOW, _HIGH)
    mixed: np.ndarray = _MIDDLE + np.abs(signed) * (end - _MIDDLE)
    return mixed.round().astype(np.uint8)


def css(rgb: np.ndarray) -> str:
    """A colour of three bytes as CSS has it."""
    return f"#{int(rgb[0]):02x}{int(rgb[1]):02x}{int(rgb[2]):02x}"
