"""What data must be like to train on: every refusal names the place and the way out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DataError, DTypeError, ShapeError
from ..graph import Tensor, dtypes, show
from ..nn.losses import Loss

ONE_HOT_ADVICE = "number the labels first: classes, y = numpy.unique(labels, return_inverse=True)"


def numbers(name: str, value: Any) -> np.ndarray:
    """An array of floats, int32 or booleans.

    Parameters
    ----------
    name : what messages call it, such as ``X`` or ``validation y``.
    value : anything that NumPy can make an array of.

    Raises
    ------
    DataError : it holds no numbers, or no rows.
    """
    if hasattr(value, "toarray"):
        raise DataError(f"{name}: expected a dense array, got {type(value).__name__}; "
                        f"use {name}.toarray()")  # fmt: skip
    try:
        array = np.asarray(value)
    except ValueError:
        raise DataError(f"{name}: expected rows of equal length, got rows that differ") from None
    if array.dtype.kind in "OSUMm":
        array = _from_objects(name, array)
    if array.ndim == 0:
        raise DataError(f"{name}: expected rows, got the single value {array}")
    if array.size == 0:
        raise DataError(f"{name}: expected at least one row, got an empty array of {array.shape}")
    if array.dtype.kind == "c":
        raise DataError(f"{name}: expected real numbers, got {array.dtype}")
    try:
        return dtypes.as_array(array)
    except DTypeError as error:
        raise DataError(f"{name}: {error}") from None


def _from_objects(name: str, array: np.ndarray) -> np.ndarray:
    """Numbers that hide in an array of objects, or advice about what hides there instead."""
    first = next(iter(array.flat), None)
    if array.dtype.kind in "OSU" and array.size:
        text = next((v for v in array.flat if isinstance(v, str | bytes)), None)
        if text is not None:
            what = ONE_HOT_ADVICE if name.endswith("y") else (
                "turn columns of text into numbers (one-hot) before training"
            )  # fmt: skip
            raise DataError(f"{name}: expected numbers, got text such as {text!r}; {what}")
    if array.dtype.kind == "O":
        try:
            return array.astype(np.float64)
        except (TypeError, ValueError):
            pass
    raise DataError(
        f"{name}: expected numbers, got {array.dtype} holding {type(first).__name__}; "
        "convert it to an array of floats or ints"
    )


def finite(name: str, array: np.ndarray, dtype: np.dtype, columns: Any = None) -> np.ndarray:
    """The array in a dtype, C-contiguous, when every element is finite.

    Raises `DataError` that names the first bad column and row, with the column's name when
    `columns` has names.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        made = np.ascontiguousarray(array, dtype)
        if dtype.kind != "f" or (np.isfinite(made.min()) and np.isfinite(made.max())):
            return made
    bad = ~np.isfinite(made)
    table = bad.reshape(len(bad), -1)
    column = int(np.argmax(table.any(axis=0)))
    row = int(np.argmax(table[:, column]))
    value = array.reshape(len(bad), -1)[row, column]
    what = "NaN" if np.isnan(value) else "infinity" if np.isinf(value) else f"{value:g}"
    where = _column(name, made, column, columns)
    if np.isfinite(value):
        raise DataError(
            f"{name}: {what} in {where}row {row} is too large for {dtype}; scale the data"
        )
    total = int(bad.sum())
    more = f" ({total} such values in all)" if total > 1 else ""
    raise DataError(
        f"{name}: {what} in {where}row {row}{more}; training needs finite numbers: drop the rows "
        "or fill the gaps, with the column's median for example"
    )


def _column(name: str, array: np.ndarray, column: int, columns: Any) -> str:
    if array.ndim == 1:
        return ""
    if array.ndim > 2:
        position = tuple(int(i) for i in np.unravel_index(column, array.shape[1:]))
        return f"position {position}, "
    if columns is not None and len(columns) == array.shape[1]:
        return f"column '{columns[column]}', "
    return f"column {column}, "


def same_rows(parts: dict[str, np.ndarray | None]) -> int:
    """The number of rows that all arrays have; raises `DataError` when they differ."""
    lengths = {name: len(array) for name, array in parts.items() if array is not None}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} has {count}" for name, count in lengths.items())
        raise DataError(f"expected the same number of rows, but {shown}")
    return next(iter(lengths.values()))


