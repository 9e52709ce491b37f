"""The graph of an activation and of its derivative, side by side."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...errors import OptionError
from ...graph import Tensor, batch, concatenate, dtypes, evaluate, gradients, input, sum
from ...nn import Function, Module, activation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINTS = 801


class Curve(NamedTuple):
    """A function of one number and its derivative, sampled.

    Attributes
    ----------
    x, y, slope : float64, shape (points,).
    alone : whether y depends on x alone. If not, as for softmax, it is the first output for the
        row (x, 0).
    """

    x: np.ndarray
    y: np.ndarray
    slope: np.ndarray
    alone: bool


def draw_activation(
    function: str | Module | type[Module] | Callable[[Any], Any],
    low: float = -6.0,
    high: float = 6.0,
) -> Figure:
    """Draw a function of one number, and beside it its derivative, found by backpropagation.

    A function of a whole row, such as softmax, is drawn as its first output for the row (x, 0).

    Parameters
    ----------
    function : name of an activation, an activation of `layerwise.nn`, or any function written in
        graph functions: ``lambda x: x * lw.sigmoid(x)``.
    low, high : the ends of the x axis.

    Raises
    ------
    OptionError : no activation has this name (the nearest is named); low is not below high; or the
        function has no finite value between them.
    """
    from . import style

    module = activation(function)
    found = curve(module, low, high)
    name = _name(module)
    if not np.isfinite(found.y).any():
        raise OptionError(f"{name} is finite nowhere from {low:g} to {high:g}; give other ends")
    row = "" if found.alone else ": first output for the row (x, 0)"
    figure, (left, right) = style.panels(2)
    for axes, y, colour, text in (
        (left, found.y, style.BLUE, name + row),
        (right, found.slope, style.ORANGE, f"derivative of {name}"),
    ):
        # A hair's breadth of difference must not fill the picture.
        finite = y[np.isfinite(y)]
        if finite.size and np.ptp(finite) < 1e-6:
            middle = float(finite.mean())
            axes.set_ylim(middle - 1, middle + 1)
        axes.axhline(0, color=style.GREY, linewidth=0.8)
        if low < 0 < high:
            axes.axvline(0, color=style.GREY, linewidth=0.8)
        for part in smooth_parts(found.x, y):
            axes.plot(found.x[part], y[part], color=colour, linewidth=2)
        axes.set_xlim(low, high)
        style.title(axes, text, "x")
    return figure


def curve(function: Any, low: float = -6.0, high: float = 6.0) -> Curve:
    """Sample a function and its derivative; what `draw_activation` draws."""
    if not low < high:
        raise OptionError(f"expected low below high, got {low:g} and {high:g}")
    module = activation(function)
    dtype = module.dtype if module.parameters() else dtypes.float64
    values = {parameter.tensor: parameter.value for _, parameter in module.named_held()}
    first, second = (input(name, (batch, 1), dtype) for name in ("x", "other"))
    y = module(concatenate([first, second], 1))
    if not isinstance(y, Tensor) or y.shape != (batch, 2):
        raise OptionError(f"expected a function that keeps the shape of a row, got {y!r}")
    y = y[:, 0]
    slope, pull = gradients(sum(y), [first, second])
    x = np.linspace(low, high, POINTS).reshape(-1, 1)
    found = evaluate([y, slope, pull], {**values, first: x, second: np.zeros_like(x)})
    heights, slopes, pulls = (np.asarray(a, np.float64).reshape(-1) for a in found)
    return Curve(x.reshape(-1), heights, slopes, not pulls.any())


def _name(module: Module) -> str:
    if isinstance(module, Function):
        return module.extra_repr().replace("<lambda>", "f")
    text = str(module)
    return text.removesuffix("()")


def smooth_parts(x: np.ndarray, y: np.ndarray) -> list[slice]:
    """Cut where the curve jumps, as ReLU's derivative does at 0, so that no line is drawn there."""
    rise = np.abs(np.diff(y))
    spread = np.ptp(y[np.isfinite(y)]) if np.isfinite(y).any() else 0.0
    jumps = np.flatnonzero((rise > 0.1 * spread) & (rise > 8 * np.roll(rise, 1))) + 1
    edges = [0, *jumps.tolist(), len(x)]
    return [slice(a, b) for a, b in pairwise(edges)]


__all__ = ["Curve", "curve", "draw_activation", "smooth_parts"]
