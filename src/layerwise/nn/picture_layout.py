"""Where the channels of pictures stand: first for people and PyTorch, last for the processor.

Layers take and give (batch, channels, height, width). Inside they work on (batch, height, width,
channels), where the channels of a pixel fill vectors. The compiler moves activations to the inner
side of the two transposes, where they cancel, so a chain of layers never moves its pictures.
"""

from __future__ import annotations

from typing import Any

from ..errors import OptionError
from ..graph import ShapeError, show, transpose

Pair = tuple[int, int]


def channels_last(x: Any) -> Any:
    """(batch, channels, height, width) to (batch, height, width, channels)."""
    return transpose(x, (0, 2, 3, 1))


def channels_first(x: Any) -> Any:
    """(batch, height, width, channels) to (batch, channels, height, width)."""
    return transpose(x, (0, 3, 1, 2))


def check_pictures(x: Any, channels: int | None = None) -> None:
    """Raise a `ShapeError` for what are no pictures, or pictures of other channels."""
    count = "channels" if channels is None else str(channels)
    wanted = f"expected pictures of shape (batch, {count}, height, width), got {show(x.shape)}"
    if len(x.shape) != 4:
        hint = (
            "; add the axis of channels, with x[:, None]"
            if len(x.shape) == 3 and channels in (None, 1)
            else ""
        )
        raise ShapeError(wanted + hint)
    if channels is not None and x.shape[1] != channels:
        hint = (
            "; move the channels to the front, with numpy.moveaxis(x, -1, 1)"
            if x.shape[3] == channels
            else "; give the layer the channels of what it gets"
        )
        raise ShapeError(wanted + hint)


def pair(layer: str, name: str, value: Any, least: int = 1) -> Pair:
    """A number for both directions, or one for each: (down, across)."""
    both = (value, value) if isinstance(value, int) else value
    fits = (
        isinstance(both, tuple | list)
        and len(both) == 2
        and all(isinstance(v, int) and not isinstance(v, bool) and v >= least for v in both)
    )
    if not fits or isinstance(value, bool):
        raise OptionError(
            f"{layer}: expected {name} as a whole number of at least {least}, or a pair of them "
            f"(down, across), got {value!r}"
        )
    return both[0], both[1]
