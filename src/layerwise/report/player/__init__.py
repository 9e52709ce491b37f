"""A network that runs in the page: its layers found, its weights written, in JSON."""

from .network import Playable, playable
from .stack import NotPlayable, Stack, stack_of

__all__ = ["NotPlayable", "Playable", "Stack", "playable", "stack_of"]
