"""scikit-learn's estimators around the recipe for tables: `Classifier` and `Regressor`."""

from .classifier import Classifier
from .hidden import HiddenLayers
from .image_classifier import ImageClassifier
from .regressor import Regressor
from .text_classifier import TextClassifier
from .translator import Translator

__all__ = [
    "Classifier",
    "HiddenLayers",
    "ImageClassifier",
    "Regressor",
    "TextClassifier",
    "Translator",
]
