"""Pictures: each function gives a matplotlib `Figure`, to be shown in a notebook or saved.

matplotlib is imported by the first picture, not by this package. The figures are made without
pyplot, so they change nobody's settings and need no window. ``figure.savefig("name.png")`` writes
one to a file.
"""

from .activation import draw_activation
from .descent import draw_descent
from .history import draw_history
from .range_test import draw_range_test
from .regions import draw_regions
from .schedule import draw_schedule

__all__ = [
    "draw_activation",
    "draw_descent",
    "draw_history",
    "draw_range_test",
    "draw_regions",
    "draw_schedule",
]
