"""From what a person gives as data to the arrays that are fed, made once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import DataError, OptionError
from ..nn.losses import Loss
from .checks import finite, numbers, same_rows, target_for
from .run import Rows


def split_pair(name: str, data: Any) -> tuple[tuple[Any, ...], Any]:
    """The inputs and the target of ``(X, y)``; X may be a tuple of several inputs."""
    if not isinstance(data, tuple | list) or len(data) != 2:
        what = f"{len(data)} parts" if isinstance(data, tuple | list) else type(data).__name__
        raise DataError(f"{name}: expected a pair (X, y), got {what}")
    x, y = data
    if y is None:
        raise DataError(f"{name}: the target y is None; give (X, X) to reproduce the input")
    return (tuple(x) if isinstance(x, tuple) else (x,)), y


def raw_inputs(prefix: str, given: Sequence[Any]) -> list[np.ndarray]:
    """Arrays of numbers, not yet in the network's dtype."""
    arrays = [numbers(_name(prefix, i, len(given)), x) for i, x in enumerate(given)]
    same_rows({_name(prefix, i, len(arrays)): a for i, a in enumerate(arrays)})
    return arrays


def fed_rows(
    prefix: str,
    given: Sequence[Any],
    arrays: Sequence[np.ndarray],
    dtypes: Sequence[np.dtype],
    y: Any,
    weight: Any,
    loss: Loss,
    prediction: Any,
) -> Rows:
    """Checked arrays in the dtypes that the programs take."""
    names = [_name(prefix, i, len(arrays)) for i in range(len(arrays))]
    target = numbers(f"{prefix}y", y)
    same_rows({names[0]: arrays[0], f"{prefix}y": target})
    inputs = tuple(
        finite(name, array, dtype, getattr(x, "columns", None))
        for name, array, dtype, x in zip(names, arrays, dtypes, given, strict=True)
    )
    fitted = target_for(f"{prefix}y", target, loss, prediction)
    return Rows(inputs, fitted, _weight(weight, len(target), prediction.dtype))


def _weight(given: Any, rows: int, dtype: np.dtype) -> np.ndarray | None:
    if given is None:
        return None
    weight = finite("sample_weight", numbers("sample_weight", given), dtype)
    if weight.shape not in ((rows,), (rows, 1)):
        raise DataError(
            f"sample_weight: expected one weight for each of {rows} rows, got shape {weight.shape}"
        )
    if weight.min() < 0 or not weight.any():
        raise OptionError("sample_weight: expected weights of at least 0, and some above 0")
    return weight.reshape(rows)


def _name(prefix: str, index: int, count: int) -> str:
    return f"{prefix}X" if count == 1 else f"{prefix}X[{index}]"
