"""What each column of X becomes: roles, the encoder, and the rows that it gives."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..data.encoders import TableEncoder
from ..data.tables import Decision, Table, decide_roles
from ..data.tables.roles import USED
from ..errors import DataError
from ..model.raw_columns import RawColumns
from ..tabular import Columns, Rows


def decisions_for(table: Table, roles: Any, numeric: bool, encode: Any) -> list[Decision]:
    """The role of each column.

    Parameters
    ----------
    table : the training rows.
    roles : "auto", None (every column is used as what it holds), or a dict from names, or places,
        of columns to roles.
    numeric : whether it comes from an array of numbers, whose columns are numbers.
    encode : None refuses categories.

    Raises
    ------
    DataError : a name that is that of no column, a category that must not be.
    """
    given = _by_name(table, roles) if isinstance(roles, Mapping) else {}
    if roles is None or numeric:
        found = [_as_held(column) for column in table]
        found = [replace(d, role=given.get(d.name, d.role)) for d in found]
    else:
        categorical = [name for name, role in given.items() if role == "category"]
        dropped = [name for name, role in given.items() if role == "dropped"]
        found = decide_roles(table, categorical=categorical, drop=dropped)
        for place, decision in enumerate(found):
            role = given.get(decision.name)
            if role in ("number", "date"):
                found[place] = Decision(decision.name, role, "as you asked")
    if encode is None:
        found = [_without_category(decision, table) for decision in found]
    _warn(found)
    return found


def _as_held(column: Any) -> Decision:
    roles: dict[str, Any] = {"numbers": "number", "words": "category", "dates": "date"}
    return Decision(column.name, roles[column.storage], f"it holds {column.storage}")


def _by_name(table: Table, roles: Mapping[Any, Any]) -> dict[str, Any]:
    names = table.names
    found = {}
    for key, role in roles.items():
        if isinstance(key, int | np.integer) and not isinstance(key, bool):
            if not -len(names) <= key < len(names):
                raise DataError(f"roles: there is no column {key}; there are {len(names)}")
            key = names[key]
        table[str(key)]
        found[str(key)] = role
    return found


def _without_category(decision: Decision, table: Table) -> Decision:
    if decision.role != "category":
        return decision
    if table[decision.name].storage == "numbers":
        return replace(decision, role="number")
    raise DataError(
        f"column '{decision.name}': expected numbers, as encode=None, got words; set "
        "encode='auto', or give the column the role 'dropped'"
    )


def _warn(decisions: list[Decision]) -> None:
    """Say aloud what was left out though it holds something."""
    lost = [d for d in decisions if d.warning and d.role in ("identifier", "text")]
    lost += [d for d in decisions if d.warning and d.role in USED]
    if lost:
        shown = "; ".join(f"'{d.name}': {d.role} ({d.reason})" for d in lost[:5])
        more = f"; and {len(lost) - 5} more" if len(lost) > 5 else ""
        warnings.warn(
            f"columns that may be used otherwise than you expect: {shown}{more}. Set their roles, "
            "roles={'name': 'number'} (or 'category', 'dropped'), if that is wrong",
            UserWarning,
            stacklevel=4,
        )


def columns_of(encoder: TableEncoder) -> Columns:
    """What a network must know of the encoded columns."""
    kinds = encoder.kinds
    # A network needs at least one number; without any it is a constant 0.
    return Columns(max(len(kinds), 1), kinds.count("number"), encoder.cardinalities)


def encoded_rows(
    raw: RawColumns,
    table: Table,
    target: np.ndarray | None = None,
    weight: np.ndarray | None = None,
) -> Rows:
    """Rows as networks take them, all floats in the dtype of the weights."""
    numbers, *codes = raw.inputs(table)
    return Rows(
        numbers,
        codes[0] if codes else None,
        as_dtype(target, raw.dtype),
        None if weight is None else weight.astype(raw.dtype),
    )


def as_dtype(array: np.ndarray | None, dtype: str) -> np.ndarray | None:
    """Floats in a dtype; class numbers as they are."""
    if array is None or array.dtype.kind != "f":
        return array
    return array.astype(dtype, copy=False)
