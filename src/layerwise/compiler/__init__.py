"""From a graph to a program: the contract with the backends, and the passes over graphs."""

from .feeds import Feeds
from .program import Backend, Executable, Program, Sampling
from .state import State

__all__ = ["Backend", "Executable", "Feeds", "Program", "Sampling", "State"]
