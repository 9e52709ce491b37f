"""One page that says what a model does, how good it is, and how it came to be."""

from .build import build_report, write_report
from .data import ReportData
from .facts.rows import Part

__all__ = ["Part", "ReportData", "build_report", "write_report"]
