"""`Plan`: what the driver runs for a program, as plain data that can be kept on disk.

Nothing in it is an address or a graph: a plan serves every program of the same structure, and
addresses belong to a run.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, fields
from typing import Any

from ...compiler.memory import Place

Argument = tuple[str, Any, int]
"""Kind, what, and an offset in bytes. Kinds: ``place``, ``variable`` and ``constant`` (memory, by
number), ``integer`` (the argument itself), and what a run brings: ``source``, ``stride``, ``order``
and ``target``, by the name of an input or output."""


@dataclass(frozen=True)
class Step:
    """One kernel: its function, arguments, how its work is divided, whether threads meet before."""

    function: str
    arguments: list[Argument]
    kind: int
    total: int
    granularity: int
    barrier: bool


@dataclass(frozen=True)
class Plan:
    """A program compiled, but for its machine code.

    Attributes
    ----------
    steps : kernels in the order of a step of the program.
    places : sizes of the parts of the arena.
    constants : arrays of constants: dtype name and bytes.
    functions : text and declarations of the program's own kernels, by name.
    work : rough number of operations: (fixed, for each row).
    elements : which matrix products may be called: ``f32``, ``f64``.
    scratch : bytes that a thread's kernels may use for themselves: (fixed, for each row).
    """

    steps: list[Step]
    places: list[Place]
    constants: list[tuple[str, bytes]]
    functions: dict[str, tuple[str, tuple[str, ...]]]
    work: tuple[float, float]
    elements: list[str]
    scratch: tuple[int, int] = (0, 0)

    def to_bytes(self) -> bytes:
        """The plan as compressed JSON."""
        data = {
            # `astuple` would copy every argument, of which there are tens of thousands.
            "steps": [[getattr(s, f.name) for f in fields(s)] for s in self.steps],
            "places": self.places,
            "constants": [(d, base64.b64encode(b).decode()) for d, b in self.constants],
            "functions": self.functions,
            "work": self.work,
            "elements": self.elements,
            "scratch": self.scratch,
        }
        return zlib.compress(json.dumps(data).encode(), 1)

    @staticmethod
    def from_bytes(content: bytes) -> Plan:
        """What `to_bytes` gave."""
        data = json.loads(zlib.decompress(content))
        return Plan(
            [Step(*s) for s in data["steps"]],
            [Place(*p) for p in data["places"]],
            [(d, base64.b64decode(b)) for d, b in data["constants"]],
            {name: (text, tuple(d)) for name, (text, d) in data["functions"].items()},
            tuple(data["work"]),
            data["elements"],
            tuple(data["scratch"]),
        )
