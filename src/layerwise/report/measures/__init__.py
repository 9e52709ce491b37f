"""Measures of predictions that a report shows, each in a file of its own."""

from .calibration import Reliability, calibration_error, reliability
from .curves import Curve, average_precision, precision_recall_curve, roc_area, roc_curve
from .per_class import PerClass, confusion_counts, per_class
from .temperature import fit_temperature, with_temperature

__all__ = [
    "Curve",
    "PerClass",
    "Reliability",
    "average_precision",
    "calibration_error",
    "confusion_counts",
    "fit_temperature",
    "per_class",
    "precision_recall_curve",
    "reliability",
    "roc_area",
    "roc_curve",
    "with_temperature",
]
