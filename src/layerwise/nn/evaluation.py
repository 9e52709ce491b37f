"""Evaluating a module on arrays: its graph is compiled once for each kind of input and kept."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import backends
from ..compiler import Executable, Feeds, Program, State
from ..graph import Tensor
from ..graph.dimension import Batch
from .inputs import input_names, trace_rows

if TYPE_CHECKING:
    from .module import Module

_compiled: weakref.WeakKeyDictionary[Module, dict[tuple, Executable]] = weakref.WeakKeyDictionary()

ROWS_AT_ONCE = 1024


def evaluate_module(
    module: Module, *arrays: np.ndarray, values: Mapping[str, np.ndarray] | None = None
) -> Any:
    """The module's output for arrays whose leading axis is rows, in evaluation mode.

    With `values`, parameters and buffers by name take the place of the module's own.
    """
    backend = backends.get()
    kinds = tuple((a.shape[1:], a.dtype) for a in arrays)
    key = (backend.name, kinds, tuple(h.tensor for _, h in module.named_held()))
    kept = _compiled.setdefault(module, {})
    if key not in kept:
        _, output, _ = trace_rows(module, arrays)
        if not isinstance(output, Tensor):
            raise TypeError(f"forward of {module} gave {type(output).__name__}, expected a Tensor")
        kept[key] = backend.compile(Program({"output": output}))
    executable = kept[key]
    held = {
        h.tensor: h.value if values is None else values[name] for name, h in module.named_held()
    }
    state = State({v: held[v] for v in executable.program.variables})
    rows = dict(zip(input_names(len(arrays)), arrays, strict=True))
    used = {name: rows[name] for name in executable.program.inputs}
    result = executable.run(state, Feeds(used, ROWS_AT_ONCE))["output"]
    leading = executable.program.outputs["output"].shape[:1]
    return result if leading and isinstance(leading[0], Batch) else result[0]
