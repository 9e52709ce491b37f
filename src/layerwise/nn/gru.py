"""Gated recurrent units."""

from __future__ import annotations

from typing import Any, ClassVar

from ..graph import sigmoid, tanh
from .recurrent import Recurrent, State


class GRU(Recurrent):
    """Gated recurrent units: h = (1 - z) n + z h', with reset and update gates r and z.

    Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", in the variant of
    cuDNN and PyTorch, where the reset gate acts on the product:
    r = sigmoid(W_r x + U_r h'), z likewise, n = tanh(W_n x + b_n + r (U_n h' + c_n)).

    Parameters
    ----------
    input_size : features of each element of a sequence.
    hidden_size : units.
    num_layers : layers; each but the first takes the output of the one before it.
    bias : whether there are biases.
    dropout : probability, between layers, in training.
    bidirectional : whether a second row of units goes from the end to the beginning; outputs are
        then twice as wide.
    dtype : float32 or float64.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : (3 * hidden_size, inputs), (3 * hidden_size, hidden_size): reset,
        update and new, one below the other; ``l1`` for the second layer, ``l0_reverse`` for the
        other direction, as in PyTorch.
    bias_ih_l0, bias_hh_l0 : (3 * hidden_size,).
    """

    gates: ClassVar[int] = 3
    states: ClassVar[int] = 1

    def forward(
        self, x: Any, initial: Any = None, lengths: Any = None, padding_mask: Any = None
    ) -> Any:
        """Outputs at all steps, and the final state.

        Parameters
        ----------
        x : (batch, length, input_size).
        initial : the state before the first step, (batch, num_layers * directions, hidden_size),
            layer by layer, forward before reverse (PyTorch has the batch second); 0 when None.
        lengths : int32, (batch,): how many elements each sequence has; the rest is padding.
        padding_mask : bool, (batch, length): True for padding, wherever it is; in place of lengths.

        Returns
        -------
        The last layer's outputs (batch, length, hidden_size * directions), 0 at padding; and the
        final state, shaped like `initial`, after each sequence's own last element.

        Raises
        ------
        ShapeError, DTypeError : inputs that do not fit.
        OptionError : both lengths and a mask.
        """
        return self._run(x, initial, lengths, padding_mask)

    def _cell(self, inputs: list[Any], state: State, suffix: str) -> State:
        (h,) = state
        reset, update, new = inputs
        from_h = self._products(h, f"weight_hh{suffix}", f"bias_hh{suffix}")
        r, z = sigmoid(reset + from_h[0]), sigmoid(update + from_h[1])
        n = tanh(new + r * from_h[2])
        return (n + z * (h - n),)
