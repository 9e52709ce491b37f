"""scikit-learn's estimators around the recipe for tables: `Classifier` and `Regressor`."""

from .classifier import Classifier
from .hidden import HiddenLayers
from .regressor import Regressor

__all__ = ["Classifier", "HiddenLayers", "Regressor"]
