"""A picture with a glow where something is high: plain arrays, without matplotlib."""

from __future__ import annotations

import numpy as np


def shown(pictures: np.ndarray) -> np.ndarray:
    """Pictures (n, channels, height, width) as (n, height, width) or with colours, from 0 to 1."""
    low, high = float(pictures.min()), float(pictures.max())
    scaled = (pictures - low) / (high - low if high > low else 1.0)
    return scaled[:, 0] if scaled.shape[1] == 1 else np.moveaxis(scaled, 1, 3)


def overlaid(picture: np.ndarray, found: np.ndarray) -> np.ndarray:
    """A dimmed picture with a glow of orange where the map is high: (height, width, 3), 0 to 1."""
    grey = picture if picture.ndim == 2 else picture.mean(2)
    # Attention never leaves anything out, so what all places have says nothing; and a few pixels
    # often have most of a gradient, which hides the rest.
    least, most = (float(np.quantile(found, part)) for part in (0.05, 0.995))
    glow = np.sqrt(((found - least) / max(most - least, 1e-12)).clip(0, 1))[..., None]
    base = np.repeat(0.15 + 0.55 * grey[..., None], 3, axis=2)
    warm = np.array([1.0, 0.55, 0.05])
    return np.asarray(base * (1 - 0.65 * glow) + warm * 0.65 * glow)


__all__ = ["overlaid", "shown"]
