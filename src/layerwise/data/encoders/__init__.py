"""From a table to the arrays of a network, and back: reversible, and kept in the model file."""

from .categories import CategoryEncoder
from .dates import DateEncoder
from .numbers import NumberEncoder
from .table_encoder import Encoded, InputColumn, OutputColumn, TableEncoder
from .targets import ClassTarget, NumberTarget, Target, target_from_json

__all__ = [
    "CategoryEncoder",
    "ClassTarget",
    "DateEncoder",
    "Encoded",
    "InputColumn",
    "NumberEncoder",
    "NumberTarget",
    "OutputColumn",
    "TableEncoder",
    "Target",
    "target_from_json",
]
