"""From arrays of rows to the inputs of a module's graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph import Tensor, batch, dtypes, input
from .notes import RowKinds, notes_of
from .trace import Trace

if TYPE_CHECKING:
    from .module import Module


def input_names(count: int) -> list[str]:
    """``x`` for the only input of a module, else ``x0``, ``x1``, ..."""
    return ["x"] if count == 1 else [f"x{i}" for i in range(count)]


def trace_rows(
    module: Module, arrays: Sequence[np.ndarray], make_trace: Callable[[], Trace] = Trace
) -> tuple[list[Tensor], Any, Trace]:
    """Build a module's graph for rows like those of some arrays.

    Whole numbers stay so where the module takes them (an embedding); where it does not (a linear
    layer), they are fed as floats.

    Returns
    -------
    The inputs, the module's output, and the trace.
    """
    names = input_names(len(arrays))

    def attempt(kinds: Sequence[np.dtype]) -> tuple[list[Tensor], Any, Trace]:
        trace = make_trace()
        tensors = [
            input(name, (batch, *array.shape[1:]), dtype)
            for name, array, dtype in zip(names, arrays, kinds, strict=True)
        ]
        return tensors, module.trace_forward(trace, *tensors), trace

    # A module without parameters computes in the type that it is given.
    own = module.dtype if module.parameters() else None
    floats = [own or module.dtype for _ in arrays]
    as_they_are = [(own or a.dtype) if a.dtype.kind == "f" else a.dtype for a in arrays]
    try:
        result = attempt(as_they_are)
    except dtypes.DTypeError as error:
        if as_they_are == floats:
            raise
        try:
            result = attempt(floats)
        except dtypes.DTypeError:
            raise error from None
    tensors = result[0]
    shapes = tuple(tuple(d for d in t.shape[1:] if isinstance(d, int)) for t in tensors)
    notes_of(module).rows = RowKinds(shapes, tuple(t.dtype.name for t in tensors))
    return result
