"""From files to arrays: data sets, splits, normalisation, rows of numbers."""

from ..errors import DataError
from .digits import Digits, load_digits
from .normalise import Normalisation, scale_pixels, standardise
from .splits import Split, split_rows
from .table import read_rows

__all__ = [
    "DataError",
    "Digits",
    "Normalisation",
    "Split",
    "load_digits",
    "read_rows",
    "scale_pixels",
    "split_rows",
    "standardise",
]