def target_for(name: str, y: np.ndarray, loss: Loss, prediction: Tensor) -> np.ndarray:
    """The target in the shape and dtype that the loss takes.

    Class numbers become int32 of shape (n,); other targets take the prediction's dtype, and its
    shape where (n,) and (n, 1) differ.

    Raises
    ------
    DataError : values or shapes that the loss cannot use.
    """
    if loss.target == "classes":
        return _classes(name, y, loss, prediction)
    wanted = tuple(d for d in loss.target_shape(prediction.shape)[1:] if isinstance(d, int))
    trailing = y.shape[1:]
    if trailing != wanted and (*trailing, 1) != wanted and trailing != (*wanted, 1):
        if loss.builtin:
            raise _mismatch(name, y, loss, prediction)
        # Class numbers in a column, for a loss of the user's own.
        return y.reshape(-1) if trailing == (1,) and y.dtype.kind in "iub" else y
    if not loss.builtin and y.dtype.kind != "f":
        return y
    y = finite(name, y, prediction.dtype).reshape(len(y), *wanted)
    if loss.lowest is not None and y.min() < loss.lowest:
        row = int(np.argmax((y < loss.lowest).reshape(len(y), -1).any(1)))
        raise DataError(
            f"{name}: '{loss.name}' takes numbers of at least {loss.lowest:g}, got "
            f"{y[row].min():g} in row {row}; for numbers of both signs use 'mse', 'mae' or 'huber'"
        )
    if loss.target == "binary" and (y.min() < 0 or y.max() > 1):
        bad = y[(y < 0) | (y > 1)][0]
        raise DataError(
            f"{name}: '{loss.name}' takes 0 and 1 (or probabilities), got {bad:g}; "
            "for more than two classes use 'cross_entropy' with an output for each"
        )
    return y


def _classes(name: str, y: np.ndarray, loss: Loss, prediction: Tensor) -> np.ndarray:
    classes = prediction.shape[-1]
    inner = prediction.shape[1:-1]
    if y.shape[1:] == prediction.shape[1:] and y.ndim > 1 and classes != 1:
        return finite(name, y, prediction.dtype)
    if y.shape[1:] == (*inner, 1):
        y = y.reshape(y.shape[:-1])
    if y.shape[1:] != inner:
        raise _mismatch(name, y, loss, prediction)
    whole = finite(name, y, np.dtype(np.float64)) if y.dtype.kind == "f" else y
    if y.dtype.kind == "f" and not np.array_equal(whole, np.floor(whole)):
        fraction = whole[whole != np.floor(whole)][0]
        raise DataError(
            f"{name}: '{loss.name}' takes class numbers, got {fraction:g}; for a target of "
            "numbers use loss='mse' (and one output)"
        )
    low, high = int(whole.min()), int(whole.max())
    if low < 0 or high >= classes:  # type: ignore[operator]
        bad = low if low < 0 else high
        row = tuple(int(i) for i in np.argwhere(whole == bad)[0])
        advice = (
            f"labels start at 0, so subtract {low}" if low == 1 and high == classes
            else f"give the last layer {high + 1} outputs, or number the labels from 0"
        )  # fmt: skip
        raise DataError(
            f"{name}: label {bad} in row {row[0]} is outside the classes 0 to {classes - 1} of "  # type: ignore[operator]
            f"the net's {classes} outputs; {advice}"
        )
    return np.ascontiguousarray(whole, np.int32)


def check_several_classes(name: str, y: np.ndarray, loss: Loss) -> None:
    """Raise `DataError` when a training target of single classes holds one class only."""
    numbered = loss.target == "classes" and y.dtype == dtypes.int32 and len(y) > 1
    if numbered or (loss.target == "binary" and y.size == len(y)):
        low, high = y.min(), y.max()
        if low == high and low == int(low):
            raise _one_class(name, int(low))


def _one_class(name: str, label: int) -> DataError:
    return DataError(
        f"{name}: every row has the class {label}, so there is nothing to tell apart; give rows "
        "of at least two classes (is the data sorted, and were only the first rows taken?)"
    )


def _mismatch(name: str, y: np.ndarray, loss: Loss, prediction: Tensor) -> ShapeError:
    rows = ("n", *map(str, y.shape[1:]))
    shown = f"({', '.join(rows)}{',' if len(rows) == 1 else ''})"
    if loss.target == "classes":
        want = "class numbers (n,) or one-hot rows (n, classes)"
        advice = "the last layer needs one output for each class"
    elif len(loss.levels) > 1:
        want = "one number for each row, (n,)"
        advice = "all of a row's outputs are quantiles of the same number"
    else:
        want = "the shape of the net's output"
        advice = "make the last layer's outputs as many as the target's columns"
        if y.ndim == 1:
            advice = "let the last layer have 1 output"
            if y.dtype.kind != "f" or loss.target == "binary":
                advice += ", or, for several classes, use loss='cross_entropy'"
    return ShapeError(
        f"{name}: '{loss.name}' takes {want}; the net gives {show(prediction.shape)}, "
        f"{name} is {shown}; {advice}"
    )
