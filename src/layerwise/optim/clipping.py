"""Gradient clipping by the norm of all gradients together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ..errors import OptionError
from ..graph import Tensor, cast, dtypes, isfinite, maximum, sqrt, square, where
from ..graph import sum as total
from .gradient import Gradient


def global_norm(gradients: Sequence[Tensor | Gradient]) -> Tensor:
    """The Euclidean length of all gradients as one vector, a float64 scalar."""
    values = [g if isinstance(g, Tensor) else g.values for g in gradients]
    return sqrt(_added([cast(total(square(v)), dtypes.float64) for v in values]))


def _added(parts: list[Tensor]) -> Tensor:
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result


Kind = TypeVar("Kind", bound=Tensor | Gradient)


def clip_by_norm(gradients: Sequence[Kind], max_norm: float | Tensor) -> list[Kind]:
    """Scale all gradients together so that their global norm is at most `max_norm`.

    Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks",
    algorithm 1. Gradients below the limit stay as they are, bit by bit.

    Parameters
    ----------
    gradients : float tensors of any shapes, or what `layerwise.optim.gradients_of` made of
        them.
    max_norm : above 0; a number, or a scalar tensor fed at run time.

    Returns
    -------
    Gradients of the same kinds, shapes and dtypes. A norm of NaN or infinity makes all of them not
    finite: clipping must not hide that training has diverged.
    """
    if not gradients:
        return []
    if isinstance(max_norm, Tensor):
        max_norm = cast(max_norm, dtypes.float64)
    elif not max_norm > 0:
        raise OptionError(f"clip_by_norm: expected max_norm above 0, got {max_norm!r}")
    norm = global_norm(gradients)
    # max_norm / inf is 0, and finite gradients times 0 would look like a flat loss.
    scale = where(isfinite(norm), max_norm / maximum(norm, max_norm), norm)
    return [
        g * cast(scale, g.dtype) if isinstance(g, Tensor) else g.scaled(scale)  # type: ignore[misc]
        for g in gradients
    ]
