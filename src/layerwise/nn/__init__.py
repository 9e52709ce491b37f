"""Modules: layers, activations, losses and initialisation."""

from .module import Module
from .parameter import Buffer, Parameter
from .trace import Trace, current_trace

__all__ = ["Buffer", "Module", "Parameter", "Trace", "current_trace"]
