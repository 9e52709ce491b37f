"""From files to arrays: tables and their encoders, data sets, splits, normalisation."""

from typing import TYPE_CHECKING, Any

from ..errors import DataError
from .digits import Digits, load_digits
from .normalise import Normalisation, scale_pixels, standardise
from .number_file import read_rows
from .splits import Split, split_rows

if TYPE_CHECKING:
    from . import encoders as encoders
    from . import pictures as pictures
    from . import tables as tables
    from . import text as text
    from .encoders import TableEncoder as TableEncoder
    from .pictures import Augmentation as Augmentation
    from .pictures import read_pictures as read_pictures
    from .tables import Table as Table
    from .tables import read_table as read_table
    from .tables import table_of as table_of
    from .text import BytePairTokenizer as BytePairTokenizer
    from .text import CharacterNgrams as CharacterNgrams
    from .text import Vocabulary as Vocabulary
    from .text import WordTokenizer as WordTokenizer
    from .text import read_pairs as read_pairs

_MODULES = {
    "Augmentation": "pictures",
    "TableEncoder": "encoders",
    "Table": "tables",
    "BytePairTokenizer": "text",
    "CharacterNgrams": "text",
    "Vocabulary": "text",
    "WordTokenizer": "text",
    "read_pairs": "text",
    "read_pictures": "pictures",
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
    "Augmentation",
    "BytePairTokenizer",
    "CharacterNgrams",
    "DataError",
    "Digits",
    "Normalisation",
    "Split",
    "Table",
    "TableEncoder",
    "Vocabulary",
    "WordTokenizer",
    "encoders",
    "load_digits",
    "pictures",
    "read_pairs",
    "read_pictures",
    "read_rows",
    "read_table",
    "scale_pixels",
    "split_rows",
    "standardise",
    "table_of",
    "tables",
    "text",
]
