"""The recipe for texts: features and vectors of words, a small network, rows that choose."""

from .fit import FittedText, TextRows, fit
from .network import FeatureBag, Pooling, TextNetwork, WordPooling, standardised
from .recipe import TextRecipe
from .vectors import Joined, join_vectors

__all__ = [
    "FeatureBag",
    "FittedText",
    "Joined",
    "Pooling",
    "TextNetwork",
    "TextRecipe",
    "TextRows",
    "WordPooling",
    "fit",
    "join_vectors",
    "standardised",
]
