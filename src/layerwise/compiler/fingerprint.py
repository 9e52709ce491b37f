"""A name for the structure of a program: equal names, equal work.

Two nets of the same architecture have different variables but programs of the same fingerprint,
so what was compiled for one serves the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields

from ..graph.dimension import Batch
from ..graph.leaves import Variable
from ..graph.tensor import Tensor, topological_order
from .program import Program


def fingerprint(program: Program) -> str:
    """SHA-256 over the primitives, their attributes and how they are connected."""
    digest = hashlib.sha256()
    number: dict[Tensor, int] = {}
    for node in topological_order([*program.roots, *program.updates]):
        number[node] = len(number)
        line = (_describe(node), *(number[i] for i in node.inputs))
        digest.update(repr(line).encode())
    for roots in (program.outputs, program.updates):
        names = [k if isinstance(k, str) else number[k] for k in roots]
        digest.update(repr((names, [number[x] for x in roots.values()])).encode())
    return digest.hexdigest()


def _describe(node: Tensor) -> tuple[object, ...]:
    operation = node.primitive
    if isinstance(operation, Variable):
        return "Variable", operation.shape, operation.dtype.char
    return operation.name, *(_plain(getattr(operation, f.name)) for f in fields(operation))  # type: ignore[arg-type]


def _plain(value: object) -> object:
    if isinstance(value, Batch):
        return "batch", value.multiple
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return getattr(value, "char", value)
