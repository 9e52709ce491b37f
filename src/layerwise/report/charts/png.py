"""PNG files of pixels, with nothing but zlib (W3C, "Portable Network Graphics", 2003)."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np


def png(pixels: np.ndarray) -> bytes:
    """A PNG file.

    Parameters
    ----------
    pixels : uint8, (height, width) in greys from 0 for black, or (height, width, 3).

    Raises
    ------
    ValueError : of another shape or dtype.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)):
        raise ValueError(
            f"expected uint8 pixels (height, width) or (height, width, 3), got {pixels.dtype} "
            f"{pixels.shape}"
        )
    height, width = pixels.shape[:2]
    lines = pixels.reshape(height, -1)
    # Each line begins with the number of its filter; 0 is none.
    raw = np.concatenate([np.zeros((height, 1), np.uint8), lines], axis=1).tobytes()
    kind = 0 if pixels.ndim == 2 else 2
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", head),
            _chunk(b"IDAT", zlib.compress(raw, 9)),
            _chunk(b"IEND", b""),
        )
    )


def data_uri(pixels: np.ndarray) -> str:
    """The same as an address that holds its content."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
