"""Long short-term memory."""

from __future__ import annotations

from typing import Any, ClassVar

from ..graph import sigmoid, tanh
from .recurrent import Recurrent, State


class LSTM(Recurrent):
    """Long short-term memory: c = f c' + i g, h = o tanh(c), with gates i, f and o.

    Hochreiter & Schmidhuber 1997, "Long short-term memory", with the forget gate of Gers,
    Schmidhuber & Cummins 2000: i = sigmoid(W_i x + U_i h' + b_i), f and o likewise,
    g = tanh(W_g x + U_g h' + b_g).

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, dropout, bidirectional, dtype : as for `GRU`.

    Attributes
    ----------
    weight_ih_l0, weight_hh_l0 : (4 * hidden_size, inputs), (4 * hidden_size, hidden_size): input,
        forget, g and output, one below the other; named as those of `GRU` and in PyTorch.
    bias_ih_l0, bias_hh_l0 : (4 * hidden_size,).
    """

    gates: ClassVar[int] = 4
    states: ClassVar[int] = 2

    def forward(
        self, x: Any, initial: Any = None, lengths: Any = None, padding_mask: Any = None
    ) -> Any:
        """Outputs at all steps, and the final state.

        Parameters
        ----------
        x, lengths, padding_mask : as for `GRU.forward`.
        initial : the pair (h, c) before the first step, each
            (batch, num_layers * directions, hidden_size); 0 when None.

        Returns
        -------
        The last layer's outputs (batch, length, hidden_size * directions), 0 at padding; and the
        pair (h, c) after each sequence's own last element, shaped like `initial`.

        Raises
        ------
        ShapeError, DTypeError : inputs that do not fit.
        OptionError : both lengths and a mask.
        """
        return self._run(x, initial, lengths, padding_mask)

    def _cell(self, inputs: list[Any], state: State, suffix: str) -> State:
        h, c = state
        from_h = self._products(h, f"weight_hh{suffix}", f"bias_hh{suffix}")
        i, f, g, o = (a + b for a, b in zip(inputs, from_h, strict=True))
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c
