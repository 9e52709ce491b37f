"""Charts as SVG text, coloured by the page's CSS variables, so that they follow light and dark."""

from .alignment import alignment_map
from .bars import Bar, bar_chart
from .heat_map import heat_map
from .histogram import histogram
from .line import Band, Guide, Mark, Series, line_chart
from .matrix import matrix
from .picture_grid import picture_grid
from .png import data_uri, png
from .scatter import Points, scatter

__all__ = [
    "Band",
    "Bar",
    "Guide",
    "Mark",
    "Points",
    "Series",
    "alignment_map",
    "bar_chart",
    "data_uri",
    "heat_map",
    "histogram",
    "line_chart",
    "matrix",
    "picture_grid",
    "png",
    "scatter",
]
