"""Evaluating a graph with NumPy, one primitive at a time: the oracle for every backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from .dimension import Batch, concrete
from .leaves import Input, input
from .primitive import Concrete
from .rewriting import rewrite
from .stable import stabilise
from .tensor import Tensor, topological_order


def evaluate(
    outputs: Iterable[Tensor],
    values: Mapping[Tensor, np.ndarray],
    rows: int | None = None,
    stable: bool = True,
) -> list[np.ndarray]:
    """The outputs' values, given those of inputs and variables.

    Three things compute numbers. A graph function called on arrays computes that one function at
    once, and sees nothing of what comes before and after: ``log(softmax(x))`` is -inf where the
    softmax underflowed. A module called on arrays is a compiled program, which the chosen backend
    runs. This function takes a graph that exists and computes it with NumPy, one primitive at a
    time, on any backend and for inspection; like a program, it first puts the whole graph into
    stable form, in which ``log(softmax(x))`` is finite.

    Parameters
    ----------
    outputs : what is wanted.
    values : arrays for the inputs and variables; for an intermediate result too, which is then not
        computed and not looked behind.
    rows : the batch size; by default it is read off the inputs whose shape leads with `batch`.
    stable : whether to put the graph into stable form first; False computes it as it was written.
    """
    outputs = list(outputs)
    if rows is None:
        rows = rows_of(values)
    if stable:
        given = {t: input(f"given {n}", t.shape, t.dtype) for n, t in enumerate(values) if t.inputs}
        became = rewrite(outputs, lambda node: None, given)
        form = stabilise([became[o] for o in outputs])
        outputs = [form[became[o]] for o in outputs]
        values = {given.get(t, t): v for t, v in values.items()}
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
