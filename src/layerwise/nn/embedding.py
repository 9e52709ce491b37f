"""Vectors for whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import OptionError
from ..graph import dtypes, take
from .initialisation import Initialiser, current_generator, initialiser, normal
from .module import Module
from .parameter import Parameter


class Embedding(Module):
    """A table with a learned vector for each of `num_embeddings` whole numbers.

    Parameters
    ----------
    num_embeddings : rows of the table; an index beyond them takes the nearest row.
    embedding_dim : length of a vector.
    weight_init : name or function of an initialiser; normal with deviation 1 by default.
    dtype : float32 or float64.

    Attributes
    ----------
    weight : (num_embeddings, embedding_dim).
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        weight_init: str | Initialiser | None = None,
        dtype: Any = "float32",
    ) -> None:
        if min(num_embeddings, embedding_dim) < 1:
            raise OptionError(
                f"Embedding: expected sizes of at least 1, got {num_embeddings}, {embedding_dim}"
            )
        self.num_embeddings, self.embedding_dim = int(num_embeddings), int(embedding_dim)
        self.weight_init = None if weight_init is None else initialiser(weight_init)
        shape = (self.num_embeddings, self.embedding_dim)
        self.weight = Parameter(np.zeros(shape, dtype), "weight")
        self.initialise(current_generator())

    def initialise(self, generator: np.random.Generator) -> None:
        """Draw the table."""
        if self.weight_init is None:
            self.weight.value = normal(self.weight.shape, generator, deviation=1.0)
        else:
            self.weight.value = self.weight_init(self.weight.shape, generator)

    def forward(self, index: Any) -> Any:
        """int32 (batch, ...) to (batch, ..., embedding_dim)."""
        if index.dtype != dtypes.int32:
            raise dtypes.DTypeError(
                f"Embedding: expected int32 indices, got {index.dtype}; convert them with "
                ".astype('int32')"
            )
        return take(self.weight, index)

    def extra_repr(self) -> str:
        """Sizes."""
        return f"{self.num_embeddings}, {self.embedding_dim}"
