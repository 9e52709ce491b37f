"""Adding up the gradients that reach a node by several ways."""

from __future__ import annotations

from collections.abc import Sequence

from .leaves import constant
from .movement import Pad, broadcast_to, concatenate
from .tensor import Tensor


def add_up(parts: Sequence[Tensor]) -> Tensor:
    """The sum of tensors of one shape.

    The gradient of a slice is zero outside it. Where several slices of one tensor do not overlap,
    as the steps of a sequence or the thirds of a weight do not, their gradients lie side by side:
    writing each into its place once takes one pass, where adding n arrays that are mostly zeros
    would take n.
    """
    rows: dict[int, list[Tensor]] = {}
    others: list[Tensor] = []
    for part in parts:
        axis = _only_axis(part)
        if axis is None:
            others.append(part)
        else:
            rows.setdefault(axis, []).append(part)
    for axis, pieces in rows.items():
        joined = _side_by_side(pieces, axis)
        others.extend(pieces if joined is None else [joined])
    total = others[0]
    for part in others[1:]:
        total = total + part
    return total


def _only_axis(part: Tensor) -> int | None:
    """The axis along which a tensor is another one between zeros; None if it is not."""
    operation = part.primitive
    if not isinstance(operation, Pad) or any(operation.between):
        return None
    padded = [a for a, w in enumerate(zip(operation.low, operation.high, strict=True)) if any(w)]
    return padded[0] if len(padded) == 1 else None


def _side_by_side(pieces: list[Tensor], axis: int) -> Tensor | None:
    """Pieces between zeros as one tensor, with zeros in the gaps; None where some overlap."""
    if len(pieces) < 2:
        return None
    shape = pieces[0].shape
    found: list[Tensor] = []
    end = 0

    def gap(length: int) -> None:
        if length:
            zeros = constant(0, pieces[0].dtype)
            found.append(broadcast_to(zeros, (*shape[:axis], length, *shape[axis + 1 :])))

    for piece in sorted(pieces, key=lambda p: p.primitive.low[axis]):  # type: ignore[attr-defined]
        start: int = piece.primitive.low[axis]  # type: ignore[attr-defined]
        if start < end:
            return None
        gap(start - end)
        (inner,) = piece.inputs
        found.append(inner)
        end = start + inner.shape[axis]  # type: ignore[operator]
    gap(shape[axis] - end)  # type: ignore[operator]
    return concatenate(found, axis)
