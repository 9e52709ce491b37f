"""A network's layers as rows of a table: path, layer, output shape, parameters."""

from __future__ import annotations

from typing import NamedTuple

from ..graph import Tensor, show
from ..nn.parameter import Parameter
from ..nn.trace import Trace


class Layer(NamedTuple):
    """One layer of a network."""

    path: str
    layer: str
    shape: str
    """Shape of its output, such as ``(batch, 10)``."""
    parameters: int


def layers_of(trace: Trace) -> list[Layer]:
    """The layers that a trace went through, without those that only hold others."""
    layers = []
    for call in trace.calls:
        own = [v for v in vars(call.module).values() if isinstance(v, Parameter)]
        holds_others = any(True for _ in call.module.children())
        if holds_others and not own:
            continue
        shape = show(call.output.shape) if isinstance(call.output, Tensor) else "?"
        name = type(call.module).__name__ if holds_others else str(call.module)
        layers.append(Layer(call.path, name, shape, sum(p.value.size for p in own)))
    return layers


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
