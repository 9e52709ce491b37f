"""Vectors for whole numbers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..errors import OptionError
from ..graph import Tensor, broadcast_to, dtypes, equal, expand_dims, stop_gradient, take, where
from .initialisation import Initialiser, current_generator, initialiser, normal
from .module import Module
from .parameter import Buffer, Held, Parameter

SPARSE_ROWS = 5000
"""Rows of a table from which only those looked up are trained, unless asked otherwise."""


class Embedding(Module):
    """A table with a vector for each of `num_embeddings` whole numbers.

    Names and layout are those of PyTorch's ``nn.Embedding``.

    Parameters
    ----------
    num_embeddings : rows of the table; an index beyond them takes the nearest row.
    embedding_dim : length of a vector.
    padding_idx : the row that stands for no word: it begins as zeros and is never trained.
        Negative numbers count from the last row.
    weight_init : name or function of an initialiser; normal with deviation 1 by default.
    sparse : whether a training step changes only the rows that it looked up, so that it costs what
        these cost and not what the table costs. Plain gradient descent gives the same either way.
        Adam and momentum do not: the means of a row stand still while it is not looked up (as in
        PyTorch's ``SparseAdam``), and weights decay only when they are. ``"auto"`` decides by the
        number of rows, from 5,000 on. Has no effect where the table is used otherwise too, for
        example as the weights of an output layer.
    frozen : whether the vectors stay as they are: the table is a buffer then, and no parameter.
    dtype : float32 or float64.

    Attributes
    ----------
    weight : (num_embeddings, embedding_dim), a `Parameter`, or a `Buffer` where it is frozen.

    Raises
    ------
    OptionError : sizes below 1, `padding_idx` outside the table, or an unknown `sparse`.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        weight_init: str | Initialiser | None = None,
        sparse: bool | Literal["auto"] = "auto",
        frozen: bool = False,
        dtype: Any = "float32",
    ) -> None:
        self._set_up(num_embeddings, embedding_dim, padding_idx, sparse, frozen)
        self.weight_init = None if weight_init is None else initialiser(weight_init)
        self.weight = self._held(np.zeros((self.num_embeddings, self.embedding_dim), dtype))
        self.initialise(current_generator())

    @classmethod
    def from_pretrained(
        cls,
        vectors: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        sparse: bool | Literal["auto"] = "auto",
    ) -> Embedding:
        """A table of vectors that were learned elsewhere.

        Parameters
        ----------
        vectors : (num_embeddings, embedding_dim), of float32 or float64; they are copied.
        freeze : whether they stay as they are; else training goes on from them.
        padding_idx, sparse : see `Embedding`. The padding row stays as it is given.

        Raises
        ------
        OptionError : vectors of another shape, or that are no numbers.
        """
        array = np.asarray(vectors)
        if array.ndim != 2 or array.dtype.kind not in "fiu":
            raise OptionError(
                "Embedding.from_pretrained: expected an array of numbers, (rows, length of a "
                f"vector), got shape {array.shape} of {array.dtype}"
            )
        if array.dtype != np.float64:
            array = array.astype(np.float32, copy=False)
        made = cls.__new__(cls)
        made._set_up(len(array), array.shape[1], padding_idx, sparse, freeze)
        made.weight_init = None
        made.weight = made._held(array)
        # Training puts another array in its place, so this is no copy until then.
        made._given = made.weight.value
        return made

    def _set_up(
        self, rows: int, length: int, padding_idx: int | None, sparse: Any, frozen: bool
    ) -> None:
        if min(rows, length) < 1:
            raise OptionError(f"Embedding: expected sizes of at least 1, got {rows}, {length}")
        if padding_idx is not None and not -rows <= padding_idx < rows:
            raise OptionError(
                f"Embedding: expected padding_idx to be one of the {rows} rows, got {padding_idx}"
            )
        if sparse not in (True, False, "auto"):
            raise OptionError(f"Embedding: expected sparse True, False or 'auto', got {sparse!r}")
        self.num_embeddings, self.embedding_dim = int(rows), int(length)
        self.padding_idx = None if padding_idx is None else int(padding_idx) % self.num_embeddings
        self.sparse = rows >= SPARSE_ROWS if sparse == "auto" else bool(sparse)
        self.frozen = bool(frozen)
        self._given: np.ndarray | None = None

    def _held(self, array: np.ndarray) -> Held:
        if self.frozen:
            return Buffer(array, "weight")
        return Parameter(array, "weight", sparse=self.sparse)

    def initialise(self, generator: np.random.Generator) -> None:
        """Draw the table; vectors that were given are put back."""
        if self._given is not None:
            self.weight.value = self._given
            return
        draw = self.weight_init
        shape = self.weight.shape
        drawn = normal(shape, generator, deviation=1.0) if draw is None else draw(shape, generator)
        if self.padding_idx is not None:
            drawn[self.padding_idx] = 0.0
        self.weight.value = drawn

    def forward(self, index: Any) -> Any:
        """int32 (batch, ...) to (batch, ..., embedding_dim)."""
        if index.dtype != dtypes.int32:
            raise dtypes.DTypeError(
                f"Embedding: expected int32 indices, got {index.dtype}; convert them with "
                ".astype('int32')"
            )
        found = take(self.weight, index)
        if self.padding_idx is None or self.frozen or not isinstance(found, Tensor):
            return found
        padding = broadcast_to(expand_dims(equal(index, self.padding_idx), -1), found.shape)
        return where(padding, stop_gradient(found), found)

    def extra_repr(self) -> str:
        """Sizes, and what is not usual."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        return text + (", frozen=True" if self.frozen else "")
