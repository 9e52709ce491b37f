"""What each layer does and sees: the backward pass to be read, and pictures."""

from .backward import Backward, backward
from .drawing import (
    draw_activation,
    draw_descent,
    draw_history,
    draw_range_test,
    draw_regions,
    draw_schedule,
)

__all__ = [
    "Backward",
    "backward",
    "draw_activation",
    "draw_descent",
    "draw_history",
    "draw_range_test",
    "draw_regions",
    "draw_schedule",
]
