"""The record of one tracing of a model: mode, random sites, buffer updates, calls of layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from ..graph import Tensor, random_bits

if TYPE_CHECKING:
    from .module import Module
    from .parameter import Buffer


class Call(NamedTuple):
    """One call of a module while a graph was built."""

    path: str
    module: Module
    inputs: tuple[Any, ...]
    output: Any


class Trace:
    """What happens while a model's forward function builds its graph.

    Attributes
    ----------
    training : whether dropout and the like are on.
    seed, step : uint32 scalars that random bits depend on; None when nothing may be random.
    updates : buffers' tensors with their values after the step.
    calls : every call of a module, innermost first.
    """

    def __init__(
        self, training: bool = False, seed: Tensor | None = None, step: Tensor | None = None
    ) -> None:
        self.training = training
        self.seed = seed
        self.step = step
        self.updates: dict[Tensor, Tensor] = {}
        self.calls: list[Call] = []
        self._stack: list[str] = []
        self._paths: dict[int, str] = {}
        self._sites: Counter[str] = Counter()

    @property
    def path(self) -> str:
        """Where in the model the trace is: ``encoder.layers.0``; '' at its root."""
        return self._stack[-1] if self._stack else ""

    @contextmanager
    def inside(self, module: Module) -> Iterator[None]:
        """Run a module's forward under its path in the model that the trace began with."""
        if not self._stack:
            self._paths = {id(m): path for path, m in module.named_modules()}
        # A module made on the fly is in no attribute of the model, so its class must name it.
        inner = f"{self.path}.{type(module).__name__}".lstrip(".")
        self._stack.append(self._paths.get(id(module), inner))
        try:
            yield
        finally:
            self._stack.pop()

    def random_bits(self, shape: Any) -> Tensor:
        """Random bits of this place: path plus call index, so equal layers draw different bits."""
        if self.seed is None or self.step is None:
            raise RuntimeError("random numbers need a trace with a seed; see layerwise.nn.Trace")
        site = f"{self.path}#{self._sites[self.path]}"
        self._sites[self.path] += 1
        return random_bits(self.seed, self.step, site, shape)

    def update(self, buffer: Buffer, value: Tensor) -> None:
        """Set what a buffer becomes after the step."""
        self.updates[buffer.tensor] = value


_current: ContextVar[Trace | None] = ContextVar("layerwise_trace", default=None)


def current_trace() -> Trace | None:
    """The trace that is under way, if one is."""
    return _current.get()


@contextmanager
def tracing(trace: Trace) -> Iterator[Trace]:
    """Make a trace the current one."""
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)
