"""Where in a sequence something stands, for attention, which does not see order by itself.

Each takes whole sequences (batch, length, ...), whose positions are 0, 1, ..., and, for decoding,
one position of all sequences: (batch, 1, ...) with a `position`, an int32 tensor of shape () or
(batch,).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import OptionError
from ..graph import ShapeError, constant, cos, matmul, reshape, show, sin, take
from .initialisation import Initialiser, current_generator, initialiser, normal
from .module import Module
from .parameter import Parameter


class SinusoidalPosition(Module):
    """Adds waves of many lengths: sin and cos of position / 10000^(2i/d) in features 2i and 2i + 1.

    Vaswani et al. 2017, "Attention is all you need", section 3.5. Nothing is learned.

    Parameters
    ----------
    embed_dim : features, an even number.
    max_length : the longest sequence that may come.
    """

    def __init__(self, embed_dim: int, max_length: int = 1024) -> None:
        _check("SinusoidalPosition", embed_dim, max_length)
        if embed_dim % 2:
            raise OptionError(f"SinusoidalPosition: expected even features, got {embed_dim}")
        self.embed_dim, self.max_length = int(embed_dim), int(max_length)

    def table(self, length: int) -> np.ndarray:
        """What is added to the first positions: float64, (length, embed_dim)."""
        angles = _angles(length, self.embed_dim, 10000.0)
        return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(length, self.embed_dim)

    def forward(self, x: Any, position: Any = None) -> Any:
        """(batch, length, embed_dim) to the same shape.

        Parameters
        ----------
        position : int32, () or (batch,), of x of shape (batch, 1, embed_dim).

        Raises
        ------
        ShapeError : another number of features, or a longer sequence than announced.
        """
        length = _length(x, self.embed_dim, self.max_length, position)
        if position is None:
            return x + constant(self.table(length), x.dtype)
        table = constant(self.table(self.max_length), x.dtype)
        return x + _at(table, position, x)

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.embed_dim}, max_length={self.max_length}"


class LearnedPosition(Module):
    """Adds a learned vector for each position.

    Gehring et al. 2017, "Convolutional sequence to sequence learning", section 3.1.

    Parameters
    ----------
    max_length : the longest sequence that may come.
    embed_dim : features.
    weight_init : name or function of an initialiser; normal with deviation 0.02 by default.
    dtype : float32 or float64.

    Attributes
    ----------
    weight : (max_length, embed_dim), as that of a PyTorch ``Embedding`` of positions.
    """

    def __init__(
        self,
        max_length: int,
        embed_dim: int,
        weight_init: str | Initialiser | None = None,
        dtype: Any = "float32",
    ) -> None:
        _check("LearnedPosition", embed_dim, max_length)
        self.max_length, self.embed_dim = int(max_length), int(embed_dim)
        self.weight_init = None if weight_init is None else initialiser(weight_init)
        self.weight = Parameter(np.zeros((self.max_length, self.embed_dim), dtype), "weight")
        self.initialise(current_generator())

    def initialise(self, generator: np.random.Generator) -> None:
        """Draw the vectors."""
        if self.weight_init is None:
            # Dosovitskiy et al. 2021 and GPT-2 begin so: small beside what it is added to.
            self.weight.value = normal(self.weight.shape, generator, deviation=0.02)
        else:
            self.weight.value = self.weight_init(self.weight.shape, generator)

    def forward(self, x: Any, position: Any = None) -> Any:
        """(batch, length, embed_dim) to the same shape.

        Parameters
        ----------
        position : int32, () or (batch,), of x of shape (batch, 1, embed_dim).

        Raises
        ------
        ShapeError : another number of features, or a longer sequence than announced.
        """
        length = _length(x, self.embed_dim, self.max_length, position)
        if position is None:
            return x + self.weight.tensor[:length]
        return x + _at(self.weight.tensor, position, x)

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.max_length}, {self.embed_dim}"


class RotaryPosition(Module):
    """Turns pairs of features of queries and keys by angles that grow with the position.

    Su et al. 2021, "RoFormer: enhanced transformer with rotary position embedding", equation 34:
    the dot product of a query and a key then depends on how far apart they are, not on where.
    Features 2i and 2i + 1 are a pair, turned by position / base^(2i/d). Nothing is learned. Give it
    to `MultiHeadAttention(..., rotary=RotaryPosition(d_head))`.

    Parameters
    ----------
    dim : features of one head, an even number.
    max_length : the longest sequence that may come.
    base : of the angles.
    """

    def __init__(self, dim: int, max_length: int = 1024, base: float = 10000.0) -> None:
        _check("RotaryPosition", dim, max_length)
        if dim % 2:
            raise OptionError(f"RotaryPosition: expected even features, got {dim}")
        if not base > 1:
            raise OptionError(f"RotaryPosition: expected a base above 1, got {base}")
        self.dim, self.max_length, self.base = int(dim), int(max_length), float(base)

    def angles(self, length: int) -> np.ndarray:
        """By how much each feature turns at the first positions: float64, (length, dim).

        Between -pi and pi, since float32 has few digits left for the turns of a far position.
        """
        angles = np.repeat(_angles(length, self.dim, self.base), 2, axis=1)
        return np.remainder(angles + np.pi, 2 * np.pi) - np.pi

    def forward(self, x: Any, position: Any = None) -> Any:
        """(batch, heads, length, dim) to the same shape.

        Parameters
        ----------
        position : int32, () or (batch,), of x of shape (batch, heads, 1, dim).

        Raises
        ------
        ShapeError : another number of features, or a longer sequence than announced.
        """
        length = _length(x, self.dim, self.max_length, position)
        if position is None:
            angles = self.angles(length)
            cosine, sine = (constant(f(angles), x.dtype) for f in (np.cos, np.sin))
        else:
            angle = _at(constant(self.angles(self.max_length), x.dtype), position, x)
            cosine, sine = cos(angle), sin(angle)
        # The other of each pair, with its sign, by a product with a small constant matrix: it is
        # read and written in whole vectors, which a shuffle of single features is not.
        partner = np.zeros((self.dim, self.dim))
        even = np.arange(0, self.dim, 2)
        partner[even + 1, even], partner[even, even + 1] = -1, 1
        return x * cosine + matmul(x, constant(partner, x.dtype)) * sine

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.dim}, max_length={self.max_length}"


def _angles(length: int, features: int, base: float) -> np.ndarray:
    """position / base^(2i/d): (length, features / 2)."""
    rates = base ** (-np.arange(0, features, 2) / features)
    return np.arange(length)[:, None] * rates[None, :]


def _check(name: str, features: int, max_length: int) -> None:
    if min(features, max_length) < 1:
        raise OptionError(
            f"{name}: expected sizes of at least 1, got {features} features for {max_length} "
            "positions"
        )


def _length(x: Any, features: int, longest: int, position: Any) -> int:
    """Length of the sequences, from the last axis but one."""
    if len(x.shape) < 3 or x.shape[-1] != features:
        raise ShapeError(
            f"expected sequences of {features} features, (batch, ..., length, {features}), got "
            f"shape {show(x.shape)}"
        )
    length = x.shape[-2]
    if position is not None and length != 1:
        raise ShapeError(
            f"expected one element of each sequence for a position, got shape {show(x.shape)}"
        )
    if length > longest:
        raise ShapeError(
            f"a sequence of length {length} is longer than max_length={longest}; make the layer "
            "for longer ones, or cut the sequences"
        )
    return length


def _at(table: Any, position: Any, x: Any) -> Any:
    """A table's row at a position, or at each row's own, to be joined with x."""
    found = take(table, position)
    if not len(position.shape):
        return found
    return reshape(found, (x.shape[0], *(1 for _ in x.shape[1:-1]), x.shape[-1]))
