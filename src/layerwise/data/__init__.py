"""From files to arrays: tables and their encoders, data sets, splits, normalisation."""

from typing import TYPE_CHECKING, Any

from ..errors import DataError
from .digits import Digits, load_digits
from .normalise import Normalisation, scale_pixels, standardise
from .number_file import read_rows
from .splits import Split, split_rows

if TYPE_CHECKING:
    from . import encoders as encoders
    from . import tables as tables
    from .encoders import TableEncoder as TableEncoder
    from .tables import Table as Table
    from .tables import read_table as read_table
    from .tables import table_of as table_of

_MODULES = {
    "TableEncoder": "encoders",
    "Table": "tables",
    "read_table": "tables",
    "table_of": "tables",
}
"""Where the names that are imported late come from."""


def __getattr__(name: str) -> Any:
    """Import what tables need when it is first used: the digits do without."""
    import importlib

    if name in _MODULES.values():
        return importlib.import_module(f"{__name__}.{name}")
    if name in _MODULES:
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


__all__ = [
    "DataError",
    "Digits",
    "Normalisation",
    "Split",
    "Table",
    "TableEncoder",
    "encoders",
    "load_digits",
    "read_rows",
    "read_table",
    "scale_pixels",
    "split_rows",
    "standardise",
    "table_of",
    "tables",
]
