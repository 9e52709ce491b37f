"""Bringing predictions and targets into one shape and type."""

from __future__ import annotations

from typing import Any

from ...graph import ShapeError, Tensor, as_tensor, cast, dtypes, mean, reshape, show


def together(prediction: Any, target: Any) -> tuple[Any, Any]:
    """Both as tensors when one is; else both as arrays."""
    if any(isinstance(x, Tensor) or hasattr(x, "tensor") for x in (prediction, target)):
        return as_tensor(prediction), as_tensor(target)
    return dtypes.as_array(prediction), dtypes.as_array(target)


def aligned(name: str, prediction: Any, target: Any) -> tuple[Any, Any]:
    """Both, with the target in the shape and dtype of the prediction.

    (n,) against (n, 1) would broadcast to (n, n) and train on nonsense, so the target is reshaped.
    """
    prediction, target = together(prediction, target)
    if not dtypes.is_float(prediction.dtype):
        raise dtypes.DTypeError(f"{name}: expected float predictions, got {prediction.dtype}")
    have, want = tuple(target.shape), tuple(prediction.shape)
    if not want:
        raise ShapeError(f"{name}: expected predictions of shape (batch, ...), got a scalar")
    if have not in (want, (*want, 1)) and (*have, 1) != want:
        raise ShapeError(
            f"{name}: expected a target of the predictions' shape {show(want)}, got {show(have)}"
        )
    return prediction, cast(reshape(target, want), prediction.dtype)


def row_mean(values: Any, weight: Any = None) -> Any:
    """(batch, ...) to (batch,): the mean over a row's places, each times its weight if given."""
    if weight is not None:
        values = values * weight
    rank = len(values.shape)
    if rank == 1:
        return values
    if values.shape[1:] == (1,):
        return reshape(values, values.shape[:1])
    return mean(values, tuple(range(1, rank)))
