"""What recurrent networks have in common: layers, directions, padding, and single steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..errors import OptionError
from ..graph import (  # fmt: skip  # fmt: skip
    DTypeError,
    ShapeError,
    Tensor,
    as_tensor,
    broadcast_to,
    concatenate,
    constant,
    dtypes,
    greater,
    logical_not,
    matmul,
    reshape,
    show,
    stack,
    transpose,
    where,
    zeros_like,
)
from .dropout import Dropout
from .initialisation import current_generator, uniform
from .module import Module
from .parameter import Parameter

State = tuple[Any, ...]
"""What a cell carries from step to step: h for a GRU, h and c for an LSTM; (batch, units) each."""


class Recurrent(Module):
    """Layers of cells, unrolled over the static length of their sequences.

    A subclass names its `gates` and computes a `_cell`. See `GRU` and `LSTM` for the parameters.
    """

    gates: ClassVar[int]
    """Blocks of rows in each weight."""
    states: ClassVar[int]
    """Values that a cell carries."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        dtype: Any = "float32",
    ) -> None:
        name = type(self).__name__
        if min(input_size, hidden_size, num_layers) < 1:
            raise OptionError(
                f"{name}: expected sizes of at least 1, got {input_size}, {hidden_size}, "
                f"{num_layers} layers"
            )
        self.input_size, self.hidden_size = int(input_size), int(hidden_size)
        self.num_layers, self.bias = int(num_layers), bool(bias)
        self.bidirectional = bool(bidirectional)
        between = Dropout(dropout)
        self.dropout = between if self.num_layers > 1 else None
        rows = self.gates * self.hidden_size
        for layer in range(self.num_layers):
            inputs = self.input_size if layer == 0 else self.hidden_size * len(self._directions)
            shapes: dict[str, tuple[int, ...]] = {
                "weight_ih": (rows, inputs),
                "weight_hh": (rows, self.hidden_size),
            }
            if self.bias:
                shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
            for direction in self._directions:
                for kind, shape in shapes.items():
                    label = f"{kind}_l{layer}{direction}"
                    setattr(self, label, Parameter(np.zeros(shape, dtype), label))
        self.initialise(current_generator())

    @property
    def _directions(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def initialise(self, generator: np.random.Generator) -> None:
        """Draw all weights and biases uniformly within 1 / sqrt(hidden_size), as PyTorch does."""
        bound = 1 / math.sqrt(self.hidden_size)
        for _, held in self.named_parameters():
            held.value = uniform(held.shape, generator, -bound, bound)

    # -- whole sequences ---------------------------------------------------------------------------

    def _run(self, x: Any, initial: Any, lengths: Any, padding_mask: Any) -> tuple[Any, Any]:
        """The last layer's output at each step, and the final states as `_given` takes them."""
        self._check(x)
        length = x.shape[1]
        begin = self._given(initial, x)
        real = _real(x, lengths, padding_mask)
        finals: list[list[Any]] = [[] for _ in range(self.states)]
        for layer in range(self.num_layers):
            if layer and self.dropout is not None:
                x = self.dropout(x)
            ways: list[list[Any]] = []
            for number, direction in enumerate(self._directions):
                place = layer * len(self._directions) + number
                state = tuple(part[place] for part in begin)
                suffix = f"_l{layer}{direction}"
                steps = range(length) if direction == "" else range(length - 1, -1, -1)
                outputs, state = self._unroll(x, state, suffix, real, steps)
                ways.append(outputs)
                for kept, part in zip(finals, state, strict=True):
                    kept.append(part)
            joined = ways[0]
            if self.bidirectional:
                joined = [concatenate(pair, -1) for pair in zip(*ways, strict=True)]
            x = stack(joined, 1)
        final = tuple(stack(parts, 1) for parts in finals)
        return x, final[0] if self.states == 1 else final

    def _unroll(
        self, x: Any, state: State, suffix: str, real: list[Any] | None, steps: Sequence[int]
    ) -> tuple[list[Any], State]:
        """Through one layer in one direction: the outputs by step, and the state after the last."""
        projected = self._inputs(x, suffix)
        outputs: list[Any] = [None] * len(steps)
        for t in steps:
            after = self._cell([p[:, t] for p in projected], state, suffix)
            if real is not None:
                # At padding nothing happens: the state is carried over, and the output is 0.
                outputs[t] = where(real[t], after[0], zeros_like(after[0]))
                after = tuple(where(real[t], a, b) for a, b in zip(after, state, strict=True))
            else:
                outputs[t] = after[0]
            state = after
        return outputs, state

    # -- one step ----------------------------------------------------------------------------------

    def step(self, x: Any, state: Any) -> tuple[Any, Any]:
        """One step of all layers, for decoding: what `forward` does with a sequence of length 1.

        Parameters
        ----------
        x : (batch, input_size).
        state : as `forward` gives it: (batch, num_layers, hidden_size), for an LSTM a pair of them;
            None for zeros.

        Returns
        -------
        The output (batch, hidden_size), and the state after it.

        Raises
        ------
        OptionError : the network is bidirectional: its output at a step needs the steps to come.
        """
        if self.bidirectional:
            raise OptionError(
                f"{type(self).__name__}.step: a bidirectional network needs whole sequences; make "
                "one with bidirectional=False to decode step by step"
            )
        if len(x.shape) != 2:
            raise ShapeError(f"step: expected x of shape (batch, features), got {show(x.shape)}")
        output, after = self._run(reshape(x, (x.shape[0], 1, x.shape[1])), state, None, None)
        return output[:, 0], after

    # -- parts -------------------------------------------------------------------------------------

    def _cell(self, inputs: list[Any], state: State, suffix: str) -> State:
        """The state after a step; its first value is the output.

        Parameters
        ----------
        inputs : what `_inputs` gives for one step, (batch, hidden_size) for each gate.
        suffix : of the parameters' names: ``_l0_reverse``.
        """
        raise NotImplementedError

    def _inputs(self, x: Any, suffix: str) -> list[Any]:
        """The gates' parts that come from the input, for all steps in one product for each."""
        return self._products(x, f"weight_ih{suffix}", f"bias_ih{suffix}")

    def _products(self, x: Any, weight: str, bias: str) -> list[Any]:
        # Gate by gate rather than one product to be taken apart: each is then a whole array, which
        # kernels read and write by whole vectors, and so is its gradient.
        held, added = getattr(self, weight), getattr(self, bias, None)
        found = []
        for gate in range(self.gates):
            rows = slice(gate * self.hidden_size, (gate + 1) * self.hidden_size)
            product = matmul(x, transpose(held[rows]))
            found.append(product if added is None else product + added[rows])
        return found

    def _given(self, initial: Any, x: Any) -> list[list[Any]]:
        """Initial values for each of `states`, for each layer and direction."""
        count = self.num_layers * len(self._directions)
        if initial is None:
            zero = broadcast_to(constant(0, x.dtype), (x.shape[0], self.hidden_size))
            return [[zero] * count for _ in range(self.states)]
        parts = initial if self.states > 1 else (initial,)
        wanted = (x.shape[0], count, self.hidden_size)
        if len(parts) != self.states or any(tuple(p.shape) != wanted for p in parts):
            raise ShapeError(
                f"initial state: expected {'a pair of ' if self.states > 1 else ''}shape "
                f"{show(wanted)} (batch, layers * directions, units), got "
                f"{', '.join(show(p.shape) for p in parts)}"
            )
        return [[as_tensor(part)[:, k] for k in range(count)] for part in parts]

    def _check(self, x: Any) -> None:
        if len(x.shape) != 3 or x.shape[2] != self.input_size:
            raise ShapeError(
                f"expected sequences (batch, length, {self.input_size}), got shape {show(x.shape)}"
            )
        dtype = getattr(self, "weight_ih_l0").dtype  # noqa: B009 - mypy does not know it
        if x.dtype != dtype:
            raise DTypeError(
                f"{type(self).__name__}: expected {dtype} features, got {x.dtype}; convert them "
                f"with .astype('{dtype}')"
            )

    def extra_repr(self) -> str:
        """Sizes."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.num_layers > 1:
            text += f", num_layers={self.num_layers}"
        return text + (", bidirectional=True" if self.bidirectional else "")


def _real(x: Any, lengths: Any, padding_mask: Any) -> list[Tensor] | None:
    """For each step, (batch, 1) bool: where a sequence has an element; None where all have."""
    rows, length, _ = x.shape
    if lengths is not None and padding_mask is not None:
        raise OptionError("expected lengths or padding_mask, got both: give one of them")
    if lengths is not None:
        lengths = as_tensor(lengths)
        if lengths.shape != (rows,) or lengths.dtype != dtypes.int32:
            raise ShapeError(
                f"lengths: expected int32 of shape {show((rows,))}, got {lengths.dtype} of "
                f"{show(lengths.shape)}"
            )
        column = reshape(lengths, (rows, 1))
        return [greater(column, t) for t in range(length)]
    if padding_mask is not None:
        mask = as_tensor(padding_mask)
        if mask.shape != (rows, length) or mask.dtype != dtypes.boolean:
            raise ShapeError(
                f"padding_mask: expected bool of shape {show((rows, length))}, True for padding, "
                f"got {mask.dtype} of {show(mask.shape)}"
            )
        return [logical_not(mask[:, t : t + 1]) for t in range(length)]
    return None


__all__ = ["Recurrent", "State"]
