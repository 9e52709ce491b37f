"""Evaluating a module on arrays: its graph is compiled once for each kind of input and kept."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import backends
from ..compiler import Executable, Feeds, Program, State
from ..graph import Tensor
from .trace import Trace

if TYPE_CHECKING:
    from .module import Module

_compiled: weakref.WeakKeyDictionary[Module, dict[tuple, Executable]] = weakref.WeakKeyDictionary()

ROWS_AT_ONCE = 1024


def evaluate_module(module: Module, *arrays: np.ndarray) -> Any:
    """The module's output for arrays whose leading axis is rows, in evaluation mode."""
    tensors = [module.input_for(a, f"x{i}") for i, a in enumerate(arrays)]
    key = (tuple(tensors), tuple(h.tensor for _, h in module.named_held()))
    kept = _compiled.setdefault(module, {})
    if key not in kept:
        output = module.trace_forward(Trace(), *tensors)
        if not isinstance(output, Tensor):
            raise TypeError(f"forward of {module} gave {type(output).__name__}, expected a Tensor")
        kept[key] = backends.get().compile(Program({"output": output}))
    executable = kept[key]
    held = {h.tensor: h.value for _, h in module.named_held()}
    state = State({v: held[v] for v in executable.program.variables})
    rows = {f"x{i}": a for i, a in enumerate(arrays)}
    used = {name: rows[name] for name in executable.program.inputs}
    result = executable.run(state, Feeds(used, ROWS_AT_ONCE))["output"]
    return result if executable.program.outputs["output"].shape[:1] == tensors[0].shape[:1] else result[0]
