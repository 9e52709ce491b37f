"""Tables: from files, frames and arrays to columns of numbers, words and dates."""

from .frames import table_of
from .matching import columns_for
from .reading import read_table
from .roles import Decision, Role, decide_roles
from .stream import Batches, batches
from .table import Column, Table

__all__ = [
    "Batches",
    "Column",
    "Decision",
    "Role",
    "Table",
    "batches",
    "columns_for",
    "decide_roles",
    "read_table",
    "table_of",
]
