"""A graph as text: one line for each node, in the order of computation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .dimension import show
from .leaves import Constant, Input, Variable
from .tensor import Tensor, topological_order

_SYMBOLS = {
    "Add": "+", "Subtract": "-", "Multiply": "*", "Divide": "/", "MatMul": "@", "Equal": "==",
    "NotEqual": "!=", "Less": "<", "LessEqual": "<=", "Greater": ">", "GreaterEqual": ">=",
    "LogicalAnd": "and", "LogicalOr": "or",
}  # fmt: skip


def to_text(outputs: Iterable[Tensor], names: Mapping[Tensor, str] | None = None) -> str:
    """Each node as ``name = expression  # shape``; nodes may be given names."""
    known = dict(names or {})
    lines: list[str] = []
    count = 0
    for node in topological_order(outputs):
        if isinstance(node.primitive, Constant | Input | Variable):
            known.setdefault(node, node.primitive.describe())
            continue
        expression = _expression(node, known)
        if node not in known:
            count += 1
            known[node] = f"t{count}"
        lines.append(f"{known[node]} = {expression}  # {show(node.shape)} {node.dtype.name}")
    return "\n".join(lines)


def _expression(node: Tensor, names: Mapping[Tensor, str]) -> str:
    arguments = [names[i] for i in node.inputs]
    symbol = _SYMBOLS.get(node.primitive.name)
    if symbol:
        return f"{arguments[0]} {symbol} {arguments[1]}"
    head, _, attributes = node.primitive.describe().partition("[")
    tail = [attributes.rstrip("]")] if attributes else []
    return f"{head.lower()}({', '.join(arguments + tail)})"
