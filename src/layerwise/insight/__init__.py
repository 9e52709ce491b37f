"""What each layer does and sees: the backward pass to be read."""

from .backward import Backward, backward

__all__ = ["Backward", "backward"]
