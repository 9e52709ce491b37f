"""A network's layers as rows of a table: path, layer, output shape, parameters."""

from __future__ import annotations

from typing import NamedTuple

from ..graph import Tensor, show
from ..nn.module import Module
from ..nn.parameter import Parameter
from ..nn.trace import Call, Trace


class Layer(NamedTuple):
    """One layer of a network."""

    path: str
    layer: str
    shape: str
    """Shape of its output, such as ``(batch, 10)``."""
    parameters: int


def layer_calls(trace: Trace) -> list[Call]:
    """The calls of layers in a trace, without those of modules that only hold others."""
    return [c for c in trace.calls if _own(c.module) or not _holds_others(c.module)]


def layer_of(call: Call) -> Layer:
    """The layer that a call went through."""
    shape = show(call.output.shape) if isinstance(call.output, Tensor) else "?"
    name = type(call.module).__name__ if _holds_others(call.module) else str(call.module)
    return Layer(call.path, name, shape, sum(p.value.size for p in _own(call.module)))


def _own(module: Module) -> list[Parameter]:
    return [v for v in vars(module).values() if isinstance(v, Parameter)]


def _holds_others(module: Module) -> bool:
    return any(True for _ in module.children())


def table(layers: list[Layer]) -> str:
    """The layers as text, in columns."""
    rows = [("", "layer", "output", "parameters")]
    rows += [(x.path, x.layer, x.shape, f"{x.parameters:,}") for x in layers]
    rows += [("", "total", "", f"{sum(x.parameters for x in layers):,}")]
    widths = [max(len(r[i]) for r in rows) for i in range(4)]
    return "\n".join(
        "  ".join(
            c.rjust(w) if i == 3 else c.ljust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
