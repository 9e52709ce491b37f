"""Training: the loop, its history, early stopping, checkpoints, and what bad input gets."""

from .buckets import Buckets
from .history import Epoch, History
from .permutation import Permutations
from .progress import Progress
from .range_test import RangeTest, find_learning_rate
from .run import Rows, Run
from .trainer import train

__all__ = [
    "Buckets",
    "Epoch",
    "History",
    "Permutations",
    "Progress",
    "RangeTest",
    "Rows",
    "Run",
    "find_learning_rate",
    "train",
]
