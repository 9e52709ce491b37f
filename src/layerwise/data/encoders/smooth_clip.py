"""Smooth clipping: linear near 0, never beyond a limit, and nowhere flat.

From RealMLP, Holzmüller et al., Better by Default (2024), arXiv:2407.04491, section 3.
"""

from __future__ import annotations

import numpy as np

LIMIT = 3.0
"""Magnitudes come near this and do not reach it, but for the rounding of float32."""

_NEAREST = LIMIT * (1 - 2.0**-24)  # Half a step of float32 below the limit.


def smooth_clip(values: np.ndarray) -> None:
    """Replace x by x / sqrt(1 + (x / 3)^2) in place: float64, magnitudes up to 1e150."""
    divisor = np.square(values)
    divisor *= 1 / LIMIT**2
    divisor += 1
    np.sqrt(divisor, out=divisor)
    values /= divisor


def smooth_unclip(clipped: np.ndarray) -> np.ndarray:
    """The inverse, float64. What float32 rounded to the limit comes back as about 8,700."""
    inside = np.clip(clipped.astype(np.float64), -_NEAREST, _NEAREST)
    return np.asarray(inside / np.sqrt(1 - np.square(inside / LIMIT)))
