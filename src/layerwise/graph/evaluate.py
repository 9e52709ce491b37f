"""Evaluating a graph with NumPy, one primitive at a time: the oracle for every backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from .dimension import Batch, concrete
from .leaves import Input
from .primitive import Concrete
from .tensor import Tensor, topological_order


def evaluate(
    outputs: Iterable[Tensor], values: Mapping[Tensor, np.ndarray], rows: int | None = None
) -> list[np.ndarray]:
    """The outputs' values, given those of inputs and variables.

    `rows` is the batch size; by default it is read off the inputs whose shape leads with `batch`.
    """
    outputs = list(outputs)
    if rows is None:
        rows = rows_of(values)
    known: dict[Tensor, np.ndarray] = {t: np.asarray(v, t.dtype) for t, v in values.items()}
    order = topological_order(outputs)
    uses: dict[Tensor, int] = {}
    for node in order:
        for i in node.inputs:
            uses[i] = uses.get(i, 0) + 1
    keep = set(outputs)
    with np.errstate(all="ignore"):
        for node in order:
            if node in known:
                continue
            out = Concrete(concrete(node.shape, rows), node.dtype, rows)
            arrays = [known[i] for i in node.inputs]
            known[node] = np.asarray(node.primitive.evaluate(out, *arrays), node.dtype)
            for i in node.inputs:
                uses[i] -= 1
                if not uses[i] and i not in keep:
                    known.pop(i, None)
    return [known[o] for o in outputs]


def rows_of(values: Mapping[Tensor, np.ndarray]) -> int:
    """The batch size that fed arrays have; 1 when no input has a batch dimension."""
    for tensor, array in values.items():
        if (
            isinstance(tensor.primitive, Input)
            and tensor.shape
            and isinstance(tensor.shape[0], Batch)
        ):
            return len(array) // tensor.shape[0].multiple
    return 1
