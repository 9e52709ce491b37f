"""A copy of the state to go back to, made often and cheaply."""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np

from ..compiler import State
from ..graph import Tensor


class Snapshot:
    """Copies of the variables that a step changes; the memory is reused from one to the next."""

    def __init__(self, variables: Iterable[Tensor]) -> None:
        self._copies: dict[Tensor, np.ndarray] = {
            v: np.empty(v.shape, v.dtype)  # type: ignore[arg-type]
            for v in variables
        }
        self.position = 0
        """Step of the epoch before which it was taken."""
        self.taken = -np.inf
        """When, on the clock of `time.perf_counter`."""

    def take(self, state: State, position: int) -> None:
        """Copy the state's values."""
        for variable, copy in self._copies.items():
            np.copyto(copy, state[variable])
        self.position = position
        self.taken = time.perf_counter()

    def restore(self, state: State) -> None:
        """Put the values back."""
        state.update(self._copies)
