"""The recipe for translation: from pairs of sentences to a network that translates, and back."""

from .alignment import Alignment
from .codec import TextCodec
from .file import load, save
from .fit import Fitted, Watch, fit
from .measures import Quality, each_chrf, measure
from .model import TranslationModel
from .network import Sizes, TranslationTransformer
from .recipe import Recipe
from .recurrent_network import TranslationGRU

__all__ = [
    "Alignment",
    "Fitted",
    "Quality",
    "Recipe",
    "Sizes",
    "TextCodec",
    "TranslationGRU",
    "TranslationModel",
    "TranslationTransformer",
    "Watch",
    "each_chrf",
    "fit",
    "load",
    "measure",
    "save",
]
