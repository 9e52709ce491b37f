"""From a graph to a program: the contract with the backends, and the passes over graphs."""

from .feeds import Feeds
from .program import Backend, Executable, Program
from .state import State

__all__ = ["Backend", "Executable", "Feeds", "Program", "State"]
