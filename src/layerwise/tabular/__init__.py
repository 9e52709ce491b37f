"""The recipe for tables: members of several kinds, trained on folds, pooled and calibrated."""

from .ensemble import Ensemble, EnsembleNet
from .fit import fit
from .kinds import KINDS, MemberKind
from .members import Member, Watch
from .network import TabularNet
from .recipe import Recipe
from .rows import Columns, Rows
from .task import Task

__all__ = [
    "KINDS",
    "Columns",
    "Ensemble",
    "EnsembleNet",
    "Member",
    "MemberKind",
    "Recipe",
    "Rows",
    "TabularNet",
    "Task",
    "Watch",
    "fit",
]
