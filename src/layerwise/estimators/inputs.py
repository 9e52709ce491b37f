"""X in any form that people have it in, as a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import validate_data

from ..data.tables import Table, table_of
from ..errors import DataError


def training_table(estimator: Any, X: Any) -> tuple[Table, bool]:
    """A table of the rows to train on, and whether all its columns are plainly numbers.

    Sets `n_features_in_`, and `feature_names_in_` where the columns have names.

    Raises
    ------
    ValueError, TypeError : scikit-learn's for arrays of numbers; `DataError` for everything else.
    """
    table, numeric = _table(estimator, X, True, None)
    if not len(table):
        raise DataError("expected at least 1 row in X, got 0 samples; is the selection empty?")
    return table, numeric


def known_table(estimator: Any, X: Any, names: tuple[str, ...]) -> Table:
    """A table of rows with the columns of training.

    Parameters
    ----------
    names : of the columns of training. Columns without names are in this order.

    Raises
    ------
    ValueError : other columns than in training, or in another order.
    """
    return _table(estimator, X, False, names)[0]


def _table(
    estimator: Any,
    X: Any,
    reset: bool,
    names: tuple[str, ...] | None,
) -> tuple[Table, bool]:
    numbers = numeric_array(X)
    if numbers is not None:
        checked = validate_data(
            estimator,
            # scikit-learn refuses what is a matrix of NumPy, or holds complex numbers, itself.
            numbers,
            reset=reset,
            accept_sparse=("csr", "csc", "coo"),
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
        )
        return table_of(checked, names), True
    if _has_columns(X):
        table = table_of(X)
        validate_data(estimator, X, reset=reset, skip_check_array=True)
    else:
        table = table_of(X)
        _count_features(estimator, table, reset)
    if names is not None:
        table = table_of(table, names)
    return table, False


def parts_of(name: str, given: Any) -> tuple[Any, Any, Any]:
    """X, y and the weights of rows, None where there are none, of two or three things together.

    Parameters
    ----------
    name : what people call it, such as "validation_data".

    Raises
    ------
    DataError : it is something else.
    """
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        raise DataError(
            f"{name}: expected (X, y) or (X, y, sample_weight), got {type(given).__name__}"
        )
    return given[0], given[1], given[2] if len(given) == 3 else None


def numeric_array(X: Any) -> Any:
    """An array, or sparse matrix, if X is one that holds numbers and nothing else; else None."""
    if sparse.issparse(X):
        return X
    if isinstance(X, np.ma.MaskedArray):
        if X.dtype.kind not in "biuf":
            return None
        return np.where(np.ma.getmaskarray(X), np.nan, X.data.astype(np.float64))
    if isinstance(X, list | tuple):
        try:
            X = np.asarray(X)
        except ValueError:
            return None
    elif not isinstance(X, np.ndarray):
        if isinstance(X, Table | dict) or _has_columns(X) or not hasattr(X, "__array__"):
            return None
        X = np.asarray(X)
    return X if X.dtype.kind in "biufc" else None


def _has_columns(X: Any) -> bool:
    """Whether X is a data frame, or an array of objects, of which scikit-learn knows the shape."""
    if isinstance(X, np.ndarray):
        return X.dtype.names is None
    return not isinstance(X, Table | dict) and hasattr(X, "columns") and hasattr(X, "shape")


def _count_features(estimator: Any, table: Table, reset: bool) -> None:
    """What scikit-learn does for the forms that it knows."""
    count = len(table.columns)
    if reset:
        estimator.n_features_in_ = count
        estimator.__dict__.pop("feature_names_in_", None)
    elif count != estimator.n_features_in_:
        raise DataError(
            f"X has {count} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input; give the columns of training"
        )
