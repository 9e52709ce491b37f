"""What is saved and loaded: inference graph, tensors and description in one safetensors file."""

from .file import load, save
from .graph_module import GraphModule
from .layers import Layer
from .model import Model

__all__ = ["GraphModule", "Layer", "Model", "load", "save"]
