"""Word vectors: learned from text or read from files, looked up, measured, drawn and saved."""

from .loading import load
from .measures import AnalogyScore, Section, SimilarityScore
from .neighbours import Neighbour
from .training import METHODS, train
from .vectors import WordVectors

__all__ = [
    "METHODS",
    "AnalogyScore",
    "Neighbour",
    "Section",
    "SimilarityScore",
    "WordVectors",
    "load",
    "train",
]
