"""Pictures: each function gives a matplotlib `Figure`, to be shown in a notebook or saved.

matplotlib is imported by the first picture, not by this package. The figures are made without
pyplot, so they change nobody's settings and need no window. ``figure.savefig("name.png")`` writes
one to a file.
"""

from .activation import draw_activation
from .activations import draw_activations
from .alignment import draw_alignment
from .dependence import draw_partial_dependence
from .descent import draw_descent
from .explanation import draw_explanation
from .history import draw_history
from .importance import draw_importance
from .looked import draw_looked
from .maps import draw_maps
from .preferred import draw_preferred
from .range_test import draw_range_test
from .regions import draw_regions
from .saliency import draw_saliency
from .schedule import draw_schedule
from .separability import draw_separability

__all__ = [
    "draw_activation",
    "draw_activations",
    "draw_alignment",
    "draw_descent",
    "draw_explanation",
    "draw_history",
    "draw_importance",
    "draw_looked",
    "draw_maps",
    "draw_partial_dependence",
    "draw_preferred",
    "draw_range_test",
    "draw_regions",
    "draw_saliency",
    "draw_schedule",
    "draw_separability",
]
