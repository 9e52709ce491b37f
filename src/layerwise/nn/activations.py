"""Activations as modules, and any function of one's own as one. The formulas: `layerwise.graph`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import errors, graph
from ..graph import ShapeError, show
from .module import Module


class Sigmoid(Module):
    """1 / (1 + e^-x): all reals into 0..1."""

    def forward(self, x: Any) -> Any:
        """Element by element."""
        return graph.sigmoid(x)


class Tanh(Module):
    """Hyperbolic tangent: all reals into -1..1."""

    def forward(self, x: Any) -> Any:
        """Element by element."""
        return graph.tanh(x)


class ReLU(Module):
    """max(0, x); the derivative at 0 is 0."""

    def forward(self, x: Any) -> Any:
        """Element by element."""
        return graph.relu(x)


class LeakyReLU(Module):
    """x where it is positive, else x times a small slope (Maas, Hannun & Ng 2013)."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = float(negative_slope)

    def forward(self, x: Any) -> Any:
        """Element by element."""
        return graph.leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        """The slope."""
        return f"{self.negative_slope:g}"


class ELU(Module):
    """x where positive, else alpha * (e^x - 1) (Clevert, Unterthiner & Hochreiter 2015)."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = float(alpha)

    def forward(self, x: Any) -> Any:
        """Element by element."""
        return graph.elu(x, self.alpha)

    def extra_repr(self) -> str:
        """The limit at minus infinity, negated."""
        return f"{self.alpha:g}"


class SELU(Module):
    """A scaled ELU that keeps mean 0 and variance 1 through layers (Klambauer et al. 2017)."""

    def forward(self, x: Any) -> Any:
        """Element by element."""
        return graph.selu(x)


class GELU(Module):
    """x times the normal distribution's probability below x (Hendrycks & Gimpel 2016).

    `approximate` uses the paper's tanh formula.
    """

    def __init__(self, approximate: bool = False) -> None:
        self.approximate = bool(approximate)

    def forward(self, x: Any) -> Any:
        """Element by element."""
        return graph.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        """Which formula."""
        return "approximate=True" if self.approximate else ""


class SiLU(Module):
    """x * sigmoid(x), also called swish (Elfwing, Uchibe & Doya 2018)."""

    def forward(self, x: Any) -> Any:
        """Element by element."""
        return graph.silu(x)


class Mish(Module):
    """x * tanh(softplus(x)) (Misra 2019)."""

    def forward(self, x: Any) -> Any:
        """Element by element."""
        return graph.mish(x)


class Softplus(Module):
    """log(1 + e^x), a smooth ReLU."""

    def forward(self, x: Any) -> Any:
        """Element by element."""
        return graph.softplus(x)


class _OverAxis(Module):
    """A function along one axis, which cannot be the batch's."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = int(axis)

    def _check(self, x: Any) -> None:
        rank = len(x.shape)
        if not -rank <= self.axis < rank or self.axis % rank == 0:
            raise ShapeError(
                f"expected axis {self.axis} after the batch's, got shape {show(x.shape)}; rows "
                "cannot be mixed"
            )

    def extra_repr(self) -> str:
        """The axis."""
        return "" if self.axis == -1 else f"axis={self.axis}"


class Softmax(_OverAxis):
    """e^x over its sum along an axis: numbers in 0..1 that sum to 1."""

    def forward(self, x: Any) -> Any:
        """(batch, ..., classes) to the same shape."""
        self._check(x)
        return graph.softmax(x, self.axis)


class LogSoftmax(_OverAxis):
    """The logarithm of softmax, without underflow; goes with the loss `nll`."""

    def forward(self, x: Any) -> Any:
        """(batch, ..., classes) to the same shape."""
        self._check(x)
        return graph.log_softmax(x, self.axis)


class Identity(Module):
    """x as it is."""

    def forward(self, x: Any) -> Any:
        """Nothing happens."""
        return x


class Function(Module):
    """A function of one's own, written in graph functions, as a module."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        if not callable(function):
            raise TypeError(f"expected a function of one tensor, got {function!r}")
        self.function = function

    def forward(self, x: Any) -> Any:
        """What the function gives."""
        return self.function(x)

    def extra_repr(self) -> str:
        """The function's name."""
        return getattr(self.function, "__name__", repr(self.function))


ACTIVATIONS: dict[str, type[Module]] = {
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "selu": SELU,
    "gelu": GELU,
    "silu": SiLU,
    "mish": Mish,
    "softplus": Softplus,
    "softmax": Softmax,
    "log_softmax": LogSoftmax,
    "identity": Identity,
}


def activation(given: str | Module | type[Module] | Callable[[Any], Any]) -> Module:
    """Make an activation of a name, a class or a function of one's own.

    Raises `OptionError` with the nearest valid name.
    """
    if isinstance(given, Module):
        return given
    if isinstance(given, type) and issubclass(given, Module):
        return given()
    if isinstance(given, str):
        found = ACTIVATIONS.get(given.lower().replace("-", "_"))
        if found is None:
            raise errors.unknown("activation", given, ACTIVATIONS)
        return found()
    return Function(given)
